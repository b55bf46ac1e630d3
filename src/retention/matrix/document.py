"""The grammar of the matrix as Pydantic models: what is written, before any name is looked up.

The JSON Schema that editors use is published from these classes, descriptions included. Databases and tables are in
:mod:`retention.matrix.tabledocs`, rules in :mod:`retention.matrix.ruledocs`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from retention.matrix.ruledocs import RuleDoc
from retention.matrix.tabledocs import DatabaseDoc, TableDoc
from retention.matrix.written import Day, Name, Period, Written


class PersonDoc(Written):
    """A role and who holds it, printed on reports as a line to sign."""

    role: str = ""
    """Such as 개인정보 보호책임자."""
    name: str = ""
    """Who holds it."""
    department: str = ""
    """Where."""


class OrganisationDoc(Written):
    """Who runs the pipeline, as reports print it."""

    name: Name
    """The operator's name."""
    officer: PersonDoc | None = None
    """The privacy officer, who confirms destructions."""
    in_charge: PersonDoc | None = None
    """The person in charge, who handles them."""


class HolidaysDoc(Written):
    """Days on top of the library's calendar."""

    add: list[Day] = Field(default_factory=list)
    """Holidays that the library doesn't know, such as an election day."""
    remove: list[Day] = Field(default_factory=list)
    """Days that the library takes for holidays and that are none."""


class BasisDoc(Written):
    """A statute's minimum; a maximum is written as a purpose."""

    statute: Name
    """The statute, such as 전자상거래법."""
    article: Name
    """Its article, such as 제6조 · 시행령 제6조 ①."""
    keep: Period
    """How long the record must be kept, as an ISO 8601 period."""
    record: str = ""
    """What record the statute means."""
    roll_holidays: bool = True
    """Whether a last day on a Saturday or holiday moves on (민법 제161조)."""
    computation: Literal["civil", "administrative"] = "civil"
    """민법 제155조 ff., or 행정기본법 제6조 ②."""
    read: Day | None = None
    """The day of the version that was read."""
    source_mark: Literal["V", "S", "M", "O"] | None = None
    """V: the text was read; S: quoted by somebody; M: from memory; O: our own safe reading."""


class ItemsDoc(Written):
    """The policy's items of a purpose."""

    required: list[Name] = Field(default_factory=list)
    """Items without which the service isn't given."""
    optional: list[Name] = Field(default_factory=list)
    """Items that a person may leave out."""


class PurposeDoc(Written):
    """What data is held for; a maximum."""

    name: str = ""
    """The purpose's name in the policy."""
    items: ItemsDoc = ItemsDoc()
    """Its items in the policy."""
    statute: str = "개인정보 보호법"
    """The statute that ends it."""
    article: str = "제21조 ①"
    """Its article."""
    read: Day | None = None
    """The day of the version that was read."""


class MatrixDoc(Written):
    """Under which legal basis each table's rows are kept, from which event, and what happens after."""

    version: Literal[1]
    """The language's version."""
    timezone: Literal["Asia/Seoul"]
    """Where legal days begin."""
    organisation: OrganisationDoc
    """Who runs the pipeline."""
    holidays: HolidaysDoc = HolidaysDoc()
    """Days on top of the library's calendar."""
    databases: dict[Name, DatabaseDoc]
    """The databases by their names in this file."""
    legal_bases: dict[Name, BasisDoc]
    """The statutes' minima by their ids."""
    purposes: dict[Name, PurposeDoc] = Field(default_factory=dict)
    """The policy's purposes by their ids."""
    tables: dict[Name, TableDoc]
    """The tables, as database.table or database.schema.table."""
    classification: Literal["required", "advised"] = "required"
    """Whether a column nobody has classified stops its table's rules, or is a warning."""
    rules: list[RuleDoc]
    """The rules, in the order in which reports show them."""
