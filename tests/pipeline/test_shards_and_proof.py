"""Two shards of one database under one rule, and what the proof of a night says of them."""

from __future__ import annotations

import html
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from retention.errors import BrokeOff
from retention.ledger import Ledger
from retention.ledger.entry import canonical, digest, genesis
from retention.pipeline import night, wall_clock
from retention.pipeline.schemas import schema_of
from support.identity import identify
from support.library import make_library
from support.shards import two_shards


@pytest.mark.parametrize("rows", [(3, 1), (1, 3)])
def test_what_waits_on_one_shard_may_be_left_there_alone(tmp_path: Path, capsys: Any, rows: tuple[int, int]) -> None:
    shop = two_shards(tmp_path, rows, limit=2)
    ran = shop.call(capsys, "run", "--json", "--rule", "log")
    assert ran.code == 3, ran.document["checks"]
    assert {one["done"] for one in ran.document["rules"]} == {0, 1}
    assert shop.call(capsys, "verify", "--json", "--rule", "log").code == 0


def test_what_waits_on_one_shard_excuses_no_other(tmp_path: Path, capsys: Any) -> None:
    shop = two_shards(tmp_path, (5, 1), limit=2)
    assert shop.call(capsys, "run", "--json").code == 3
    with sqlite3.connect(tmp_path / "second.sqlite") as second:
        second.execute("INSERT INTO log VALUES (7, '2015-01-01')")
    looked = shop.call(capsys, "verify", "--json")
    left = {
        one["shard"]: (one["ok"], one["count"])
        for one in looked.document["checks"]
        if (one["rule"], one["check"]) == ("log", "due left")
    }
    assert (looked.code, left) == (1, {0: (True, 5), 1: (False, 1)})
    assert "overdue left (shard 1)" in shop.call(capsys, "verify").out


@pytest.mark.parametrize("there", [(5, 0), (0, 5), (2, 5)])
def test_orphans_are_compared_with_their_own_shard_s(tmp_path: Path, capsys: Any, there: tuple[int, int]) -> None:
    shop = two_shards(tmp_path, (1, 1))
    written = shop.matrix.read_text(encoding="utf-8")
    relation = "shop.page: {none: t, relations: [{name: its_log, columns: [log_id], to: shop.log, to_columns: [id]}]}"
    shop.matrix.write_text(written.replace("shop.page: {none: t}", relation), encoding="utf-8")
    for name, orphans in zip(("first", "second"), there, strict=True):
        with sqlite3.connect(tmp_path / f"{name}.sqlite") as file:
            file.execute("ALTER TABLE page ADD COLUMN log_id INTEGER")
            file.executemany("INSERT INTO page VALUES (?, '2026-01-01', 900)", [(10 + one,) for one in range(orphans)])
    ran = shop.call(capsys, "run", "--json")
    seen = {
        (one["phase"], one["shard"]): (one["ok"], one["count"])
        for one in ran.document["checks"]
        if one["check"].startswith("orphans ")
    }
    assert seen == {(phase, shard): (True, there[shard]) for phase in ("before", "after") for shard in (0, 1)}
    assert ran.code == 0


def test_verify_does_not_vouch_for_a_rule_that_a_finding_refuses(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "library.sqlite"
    file.touch()
    shop = make_library(f"sqlite:///{file}", tmp_path)
    assert shop.call(capsys, "run", "--json").code == 0
    assert shop.call(capsys, "verify", day=None).code == 0
    shop.do("ALTER TABLE visit ADD COLUMN phone VARCHAR(20)")
    shop.do("INSERT INTO visit VALUES (777, 'reader001', '2020-01-01', NULL)")
    looked = shop.call(capsys, "verify", "--json", day=None)
    found = [(one["code"], one["where"]) for one in looked.document["findings"] if one["severity"] == "error"]
    assert (looked.code, looked.document["ok"], found) == (1, False, [("RET204", "library.visit.phone")])
    jsonschema.validate(looked.document, schema_of("verify"))
    told = shop.call(capsys, "verify", day=None)
    assert told.code == 1 and "RET204" in told.out and "everything holds" not in told.out


def test_a_run_that_broke_off_is_settled_shard_by_shard(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, real, calls = two_shards(tmp_path, (3, 2)), night.carry_out_unit, list[int]()

    def broken(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise BrokeOff("the connection is lost")
        return real(*arguments, **named)

    monkeypatch.setattr(night, "carry_out_unit", broken)
    assert shop.call(capsys, "run", "--json", "--rule", "log").code == 5
    monkeypatch.undo()
    hold = ("hold", "add", "--where", "shop.log", "id = 99", "--reason", "a case", "--by", "the officer", "--json")
    assert shop.call(capsys, *hold, day=None).code == 0
    ended = shop.call(capsys, "run", "--json", "--rule", "log")
    ledger = Ledger.open(shop.environment["RETENTION_LEDGER_URL"], None, wall_clock)
    settled, after = (one.closed or {} for one in ledger.runs() if not one.opened.get("dry_run"))
    assert (settled["broke_off"], settled["holds"]) == (True, []), "it was added when that run had ended"
    assert len(after["holds"]) == 1
    assert (ended.code, [one["done"] for one in ended.document["rules"]]) == (0, [0, 2])
    sound = shop.call(capsys, "verify", "--json", "--rule", "log")
    assert (sound.code, sound.document["problems"]) == (0, [])


def test_a_rule_that_waits_may_be_left_though_a_later_run_was_asked_for_others(tmp_path: Path, capsys: Any) -> None:
    shop = two_shards(tmp_path, (1, 1), approval="always")
    assert shop.call(capsys, "run", "--json").code == 3
    shop.do("INSERT INTO log VALUES (7, '2015-01-01')")
    assert shop.call(capsys, "run", "--json", "--rule", "log").code == 0
    assert shop.call(capsys, "verify", "--json").code == 0


def test_rows_that_went_under_a_run_which_the_ledger_does_not_know_are_told_of(tmp_path: Path, capsys: Any) -> None:
    """Its end was cut off: what is left of it is whole and signed, and only the markers remember."""
    shop = two_shards(tmp_path, (1, 1))
    assert shop.call(capsys, "run", "--json", "--rule", "page").code == 0
    file = sqlite3.connect(tmp_path / "ledger.sqlite")
    kept = file.execute("SELECT max(number) FROM ledger_closing").fetchone()[0]
    runs = {row[0] for row in file.execute("SELECT DISTINCT run FROM ledger_entry")}
    assert shop.call(capsys, "run", "--json", "--rule", "log").code == 0
    for (trigger,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        file.execute(f"DROP TRIGGER {trigger}")
    for (run,) in file.execute("SELECT DISTINCT run FROM ledger_entry").fetchall():
        if run not in runs:
            file.execute("DELETE FROM ledger_entry WHERE run = ?", (run,))
    file.execute("DELETE FROM ledger_closing WHERE number > ?", (kept,))
    file.commit()
    assert shop.call(capsys, "ledger", "verify", day=None).code == 0
    found = shop.call(capsys, "verify", "--json")
    assert found.code == 1
    assert len(found.document["problems"]) == 2
    assert all("the ledger doesn't know it" in one for one in found.document["problems"])


def test_a_run_says_that_its_ledger_does_not_know_what_was_destroyed_before(tmp_path: Path, capsys: Any) -> None:
    """An older copy of the ledger was put back; what is new or another one is allowed, and told of all the same."""
    shop = two_shards(tmp_path, (1, 1))
    dry = shop.call(capsys, "run", "--json", "--dry-run")
    copy = {one: one.read_bytes() for one in tmp_path.glob("ledger*")}
    first = shop.call(capsys, "run", "--json")
    again = shop.call(capsys, "run", "--json")
    assert [(one.code, "warning" in one.err) for one in (dry, first, again)] == [(0, False)] * 3
    for one, kept in copy.items():
        one.write_bytes(kept)
    ran = shop.call(capsys, "run", "--json")
    assert ran.code == 0
    warned = [line for line in ran.err.splitlines() if line.startswith("warning: ")]
    run = first.document["run"]
    for line, connection in zip(warned, ("shop_db", "shop_2"), strict=True):
        assert f"(connection {connection}): 1 run has destroyed rows here, the last of them {run}," in line
        assert "RETENTION_LEDGER_URL" in line
    for lang, told in (("en", "runs that this ledger doesn't know (1)"), ("ko", "이 원장에 없는 실행 1건")):
        out = tmp_path / f"report.{lang}.html"
        assert shop.call(capsys, "report", "--lang", lang, "--out", str(out), day=None).code == 0
        assert html.unescape(out.read_text(encoding="utf-8")).count(told) == 2


def test_a_night_whose_report_can_not_be_written_was_not_refused(tmp_path: Path, capsys: Any) -> None:
    shop = two_shards(tmp_path, (1, 1))
    (tmp_path / "reports").write_text("a file where the folder should be", encoding="utf-8")
    ran = shop.call(capsys, "run", "--json")
    assert ran.code == 5 and "can't be written" in ran.err
    assert ran.document["status"] == "succeeded" and "report" not in ran.document
    assert shop.one("SELECT count(*) FROM log") == 0
    nowhere = tmp_path / "nowhere" / "report.html"
    assert shop.call(capsys, "report", "--out", str(nowhere), day=None).code == 2
    assert not nowhere.parent.exists(), "a slip of the pen makes no folders"


def test_who_accepts_has_a_name(tmp_path: Path, capsys: Any) -> None:
    shop = two_shards(tmp_path, (3, 1), limit=2)
    refused = shop.call(capsys, "run", "--json", "--accept", "log=9", "--by", "  ")
    assert (refused.code, shop.one("SELECT count(*) FROM log")) == (2, 3)
    assert "--by NAME" in refused.err


def test_accepting_a_rule_that_a_finding_stopped_stops_no_other(tmp_path: Path, capsys: Any) -> None:
    shop = two_shards(tmp_path, (3, 1), limit=2)
    shop.do("ALTER TABLE page ADD COLUMN note TEXT")
    shop.matrix.write_text(shop.matrix.read_text(encoding="utf-8").replace("advised", "required"), encoding="utf-8")
    ran = shop.call(capsys, "run", "--json", "--accept", "log=9", "--accept", "page=9", "--by", "t")
    assert ran.code == 1, ran.err
    said = {(one["id"], one["status"]) for one in ran.document["rules"]}
    assert said == {("log", "done"), ("page", "refused")}
    assert (shop.one("SELECT count(*) FROM log"), shop.one("SELECT count(*) FROM page")) == (0, 1)


@pytest.mark.parametrize("mistake", [("log=9",), ("logs=9", "--by", "t")])
def test_a_mistake_in_accepting_is_told_before_a_database_is_opened(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, mistake: tuple[str, ...]
) -> None:
    shop = two_shards(tmp_path, (3, 1))
    opened = list[object]()
    monkeypatch.setattr("retention.pipeline.base.open_database", lambda *given: opened.append(given))
    refused = shop.call(capsys, "run", "--accept", *mistake)
    assert (refused.code, opened) == (2, [])
    assert refused.err.startswith("--accept")


@pytest.mark.parametrize("others", [("--rule", "page"), ("--database", "other")])
@pytest.mark.parametrize("planned", [False, True], ids=["by options", "by its plan"])
def test_accepting_a_rule_that_is_left_out_is_refused_before_anything_is_done(
    tmp_path: Path, capsys: Any, others: tuple[str, str], planned: bool
) -> None:
    shop = two_shards(tmp_path, (3, 1), limit=2)
    other = "  other: {connection: other_db, identity: other, zone: Asia/Seoul}\nlegal_bases:"
    shop.matrix.write_text(shop.matrix.read_text(encoding="utf-8").replace("legal_bases:", other), encoding="utf-8")
    (tmp_path / "other.sqlite").touch()
    shop.environment["RETENTION_CONN_OTHER_DB"] = f"sqlite:///{tmp_path / 'other.sqlite'}"
    identify(shop.environment["RETENTION_CONN_OTHER_DB"], "other")
    narrowed = ("--plan", shop.call(capsys, "plan", "--json", *others).document["digest"]) if planned else others
    entries = shop.call(capsys, "ledger", "export", day=None).out
    refused = shop.call(capsys, "run", *narrowed, "--accept", "log=9", "--by", "t")
    assert (refused.code, refused.err.count("\n")) == (2, 1), refused.err
    assert refused.err.startswith("--accept log: ")
    assert shop.call(capsys, "ledger", "export", day=None).out == entries
    assert shop.one("SELECT count(*) FROM page") == 1


def test_a_key_is_not_forgotten_where_the_ledger_can_not_tell_of_it(tmp_path: Path, capsys: Any) -> None:
    shop = two_shards(tmp_path, (1, 1))
    assert shop.call(capsys, "key", "new", day=None).code == 0
    (key,) = shop.call(capsys, "key", "list", "--json", day=None).document["keys"]
    ledger = shop.environment["RETENTION_LEDGER_URL"]
    shop.environment["RETENTION_LEDGER_URL"] = "sqlite:////proc/nowhere/ledger.sqlite"
    assert shop.call(capsys, "key", "destroy", key["id"], day=None).code == 2
    shop.environment["RETENTION_LEDGER_URL"] = ledger
    assert shop.call(capsys, "key", "list", "--json", day=None).document["keys"] == [key]
    assert shop.call(capsys, "key", "destroy", key["id"], day=None).code == 0


def test_an_approval_that_the_ledger_s_key_did_not_sign_lets_nothing_go(tmp_path: Path, capsys: Any) -> None:
    """Who can write to the ledger's database knows how hashes are made, and hasn't its key."""
    shop = two_shards(tmp_path, (3, 1), limit=2)
    plan = shop.call(capsys, "plan", "--json").document
    approval = {"plan": plan["digest"], "decision": "approved", "by": "the officer", "note": "", "rules": {"log": 3}}
    run, previous = "20261126T000000Z-aaaaaa", genesis("20261126T000000Z-aaaaaa", "run")
    opened = {"databases": [], "plan": plan["digest"], "dry_run": True, "as_of": plan["as_of"]}
    file, at = sqlite3.connect(tmp_path / "ledger.sqlite"), "2026-11-26T00:00:00+00:00"
    written = ((1, "opened", None, opened), (2, "approval", plan["digest"], approval))
    for number, kind, key, body in written:
        text = canonical(body).decode()
        hash_ = digest(run, "run", number, kind, key, at, text, None, previous)
        file.execute(
            """INSERT INTO ledger_entry (run, task, seq, kind, entry_key, at, body, previous, hash)
               VALUES (?, 'run', ?, ?, ?, ?, ?, ?, ?)""",
            (run, number, kind, key, at, text, previous, hash_),
        )
        previous = hash_
    file.commit()
    ran = shop.call(capsys, "run", "--json", "--plan", plan["digest"], day=None)
    assert (ran.code, shop.one("SELECT count(*) FROM log")) == (2, 3)
    assert "(approval) isn't as the ledger's own key signed it" in ran.err


@pytest.mark.parametrize(
    ("rows", "budget", "done"), [((3, 3), 1, [1, 0]), ((1, 3), 1, [0, 1]), ((2, 6), 4, [1, 3]), ((2, 2), 9, [2, 2])]
)
def test_the_shards_of_a_rule_share_its_budget(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: tuple[int, int], budget: int, done: list[int]
) -> None:
    shop = two_shards(tmp_path, rows)
    ran = shop.call(capsys, "run", "--json", "--rule", "log", "--limit-rows", str(budget))
    assert [rule["done"] for rule in ran.document["rules"]] == done
    assert ran.code == (4 if sum(done) < sum(rows) else 0)


def test_nights_of_a_budget_in_the_matrix_come_to_an_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = two_shards(tmp_path, (3, 2))
    written = shop.matrix.read_text(encoding="utf-8")
    shop.matrix.write_text(written.replace("zone: Asia/Seoul}", "zone: Asia/Seoul, execute: {rows: 2}}"), "utf-8")
    nights = [shop.call(capsys, "run", "--json", "--rule", "log") for _ in range(3)]
    assert [sum(rule["done"] for rule in night.document["rules"]) for night in nights] == [2, 2, 1]
    assert [night.code for night in nights] == [4, 4, 0]


@pytest.mark.parametrize("by", ["command", "matrix"])
def test_a_dry_run_tells_what_a_run_of_that_budget_would_take(tmp_path: Path, capsys: Any, by: str) -> None:
    shop = two_shards(tmp_path, (2, 6))
    limit = ("--limit-rows", "4") if by == "command" else ()
    if by == "matrix":
        written = shop.matrix.read_text(encoding="utf-8")
        shop.matrix.write_text(written.replace("zone: Asia/Seoul}", "zone: Asia/Seoul, execute: {rows: 4}}"), "utf-8")
    dry = shop.call(capsys, "run", "--json", "--rule", "log", "--dry-run", *limit)
    told = [(rule["status"], rule["reason"], rule["most"], rule["done"]) for rule in dry.document["rules"]]
    assert told == [("stopped", "row budget", 1, 0), ("stopped", "row budget", 3, 0)]
    jsonschema.validate(dry.document, schema_of("run"))
    report = re.sub("<[^>]+>", " ", Path(dry.document["report"]).read_text(encoding="utf-8"))
    assert "4 rows would be destroyed" in " ".join(report.split())
    ran = shop.call(capsys, "run", "--json", "--rule", "log", *limit)
    assert [rule["done"] for rule in ran.document["rules"]] == [1, 3]
    assert dry.code == ran.code == 4


def test_an_approval_names_the_rows_of_all_shards(tmp_path: Path, capsys: Any) -> None:
    shop = two_shards(tmp_path, (5, 3), limit=2)
    plan = shop.call(capsys, "plan", "--json").document
    said = ("approve", plan["digest"], "--by", "the officer", "--note", "read", "--json")
    assert shop.call(capsys, *said, day=None).document["rules"] == {"log": 8}
    with sqlite3.connect(tmp_path / "ledger.sqlite") as file:
        (body,) = file.execute("SELECT body FROM ledger_entry WHERE kind = 'approval'").fetchone()
    assert json.loads(body)["rules"] == {"log": 8}


def test_a_shard_where_the_rule_must_wait_has_no_share_of_its_budget(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = two_shards(tmp_path, (8, 2), limit=5)
    ran = shop.call(capsys, "run", "--json", "--rule", "log", "--limit-rows", "2")
    assert [(rule["done"], rule["status"]) for rule in ran.document["rules"]] == [(0, "waiting"), (2, "done")]
