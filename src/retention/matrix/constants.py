"""What a constant of a condition is to the column that it is compared with."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import Boolean, Date, DateTime, Integer, Uuid
from sqlalchemy.types import NullType, TypeEngine

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def moment(text: str) -> date | None:
    """Return the day, or the ``datetime``, that an ISO text names; None where it names none."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    try:
        return date.fromisoformat(text) if found.group(1) is None else datetime.fromisoformat(text)
    except ValueError:
        return None


def uuid_of(text: str) -> UUID | None:
    """Return the UUID that a text writes; None where it writes none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def as_stored(type_: TypeEngine[object], value: int | float | str | bool | date) -> object:
    """Return the constant as a column of that type holds it: an engine with strict types compares nothing else.

    A text or a number that the type can't hold is returned as it is, for the engine to refuse.
    """
    if isinstance(type_, NullType) and isinstance(value, date):
        # Where a column's values travel as they are stored, a day is stored as its ISO text.
        return value.isoformat()
    if isinstance(type_, Boolean) and isinstance(value, (int, float)):
        return bool(value) if value in (0, 1) else value
    if isinstance(type_, Integer) and isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and isinstance(type_, (Date, DateTime)):
        return _in_utc(moment(value)) or value
    if isinstance(value, str) and isinstance(type_, Uuid):
        return uuid_of(value) or value
    return value


def _in_utc(day: date | None) -> date | None:
    """Return a moment with an offset as the wall clock of every session, which is UTC."""
    if isinstance(day, datetime) and day.tzinfo is not None:
        return day.astimezone(UTC).replace(tzinfo=None)
    return day
