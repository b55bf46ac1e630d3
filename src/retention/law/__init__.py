"""Legal time: periods by the Korean Civil Act, exact to the day, in Asia/Seoul. Pure."""

from retention.law.expiry import LAST_EVENT, OVERDUE_AFTER, Computation, cutoff, last_day
from retention.law.holiday_names import holiday_name
from retention.law.holidays import Calendar
from retention.law.period import Period, PeriodError, parse_period
from retention.law.reckoning import Reckoning, reckon
from retention.law.zone import (
    KNOWN_FROM,
    SEOUL,
    Stretch,
    day_start,
    in_utc,
    naive_bound,
    naive_day,
    seoul_day,
    stretches,
)

__all__ = [
    "KNOWN_FROM",
    "LAST_EVENT",
    "OVERDUE_AFTER",
    "SEOUL",
    "Calendar",
    "Computation",
    "Period",
    "PeriodError",
    "Reckoning",
    "Stretch",
    "cutoff",
    "day_start",
    "holiday_name",
    "in_utc",
    "last_day",
    "naive_bound",
    "naive_day",
    "parse_period",
    "reckon",
    "seoul_day",
    "stretches",
]
