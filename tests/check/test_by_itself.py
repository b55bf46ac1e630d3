"""Columns that the database fills or makes by itself, where a rule takes them for its own or changes their source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from check.test_engines import found

TABLES = "tables:\n  shop.member: {none: nobody is named}\n"
MARKED = """\
rules:
  - id: members
    table: shop.member
    purpose: {name: service, ends: left_on}
    then: anonymize
    columns: {name: {constant: x}}
    mark: done_at
"""
MOMENT = {"sqlite": "TIMESTAMP", "postgresql": "TIMESTAMP", "mariadb": "DATETIME"}


def told(url: str, folder: Path, capsys: Any, code: str, rules: str, *statements: str) -> list[dict[str, str]]:
    """The findings of one code after the statements, which make the table anew."""
    codes = found(url, folder, TABLES + rules, capsys, "DROP TABLE IF EXISTS member", *statements)
    return codes.get(code, [])


def marked(url: str, folder: Path, capsys: Any, more: str, *statements: str) -> list[dict[str, str]]:
    table = f"CREATE TABLE member (id INTEGER PRIMARY KEY, name VARCHAR(20), left_on DATE, done_at {more})"
    return told(url, folder, capsys, "RET209", MARKED, table, *statements)


def test_a_mark_that_has_a_value_of_its_own_is_refused(engine_url: str, tmp_path: Path, capsys: Any) -> None:
    engine = engine_url.partition(":")[0].partition("+")[0]
    moment = MOMENT[engine]
    defaults = [f"{moment} DEFAULT CURRENT_TIMESTAMP", f"{moment} DEFAULT '2020-01-01 00:00:00'"]
    if engine == "mariadb":
        defaults.append("TIMESTAMP NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP")
    for default in defaults:
        (one,) = marked(engine_url, tmp_path, capsys, default)
        assert one["severity"] == "error"
        assert "count as done" in one["what"]
        assert one["do"].startswith(("take a default away", "take ON UPDATE away"))
    for nothing in ("NULL", "NULL DEFAULT NULL"):
        assert marked(engine_url, tmp_path, capsys, f"{moment} {nothing}") == [], nothing


FILLS = {
    "sqlite": [
        "CREATE TRIGGER fills AFTER INSERT ON member BEGIN "
        "UPDATE member SET name = 'x', done_at = CURRENT_TIMESTAMP WHERE id = NEW.id; END"
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION fills() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.done_at := now(); RETURN NEW; END $$",
        "CREATE TRIGGER fills BEFORE INSERT ON member FOR EACH ROW EXECUTE FUNCTION fills()",
    ],
    "mariadb": ["CREATE TRIGGER fills BEFORE INSERT ON member FOR EACH ROW SET NEW.name = 'x', NEW.done_at = NOW()"],
}
READS = {
    "sqlite": [
        "CREATE TRIGGER reads AFTER UPDATE ON member WHEN NEW.done_at = OLD.done_at BEGIN "
        "UPDATE member SET name = 'x' WHERE done_at = NEW.done_at; END"
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION reads() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.done_at = OLD.done_at THEN NEW.name := 'x'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER reads BEFORE UPDATE ON member FOR EACH ROW EXECUTE FUNCTION reads()",
    ],
    "mariadb": [
        "CREATE TRIGGER looks BEFORE UPDATE ON member FOR EACH ROW "
        "BEGIN IF NEW.done_at = OLD.done_at THEN SET NEW.name = 'x'; END IF; END"
    ],
}


def test_a_mark_that_a_trigger_sets_is_refused_and_one_that_it_reads_is_not(
    engine_url: str, tmp_path: Path, capsys: Any
) -> None:
    engine = engine_url.partition(":")[0].partition("+")[0]
    (one,) = marked(engine_url, tmp_path, capsys, f"{MOMENT[engine]} NULL", *FILLS[engine])
    assert "the trigger fills sets the mark shop.member.done_at" in one["what"]
    assert marked(engine_url, tmp_path, capsys, f"{MOMENT[engine]} NULL", *READS[engine]) == []


def changing(columns: str, where: str = "", more: str = "") -> str:
    return f"""\
rules:
  - id: members
    table: shop.member
{where}    purpose: {{name: service, ends: left_on}}
    then: pseudonymize
    for: statistics
    columns: {columns}
    then_after: {{term: P1M, do: delete}}
{more}"""


MEMBER = """CREATE TABLE member (
  id INTEGER PRIMARY KEY, name VARCHAR(20), "date" DATE, note VARCHAR(20) DEFAULT '), left_on ( -- ',
  {quit} DATE, -- the day, (as she said
  left_on DATE GENERATED ALWAYS AS (
    CASE WHEN note <> 'name, "date"' THEN {quit} ELSE {quit} END) STORED, named INTEGER{stored})
"""


def made(engine: str, chained: bool = False) -> str:
    """The table, with a name that has to be quoted; PostgreSQL has no column made from a generated one."""
    quit_ = '"quit day"'
    table = MEMBER.format(
        quit=quit_, stored=f", far DATE GENERATED ALWAYS AS ({'left_on' if chained else quit_}) STORED"
    )
    return table.replace('"', "`").replace("'name, `date`'", "'name, \"date\"'") if engine == "mariadb" else table


def test_what_a_clock_is_made_from_is_not_changed(engine_url: str, tmp_path: Path, capsys: Any) -> None:
    engine = engine_url.partition(":")[0].partition("+")[0]

    def whats(rules: str, *, chained: bool = False) -> list[str]:
        return [one["what"] for one in told(engine_url, tmp_path, capsys, "RET254", rules, made(engine, chained))]

    (own,) = whats(changing("{quit day: null, name: {token: x}, date: null}"))
    assert "changes shop.member.quit day, from which the database makes left_on, which rule members counts from" in own
    assert whats(changing("{name: {token: x}, date: null}")) == [], "a text that names a column reads none"
    assert len(whats(changing("{note: {constant: x}}"))) == 1
    assert whats(changing("{quit day: keep, name: {token: x}}")) == []
    later = (
        "  - id: others\n    table: shop.member\n    keep: [{basis: login, since: far}]\n    then: anonymize\n"
        "    columns: {named: null}\n"
    )
    both = whats(changing("{quit day: null}", more=later), chained=engine != "postgresql")
    assert len(both) == 2
    assert "makes far, which rule others counts from" in both[1]
    if engine != "postgresql":
        assert len(whats(changing("{note: {constant: x}}", more=later), chained=True)) == 2, "by way of left_on"


def test_what_a_where_is_made_from_is_not_changed_where_rows_are_still_to_be_found(
    engine_url: str, tmp_path: Path, capsys: Any
) -> None:
    table = (
        "CREATE TABLE member (id INTEGER PRIMARY KEY, name VARCHAR(20), left_on DATE, has_name INTEGER "
        "GENERATED ALWAYS AS (CASE WHEN name IS NULL THEN 0 ELSE 1 END) STORED)"
    )
    rules = changing("{name: null}", "    where: has_name = 1\n")
    (one,) = told(engine_url, tmp_path, capsys, "RET254", rules, table)
    assert "makes has_name, which rule members selects by" in one["what"]
    alone = rules.replace("    then_after: {term: P1M, do: delete}\n", "")
    assert told(engine_url, tmp_path, capsys, "RET254", alone, table) == [], "nothing looks for a changed row again"


def test_a_clock_in_a_parent_is_made_from_what_the_parent_s_rule_changes(
    engine_url: str, tmp_path: Path, capsys: Any
) -> None:
    member = (
        "CREATE TABLE member (id INTEGER PRIMARY KEY, name VARCHAR(20), quit_on DATE, "
        "left_on DATE GENERATED ALWAYS AS (quit_on) STORED)"
    )
    visit = "CREATE TABLE visit (id INTEGER PRIMARY KEY, member_id INTEGER REFERENCES member (id))"
    if engine_url.startswith("mariadb"):
        visit = visit.replace(" REFERENCES", ", FOREIGN KEY (member_id) REFERENCES")
    rules = """\
  shop.visit: {none: nobody is named}
rules:
  - id: members
    table: shop.member
    keep: [{basis: login, since: quit_on}]
    then: anonymize
    columns: {quit_on: null}
  - id: visits
    table: shop.visit
    purpose: {name: service, ends: {via: [shop.member], column: left_on}}
    then: delete
"""
    (one,) = told(engine_url, tmp_path, capsys, "RET254", rules, member, visit)
    assert "rule members changes shop.member.quit_on" in one["what"]
    assert "makes left_on, which rule visits counts from" in one["what"]
