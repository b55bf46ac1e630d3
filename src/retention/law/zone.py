"""Between instants, wall clocks and legal days, which are days in Seoul."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_FIRST, _LAST = datetime.combine(date.min, time()), datetime.combine(date.max, time())
KNOWN_FROM = date(1900, 1, 1)
"""From this day on the history of zones is looked at, and days are decided for."""
_KNOWN_UNTIL = date(2060, 1, 1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Wall-clock values of a zone, from ``start`` on, that lie ``shift`` before what Seoul's clocks show."""

    start: datetime
    shift: timedelta


def seoul_day(instant: datetime) -> date:
    """Return the legal day of an aware instant, by Seoul's offset of that time."""
    return instant.astimezone(SEOUL).date()


def in_utc(instant: str) -> str:
    """Return an ISO instant as documents have it: in UTC, to the second, with ``Z``."""
    return datetime.fromisoformat(instant).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_start(day: date) -> datetime:
    """Return the instant, in UTC, at which a day begins in Seoul."""
    midnight = datetime.combine(day, time(), SEOUL)
    instant = midnight.astimezone(UTC)
    # Where a clock is put forward over midnight that time doesn't exist; the day begins with its first moment.
    return instant if seoul_day(instant) == day else instant + timedelta(hours=1)


def naive_day(value: datetime, zone: str) -> date:
    """Return the legal day of a wall-clock value in ``zone``; of an ambiguous one, the later."""
    return _in_seoul(value, ZoneInfo(zone)).date()


def naive_bound(day: date, zone: str) -> datetime:
    """Return the wall-clock value below which every value in ``zone`` lies before the day's start in Seoul.

    In an hour that a clock passes twice it is the hour's beginning, and in one that it skips the place where the
    day would begin, so that a value which may be either is kept.
    """
    midnight = datetime.combine(day, time())
    found = stretches(zone, day - 3 * _DAY, day + 3 * _DAY)
    ends = [*(later.start for later in found[1:]), _LAST]
    # Where the clock skips an hour a value may belong to a later day than one after it: the least such value decides.
    return min(
        max(stretch.start, midnight - stretch.shift)
        for stretch, end in zip(found, ends, strict=True)
        if midnight - stretch.shift < end
    )


@lru_cache(maxsize=4096)
def stretches(zone: str, since: date, until: date = _KNOWN_UNTIL) -> tuple[Stretch, ...]:
    """Return how a zone's wall clock lies to Seoul's from ``since`` on, piece by piece.

    The first piece stands for all earlier values as well, the last for all later ones.
    """
    # Seoul's own clock shows what Seoul's clock shows.
    if zone == SEOUL.key:
        return (Stretch(_FIRST, timedelta(0)),)
    local = ZoneInfo(zone)
    since = max(since, KNOWN_FROM)
    # Changes are looked for from well before the first value, whose instant may lie more than a day from it.
    first = since - 4 * _DAY
    borders: set[datetime] = set()
    for change in _changes(local, first, until):
        borders |= {_wall(change + side, local, change) for side in (-_SECOND, _SECOND)}
    for change in _changes(SEOUL, first, until):
        borders |= {_wall(change + number * _DAY, local, change) for number in (-1, 0, 1)}
    found = [Stretch(_FIRST, _shift(datetime.combine(since - 2 * _DAY, time()), local))]
    for border in sorted(borders):
        shift = _shift(border, local)
        if shift != found[-1].shift:
            found.append(Stretch(border, shift))
    return tuple(found)


def _changes(zone: ZoneInfo, since: date, until: date) -> list[datetime]:
    """Return the instants, in UTC, at which the zone's offset changes."""
    found: list[datetime] = []
    low = datetime.combine(since, time(), UTC)
    while low.date() < until:
        high = low + _DAY
        if _offset(low, zone) != _offset(high, zone):
            first, last = low, high
            while last - first > _SECOND:
                middle = first + timedelta(seconds=int((last - first).total_seconds()) // 2)
                first, last = (middle, last) if _offset(middle, zone) == _offset(low, zone) else (first, middle)
            found.append(last)
        low = high
    return found


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _wall(near: datetime, zone: ZoneInfo, instant: datetime) -> datetime:
    """Return what the zone's clocks would show at an instant by the offset they have near it."""
    return instant.replace(tzinfo=None) + _offset(near, zone)


def _shift(value: datetime, local: ZoneInfo) -> timedelta:
    return _in_seoul(value, local) - value


def _in_seoul(value: datetime, local: ZoneInfo) -> datetime:
    """Return what Seoul's clocks show at a wall-clock value elsewhere; of an ambiguous one, the later."""
    readings = (value.replace(tzinfo=local, fold=fold).astimezone(SEOUL) for fold in (0, 1))
    return max(reading.replace(tzinfo=None) for reading in readings)
