"""What sits where rows are moved to, and may write something else than what comes: the original is gone by then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from check.test_engines import found

MATRIX = """\
classification: advised
tables: {shop.here: {}, shop.there: {}, shop.part: {}, shop.part_there: {}, shop.other: {}}
rules:
  - id: moved
    table: shop.here
    purpose: {name: service, ends: ended_on}
    then: separate
    to: shop.there
    with: [{table: shop.part, columns: [owner], to_columns: [id], to: shop.part_there}]
"""
TABLES = (
    "CREATE TABLE here (id INTEGER PRIMARY KEY, ended_on DATE)",
    "CREATE TABLE there (id INTEGER PRIMARY KEY, ended_on DATE)",
    "CREATE TABLE part (id INTEGER PRIMARY KEY, owner INTEGER)",
    "CREATE TABLE part_there (id INTEGER PRIMARY KEY, owner INTEGER)",
    "CREATE TABLE other (id INTEGER PRIMARY KEY)",
)
MARIADB = {
    "CREATE TRIGGER t BEFORE INSERT ON there FOR EACH ROW SET NEW.ended_on = NULL": ("error", "there"),
    "CREATE TRIGGER t BEFORE INSERT ON part_there FOR EACH ROW SET NEW.owner = 0": ("error", "part_there"),
    "CREATE TRIGGER t AFTER INSERT ON there FOR EACH ROW INSERT INTO other VALUES (NEW.id)": None,
    "CREATE TRIGGER t AFTER INSERT ON there FOR EACH ROW CALL anything()": ("warning", "there"),
    "CREATE TRIGGER t BEFORE UPDATE ON there FOR EACH ROW SET NEW.ended_on = NULL": None,
    "CREATE TRIGGER t BEFORE INSERT ON here FOR EACH ROW SET NEW.ended_on = NULL": None,
}
SQLITE = {
    "CREATE TRIGGER t BEFORE INSERT ON there BEGIN SELECT RAISE(IGNORE); END": ("error", "there"),
    "CREATE TRIGGER t INSERT ON there BEGIN SELECT RAISE(IGNORE); END": ("error", "there"),
    "CREATE TRIGGER t AFTER INSERT ON there BEGIN INSERT INTO other VALUES (NEW.id); END": None,
    "CREATE TRIGGER t AFTER INSERT ON there BEGIN UPDATE there SET ended_on = NULL; END": ("error", "there"),
    "CREATE TRIGGER t AFTER INSERT ON part_there BEGIN DELETE FROM part_there WHERE id = 1; END": (
        "error",
        "part_there",
    ),
}
_FUNCTION = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN %s RETURN NEW; END$$; CREATE TRIGGER t "
POSTGRESQL = {
    _FUNCTION % "NEW.ended_on := NULL;" + "BEFORE INSERT ON there FOR EACH ROW EXECUTE FUNCTION f()": (
        "error",
        "there",
    ),
    _FUNCTION % "" + "BEFORE INSERT ON there FOR EACH STATEMENT EXECUTE FUNCTION f()": None,
    _FUNCTION % "INSERT INTO other VALUES (1);" + "AFTER INSERT ON there FOR EACH ROW EXECUTE FUNCTION f()": None,
    _FUNCTION % "UPDATE public.there SET ended_on = NULL;"
    + "AFTER INSERT ON there FOR EACH STATEMENT EXECUTE FUNCTION f()": ("error", "there"),
    _FUNCTION % "PERFORM anything();" + "AFTER INSERT ON there FOR EACH ROW EXECUTE FUNCTION f()": ("warning", "there"),
    "CREATE RULE r AS ON INSERT TO there WHERE NEW.id = 2 DO INSTEAD NOTHING": ("error", "there"),
    "CREATE RULE r AS ON DELETE TO there DO INSTEAD NOTHING": None,
    "DROP TABLE there; CREATE TABLE there (id INTEGER PRIMARY KEY, ended_on DATE) PARTITION BY RANGE (id); "
    "CREATE TABLE t1 PARTITION OF there FOR VALUES FROM (0) TO (9); "
    + _FUNCTION % "NEW.ended_on := NULL;"
    + "BEFORE INSERT ON t1 FOR EACH ROW EXECUTE FUNCTION f()": ("error", "there"),
}
CASES = [
    *(("sqlite", made, told) for made, told in SQLITE.items()),
    *(pytest.param("mariadb", made, told, marks=pytest.mark.mariadb) for made, told in MARIADB.items()),
    *(pytest.param("postgresql", made, told, marks=pytest.mark.postgresql) for made, told in POSTGRESQL.items()),
]


@pytest.mark.parametrize(("server", "made", "told"), CASES)
def test_what_rewrites_moved_rows_stops_the_rule(
    server: str,
    made: str,
    told: tuple[str, str] | None,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: Any,
) -> None:
    codes = found(request.getfixturevalue(f"{server}_url"), tmp_path, MATRIX, capsys, *TABLES, made)
    here = [(one["severity"], one["where"].removeprefix("shop."), one["scope"]) for one in codes.get("RET253", ())]
    assert here == ([] if told is None else [(*told, "rule")])
