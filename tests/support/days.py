"""The day as of which the tests' shop and library are looked at."""

from datetime import date

DAY = date(2026, 11, 24)
