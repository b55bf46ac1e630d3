"""With ``--json`` standard output is one JSON document, whatever the command and whatever became of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from retention.cli import documents
from retention.errors import Refused
from retention.execute.rule import RuleRun
from retention.pipeline import night
from support.library import MATRIX, make_library
from support.schemas import valid
from support.shop import Called, Shop

WHO = ("--by", "the officer", "--note", "looked at")


@pytest.fixture
def library(sqlite_url: str, tmp_path: Path) -> Shop:
    return make_library(sqlite_url, tmp_path)


def told(library: Shop, capsys: Any, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Return the one document of a call."""
    called = library.call(capsys, *arguments, "--json", day=None)
    assert called.code == code, called.err
    return called.document


def refused(library: Shop, capsys: Any, *arguments: str, code: int = 2) -> Called:
    """See that a call is refused in one line, or a usage error's box, and in one document."""
    called = library.call(capsys, *arguments, "--json", day=None)
    assert (called.code, "internal error" in called.err) == (code, code == 5), called.err
    document = called.document
    assert (document["schema"], document["status"]) == ("retention.error/1", "refused" if code == 2 else "failed")
    assert document["error"]
    return called


def test_what_a_command_made_is_told_in_a_document(library: Shop, capsys: Any) -> None:
    first = told(library, capsys, "key", "new")
    second = told(library, capsys, "key", "rotate")
    gone = told(library, capsys, "key", "destroy", first["id"])
    assert [one["state"] for one in (first, second, gone)] == ["active", "active", "destroyed"]
    assert {one["id"] for one in told(library, capsys, "key", "list")["keys"]} == {first["id"], second["id"]}
    assert told(library, capsys, "ledger", "upgrade") == {"upgraded": True}
    entries = told(library, capsys, "ledger", "export")["entries"]
    lines = library.call(capsys, "ledger", "export", day=None).out.splitlines()
    assert [entry["kind"] for entry in entries] == ["key"] * 4
    assert len(lines) == 4
    assert told(library, capsys, "version")["version"]
    again = told(library, capsys, "init", "shop_db", "--identity", "library-test")
    assert (again["identity"], again["made"]) == ("library-test", False)
    assert "CREATE TABLE" in told(library, capsys, "init", "shop_db", "--ddl")["ddl"]
    file = str(library.folder / "draft.yaml")
    assert told(library, capsys, "init", "shop_db", "--out", file)["out"] == file
    run = library.call(capsys, "run", "--json").document["run"]
    confirmed = told(library, capsys, "confirm", run, *WHO)
    assert (confirmed["run"], confirmed["by"], confirmed["at"][-1]) == (run, "the officer", "Z")


def test_an_empty_ledger_is_exported_as_a_document_too(library: Shop, capsys: Any) -> None:
    library.call(capsys, "ledger", "upgrade", day=None)
    assert told(library, capsys, "ledger", "export") == {"entries": []}


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("run", "--nonsense"),
        ("run", "--limit-rows", "few"),
        ("confirm", "x", "--by", "y"),
        ("plan", "--as-of", "2026-13-01"),
        ("run", "--lang", "fr"),
        ("report", "--format", "pdf"),
        ("run", "--accept", "visits=²", "--by", "x"),
        ("run", "--accept", "visits=٣", "--by", "x"),
        ("run", "--accept", "visits=" + "9" * 5000, "--by", "x"),
        ("ledger", "verify", "--expect", "x@²"),
        ("check", "--config", "a\0b"),
        ("plan", "--out", "/proc/nowhere/plan.json"),
        ("plan", "--ledger", "sqlite:///x.sqlite?timeout=long"),
        ("plan", "--ledger", "mysql://u@127.0.0.1:1/x?sslmode=require"),
        ("demo", "--as-of", "2026-11-24", "--url", "mysql://u@127.0.0.1:1/x?sslmode=require"),
        ("demo", "--as-of", "2026-11-24", "--url", "mysql://u@127.0.0.1:1/x?connect_timeout=soon"),
    ],
)
def test_wrong_usage_is_refused_in_a_document(
    library: Shop, capsys: Any, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(library.folder)
    refused(library, capsys, *arguments)


@pytest.mark.parametrize(
    "options",
    ["{sqlite}?timeout=long", "mysql://u@127.0.0.1:1/x?sslmode=require", "postgresql://u@127.0.0.1:1/x?nonsense=1"],
)
def test_an_option_that_a_driver_does_not_take_is_named_with_its_connection(
    library: Shop, capsys: Any, options: str
) -> None:
    library.environment["RETENTION_CONN_SHOP_DB"] = options.format(sqlite=library.url)
    assert "connection shop_db" in refused(library, capsys, "run").err


def test_an_error_that_nobody_foresaw_is_told_in_a_document(
    library: Shop, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: Any) -> Any:
        raise ZeroDivisionError

    library.call(capsys, "ledger", "upgrade", day=None)
    monkeypatch.setattr(documents, "closed_run", broken)
    refused(library, capsys, "report", code=5)


@pytest.mark.parametrize("debug", [False, True])
def test_the_trace_of_an_error_in_one_rule_is_shown_to_whoever_asks_for_it_and_kept_nowhere(
    library: Shop, capsys: Any, monkeypatch: pytest.MonkeyPatch, debug: bool
) -> None:
    real = RuleRun.begin

    def broken(self: RuleRun, *arguments: Any) -> bool:
        if self.rule.id == "visits":
            raise ValueError("kim@example.kr")
        return real(self, *arguments)

    monkeypatch.setattr(RuleRun, "begin", broken)
    ran = library.call(capsys, "run", "--json", *(["--debug"] if debug else []))
    assert ran.code == 1, ran.err
    status = {one["id"]: one["status"] for one in ran.document["rules"]}
    assert (status.pop("visits"), set(status.values())) == ("failed", {"done"})
    assert ("Traceback" in ran.err, "ValueError: kim@example.kr" in ran.err) == (debug, debug)
    kept = [one for one in library.folder.rglob("*") if one.is_file()]
    assert any("reports" in one.parts for one in kept)
    assert not any(b"kim@example.kr" in one.read_bytes() for one in kept)


def test_a_plan_of_some_rules_is_carried_out_by_its_digest_alone(library: Shop, capsys: Any) -> None:
    digest = library.call(capsys, "plan", "--rule", "visits", "--json").document["digest"]
    for other in (("--rule", "loans"), ("--rule", "visits", "--rule", "loans"), ("--database", "other")):
        assert "leave --rule and --database out" in refused(library, capsys, "run", "--plan", digest, *other).err
    ran = told(library, capsys, "run", "--plan", digest)
    assert [(one["id"], one["status"]) for one in ran["rules"]] == [("visits", "done")]


def test_a_day_that_has_not_come_is_refused_beside_a_plan_too(library: Shop, capsys: Any) -> None:
    library.matrix.write_text(MATRIX.replace("then: delete, approval: never}", "then: delete}", 1), encoding="utf-8")
    digest = library.call(capsys, "plan", "--json").document["digest"]
    for command in (("approve", digest, *WHO), ("run", "--plan", digest)):
        assert "hasn't come" in refused(library, capsys, *command, "--as-of", "2199-01-01").err


@pytest.mark.parametrize("options", [(), ("--format", "json"), ("--format", "xlsx"), ("--format", "html")])
def test_a_report_is_the_run_s_document_with_its_confirmations(
    library: Shop, capsys: Any, options: tuple[str, ...]
) -> None:
    library.matrix.write_text(MATRIX.replace("then: delete, approval: never}", "then: delete}", 1), encoding="utf-8")
    ran = library.call(capsys, "run", *library.accepts("visits"), "--json").document
    assert told(library, capsys, "confirm", ran["run"], *WHO)["note"] == "looked at"
    document = told(library, capsys, "report", *options)
    valid(document, "run")
    assert (document["rules"], document["approvals"][0]["kind"]) == (ran["rules"], "accept")
    assert "closing" not in document
    assert document["ledger_head"].rpartition("@")[2].isdecimal()
    assert [one["by"] for one in document["confirmations"]] == ["the officer"]
    assert ("report" in document) == (options not in ((), ("--format", "json")))
    assert "report" not in document or Path(document["report"]).is_file()


def test_a_report_in_json_is_written_where_it_is_wanted(library: Shop, capsys: Any) -> None:
    assert library.call(capsys, "run").code == 0
    file = library.folder / "run.json"
    written = library.call(capsys, "report", "--format", "json", "--out", str(file), day=None)
    assert (written.code, written.out) == (0, f"{file}\n")
    document = json.loads(file.read_text(encoding="utf-8"))
    valid(document, "run")
    assert document["report"] == str(file)


@pytest.mark.parametrize("step", ["carry_out_unit", "look_after", "close_run"])
def test_a_run_that_broke_off_tells_what_came_of_the_units_that_had_ended(
    library: Shop, capsys: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    real, calls = getattr(night, step), list[int]()

    def broken(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 2 or step != "carry_out_unit":
            # What a schema that somebody changed under way gives: by then it is no refusal.
            raise Refused("the schema has changed")
        return real(*arguments, **named)

    monkeypatch.setattr(night, step, broken)
    document = told(library, capsys, "run", code=5)
    monkeypatch.undo()
    valid(document, "run")
    assert (document["status"], document["broke_off"]) == ("failed", True)
    assert document["error"] == "the schema has changed"
    ended = 1 if step == "carry_out_unit" else 5
    assert (len(document["rules"]), {one["status"] for one in document["rules"]}) == (ended, {"done"})
    assert document["checks"]
    assert told(library, capsys, "run")["status"] == "succeeded"
    assert told(library, capsys, "verify")["problems"] == []
