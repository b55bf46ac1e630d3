"""``{generalize: year | month | age_band | sigungu | sido | ip24 | band:N}``: a value becomes its class."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import pandas as pd

from retention.surrogate.base import ColumnFacts, KeySource, Transform, each_distinct
from retention.surrogate.regions import LONGEST_SIDO, LONGEST_SIGUNGU, region

_BAND = re.compile(r"band:([1-9][0-9]*)")
_DECADE = 10
_MONTHS = {"year", "month", "age_band"}
_REGIONS = {"sido": LONGEST_SIDO, "sigungu": LONGEST_SIGUNGU}
_ISO_DAY = re.compile(r"(\d{4})-(\d{2})(-\d{2}.*)?")


class Generalize(Transform):
    """Give the class a value belongs to.

    A date becomes the first day of its year or month; ``age_band`` gives the first day of its decade of birth. An IPv4
    address becomes its /24 network's first address, an IPv6 one its /48's. ``band:N`` gives the band's lowest number.
    ``sigungu`` and ``sido`` give the region that a Korean address begins with. Of a value that belongs to no class
    nothing remains.
    """

    def __init__(self, argument: Any, column: ColumnFacts, keys: KeySource | None = None) -> None:
        super().__init__(argument, column, keys)
        band = _BAND.fullmatch(argument) if isinstance(argument, str) else None
        self.width = int(band.group(1)) if band else None

    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return the classes."""
        del subjects
        return each_distinct(values, self._class())

    def problems(self) -> list[str]:
        """Refuse a class that this kind of column has none of."""
        kind = self.column.kind
        if self.width is not None:
            return [] if kind in ("integer", "decimal") else [f"band:N takes numbers, the column is {kind}"]
        if self.argument in _MONTHS:
            fits = kind in ("date", "naive timestamp", "instant", "text", "integer")
            return [] if fits else [f"{self.argument} takes dates, the column is {kind}"]
        if self.argument == "ip24":
            return [] if kind in ("text", "other") else [f"ip24 takes addresses, the column is {kind}"]
        if self.argument in _REGIONS:
            if kind != "text":
                return [f"{self.argument} takes addresses, the column is {kind}"]
            longest = _REGIONS[self.argument]
            if not self.column.holds(longest):
                return [f"{self.argument} needs {longest} characters, the column holds {self.column.length}"]
            return []
        return [f"generalize takes year, month, age_band, sigungu, sido, ip24 or band:N, not {self.argument!r}"]

    def _class(self) -> Callable[[Any], Any]:
        if self.width is not None:
            return self._band
        if self.argument in _REGIONS:
            return self._region
        return _network if self.argument == "ip24" else self._first_day

    def _band(self, value: Any) -> Any:
        assert self.width is not None
        try:
            number = value if isinstance(value, (int, Decimal)) else Decimal(str(value))
        except InvalidOperation:
            return None
        return (number // self.width) * self.width

    def _region(self, value: Any) -> str | None:
        return region(str(value), sido_only=self.argument == "sido") or self.nothing()

    def _first_day(self, value: Any) -> Any:
        if isinstance(value, int):
            return value // _DECADE * _DECADE if self.argument == "age_band" else value
        if isinstance(value, (date, datetime)):
            first = value.replace(month=value.month if self.argument == "month" else 1, day=1)
            if isinstance(first, datetime):
                first = first.replace(hour=0, minute=0, second=0, microsecond=0)
            return first.replace(year=first.year // _DECADE * _DECADE) if self.argument == "age_band" else first
        found = _ISO_DAY.fullmatch(str(value))
        if found is None:
            # What isn't a date can't be put in a class; nothing of it may remain.
            return self.nothing() if self.column.kind == "text" else None
        year, month, rest = int(found.group(1)), found.group(2), found.group(3)
        if self.argument != "month":
            month = "01"
        if self.argument == "age_band":
            year = year // _DECADE * _DECADE
        return f"{year:04d}-{month}" + ("-01" if rest else "")


def _network(value: Any) -> str | None:
    try:
        address = ipaddress.ip_address(str(value))
    except ValueError:
        return None
    prefix = 24 if address.version == 4 else 48  # noqa: PLR2004 - the version of the address
    return str(ipaddress.ip_network((address, prefix), strict=False).network_address)
