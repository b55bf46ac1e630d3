"""Reading the legal cases: what a lawyer wrote, as tables, rows, rules and the states expected of them.

How a file is written is told in docs/legal-cases.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

HERE = Path(__file__).parent
STATES = ("in_use", "done", "unreadable", "separate", "held", "referenced", "due", "overdue")
_SHARED = ("tables", "rules", "purposes", "basis", "about", "statute")
_OWN = ("ko", "en", "article", "on", "asked", "rules", "basis")
_TRUTH = {"true": True, "false": False}
_KINDS = {
    "date": {"sqlite": "DATE", "postgresql": "DATE", "mariadb": "DATE"},
    "moment": {"sqlite": "DATETIME", "postgresql": "TIMESTAMP(6)", "mariadb": "DATETIME(6)"},
    "instant": {"sqlite": "TIMESTAMP", "postgresql": "TIMESTAMPTZ", "mariadb": "TIMESTAMP NULL"},
    "text": {"sqlite": "VARCHAR(60)", "postgresql": "VARCHAR(60)", "mariadb": "VARCHAR(60)"},
    "number": {"sqlite": "BIGINT", "postgresql": "BIGINT", "mariadb": "BIGINT"},
}


@dataclass(frozen=True)
class File:
    """One file of cases. ``tables`` maps each table to its columns and their kinds."""

    path: Path
    number: int
    written: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.path.relative_to(HERE).with_suffix(""))

    @property
    def tables(self) -> Mapping[str, Mapping[str, str]]:
        tables: Mapping[str, Mapping[str, str]] = self.written["tables"]
        return tables

    def table(self, name: str) -> str:
        """Return a table's name in the database."""
        return f"f{self.number}_{name}"

    def statements(self, engine: str) -> Iterator[str]:
        """Yield what makes the file's tables, every row of every case in them."""
        for table, columns in self.tables.items():
            kinds = ", ".join(f"{column} {_type(kind, engine)}" for column, kind in columns.items())
            yield f"CREATE TABLE {self.table(table)} (id INTEGER PRIMARY KEY, case_no INTEGER, {kinds})"
        for case in self.cases:
            for table, rows in case.rows.items():
                for number, row in enumerate(rows, 1):
                    yield self._insert(case, table, number, row)

    def _insert(self, case: Case, table: str, number: int, row: Mapping[str, Any]) -> str:
        values = {"id": case.id_of(number), "case_no": case.number}
        for column, value in row.items():
            refers = self.tables[table][column].startswith("to ")
            values[column] = case.id_of(int(value)) if refers and value != "null" else value
        texts = ("NULL" if value == "null" else f"'{value}'" for value in values.values())
        return f"INSERT INTO {self.table(table)} ({', '.join(values)}) VALUES ({', '.join(texts)})"

    @property
    def cases(self) -> list[Case]:
        return [Case(self, number, written) for number, written in enumerate(self.written["cases"], 1)]


@dataclass(frozen=True)
class Case:
    """One situation: rows, and the state of the row asked about on one day or more."""

    file: File
    number: int
    written: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.file.name} {self.number}: {self.written['en']}"

    def id_of(self, row: int) -> int:
        """Return the id of the case's n-th row of a table."""
        return self.number * 100 + row

    @property
    def rows(self) -> dict[str, list[Mapping[str, Any]]]:
        found = {table: self.written[table] for table in self.file.tables if table in self.written}
        return {table: rows if isinstance(rows, list) else [rows] for table, rows in found.items()}

    @property
    def on(self) -> dict[date, str]:
        return {date.fromisoformat(day): state for day, state in self.written["on"].items()}

    @property
    def rules(self) -> dict[str, Any]:
        """Return the rules by name: the file's, with what the case says of them instead."""
        own = self.written.get("rules", {})
        return {name: {**rule, **own.get(name, {})} for name, rule in self.file.written["rules"].items()}

    @property
    def asked(self) -> str:
        """Return the name of the rule whose row is asked about: the first, unless the case names one."""
        return str(self.written.get("asked") or next(iter(self.rules)))

    def sections(self) -> dict[str, Any]:
        """Return the matrix that the case is decided under."""
        named = {keep["basis"] for rule in self.rules.values() for keep in rule.get("keep", ()) if "basis" in keep}
        basis = self.written.get("basis") or self.file.written.get("basis") or {}
        plain = {key: _TRUTH.get(value, value) for key, value in basis.items()}
        known = {**_bases(), "asked": {"statute": "-", "article": "-", **plain}}
        tables = self.file.tables
        relations = {
            table: [
                {"name": f"{table}_{column}", "columns": [column], "to": self._name(kind[3:]), "to_columns": ["id"]}
                for column, kind in columns.items()
                if kind.startswith("to ")
            ]
            for table, columns in tables.items()
        }
        purposes = self.file.written.get("purposes", {"purpose": {"name": "목적"}})
        return {
            "legal_bases": {name: known[name] for name in sorted(named)},
            "purposes": purposes,
            "tables": {self._name(table): {"none": "-", "relations": relations[table]} for table in tables},
            "rules": [self._rule(name, rule) for name, rule in self.rules.items()],
        }

    def _name(self, table: str) -> str:
        return f"shop.{self.file.table(table)}"

    def _rule(self, name: str, written: Mapping[str, Any]) -> dict[str, Any]:
        rule = {"then": "delete", **self._named(written), "id": name, "approval": "never"}
        return {**rule, "table": self._name(written["table"])}

    def _named(self, written: Any) -> Any:
        """Return a part of a rule with the database's names for its tables."""
        if isinstance(written, Mapping):
            named = ("via", "latest_of", "with")
            return {
                key: [self._name(one) for one in value] if key in named else self._named(value)
                for key, value in written.items()
            }
        if isinstance(written, list):
            return [self._named(one) for one in written]
        return _TRUTH.get(written, written)

    def mistakes(self) -> list[str]:
        """Return what is wrong with how the case is written."""
        known = {*_OWN, *self.file.tables}
        found = [f"it says {key}, which nothing reads" for key in self.written if key not in known]
        found += [f"it doesn't say {key}" for key in ("ko", "en", "article", "on") if not self.written.get(key)]
        found += [f"{state} is no state" for state in self.written.get("on", {}).values() if state not in STATES]
        found += [
            f"{name} is no rule" for name in self.written.get("rules", {}) if name not in self.file.written["rules"]
        ]
        return found


@cache
def _bases() -> dict[str, Any]:
    return read(HERE / "legal-bases.yaml")


def files() -> list[File]:
    """Return every file of cases, statute by statute."""
    paths = sorted(HERE.glob("*/*.yaml"))
    return [File(path, number, read(path)) for number, path in enumerate(paths, 1)]


def read(path: Path) -> dict[str, Any]:
    """Read a file, every value as the text that stands there."""
    found: dict[str, Any] = YAML(typ="base").load(path.read_text(encoding="utf-8"))
    return found


def _type(kind: str, engine: str) -> str:
    return "INTEGER" if kind.startswith("to ") else _KINDS[kind][engine]
