"""What stays and why, and what the run doesn't reach at all."""

from __future__ import annotations

from collections.abc import Iterator

from retention.report.done import short_name
from retention.report.holds import held_until, holders
from retention.report.outcome import RuleOutcome
from retention.report.report import Report
from retention.report.table import Cell, Line, Table, Text, lines, recorded
from retention.report.wording import Words

_BY_STATE = ("separate", "in_use")


def stays(report: Report) -> Table:
    """Return one line per rule and reason for which rows stay."""
    words = report.words
    heads = ("col_rule", "col_rows", "col_why", "col_detail", "col_until")
    rows = [
        (short_name(report, rule), number, why, detail, until)
        for rule in report.rules
        for number, why, detail, until in _reasons(report, rule)
    ]
    return Table(words("stays_caption"), tuple(words(head) for head in heads), rows, "stays")


def uncovered(report: Report) -> Table:
    """Return the tables with rows that no rule selects."""
    words = report.words
    rows = [
        (Text(table["name"], code=True), table["uncovered"])
        for table in report.plan.get("tables", ())
        if table.get("uncovered")
    ]
    return Table(words("uncovered_caption"), (words("col_table"), words("col_rows")), rows, "uncovered")


def copies(report: Report) -> Table:
    """Return the copies that the matrix names and the run doesn't reach, by rule."""
    words = report.words
    named = {rule.id: rule for rule in report.rules if rule.facts.get("copies") and rule.follows is None}
    rows = [(short_name(report, rule), tuple(rule.facts["copies"])) for rule in named.values()]
    return Table(words("copies_caption"), (words("col_rule"), words("col_copies")), rows, "copies")


def leftovers(report: Report) -> Table:
    """Return what each database's engine may still hold of what was deleted."""
    words = report.words
    rows: list[tuple[Cell, ...]] = []
    for database in report.facts.get("databases", ()):
        said = database.get("leftovers", "")
        engine = f"engine_{str(database.get('engine', '')).lower()}"
        told = words(engine, recorded=said) if engine in words.texts else recorded(said)
        rows.append((Text(database["name"], code=True), database.get("engine"), told))
    rows = list(dict.fromkeys(rows))
    heads = (words("col_database"), words("col_engine"), words("col_leftovers"))
    return Table(words("leftovers_caption"), heads, rows, "leftovers")


def why_waiting(rule: RuleOutcome, words: Words) -> tuple[Line, ...]:
    """Return why a person is asked, in the reader's words, and what the run recorded."""
    terms = "; ".join(words.term("waits", term) for term in rule.waits)
    return lines(terms, recorded(rule.reason))


def _reasons(
    report: Report, rule: RuleOutcome
) -> Iterator[tuple[int, Cell, tuple[Line, ...], str | tuple[Line, ...] | None]]:
    words = report.words
    if rule.not_carried_out and rule.status == "waiting":
        yield rule.not_carried_out, words("stay_waiting"), why_waiting(rule, words), None
    elif rule.not_carried_out:
        why = words("stay_not_done", status=words.term("rule", rule.status))
        yield rule.not_carried_out, why, lines(recorded(rule.reason)), None
    if rule.survived:
        yield rule.survived, words("stay_survived"), (), None
    if rule.number("drifted") and not rule.dry:
        yield rule.number("drifted"), words("stay_drifted"), (), None
    if rule.number("held"):
        yield rule.number("held"), words("stay_held"), holders(report, rule), held_until(report, rule)
    if rule.number("referenced"):
        yield rule.number("referenced"), words("stay_referenced"), _blockers(rule, words), _until(rule)
    if rule.number("unreadable"):
        yield rule.number("unreadable"), words("stay_unreadable"), (), None
    for state in _BY_STATE:
        number = rule.planned_as.get("rows", {}).get(state, 0)
        if number:
            yield number, words(f"stay_{state}"), (), None


def _blockers(rule: RuleOutcome, words: Words) -> tuple[Line, ...]:
    return tuple(
        words(
            "blocker_until" if "until" in blocker else "blocker",
            table=blocker["table"],
            rows=words.rows(blocker["rows"]),
            until=blocker.get("until"),
        )
        for blocker in rule.document.get("referenced_by", ())
    )


def _until(rule: RuleOutcome) -> str | None:
    """Return the last day of all that refers to the rule's rows; none where one of them has no known day."""
    days = [blocker.get("until") for blocker in rule.document.get("referenced_by", ())]
    return max(days) if days and all(days) else None
