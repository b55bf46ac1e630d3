"""One row explained, as the document ``retention.explain/1`` and as lines for a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from retention.plan.explain import Counted, Ended, Part, Referring, RowAnswer, RuleAnswer
from retention.plan.planner import TERM
from retention.report import steps
from retention.report.wording import Words

SCHEMA = "retention.explain/1"


def rule_documents(answer: RowAnswer, words: Words) -> list[dict[str, Any]]:
    """Return the row's rules as the published document has them."""
    return [_rule(one, words) for one in answer.rules]


def part_documents(answer: RowAnswer) -> list[dict[str, Any]]:
    """Return the records that the row is part of."""
    return [_known(_part(one)) for one in answer.part_of]


def _rule(answer: RuleAnswer, words: Words) -> dict[str, Any]:
    rule = answer.rule
    bases = [_period(one, answer, words) for one in answer.bases]
    if rule.referencing:
        bases.append(_need(answer, words))
    bases.extend(_ended(one, answer, words, "max") for one in answer.purposes if one.readable and not one.alive)
    return _known(
        {
            "id": rule.id,
            "state": answer.state,
            "action": rule.action.value,
            "goes_on": _day(answer.goes_on),
            "overdue": True if answer.overdue else None,
            "done_on": _day(answer.done_on),
            "carried_under": answer.carried_under if answer.carried_under != rule.id else None,
            "bases": bases,
            "purposes": [_ended(one, answer, words, None) for one in answer.purposes],
            "holds": [
                _known({"id": hold.id, "by": hold.by, "reason": hold.reason, "until": _day(hold.until)})
                for hold in answer.holds
            ],
            "referenced_by": [_referring(one) for one in answer.referenced_by],
        }
    )


def _period(counted: Counted, answer: RuleAnswer, words: Words) -> dict[str, Any]:
    basis, reckoning = counted.keep.basis, None if counted.endless else counted.reckoning
    other = None if reckoning is None or reckoning.rival == reckoning.last_day else reckoning.rival
    return _known(
        {
            "id": basis.id,
            "kind": "min",
            "statute": basis.statute,
            "article": basis.article,
            "record": basis.record or None,
            "read": _day(basis.read),
            "source_mark": basis.source_mark,
            "period": basis.keep,
            "computation": basis.computation,
            "roll_holidays": basis.roll_holidays,
            "applies": counted.applies,
            "event": None if reckoning is None else _day(reckoning.event),
            "counts_from": None if reckoning is None else _day(reckoning.counts_from),
            "last_day": _day(counted.last_day),
            "lapsed": None if reckoning is None else counted.lapsed,
            "provisional": True if counted.provisional else None,
            "other_reading": _day(other),
            "steps": steps.of_period(counted, answer.rule.calendar, words),
        }
    )


def _need(answer: RuleAnswer, words: Words) -> dict[str, Any]:
    return _known(
        {
            "id": "while_referenced_by",
            "kind": "min",
            "rules": sorted({other.id for other, _relation in answer.rule.referencing}),
            "last_day": _day(answer.needed_until),
            "steps": steps.of_need(answer, words),
        }
    )


def _ended(ended: Ended, answer: RuleAnswer, words: Words, kind: str | None) -> dict[str, Any]:
    purpose = ended.purpose
    named = dict(TERM)
    if purpose is not None:
        named = {"id": purpose.id, "name": purpose.name, "statute": purpose.statute, "article": purpose.article}
    day = {"ends": _day(ended.ends), "alive": ended.alive}
    if kind is not None:
        day = {"kind": kind, "event": _day(ended.event), "last_day": _day(ended.ends)}
    read = None if purpose is None else _day(purpose.read)
    return _known({**named, "read": read, **day, "steps": steps.of_purpose(ended, answer.rule.calendar, words)})


def _part(part: Part) -> dict[str, Any]:
    return {"rule": part.rule, "table": part.table, "states": dict(part.states), "goes_on": _day(part.goes_on)}


def _referring(one: Referring) -> dict[str, Any]:
    return _known({"table": one.table, "rows": one.rows, "until": _day(one.until)})


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _known(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document without what isn't known."""
    return {name: value for name, value in document.items() if value is not None}
