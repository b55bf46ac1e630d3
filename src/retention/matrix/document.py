"""The grammar of the matrix as Pydantic models: what is written, before any name is looked up.

The JSON Schema that editors use is published from these classes, section by section.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag
from typing_extensions import TypeAliasType


class Written(BaseModel):
    """A mapping of the matrix: unknown keys are findings."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class PersonDoc(Written):
    """A role and who holds it, printed on reports as a line to sign."""

    role: str = ""
    name: str = ""
    department: str = ""


class OrganisationDoc(Written):
    """Who runs the pipeline."""

    name: str
    officer: PersonDoc | None = None
    in_charge: PersonDoc | None = None


class HolidaysDoc(Written):
    """Days on top of the library's calendar."""

    add: list[date] = []
    remove: list[date] = []


class DatabaseDoc(Written):
    """A database: one connection, or a list of shards."""

    connection: str | list[str]
    identity: str | list[str]
    zone: str | None = None
    replicas: dict[str, list[str]] = {}
    execute: dict[str, Any] = {}


class BasisDoc(Written):
    """A statute's minimum."""

    statute: str
    article: str
    keep: str
    record: str = ""
    roll_holidays: bool = True
    computation: Literal["civil", "administrative"] = "civil"
    read: date | None = None
    source_mark: Literal["V", "S", "M", "O"] | None = None


class ItemsDoc(Written):
    """The policy's items of a purpose."""

    required: list[str] = []
    optional: list[str] = []


class PurposeDoc(Written):
    """What data is held for."""

    name: str = ""
    items: ItemsDoc = ItemsDoc()
    statute: str = "개인정보 보호법"
    article: str = "제21조 ①"
    read: date | None = None


class SubjectPathDoc(Written):
    """A subject that another table holds."""

    via: list[str]
    column: str


class RelationDoc(Written):
    """A relation that the database doesn't declare."""

    name: str | None = None
    columns: list[str]
    to: str
    to_columns: list[str]
    holds: bool = True
    detach: bool = False


class TableDoc(Written):
    """A table with personal data, or one that has none."""

    key: list[str] = []
    subject: str | list[str] | SubjectPathDoc | None = None
    none: str | None = None
    items: dict[str, str] = {}
    not_personal: list[str] = []
    relations: list[RelationDoc] = []
    out_of_scope: str | None = None


class ColumnClockDoc(Written):
    """One column as a clock, of the row or over a path."""

    column: str
    via: list[str] = []
    latest_of: list[str] = []
    as_: str | None = Field(None, alias="as")
    zone: str | None = None
    floor: date = date(1990, 1, 1)
    empty: Literal["unreadable", "null"] | None = "unreadable"


class AfterDoc(Written):
    """In ``ends``: so long after a clock."""

    since: ClockDoc
    after: str
    roll_holidays: bool = False


def _clock_kind(value: Any) -> str:
    if isinstance(value, str):
        return "column"
    if isinstance(value, list):
        return "list"
    if isinstance(value, AfterDoc) or (isinstance(value, dict) and ("since" in value or "after" in value)):
        return "after"
    return "clock"


if TYPE_CHECKING:
    ClockDoc = Any
else:
    ClockDoc = TypeAliasType(
        "ClockDoc",
        Annotated[
            Annotated[str, Tag("column")]
            | Annotated[list["ClockDoc"], Tag("list")]
            | Annotated[AfterDoc, Tag("after")]
            | Annotated[ColumnClockDoc, Tag("clock")],
            Discriminator(_clock_kind),
        ],
    )


class PurposeUseDoc(Written):
    """A rule's purpose and when it ends."""

    name: str
    ends: ClockDoc


class KeepBasisDoc(Written):
    """A statutory period of a rule."""

    basis: str
    since: ClockDoc
    when_null: Literal["unreadable", "not_applicable"] = "unreadable"


class KeepReferencedDoc(Written):
    """Kept while rows of other rules refer to this one."""

    while_referenced_by: list[str]


def _keep_kind(value: Any) -> str:
    named = isinstance(value, KeepReferencedDoc) or (isinstance(value, dict) and "while_referenced_by" in value)
    return "referenced" if named else "basis"


KeepDoc = Annotated[
    Annotated[KeepBasisDoc, Tag("basis")] | Annotated[KeepReferencedDoc, Tag("referenced")],
    Discriminator(_keep_kind),
]


class ThenAfterDoc(Written):
    """What follows a transformation."""

    term: str
    do: Literal["delete"] = "delete"


class PartDoc(Written):
    """A table whose rows go with their owner."""

    table: str
    columns: list[str] = []
    to_columns: list[str] = []
    relation: str | None = None
    with_: list[str | PartDoc] = Field([], alias="with")


class LimitDoc(Written):
    """More than this waits for approval."""

    rows: int | None = None
    share: float | None = None


class TolerateDoc(Written):
    """Shares of bad clocks beyond which the rule is stopped."""

    null: float | None = None
    unreadable: float | None = None
    future: float | None = None


class RuleDoc(Written):
    """One rule."""

    id: str
    table: str
    where: str | None = None
    purpose: PurposeUseDoc | list[PurposeUseDoc] | None = None
    keep: list[KeepDoc] = []
    then: Literal["delete", "separate", "anonymize", "pseudonymize", "erase"]
    columns: list[str] | dict[str, Any] | None = None
    mark: str | None = None
    for_: Literal["statistics", "research", "archiving"] | None = Field(None, alias="for")
    then_after: ThenAfterDoc | None = None
    with_: list[str | PartDoc] = Field([], alias="with")
    limit: LimitDoc = LimitDoc()
    approval: Literal["never", "by_limit", "always"] = "by_limit"
    tolerate: TolerateDoc = TolerateDoc()
    proof: Literal["keys", "count"] = "keys"
    file: str = ""
    copies: list[str] = []
    drop_partitions: bool = False


class MatrixDoc(Written):
    """The whole matrix."""

    version: Literal[1]
    timezone: Literal["Asia/Seoul"]
    organisation: OrganisationDoc
    holidays: HolidaysDoc = HolidaysDoc()
    databases: dict[str, DatabaseDoc]
    legal_bases: dict[str, BasisDoc]
    purposes: dict[str, PurposeDoc] = {}
    tables: dict[str, TableDoc]
    classification: Literal["required", "advised"] = "required"
    rules: list[RuleDoc]
