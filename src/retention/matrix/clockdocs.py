"""Clocks and ends as written, turned into the typed ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from retention.database.textformat import FormatError, parse_format
from retention.errors import Finding
from retention.law import PeriodError, parse_period
from retention.matrix.codes import finding
from retention.matrix.model import AfterEnd, Clock, ClockList, ColumnClock, End, EndList, Hop, Place, TableName
from retention.matrix.names import parse_table
from retention.matrix.ruledocs import AfterDoc, ColumnClockDoc

_FORMATS = ("date", "timestamp", "instant", "epoch_s", "epoch_ms", "yyyymmdd")


class ClockReader:
    """Reads clocks at one place of the matrix; what is wrong is added to ``findings``.

    ``table`` resolves a table's name and reports an unknown one; it returns None for it.
    """

    def __init__(
        self, place: Place, findings: list[Finding], table: Callable[[str, Place], TableName | None], subject: str
    ) -> None:
        self.place = place
        self.findings = findings
        self.table = table
        self.subject = subject

    def since(self, written: object) -> Clock | None:
        """Return the clock of a ``since``."""
        if isinstance(written, AfterDoc):
            self._report("RET005", "`after` belongs in a purpose's `ends`, not in a `since`")
            return None
        if isinstance(written, list):
            if not written:
                self._report("RET005", "the list of clocks is empty")
            clocks = [clock for clock in (self.since(one) for one in written) if clock is not None]
            return ClockList(tuple(clocks)) if clocks else None
        if isinstance(written, str):
            return ColumnClock(written, place=self.place)
        assert isinstance(written, ColumnClockDoc)
        return self._column(written)

    def ends(self, written: object) -> End | None:
        """Return the end of a purpose."""
        if isinstance(written, AfterDoc):
            check_period(written.after, self.place, self.findings, self.subject)
            since = self.since(written.since)
            return None if since is None else AfterEnd(since, written.after, written.roll_holidays)
        if isinstance(written, list) and any(isinstance(one, (AfterDoc, list)) for one in written):
            ends = [end for end in (self.ends(one) for one in written) if end is not None]
            return EndList(tuple(ends)) if ends else None
        return self.since(written)

    def _column(self, written: ColumnClockDoc) -> ColumnClock | None:
        if written.via and written.latest_of:
            self._report("RET005", "a clock has `via` or `latest_of`, not both")
        if written.as_ is not None and not self._is_format(written.as_):
            return None
        if written.zone is not None:
            check_zone(written.zone, self.place, self.findings)
        path = list(self.hops(written.via or written.latest_of))
        if any(hop is None for hop in path):
            return None
        return ColumnClock(
            column=written.column,
            via=tuple(hop for hop in path if hop is not None),
            latest=bool(written.latest_of),
            format=written.as_,
            zone=written.zone,
            floor=written.floor,
            empty_is_null=written.empty in (None, "null"),
            place=self.place,
        )

    def _is_format(self, written: str) -> bool:
        """Report what is wrong with an ``as``; return whether nothing is."""
        if not written.startswith("text:"):
            if written not in _FORMATS:
                self._report("RET005", f"as: {written} is not a format; use one of {', '.join(_FORMATS)}, text:FORMAT")
            return written in _FORMATS
        try:
            parse_format(written.removeprefix("text:"))
        except FormatError as problem:
            self._report("RET005", str(problem))
            return False
        return True

    def hops(self, written: list[str]) -> Iterator[Hop | None]:
        """Yield the steps of a path; None for one that leads to no table of the matrix."""
        for text in written:
            up = not text.startswith("^")
            name = text.removeprefix("^")
            if "." in name and parse_table(name) is not None:
                table = self.table(name, self.place)
                yield None if table is None else Hop(table, None, up)
            else:
                yield Hop(None, name, up)

    def _report(self, code: str, what: str) -> None:
        self.findings.append(finding(code, self.place, what, subject=self.subject))


def check_period(text: str, place: Place, findings: list[Finding], subject: str = "") -> None:
    """Report a period that the law doesn't count in."""
    try:
        parse_period(text)
    except PeriodError as error:
        findings.append(finding("RET104", place, str(error), subject=subject))


def check_zone(text: str, place: Place, findings: list[Finding]) -> None:
    """Report a zone that doesn't exist."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        findings.append(finding("RET105", place, f"there is no time zone {text}"))
