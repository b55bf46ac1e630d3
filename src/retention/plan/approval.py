"""When a person is asked: a limit, a rule that is new or changed, or the matrix itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from retention.plan.rules import BoundRule

Standing = Callable[[str, str, str], bool]
"""Whether a rule (id, digest) has been approved or carried out unchanged on a database (identity)."""


def limit_document(rule: BoundRule, due: int, rows_of_table: int | None) -> dict[str, Any] | None:
    """Return the rule's limit and whether ``due`` exceeds it; None where the matrix sets none."""
    limit = rule.rule.limit
    if limit.rows is None and limit.share is None:
        return None
    document: dict[str, Any] = {"exceeded": exceeded(rule, due, rows_of_table)}
    if limit.rows is not None:
        document["rows"] = limit.rows
    if limit.share is not None:
        document["share"] = limit.share
        if rows_of_table:
            document["share_due"] = round(due / rows_of_table, 4)
    return document


def exceeded(rule: BoundRule, due: int, rows_of_table: int | None) -> bool:
    """Return whether more rows are due than the rule's limit allows without a person."""
    limit = rule.rule.limit
    too_many = limit.rows is not None and due > limit.rows
    too_large = limit.share is not None and bool(rows_of_table) and due > limit.share * (rows_of_table or 0)
    return too_many or too_large


def reasons_to_wait(rule: BoundRule, due: int, rows_of_table: int | None, standing: bool) -> tuple[str, ...]:
    """Return why a person is asked about the rule; empty where nobody has to be, or nothing is due."""
    if not due:
        return ()
    found: list[str] = []
    if exceeded(rule, due, rows_of_table):
        found.append("limit")
    if rule.rule.approval == "always":
        found.append("always")
    if not standing and rule.rule.approval != "never":
        found.append("new_or_changed")
    return tuple(found)
