"""What was destroyed, what was changed and what was moved, under which article and by which method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retention.report.outcome import RuleOutcome
from retention.report.report import Report
from retention.report.table import Line, Table, Text, lines
from retention.report.wording import Words

_KEYED = frozenset({"token", "fake", "date_shift", "format_preserving"})


def destroyed(report: Report) -> Table:
    """Return the rows that went, or would go, by rule."""
    words = report.words
    heads = ("col_rule", "col_rows", "col_parts", "col_basis", "col_events", "col_method")
    rows = [
        (
            rule_name(report, rule),
            rule.destroyed,
            parts(rule, words),
            tuple(line for basis in rule.bases for line in basis_lines(basis, words)),
            event_days(rule, words),
            lines(words("method_delete"), _batches(rule, words), _partitions(rule, words)),
        )
        for rule in report.rules
        if rule.destroyed
    ]
    return Table(report.tense("destroyed_caption"), tuple(words(head) for head in heads), rows, "destroyed")


def changed(report: Report) -> Table:
    """Return the rows of which columns changed, or would change, by rule."""
    words = report.words
    heads = (
        words("col_rule"),
        words("col_rows"),
        report.tense("col_columns"),
        words("col_key"),
        words("col_in_law"),
        words("col_basis"),
        words("col_events"),
    )
    rows = [
        (
            rule_name(report, rule),
            rule.changed,
            tuple(f"{name} → {words.transform(how)}" for name, how in rule.columns.items()),
            _key(rule, words),
            lines(
                words.term("law", rule.action),
                words.term("for", rule.facts["for"]) if "for" in rule.facts else None,
                words("term", period=words.period(rule.facts["term"])) if "term" in rule.facts else None,
            ),
            tuple(line for basis in rule.bases for line in basis_lines(basis, words)),
            event_days(rule, words),
        )
        for rule in report.rules
        if rule.changed
    ]
    return Table(report.tense("changed_caption"), heads, rows, "changed")


def moved(report: Report) -> Table:
    """Return the rows that were moved to where they are kept apart, or would be, by rule."""
    words = report.words
    heads = ("col_rule", "col_rows", "col_to", "col_parts", "col_basis", "col_events", "col_in_law")
    rows = [
        (
            rule_name(report, rule),
            rule.moved,
            (Text(rule.to, code=True),),
            _moved_parts(rule, words),
            tuple(line for basis in rule.bases for line in basis_lines(basis, words)),
            event_days(rule, words),
            lines(words.term("law", rule.action), _batches(rule, words)),
        )
        for rule in report.rules
        if rule.moved
    ]
    return Table(report.tense("moved_caption"), tuple(words(head) for head in heads), rows, "moved")


def rule_name(report: Report, rule: RuleOutcome) -> tuple[Line, ...]:
    """Return a rule as tables name it: its id, its personal data file, its table."""
    return lines(Text(report.named(rule)), rule.file, Text(rule.table, code=True))


def short_name(report: Report, rule: RuleOutcome) -> tuple[Line, ...]:
    """Return a rule by its id and its personal data file; by its table where the matrix names no file."""
    return lines(Text(report.named(rule)), rule.file or Text(rule.table, code=True))


def parts(rule: RuleOutcome, words: Words) -> tuple[Line, ...]:
    """Return the parts that went, or would go, with their owners."""
    return tuple(words("part_line", table=table, rows=words.rows(rows)) for table, rows in rule.parts.items())


def _moved_parts(rule: RuleOutcome, words: Words) -> tuple[Line, ...]:
    to = rule.facts.get("parts_to", {})
    return tuple(
        words("part_line_to", table=table, to=to.get(table, ""), rows=words.rows(rows))
        for table, rows in rule.parts.items()
    )


def basis_lines(basis: Mapping[str, Any], words: Words) -> tuple[Line, ...]:
    """Return a legal basis in words: what it is, and up to which events it has lapsed."""
    if basis["id"] == "while_referenced_by":
        return (words("while_referenced", rules=", ".join(basis.get("rules", ()))),)
    named = article(basis)
    if "period" in basis:
        named = f"{named}, {words.period(basis['period'])}".removeprefix(", ")
    lapsed = "purpose_ended" if basis.get("kind") == "max" else "events_before"
    return lines(named, words(lapsed, cutoff=basis["cutoff"]) if "cutoff" in basis else None)


def article(basis: Mapping[str, Any]) -> str:
    """Return statute and article, as the matrix writes them."""
    return " ".join(part for part in (basis.get("statute", ""), basis.get("article", "")) if part) or str(basis["id"])


def event_days(rule: RuleOutcome, words: Words) -> tuple[Line, ...]:
    """Return the range of event days that was carried out; of a dry run the oldest planned, where it is known."""
    if "oldest_clock" in rule.document and "newest_clock" in rule.document:
        return (words.days(rule.document["oldest_clock"], rule.document["newest_clock"]),)
    if rule.dry and "oldest_due" in rule.planned_as:
        return (words("oldest_due", day=rule.planned_as["oldest_due"]),)
    return ()


def _batches(rule: RuleOutcome, words: Words) -> str | None:
    number = rule.number("batches")
    return words("method_batches", n=f"{number:,}") if number else None


def _partitions(rule: RuleOutcome, words: Words) -> str | None:
    names = rule.document.get("partitions_dropped", ())
    return words("method_partitions", names=", ".join(names)) if names else None


def _key(rule: RuleOutcome, words: Words) -> str:
    if not any(_keyed(how) for how in rule.columns.values()):
        return words("key_none")
    if rule.action == "pseudonymize" and "key" in rule.document:
        return words("key_named", key=rule.document["key"])
    return words.term("key", rule.action)


def _keyed(how: str) -> bool:
    """Whether a transform, as the matrix has it, draws from a key; one of paths does if one inside of it does."""
    name, _, argument = how.partition(": ")
    return name in _KEYED or (name == "paths" and any(_keyed(one.partition(": ")[2]) for one in argument.split("; ")))
