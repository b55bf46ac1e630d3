"""The bars: what must be reached, and what is aimed at. One table, so that nobody has to look for a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Bar:
    """One bar. ``unit`` is empty for a ratio; a bar without ``must`` only informs."""

    id: str
    engine: str
    says: str
    must: float | None = None
    aim: float | None = None
    lower_is_better: bool = False
    unit: str = ""


@dataclass(frozen=True)
class Result:
    """A bar and what was measured of it; ``measured`` is None where nothing was, and ``note`` says why."""

    bar: Bar
    measured: float | None
    rows: int
    rounds: int
    note: str = ""

    @property
    def verdict(self) -> str:
        """Return what is to be said of it."""
        bar, measured = self.bar, self.measured
        if measured is None:
            return self.note
        if bar.must is None:
            return "–"
        if not _reaches(measured, bar.must, bar):
            return "**not met**"
        return "met, and the aim" if bar.aim is not None and _reaches(measured, bar.aim, bar) else "met"

    def as_json(self) -> dict[str, Any]:
        """Return it as ``.bench/results.json`` has it: ``ratio`` is in the bar's unit where it has one."""
        found = {**asdict(self.bar), "ratio": self.measured, "rows": self.rows, "rounds": self.rounds}
        return {**found, "note": self.note, "verdict": self.verdict.strip("*")}


def _reaches(measured: float, line: float, bar: Bar) -> bool:
    return measured <= line if bar.lower_is_better else measured >= line


_POSTGRESQL = (
    Bar("postgresql.purge", "postgresql", "purge ÷ one bare DELETE, proof off", 0.75, 0.95),
    Bar("postgresql.longest_statement", "postgresql", "its longest statement", 25, 25, True, "ms"),
    Bar("postgresql.as_shipped", "postgresql", "purge as shipped ÷ one bare DELETE", 0.50, 0.60),
    Bar("postgresql.as_shipped.two_workers", "postgresql", "the same with two workers", 0.50, 0.90),
    Bar("postgresql.random_heap", "postgresql", "purge of a heap in random order ÷ one DELETE", 0.60, 0.85),
    Bar("postgresql.subtree", "postgresql", "foreign-key subtree ÷ one CASCADE", 0.60, 0.80),
    Bar("postgresql.pseudonymize", "postgresql", "pseudonymize ÷ one SQL UPDATE", 0.60, 0.80),
    Bar("postgresql.pseudonymize_faker", "postgresql", "pseudonymize ÷ Faker row by row", 3.5, 4.5),
    Bar("postgresql.orm", "postgresql", "purge as shipped ÷ ORM row by row"),
    Bar("postgresql.partition_drop", "postgresql", "drop of ten partitions ÷ one bare DELETE"),
)
_MARIADB = (
    Bar("mariadb.pt_archiver", "mariadb", "purge as shipped ÷ pt-archiver at its best", 1.4, 2.2),
    Bar("mariadb.with_innodb_purge", "mariadb", "purge ÷ one DELETE, InnoDB's own purge counted", 1.15, 1.5),
    Bar("mariadb.purge", "mariadb", "purge as shipped ÷ one DELETE, until the statement's end"),
    Bar("mariadb.subtree", "mariadb", "foreign-key subtree ÷ one CASCADE", 1.0, 1.2),
    Bar("mariadb.pseudonymize", "mariadb", "pseudonymize ÷ one SQL UPDATE", 0.35, 0.50),
    Bar("mariadb.pseudonymize_faker", "mariadb", "pseudonymize ÷ Faker row by row", 3.5, 4.5),
    Bar("mariadb.orm", "mariadb", "purge as shipped ÷ ORM row by row"),
)
_SQLITE = (
    Bar("sqlite.purge", "sqlite", "purge as shipped ÷ one DELETE", 0.90, 1.05),
    Bar("sqlite.orm", "sqlite", "purge as shipped ÷ ORM row by row"),
)


def _everywhere(engine: str) -> tuple[Bar, ...]:
    return (
        Bar(f"{engine}.others_p99", engine, "others' p99 while purging ÷ idle", 2.5, 1.5, True),
        Bar(f"{engine}.others_p99_by_hand", engine, "the same beside one DELETE", None, None, True),
        Bar(f"{engine}.longest_wait", engine, "longest wait of another transaction for a row", 50, 10, True, "ms"),
        Bar(f"{engine}.longest_wait_by_hand", engine, "the same beside one DELETE", None, None, True, "ms"),
        Bar(f"{engine}.plan", engine, "exact plan ÷ purge time", 0.15, 0.08, True),
        Bar(f"{engine}.memory", engine, "client memory, peak", 250, 150, True, "MiB"),
        Bar(f"{engine}.memory_growth", engine, "client memory at ROWS ÷ at ROWS/10 (flat)", 1.1, 1.05, True),
        Bar(f"{engine}.memory_night", engine, "client memory of a whole night, checks included", 250, 150, True, "MiB"),
    )


BARS: dict[str, tuple[Bar, ...]] = {
    "postgresql": (*_POSTGRESQL, *_everywhere("postgresql")),
    "mariadb": (*_MARIADB, *_everywhere("mariadb")),
    "sqlite": (*_SQLITE, *_everywhere("sqlite")),
}


def bar(name: str) -> Bar:
    """Return the bar with an id."""
    return next(one for bars in BARS.values() for one in bars if one.id == name)


def complete(results: Sequence[Result], rows: int, rounds: int, why: Mapping[str, str]) -> Iterator[Result]:
    """Give every bar in the table's order; of one that wasn't measured ``why`` tells the reason, by engine."""
    found = {result.bar.id: result for result in results}
    for engine, bars in BARS.items():
        for one in bars:
            missing = Result(one, None, rows, rounds, f"not measured: {why.get(engine, 'the engine was left out')}")
            yield found.get(one.id, missing)
