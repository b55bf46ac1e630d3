"""Between instants, wall clocks and legal days, which are days in Seoul."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")


def seoul_day(instant: datetime) -> date:
    """Return the legal day of an aware instant, by Seoul's offset of that time."""
    return instant.astimezone(SEOUL).date()


def day_start(day: date) -> datetime:
    """Return the instant, in UTC, at which a day begins in Seoul."""
    midnight = datetime.combine(day, time(), SEOUL)
    instant = midnight.astimezone(UTC)
    # Where a clock is put forward over midnight that time doesn't exist; the day begins with its first moment.
    return instant if seoul_day(instant) == day else instant + timedelta(hours=1)


def naive_bound(day: date, zone: str) -> datetime:
    """Return the wall-clock value below which every value in ``zone`` surely lies before the day's start in Seoul.

    In the hour that a clock repeats it is the hour's beginning, so that a value which may be either is kept.
    """
    start = day_start(day)
    here = start.astimezone(ZoneInfo(zone))
    wall = here.replace(tzinfo=None)
    twin = here.replace(fold=1 - here.fold)
    if here.fold == 0 and twin.utcoffset() != here.utcoffset() and _exists(twin):
        return _repeated_from(here)
    return wall


def naive_day(value: datetime, zone: str) -> date:
    """Return the legal day of a wall-clock value in ``zone``; of an ambiguous one, the later."""
    local = ZoneInfo(zone)
    return max(seoul_day(value.replace(tzinfo=local, fold=fold)) for fold in (0, 1))


def _exists(local: datetime) -> bool:
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None)


def _repeated_from(local: datetime) -> datetime:
    """Return the first wall-clock value of the stretch that is passed twice, to the minute."""
    moment = local.replace(second=0, microsecond=0)
    while True:
        earlier = moment - timedelta(minutes=1)
        if earlier.utcoffset() == earlier.replace(fold=1).utcoffset():
            return moment.replace(tzinfo=None)
        moment = earlier
