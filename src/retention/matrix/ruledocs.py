"""The grammar of rules: clocks, purposes, periods, actions, parts and limits, as they are written."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag
from typing_extensions import TypeAliasType

from retention.matrix.transformdocs import TransformDoc
from retention.matrix.written import Day, Name, Period, Written


class ColumnClockDoc(Written):
    """One column as a clock, of the row or over a path."""

    column: Name
    """The column."""
    via: list[Name] = Field(default_factory=list)
    """The way to it, parent by parent."""
    latest_of: list[Name] = Field(default_factory=list)
    """The way to it in either direction; the latest of all rows reached."""
    as_: str | None = Field(None, alias="as")
    """How a text or number is read: date, timestamp, instant, epoch_s, epoch_ms, yyyymmdd, or text:FORMAT."""
    zone: str | None = None
    """The zone of a timestamp without one."""
    floor: Day = date(1990, 1, 1)
    """Days before this can't be true."""
    empty: Literal["unreadable", "null"] | None = "unreadable"
    """What a zero date or an empty text is."""


class AfterDoc(Written):
    """In ``ends``: so long after a clock."""

    since: ClockDoc
    """The clock."""
    after: Period
    """How long after it."""
    roll_holidays: bool = False
    """Whether a last day on a Saturday or holiday moves on."""


# The names of alternatives are in brackets: a mistake's place has them among the keys, none of which they may be.
def _clock_kind(value: Any) -> str:
    if isinstance(value, list):
        return "(list)"
    if isinstance(value, AfterDoc) or (isinstance(value, dict) and ("since" in value or "after" in value)):
        return "(after)"
    return "(clock)" if isinstance(value, (dict, ColumnClockDoc)) else "(column)"


if TYPE_CHECKING:
    ClockDoc = Any
else:
    ClockDoc = TypeAliasType(
        "ClockDoc",
        Annotated[
            Annotated[Name, Tag("(column)")]
            | Annotated[Annotated[list["ClockDoc"], Field(min_length=1)], Tag("(list)")]
            | Annotated[AfterDoc, Tag("(after)")]
            | Annotated[ColumnClockDoc, Tag("(clock)")],
            Discriminator(_clock_kind),
        ],
    )


class PurposeUseDoc(Written):
    """A rule's purpose and when it ends."""

    name: Name
    """The purpose's id."""
    ends: ClockDoc
    """The clock that ends it; alive while that is null."""


class KeepBasisDoc(Written):
    """A statutory period of a rule."""

    basis: Name
    """The legal basis's id."""
    since: ClockDoc
    """The clock that the period counts from."""
    when_null: Literal["unreadable", "not_applicable"] = "unreadable"
    """What a row is whose clock is null."""


class KeepReferencedDoc(Written):
    """Kept while rows of other rules refer to this one."""

    while_referenced_by: Annotated[list[Name], Field(min_length=1)]
    """The ids of those rules."""


def _keep_kind(value: Any) -> str:
    named = isinstance(value, KeepReferencedDoc) or (isinstance(value, dict) and "while_referenced_by" in value)
    return "(referenced)" if named else "(basis)"


KeepDoc = Annotated[
    Annotated[KeepBasisDoc, Tag("(basis)")] | Annotated[KeepReferencedDoc, Tag("(referenced)")],
    Discriminator(_keep_kind),
]


class ThenAfterDoc(Written):
    """What follows a transformation."""

    term: Period
    """How long after it."""
    do: Literal["delete"] = "delete"
    """What happens then."""


class PartDoc(Written):
    """A table whose rows go with their owner."""

    table: Name
    """The part's table."""
    columns: list[Name] = Field(default_factory=list)
    """Its columns that refer to the owner."""
    to_columns: list[Name] = Field(default_factory=list)
    """The owner's columns, in the same order."""
    relation: Name | None = None
    """The relation, by its name."""
    to: Name | None = None
    """Under separate: the table its rows are moved to."""
    with_: list[PartOrName] = Field([], alias="with")
    """Parts of the part."""


def _part_kind(value: Any) -> str:
    return "(part)" if isinstance(value, (dict, PartDoc)) else "(table)"


if TYPE_CHECKING:
    PartOrName = Any
else:
    PartOrName = TypeAliasType(
        "PartOrName",
        Annotated[Annotated[Name, Tag("(table)")] | Annotated[PartDoc, Tag("(part)")], Discriminator(_part_kind)],
    )


class LimitDoc(Written):
    """More than this waits for approval."""

    rows: int | None = None
    """Rows of the rule."""
    share: float | None = None
    """A share of all rows of the table, from 0 to 1."""


class TolerateDoc(Written):
    """Shares of the selected rows beyond which the quality check stops the rule."""

    null: float | None = None
    """Rows whose clock is null."""
    unreadable: float | None = None
    """Rows whose clock can't be read."""
    future: float | None = None
    """Rows whose clock lies after the day of the decision."""


def _listed(value: Any) -> str:
    return "(mapping)" if isinstance(value, dict) else "(list)"


def _several(value: Any) -> str:
    return "(list)" if isinstance(value, list) else "(one)"


class RuleDoc(Written):
    """One rule."""

    id: Name
    """The rule's name, on every report."""
    table: Name
    """The table, as database.table or database.schema.table."""
    where: str | None = None
    """Which of its rows; left out, all."""
    purpose: (
        Annotated[
            Annotated[PurposeUseDoc, Tag("(one)")] | Annotated[list[PurposeUseDoc], Tag("(list)")],
            Discriminator(_several),
        ]
        | None
    ) = None
    """Until when the operator may hold them."""
    keep: list[KeepDoc] = Field(default_factory=list)
    """Until when statutes want them."""
    then: Literal["delete", "separate", "anonymize", "pseudonymize", "erase"]
    """What happens after that."""
    to: Name | None = None
    """Under separate: the table of the same database that the rows are moved to."""
    columns: (
        Annotated[
            Annotated[list[Name], Tag("(list)")] | Annotated[dict[Name, TransformDoc], Tag("(mapping)")],
            Discriminator(_listed),
        ]
        | None
    ) = None
    """Which columns change, and into what; for erase a list."""
    mark: Name | None = None
    """A nullable timestamp column that gets the instant of the change."""
    for_: Literal["statistics", "research", "archiving"] | None = Field(None, alias="for")
    """What pseudonymized rows are for (개인정보 보호법 제28조의2)."""
    then_after: ThenAfterDoc | None = None
    """What follows the transformation."""
    with_: list[PartOrName] = Field([], alias="with")
    """Tables whose rows go with the rule's."""
    limit: LimitDoc = LimitDoc()
    """More than this waits for approval."""
    approval: Literal["never", "by_limit", "always"] = "by_limit"
    """When a person is asked."""
    tolerate: TolerateDoc = TolerateDoc()
    """How many bad clocks are borne."""
    proof: Literal["keys", "count"] = "keys"
    """Whether fingerprints of the keys are kept."""
    file: str = ""
    """개인정보파일명 on the destruction ledger."""
    copies: list[Name] = Field(default_factory=list)
    """Where copies lie that the pipeline doesn't reach."""
    drop_partitions: bool = False
    """Whether whole partitions may be dropped."""
