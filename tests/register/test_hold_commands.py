"""``hold add|release|list`` as a person types them, and what they refuse."""

from __future__ import annotations

import io
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from retention.errors import Refused
from retention.keys import seal, unseal
from retention.ledger import Ledger
from retention.register import Hold, Holds, LiveHolds
from support.ledgers import open_ledger, ticking
from support.library import make_library
from support.schemas import valid
from support.shop import DAY, Shop

SECRET = "hong-gildong-4711"
WHO = ("--reason", "소송 2026-17", "--by", "한지우")


@pytest.fixture
def library(sqlite_url: str, tmp_path: Path) -> Shop:
    return make_library(sqlite_url, tmp_path)


def called(library: Shop, capsys: Any, *arguments: str) -> Any:
    return library.call(capsys, *arguments, day=None)


def test_list_shows_who_why_since_and_until_when_and_never_whom(library: Shop, capsys: Any) -> None:
    for what in (
        ("--subject", SECRET, "--database", "library", "--until", "2099-12-31"),
        ("--rule", "loans"),
        ("--where", "library.visit", f"login = '{SECRET}' OR login LIKE '{SECRET}%'"),
    ):
        added = called(library, capsys, "hold", "add", *what, *WHO, "--json")
        assert added.code == 0, added.err
        valid(added.document, "hold")
    first = called(library, capsys, "--json", "hold", "list").document["holds"][0]["id"]
    ended = called(library, capsys, "hold", "release", first, "--by", "오하준", "--reason", "취하", "--json")
    assert ended.code == 0, ended.err
    assert ended.document["released_by"] == "오하준"
    told = called(library, capsys, "hold", "list", "--json")
    valid(told.document, "holds")
    subject, rule, where = told.document["holds"]
    assert (subject["kind"], subject["by"], subject["reason"], subject["until"]) == (
        "subject", "한지우", "소송 2026-17", "2099-12-31",
    )  # fmt: skip
    assert (subject["live"], rule["live"], where["live"]) == (False, True, True)
    assert (subject["released_reason"], "released" in rule) == ("취하", False)
    assert (rule["rule"], where["table"]) == ("loans", "library.visit")
    assert called(library, capsys, "hold", "list", "--database", "other", "--json").document["holds"] == []
    shown = called(library, capsys, "hold", "list")
    ledger = sqlite3.connect(library.folder / "ledger.sqlite")
    exported = called(library, capsys, "ledger", "export")
    everything = [told.out, shown.out, exported.out, "\n".join(ledger.iterdump())]
    assert not [text for text in everything if SECRET in text or SECRET[:8] in text]
    assert called(library, capsys, "ledger", "verify").code == 0


def test_adding_tells_how_many_rows_are_covered_so_that_a_slip_of_the_pen_shows(library: Shop, capsys: Any) -> None:
    library.do("INSERT INTO visit (id, login, came_on) VALUES (900, :s, '2026-01-01')", s=SECRET)
    added = called(library, capsys, "hold", "add", "--subject", SECRET, "--database", "library", *WHO, "--json")
    assert added.document["covers"] == [{"table": "library.visit", "rows": 1}]
    assert "1 row\n" in called(library, capsys, "hold", "add", "--subject", SECRET, "--database", "library", *WHO).out
    nobody = called(library, capsys, "hold", "add", "--subject", "nobody", "--database", "library", *WHO)
    assert "covers no row" in nobody.out


def test_a_hold_is_recorded_even_where_its_database_is_out_of_reach(library: Shop, capsys: Any) -> None:
    library.environment["RETENTION_CONN_SHOP_DB"] = f"sqlite:///{library.folder}/not-there.sqlite"
    added = called(library, capsys, "hold", "add", "--subject", SECRET, "--database", "library", *WHO, "--json")
    assert added.code == 0
    assert "covers" not in added.document
    assert "without a look" in added.err
    refused = called(library, capsys, "hold", "add", "--where", "library.visit", "id = 1", *WHO)
    assert refused.code == 2, "a condition that nobody has tried might cover nothing"


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (("--subject", SECRET, "--database", "shop"), "no such database"),
        (("--subject", SECRET), "--database"),
        (("--subject", "", "--database", "library"), "empty"),
        (("--subject", f"{SECRET}\udcff", "--database", "library"), "UTF-8"),
        (("--rule", "loan"), "no such rule"),
        (("--rule", "loans.after"), "no such rule"),
        (("--rule", "loans", "--database", "other"), "library"),
        (("--where", "library.members", f"login = '{SECRET}'"), "no such table"),
        (("--where", "visit", f"login = '{SECRET}'"), "no such table"),
        (("--where", f"login = '{SECRET}'", "library.visit"), "no such table"),
        (("--where", f"login = 'a.{SECRET}'", "library.visit"), "no such table"),
        (("--where", "library.visit", f"login == lower('{SECRET}')"), "can't be read"),
        (("--where", "library.visit", f"login = '{SECRET}' AND"), "can't be read"),
        (("--where", "library.visit", f"logon = '{SECRET}'"), "no column logon"),
        (("--where", "library.visit", "login", "=", SECRET), "quotes"),
        ((SECRET, "--rule", "loans"), "quotes"),
        ((), "one thing"),
        (("--subject", SECRET, "--database", "library", "--rule", "loans"), "one thing"),
        (("--rule", "loans", "--rule", "visits"), "one thing"),
        (("--rule", "loans", "--until", "2020-01-01"), "past"),
        (("--rule", "loans", "--until", "tomorrow"), "YYYY-MM-DD"),
        (("--rule", "loans", "--by", " "), "name"),
        (("--rule", "loans", "--reason", ""), "reason"),
    ],
)
def test_what_is_unknown_or_missing_is_refused_without_repeating_a_value(
    library: Shop, capsys: Any, what: tuple[str, ...], says: str
) -> None:
    refused = called(library, capsys, "hold", "add", *WHO, *what)
    assert refused.code == 2, refused.out
    assert says in refused.err
    assert refused.err.count("\n") == 1
    assert SECRET not in refused.err + refused.out
    assert Holds(open_ledger(library.folder / "ledger.sqlite")).all() == ()


def test_releasing_what_is_not_held_is_refused(library: Shop, capsys: Any) -> None:
    number = called(library, capsys, "hold", "add", "--rule", "loans", *WHO, "--json").document["id"]
    for wrong, says in (("hffffffff", "no such hold"), (number, "")):
        released = called(library, capsys, "hold", "release", wrong, *WHO)
        assert (released.code, says in released.err) == (0 if wrong == number else 2, True)
    again = called(library, capsys, "hold", "release", number, *WHO)
    assert (again.code, "released before, by 한지우" in again.err) == (2, True)
    empty = called(library, capsys, "hold", "release", number, "--by", "x", "--reason", " ")
    assert empty.code == 2


def test_a_condition_may_come_over_standard_input(library: Shop, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    library.do("INSERT INTO visit (id, login, came_on) VALUES (900, :s, '2026-01-01')", s=SECRET)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"login = '{SECRET}'\n".encode())))
    added = called(library, capsys, "hold", "add", "--where", "library.visit", "-", *WHO, "--json")
    assert added.document["covers"] == [{"table": "library.visit", "rows": 1}]


def test_a_hold_on_what_follows_a_rule_covers_what_was_transformed(library: Shop, capsys: Any) -> None:
    matrix = library.matrix.read_text(encoding="utf-8")
    library.matrix.write_text(
        matrix.replace("    mark: hidden_at\n", "    mark: hidden_at\n    then_after: {term: P1Y, do: delete}\n"),
        encoding="utf-8",
    )
    library.do("INSERT INTO person (id, login, nick, left_on) VALUES (900, 'x', NULL, '2026-01-01')")
    assert library.call(capsys, "run").code == 0
    added = called(library, capsys, "hold", "add", "--rule", "names.after", *WHO, "--json")
    done = library.one("SELECT count(*) FROM person WHERE hidden_at IS NOT NULL")
    assert added.document["covers"] == [{"table": "library.person", "rows": done}]
    later = library.call(capsys, "plan", "--json", day=DAY.replace(year=DAY.year + 3))
    rows = {one["id"]: one["rows"] for one in later.document["rules"]}["names.after"]
    assert (rows["due"], rows["held"] > 0) == (0, True)


def test_rows_whose_hold_has_ended_since_the_plan_are_told_once(library: Shop, capsys: Any) -> None:
    library.do("INSERT INTO visit (id, login, came_on) VALUES (900, 'x', '2026-01-01')")
    lapsed = library.call(capsys, "plan", "--json").document["rules"]
    due = {one["id"]: one["planned"] for one in lapsed}["visits"]
    on_rule = called(library, capsys, "hold", "add", "--rule", "visits", *WHO, "--json").document["id"]
    assert called(library, capsys, "hold", "add", "--where", "library.visit", "id = 900", *WHO).code == 0
    planned = library.call(capsys, "plan", "--json").document
    assert {one["id"]: one["rows"]["held"] for one in planned["rules"]}["visits"] == due
    assert called(library, capsys, "hold", "release", on_rule, "--by", "오하준", "--reason", "취하").code == 0
    ran = called(library, capsys, "run", "--json", "--plan", planned["digest"]).document["rules"]
    (visits,) = (one for one in ran if one["id"] == "visits")
    assert [visits[name] for name in ("held", "drifted", "survived", "done")] == [1, due - 1, 0, 0]


def test_rows_that_a_hold_has_come_to_cover_since_the_plan_are_told_once(library: Shop, capsys: Any) -> None:
    planned = library.call(capsys, "plan", "--json").document
    due = {one["id"]: one["planned"] for one in planned["rules"]}["visits"]
    assert called(library, capsys, "hold", "add", "--rule", "visits", *WHO).code == 0
    ran = called(library, capsys, "run", "--json", "--plan", planned["digest"]).document["rules"]
    (visits,) = (one for one in ran if one["id"] == "visits")
    assert [visits[name] for name in ("held", "drifted", "survived", "done")] == [0, 0, due, 0]


def test_a_hold_stays_on_a_database_that_the_matrix_calls_by_another_name(library: Shop, capsys: Any) -> None:
    library.do("INSERT INTO visit (id, login, came_on) VALUES (900, :s, '2026-01-01')", s=SECRET)
    library.do("INSERT INTO visit (id, login, came_on) VALUES (901, 'x', '2026-01-01')")
    for what in (("--subject", SECRET, "--database", "library"), ("--where", "library.visit", "id = 901")):
        assert called(library, capsys, "hold", "add", *what, *WHO).code == 0
    matrix = library.matrix.read_text(encoding="utf-8").replace("library.", "books.").replace("  library:", "  books:")
    library.matrix.write_text(matrix, encoding="utf-8")
    planned = library.call(capsys, "plan", "--json")
    assert planned.code == 0, planned.err
    assert {one["id"]: one["rows"]["held"] for one in planned.document["rules"]}["visits"] == 2


def test_a_seal_opens_only_with_its_key_and_in_its_place() -> None:
    key, other = b"k" * 32, b"o" * 32
    sealed = seal(key, [[SECRET], ""], "hold", "h1")
    assert unseal(key, sealed, "hold", "h1") == [[SECRET], ""]
    assert seal(key, [[SECRET], ""], "hold", "h1") != sealed, "the same person under two holds doesn't show"
    assert len(seal(key, [["a"], ""], "hold", "h1")) == len(sealed), "nor does the length of a name"
    for attempt in (
        (other, sealed, "h1"),
        (key, sealed, "h2"),
        (key, sealed[:-8] + "AAAAAAA=", "h1"),
        (key, "?", "h1"),
    ):
        with pytest.raises(Refused):
            unseal(attempt[0], attempt[1], "hold", attempt[2])


def test_the_version_moves_with_every_change_and_with_nothing_else(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger.sqlite", ticking())
    seen = LiveHolds(Holds(_again(tmp_path)), lambda: DAY)
    assert seen.version() == seen.version() == 0
    ledger.record("confirmation", {"run": "r"})
    assert seen.version() == 0
    hold = Holds(ledger).add(Hold("rule", "library", "x", "y", rule="loans"))
    assert (seen.version(), [one.id for one in seen.of("library", "i")], seen.of("other", "i")) == (1, [hold.id], ())
    Holds(ledger).release(hold.id, "x", "z")
    assert (seen.version(), seen.of("library", "i")) == (2, ())


def _again(folder: Path) -> Ledger:
    return open_ledger(folder / "ledger.sqlite", ticking())
