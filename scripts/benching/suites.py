"""What is measured on an engine, and which bar it is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from sqlalchemy.exc import SQLAlchemyError

from benching import archiver
from benching.bars import Result, bar
from benching.beside import beside
from benching.contest import Broken, Contestant, Figure, Rounds, compete, ratio, say, settled_ratio
from benching.places import Place
from benching.product import Product
from benching.rivals import SAMPLE, by_hand, faker, orm, partition_drop
from benching.shapes import LOGINS, MEMBERS, RANDOM_HEAP, SUBTREE, Shape

SHIPPED, ALONE, COUNT = "product as shipped", "product, workers: 1", "product, proof: count"
BY_HAND, ARCHIVER = "one statement by hand", "pt-archiver"
ORM, FAKER, DROP = "ORM row by row (sample)", "Faker row by row (sample)", "partition drop"
SMALLEST = 100


@dataclass(frozen=True)
class Line:
    """A contestant's medians, for the table of contestants."""

    engine: str
    shape: str
    contestant: str
    rows: int
    seconds: float
    longest_ms: float | None
    batches: int | None

    @property
    def rate(self) -> float:
        """Return the rows per second."""
        return self.rows / self.seconds


@dataclass
class Suite:
    """One engine's measurements; ``results`` and ``lines`` fill as they are made."""

    place: Place
    rows: int
    rounds: int
    results: list[Result] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def engine(self) -> str:
        """Return the engine's name."""
        return self.place.name

    def run(self) -> None:
        """Measure everything that the engine has a bar for; what breaks off is a problem, and the rest goes on."""
        parts = {
            "postgresql": (self._postgresql, self._random_heap, self._subtree, self._members),
            "mariadb": (self._mariadb, self._subtree, self._members),
            "sqlite": (self._sqlite,),
        }
        for part in (*parts[self.engine], self._beside):
            try:
                part()
            except (Broken, SQLAlchemyError) as problem:
                say(f"{self.engine} broke off: {problem}")
                self.problems.append(str(problem).splitlines()[0])

    def _postgresql(self) -> None:
        counting = Product(LOGINS, "count").purge
        alone = Product(LOGINS, workers=1).purge
        contest: dict[str, Contestant] = {
            SHIPPED: Product(LOGINS).purge,
            ALONE: alone,
            COUNT: counting,
            DROP: partition_drop,
        }
        found = self._logins(contest)
        hand = found[BY_HAND]
        off, longest = found[COUNT], [figure.longest_ms or 0.0 for figure in found[COUNT]]
        self._add("purge", ratio(off, hand))
        self._add("longest_statement", median(longest), f"{off[0].batches} batches; at most {max(longest):.1f} ms")
        self._add("as_shipped", ratio(found[ALONE], hand), "`workers: 1`; key fingerprints, markers, ledger")
        self._add("as_shipped.two_workers", ratio(found[SHIPPED], hand))
        self._add("partition_drop", ratio(found[DROP], hand), "the rows are moved into partitions beforehand, untimed")

    def _random_heap(self) -> None:
        found = self._contest(RANDOM_HEAP, {SHIPPED: Product(RANDOM_HEAP).purge})
        self._add("random_heap", ratio(found[SHIPPED], found[BY_HAND]), "as shipped")

    def _mariadb(self) -> None:
        contest: dict[str, Contestant] = {SHIPPED: Product(LOGINS).purge}
        if archiver.installed():
            contest[ARCHIVER] = archiver.archiver
        found = self._logins(contest)
        if archiver.installed():
            note = f"--bulk-delete --limit {archiver.LIMIT} --commit-each --primary-key-only"
            self._add("pt_archiver", ratio(found[SHIPPED], found[ARCHIVER]), note)
        else:
            self._add("pt_archiver", None, "not measured: pt-archiver is not installed")
        note = "as shipped; until every delete-marked row is purged, on both sides"
        self._add("with_innodb_purge", settled_ratio(found[SHIPPED], found[BY_HAND]), note)
        self._add("purge", ratio(found[SHIPPED], found[BY_HAND]))

    def _sqlite(self) -> None:
        found = self._logins({SHIPPED: Product(LOGINS).purge})
        self._add("purge", ratio(found[SHIPPED], found[BY_HAND]), "secure_delete on both sides")

    def _logins(self, contestants: dict[str, Contestant]) -> Rounds:
        """Purge the login log, and add what every engine says of it."""
        found = self._contest(LOGINS, {**contestants, ORM: orm})
        shipped = found[SHIPPED]
        self._add(
            "orm", ratio(shipped, found[ORM]), f"a commit for each row; on a sample of {found[ORM][0].rows:,}, scaled"
        )
        plan = median((figure.plan_seconds or 0.0) / figure.seconds for figure in shipped)
        self._add("plan", plan, f"{median(figure.plan_seconds or 0.0 for figure in shipped):.3f} s")
        self._memory(max(figure.peak_mib or 0.0 for figure in shipped))
        return found

    def _subtree(self) -> None:
        found = self._contest(SUBTREE, {SHIPPED: Product(SUBTREE).purge})
        self._add("subtree", ratio(found[SHIPPED], found[BY_HAND]), "as shipped; parts by `with`")

    def _members(self) -> None:
        found = self._contest(MEMBERS, {SHIPPED: Product(MEMBERS).purge, FAKER: faker})
        self._add("pseudonymize", ratio(found[SHIPPED], found[BY_HAND]), "as shipped; five keyed fake columns")
        self._add("pseudonymize_faker", ratio(found[SHIPPED], found[FAKER]), f"a sample of {SAMPLE:,}, scaled")

    def _memory(self, peak: float) -> None:
        """Compare the purging process's peak at all rows with that at a tenth, and with that of a whole night."""
        tenth = max(SMALLEST, self.rows // 10)
        small = self._peak(Product(LOGINS), tenth)
        night = self._peak(Product(LOGINS, whole=True), self.rows)
        say(f"{self.engine} · memory {peak:.0f} MiB, {small:.0f} MiB at {tenth:,} rows; a whole night {night:.0f} MiB")
        self._add("memory", peak, "the process that plans and purges; checks are tasks of their own")
        self._add("memory_growth", peak / small, f"{small:.0f} MiB at {tenth:,} rows")
        self._add("memory_night", night, "checks and their library in the same process")

    def _peak(self, product: Product, rows: int) -> float:
        self.place.prepare(LOGINS, rows)
        with self.place.copy(LOGINS, rows) as url:
            return product.purge(url, LOGINS.due(rows)).peak_mib or 0.0

    def _beside(self) -> None:
        found = beside(self.place, self.rows, self.rounds)
        idle = [one.idle for one in found]
        for name, purge, same in (
            ("", [one.product for one in found], [one.product_same for one in found]),
            ("_by_hand", [one.by_hand for one in found], [one.by_hand_same for one in found]),
        ):
            times = median(one.p99_ms / rest.p99_ms for one, rest in zip(purge, idle, strict=True))
            note = (
                f"{median(one.p99_ms for one in purge):.2f} ms, idle {median(one.p99_ms for one in idle):.2f} ms; "
                f"{found[0].rate:.0f} updates/s offered, {min(one.updates for one in purge):,} in the shortest round"
            )
            self._add(f"others_p99{name}", times, note)
            longest = [one.longest_ms for one in same]
            note = f"rows that are just being purged; rounds: {', '.join(f'{one:.1f}' for one in longest)} ms"
            self._add(f"longest_wait{name}", median(longest), note)

    def _contest(self, shape: Shape, contestants: dict[str, Contestant]) -> Rounds:
        field_ = {BY_HAND: by_hand(shape, self.engine), **contestants}
        found = compete(self.place, shape, self.rows, field_, self.rounds)
        self.lines.extend(self._line(shape, name, figures) for name, figures in found.items())
        return found

    def _line(self, shape: Shape, name: str, figures: Sequence[Figure]) -> Line:
        longest = [figure.longest_ms for figure in figures if figure.longest_ms is not None]
        return Line(
            self.engine,
            shape.name,
            name,
            figures[0].rows,
            median(figure.seconds for figure in figures),
            median(longest) if longest else None,
            figures[-1].batches,
        )

    def _add(self, name: str, measured: float | None, note: str = "") -> None:
        self.results.append(Result(bar(f"{self.engine}.{name}"), measured, self.rows, self.rounds, note))
