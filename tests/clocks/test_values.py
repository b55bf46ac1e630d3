"""Every clock of the matrix's language on every engine, value by value (``values.yaml``).

The plan's count, the run that destroys, the day it writes down and the independent check have to agree. The count and
the day are asked of every value; the others, whose statements take an engine's while to write, of every third clock
under ``make test``, on each engine of another third.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from clocks.values import AS_OF, CUTOFF, clock_of, kinds, quoted
from retention.matrix.model import Matrix
from retention.quality.after import check_after
from retention.quality.before import check_before
from support.bench import Bench, states

ENGINES = ("sqlite", "postgresql", "mariadb")


def expected(day: str) -> str:
    """Return the state of a row whose other period has lapsed."""
    if day in ("null", "unreadable"):
        return "due" if day == "null" else "unreadable"
    return "due" if day != "never" and date.fromisoformat(day) < CUTOFF else "separate"


@pytest.fixture
def bench(engine_url: str, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(engine_url, tmp_path, zone=None)
    yield bench
    bench.close()


def test_every_value_is_read_as_its_day_or_not_at_all(bench: Bench, proof: bool) -> None:
    tables = list(kinds(bench.engine))
    for table, column, entry in tables:
        rows = ", ".join(
            f"({number}, {quoted(value)}, '2000-01-01')" for number, (value, _day) in enumerate(entry["values"])
        )
        bench.do(
            (
                f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, at {column}, other DATE NOT NULL)",
                f"INSERT INTO {table} (id, at, other) VALUES {rows}",
            )
        )
    matrix = _matrix(bench, tables)
    plan = {rule.id: rule for rule in bench.plan(matrix, AS_OF).rules}
    wrong: list[str] = []
    for table, column, entry in tables:
        want = Counter(expected(day) for _value, day in entry["values"])
        if states(plan[table]) != dict(want):
            wrong.append(f"{entry['name']} ({column}): planned {states(plan[table])}, expected {dict(want)}")
    wrong.extend(_days(bench, matrix, tables))
    tables = tables if proof else tables[ENGINES.index(bench.engine) :: len(ENGINES)]
    matrix = _matrix(bench, tables)
    due, unreadable = _checked(bench, matrix)
    for table, column, entry in tables:
        want = Counter(expected(day) for _value, day in entry["values"])
        if due[table] != want["due"]:
            wrong.append(f"{entry['name']} ({column}): {due[table]} due left, expected {want['due']}")
        if unreadable[table] != want["unreadable"]:
            wrong.append(f"{entry['name']} ({column}): {unreadable[table]} unreadable, expected {want['unreadable']}")
    bench.run(matrix, AS_OF)
    for table, column, entry in tables:
        stayed = {row[0] for row in bench.all(f"SELECT id FROM {table}")}
        for number, (value, day) in enumerate(entry["values"]):
            if (number in stayed) == (expected(day) == "due"):
                wrong.append(f"{entry['name']} ({column}): {value!r} {'stayed' if number in stayed else 'went'}")
    assert not wrong, "\n".join(wrong)
    print(f"{sum(len(entry['values']) for _table, _column, entry in tables)} values on {bench.engine}")


def _matrix(bench: Bench, tables: list[tuple[str, str, dict[str, Any]]]) -> Matrix:
    return bench.matrix(
        {
            "legal_bases": {"five": {"statute": "s", "article": "a", "keep": "P5Y", "roll_holidays": False}},
            "tables": {f"shop.{table}": {"none": "test"} for table, _column, _entry in tables},
            "rules": [_rule(table, entry) for table, _column, entry in tables],
        }
    )


def _checked(bench: Bench, matrix: Matrix) -> tuple[dict[str, int], dict[str, int]]:
    """Return what the quality checks count as due and as unreadable, by rule: they write every value into their SQL."""
    units = bench.units(matrix, AS_OF)
    before = check_before(bench.database, units, AS_OF)
    after = check_after(bench.database, units, AS_OF, may_stay={}, formats={}, orphans_before=None)
    due = {one.rule: one.count for one in after if one.check == "due left"}
    return due, {one.rule: one.count for one in before if one.check == "unreadable"}


def _days(bench: Bench, matrix: Matrix, tables: list[tuple[str, str, dict[str, Any]]]) -> Iterator[str]:
    """Yield where the day that a value is written down with isn't its own."""
    by_table = {table: (column, entry) for table, column, entry in tables}
    with bench.database.planning() as connection:
        for unit in bench.units(matrix, AS_OF):
            for rule in unit.rules:
                column, entry = by_table[rule.id]
                found = dict(connection.execute(select(rule.row.c.id, rule.clocks[0].day(rule.row))).all())
                for number, (value, day) in enumerate(entry["values"]):
                    want = {"never": "9999-12-31", "null": None, "unreadable": None}.get(day, day)
                    if found[number] != want:
                        yield f"{entry['name']} ({column}): {value!r} is read as {found[number]}, not {want}"


def _rule(table: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": table,
        "table": f"shop.{table}",
        "keep": [
            {"basis": "five", "since": clock_of(entry), "when_null": "not_applicable"},
            {"basis": "five", "since": "other"},
        ],
        "then": "delete",
        "approval": "never",
    }
