"""Reading the ledger: runs as their openings and closings tell them, and events that its own key has signed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import URL, ColumnElement, Row, exists, func, literal, not_, select, true

from retention.keys import LedgerSecrets
from retention.ledger.entry import Entry, Json, opening_digest
from retention.ledger.store import LedgerRefused, Store
from retention.ledger.tables import AT_ONCE, CLOSING, ENTRY, RUN_TASK
from retention.ledger.verify import is_signature, is_signed, problems

PART = "part"
NEWEST_CLOSING = select(CLOSING.c.hash, CLOSING.c.number).order_by(CLOSING.c.number.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class RunHead:
    """A run as its opening and closing entries tell it; ``closed`` is None while it is open."""

    run: str
    opened_at: str
    opened: Mapping[str, Json]
    closed_at: str | None
    closed: Mapping[str, Json] | None


class Reading:
    """What the ledger of a pipeline tells. Without its secrets it ``signs`` nothing, and can't see who signed."""

    def __init__(self, store: Store, secrets: LedgerSecrets, *, signs: bool = True) -> None:
        self._store = store
        self._signs = signs
        self.secrets = secrets

    @property
    def label(self) -> str:
        """Return how errors and reports name the ledger."""
        return self._store.label

    @property
    def url(self) -> URL:
        """Return where it lies."""
        return self._store.url

    def close(self) -> None:
        """Let the connections go."""
        self._store.engine.dispose()

    def runs(self) -> list[RunHead]:
        """Return every run that was opened, oldest first."""
        return self._runs(true())

    def run_ids(self) -> set[str]:
        """Return the ids of all runs that were opened."""
        opened = select(ENTRY.c.run).where(ENTRY.c.task == RUN_TASK, ENTRY.c.kind == "opened")
        with self._store.reading() as connection:
            return set(connection.execute(opened).scalars())

    def open_runs(self) -> list[RunHead]:
        """Return the runs that were opened and not closed, oldest first."""
        end = ENTRY.alias()
        closed = select(literal(1)).where(end.c.run == ENTRY.c.run, end.c.task == RUN_TASK, end.c.kind == "closed")
        return self._runs(not_(exists(closed.correlate(ENTRY))))

    def _runs(self, which: ColumnElement[bool]) -> list[RunHead]:
        opened = select(ENTRY).where(ENTRY.c.task == RUN_TASK, ENTRY.c.kind == "opened", which).order_by(ENTRY.c.at)
        closed = select(ENTRY).where(ENTRY.c.task == RUN_TASK, ENTRY.c.kind == "closed")
        with self._store.reading() as connection:
            begun = connection.execute(opened).all()
            ends = {row.run: row for row in connection.execute(closed)} if begun else {}
        return [
            RunHead(
                row.run,
                row.at,
                _body(row),
                ends[row.run].at if row.run in ends else None,
                _body(ends[row.run]) if row.run in ends else None,
            )
            for row in begun
        ]

    def entries(self, run: str | None = None, task: str | None = None, kind: str | None = None) -> Iterator[Entry]:
        """Yield entries in the order of their chains; attachments come with them."""
        query = select(ENTRY).order_by(ENTRY.c.run, ENTRY.c.task, ENTRY.c.seq)
        for column, value in ((ENTRY.c.run, run), (ENTRY.c.task, task), (ENTRY.c.kind, kind)):
            if value is not None:
                query = query.where(column == value)
        with self._store.reading() as connection:
            for row in connection.execution_options(yield_per=AT_ONCE).execute(query):
                yield as_entry(row)

    def parts(self, entry: Entry, name: str) -> Iterator[bytes]:
        """Yield what was recorded in parts with an event under a name, in its order."""
        names = (ENTRY.c.kind == PART, ENTRY.c.entry_key == name)
        numbers = select(ENTRY.c.seq).where(ENTRY.c.run == entry.run, *names).order_by(ENTRY.c.seq)
        with self._store.reading() as connection:
            # One after the other: an engine that sorts them holds all of them.
            for number in connection.execute(numbers).scalars().all():
                query = select(ENTRY).where(ENTRY.c.run == entry.run, ENTRY.c.task == RUN_TASK, ENTRY.c.seq == number)
                yield as_entry(connection.execute(query).one()).blob() or b""

    def find(self, kind: str, key: str) -> Entry | None:
        """Return the newest event of a kind under a key, as :meth:`events`."""
        found = self.find_all(kind, key)
        return found[-1] if found else None

    def find_all(self, kind: str, key: str) -> list[Entry]:
        """Return the events of a kind under a key, as :meth:`events`."""
        return self._events(ENTRY.c.kind == kind, ENTRY.c.entry_key == key)

    def events(self, kind: str, run: str | None = None) -> list[Entry]:
        """Return the events of a kind, oldest first.

        Who can write to the ledger's database, and hasn't its key, could put in an approval that nobody gave, or take
        back a hold or a refusal by changing it: where one event can't be believed, none of them is.

        Raises:
            LedgerRefused: one of them isn't as the ledger's own key signed it.
        """
        return self._events(ENTRY.c.kind == kind, true() if run is None else ENTRY.c.run == run)

    def _events(self, *which: ColumnElement[bool]) -> list[Entry]:
        signed = (CLOSING.c.run == ENTRY.c.run) & (CLOSING.c.hash == ENTRY.c.hash)
        query = select(ENTRY, CLOSING.c.signature, CLOSING.c.public_key).outerjoin(CLOSING, signed).where(*which)
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            # Who only looks can't know whose key it was, but sees what was changed afterwards.
            key = self.secrets.public_key if self._signs else row.public_key
            if row.signature is None or not is_signed(row, row.signature, key):
                raise LedgerRefused(
                    f"{self.label}: entry {row.seq} of run {row.run} ({row.kind}) isn't as the ledger's own key signed "
                    "it; see `retention ledger verify`, and put the ledger back from its backup"
                )
        return sorted(map(as_entry, rows), key=_written)

    def believes(self, opening: Entry) -> bool:
        """Whether a run's opening is as the ledger's own key signed it, by :meth:`Ledger.begin_run`."""
        hash_ = opening_digest(opening.run, opening.body)
        return is_signature(self.secrets.public_key, opening.key or "", hash_)

    def newest(self, kind: str, test: Callable[[Entry], bool]) -> Entry | None:
        """Return the newest entry of a kind that passes a test, having read none that is older."""
        which = select(ENTRY.c.run, ENTRY.c.task, ENTRY.c.seq).where(ENTRY.c.kind == kind).order_by(ENTRY.c.at.desc())
        with self._store.reading() as connection:
            for run, task, seq in connection.execute(which).all():
                query = select(ENTRY).where(ENTRY.c.run == run, ENTRY.c.task == task, ENTRY.c.seq == seq)
                found = as_entry(connection.execute(query).one())
                if test(found):
                    return found
        return None

    def count(self, kind: str) -> int:
        """Return how many entries of a kind there are."""
        with self._store.reading() as connection:
            query = select(func.count()).select_from(ENTRY).where(ENTRY.c.kind == kind)
            return int(connection.execute(query).scalar_one())

    def head(self) -> tuple[str, int]:
        """Return the newest closing's hash and number; an empty ledger has ("", 0)."""
        with self._store.reading() as connection:
            row = connection.execute(NEWEST_CLOSING).one_or_none()
        return (row.hash, row.number) if row else ("", 0)

    def verify(self, expect: tuple[str, int] | None = None) -> list[str]:
        """Return what is wrong with the ledger, in words; ``expect`` is a head noted down before."""
        with self._store.reading(at_one_moment=True) as connection:
            return problems(connection, self.secrets.public_key, expect)


def _written(entry: Entry) -> tuple[int, str, int]:
    """Return what entries of one kind sort by: closings are numbered as they are written, a clock may be put back."""
    return entry.body.get("closing", {}).get("number", 0), entry.at, entry.seq


def _body(row: Row[*tuple[Json, ...]]) -> Mapping[str, Json]:
    try:
        body: Mapping[str, Json] = json.loads(row.body)
    except ValueError:
        raise LedgerRefused(
            f"ledger: entry {row.seq} of task {row.task} in run {row.run} was changed; see `retention ledger verify`, "
            "and put the ledger back from its backup"
        ) from None
    return body


def as_entry(row: Row[*tuple[Json, ...]]) -> Entry:
    """Return an entry as it was stored."""
    return Entry(
        row.run,
        row.task,
        row.seq,
        row.kind,
        row.entry_key,
        row.at,
        _body(row),
        row.blob_sha256,
        row.previous,
        row.hash,
        row.packed,
    )
