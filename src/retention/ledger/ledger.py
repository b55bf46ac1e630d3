"""Writing and reading the ledger.

One hash chain per task of a run, so that parallel workers never wait for each other. A run's closing entry holds the
heads of its chains and the previous closing's hash, and is signed. An event outside a run is a run of one entry.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    exists,
    func,
    insert,
    literal,
    not_,
    select,
    true,
)

from retention.keys import LedgerSecrets
from retention.ledger.entry import Entry, Json, Packed, canonical, digest, genesis, pack
from retention.ledger.serial import enter
from retention.ledger.store import LedgerFault, LedgerRefused, Overtaken, Store, is_made, open_store, opening, upgrade
from retention.ledger.tables import AT_ONCE, CLOSING, ENTRY, RUN_TASK
from retention.ledger.verify import is_signed, problems

_TRIES = 20
_PART = "part"
# What every batch asks is written once.
_CHAIN_HEAD = (
    select(ENTRY.c.seq, ENTRY.c.hash)
    .where(ENTRY.c.run == bindparam("of_run"), ENTRY.c.task == bindparam("of_task"))
    .order_by(ENTRY.c.seq.desc())
    .limit(1)
)
_NEW_ENTRY = insert(ENTRY)
_CLOSED = (
    select(ENTRY).where(ENTRY.c.run == bindparam("of_run"), ENTRY.c.task == RUN_TASK, ENTRY.c.kind == "closed").limit(1)
)
_NEWEST_CLOSING = select(CLOSING.c.hash, CLOSING.c.number).order_by(CLOSING.c.number.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class RunHead:
    """A run as its opening and closing entries tell it; ``closed`` is None while it is open."""

    run: str
    opened_at: str
    opened: Mapping[str, Json]
    closed_at: str | None
    closed: Mapping[str, Json] | None


class Ledger:
    """The ledger of one pipeline. ``now`` gives aware UTC instants."""

    def __init__(
        self, store: Store, secrets_: LedgerSecrets, now: Callable[[], datetime], *, signs: bool = True
    ) -> None:
        self._store = store
        self._signs = signs
        self.secrets = secrets_
        self._now = now
        self._turn = threading.Lock()

    @classmethod
    @opening()
    def open(cls, url: str, secrets_path: Path | None, now: Callable[[], datetime]) -> Ledger:
        """Open the ledger, making it where it is new. Its secrets lie beside a file, or at ``secrets_path``.

        Raises:
            LedgerRefused: it is out of reach, its schema is of another version, or no place for the secrets is known.
            Refused: the secrets of a ledger that isn't empty are missing, or others may read them.
        """
        store = open_store(url)
        if secrets_path is None:
            if store.url.get_backend_name() != "sqlite":
                raise LedgerRefused(
                    f"{store.label}: its secrets have no place; set RETENTION_LEDGER_KEYS to a file of mode 0600"
                )
            secrets_path = Path(f"{store.url.database}.keys")
        with store.reading() as connection:
            empty = connection.execute(select(ENTRY.c.run).limit(1)).first() is None
        # New secrets beside an old ledger would disown its signatures and its fingerprints.
        found = LedgerSecrets.load_or_create(secrets_path) if empty else LedgerSecrets.load(secrets_path)
        return cls(store, found, now)

    @classmethod
    @opening()
    def to_read(cls, url: str, now: Callable[[], datetime]) -> Ledger | None:
        """Open a ledger to look into, without its secrets: who only shows it can't sign. None where there is none.

        Looking makes nothing. What is written through it would be found out: it isn't signed with the ledger's key.

        Raises:
            LedgerRefused: it is out of reach, its URL is of no supported engine, or a newer version wrote it.
        """
        if not is_made(url):
            return None
        return cls(open_store(url, any_version=True), LedgerSecrets(secrets.token_bytes(32)), now, signs=False)

    @property
    def label(self) -> str:
        """Return how errors and reports name the ledger."""
        return self._store.label

    @property
    def url(self) -> URL:
        """Return where it lies."""
        return self._store.url

    @staticmethod
    @opening()
    def upgrade_url(url: str) -> None:
        """Bring the schema of the ledger at a URL to this version.

        Raises:
            LedgerRefused: it is out of reach, or its URL is of no supported engine.
        """
        store = open_store(url, any_version=True)
        upgrade(store)
        store.engine.dispose()

    def close(self) -> None:
        """Let the connections go."""
        self._store.engine.dispose()

    # --- writing ------------------------------------------------------------------------------------------------

    def begin_run(self, run: str, body: Mapping[str, Json]) -> Entry:
        """Open a run."""
        return self.chain(run, RUN_TASK).append("opened", body)

    def chain(self, run: str, task: str) -> Chain:
        """Return a task's chain; a retried task goes on from its head."""
        return Chain(self, run, task)

    def close_run(self, run: str, body: Mapping[str, Json]) -> Entry:
        """Close a run: heads of its chains, the previous closing, signed. One that is closed already stays as it is.

        Return the closing entry, which is another one's where somebody else came first.

        Raises:
            LedgerFault: it could not be written.
        """
        return self._closing(run, "closed", None, body, None)

    def record(
        self,
        kind: str,
        body: Mapping[str, Json],
        blob: bytes | None = None,
        key: str | None = None,
        parts: Callable[[], Iterable[tuple[str, bytes]]] = tuple,
    ) -> Entry:
        """Write an event outside a run: a run of one task and one entry, closed at once.

        ``parts`` gives what is too large to be attached in one piece, by name; each is an entry of its own before the
        event's. All of it is written or nothing.
        """
        run = f"e{self._now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(6)}"
        return self._closing(run, kind, key, body, blob, parts)

    def _closing(
        self,
        run: str,
        kind: str,
        key: str | None,
        body: Mapping[str, Json],
        blob: bytes | None,
        parts: Callable[[], Iterable[tuple[str, bytes]]] = tuple,
    ) -> Entry:
        packed = pack(blob)
        for number_of_try in range(_TRIES):
            try:
                with self._store.writing() as connection:
                    heads: dict[str, Json] = {}
                    if kind == "closed":
                        # Nothing comes between the heads and the closing that holds them.
                        enter(connection, run, alone=True)
                        closed = connection.execute(_CLOSED, {"of_run": run}).one_or_none()
                        if closed is not None:
                            return _entry(closed)
                        found = connection.execute(_heads(run))
                        heads = {task: [seq, hash_] for task, seq, hash_ in found if task != RUN_TASK}
                    for name, part in parts():
                        self._append(connection, run, RUN_TASK, _PART, {}, pack(part), name)
                    last = connection.execute(_NEWEST_CLOSING).one_or_none()
                    number, previous = (last.number + 1, last.hash) if last else (1, "")
                    whole = {**body, "closing": {"number": number, "previous": previous, "heads": heads}}
                    entry = self._append(connection, run, RUN_TASK, kind, whole, packed, key)
                    connection.execute(
                        insert(CLOSING).values(
                            number=number,
                            run=run,
                            hash=entry.hash,
                            signature=self.secrets.signing_key.sign(bytes.fromhex(entry.hash)).hex(),
                            public_key=self.secrets.public_key,
                        )
                    )
            except Overtaken:
                _give_way(number_of_try)
            else:
                return entry
        raise LedgerFault(f"{self.label}: too many others are closing runs at once; run it again")

    def _append(
        self,
        connection: Connection,
        run: str,
        task: str,
        kind: str,
        body: Mapping[str, Json],
        attached: Packed,
        key: str | None,
    ) -> Entry:
        head = connection.execute(_CHAIN_HEAD, {"of_run": run, "of_task": task}).one_or_none()
        seq, previous = (head.seq + 1, head.hash) if head else (1, genesis(run, task))
        at = self._now().isoformat()
        text = canonical(body).decode()
        packed, blob_sha256 = attached
        hash_ = digest(run, task, seq, kind, key, at, text, blob_sha256, previous)
        connection.execute(
            _NEW_ENTRY,
            {
                "run": run,
                "task": task,
                "seq": seq,
                "kind": kind,
                "entry_key": key,
                "at": at,
                "body": text,
                "blob_sha256": blob_sha256,
                "packed": packed,
                "previous": previous,
                "hash": hash_,
            },
        )
        return Entry(run, task, seq, kind, key, at, body, blob_sha256, previous, hash_, packed)

    def append(
        self, run: str, task: str, kind: str, body: Mapping[str, Json], blob: bytes | None, key: str | None
    ) -> Entry:
        """Append one entry to a task's chain; durable when it returns.

        Raises:
            LedgerFault: it could not be written, or the run is closed.
        """
        # Packed before the lock is taken, for which others wait.
        packed = pack(blob)
        for number_of_try in range(_TRIES):
            try:
                # Threads take turns here: who waits for a file's own lock sleeps longer and longer.
                with self._turn, self._store.writing() as connection:
                    enter(connection, run)
                    if connection.execute(_CLOSED, {"of_run": run}).first() is not None:
                        raise LedgerFault(f"{self.label}: run {run} is closed; nothing is written under it any more")
                    return self._append(connection, run, task, kind, body, packed, key)
            except Overtaken:
                _give_way(number_of_try)
        raise LedgerFault(f"{self.label}: task {task} of run {run} is being written by another process as well")

    # --- reading ------------------------------------------------------------------------------------------------

    def runs(self) -> list[RunHead]:
        """Return every run that was opened, oldest first."""
        return self._runs(true())

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
                json.loads(row.body),
                ends[row.run].at if row.run in ends else None,
                json.loads(ends[row.run].body) if row.run in ends else None,
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
                yield _entry(row)

    def parts(self, entry: Entry, name: str) -> Iterator[bytes]:
        """Yield what was recorded in parts with an event under a name, in its order."""
        names = (ENTRY.c.kind == _PART, ENTRY.c.entry_key == name)
        numbers = select(ENTRY.c.seq).where(ENTRY.c.run == entry.run, *names).order_by(ENTRY.c.seq)
        with self._store.reading() as connection:
            # One after the other: an engine that sorts them holds all of them.
            for number in connection.execute(numbers).scalars().all():
                query = select(ENTRY).where(ENTRY.c.run == entry.run, ENTRY.c.task == RUN_TASK, ENTRY.c.seq == number)
                yield _entry(connection.execute(query).one()).blob() or b""

    def find(self, kind: str, key: str) -> Entry | None:
        """Return the newest event of a kind under a key, as :meth:`find_all`."""
        found = self.find_all(kind, key)
        return found[-1] if found else None

    def find_all(self, kind: str, key: str) -> list[Entry]:
        """Return the events of a kind under a key, oldest first: those that the ledger's own key has signed.

        Who can write to its database, and hasn't that key, could put in an approval that nobody gave.
        """
        return self._events(ENTRY.c.kind == kind, ENTRY.c.entry_key == key)

    def events(self, kind: str) -> list[Entry]:
        """Return the events of a kind, as :meth:`find_all`."""
        return self._events(ENTRY.c.kind == kind)

    def _events(self, *which: ColumnElement[bool]) -> list[Entry]:
        signed = (CLOSING.c.run == ENTRY.c.run, CLOSING.c.hash == ENTRY.c.hash)
        query = select(ENTRY, CLOSING.c.signature).where(*which, *signed)
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
        public_key = self.secrets.public_key
        return sorted(
            (_entry(row) for row in rows if not self._signs or is_signed(row, row.signature, public_key)), key=_written
        )

    def newest(self, kind: str, test: Callable[[Entry], bool]) -> Entry | None:
        """Return the newest entry of a kind that passes a test, having read none that is older."""
        which = select(ENTRY.c.run, ENTRY.c.task, ENTRY.c.seq).where(ENTRY.c.kind == kind).order_by(ENTRY.c.at.desc())
        with self._store.reading() as connection:
            for run, task, seq in connection.execute(which).all():
                query = select(ENTRY).where(ENTRY.c.run == run, ENTRY.c.task == task, ENTRY.c.seq == seq)
                found = _entry(connection.execute(query).one())
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
            row = connection.execute(_NEWEST_CLOSING).one_or_none()
        return (row.hash, row.number) if row else ("", 0)

    def verify(self, expect: tuple[str, int] | None = None) -> list[str]:
        """Return what is wrong with the ledger, in words; ``expect`` is a head noted down before."""
        with self._store.reading(at_one_moment=True) as connection:
            return problems(connection, self.secrets.public_key, expect)


@dataclass(frozen=True)
class Chain:
    """One task's chain of a run."""

    ledger: Ledger
    run: str
    task: str

    def append(self, kind: str, body: Mapping[str, Json], blob: bytes | None = None, key: str | None = None) -> Entry:
        """Append one entry; durable when it returns.

        Raises:
            LedgerFault: it could not be written.
        """
        return self.ledger.append(self.run, self.task, kind, body, blob, key)


def _give_way(number_of_try: int) -> None:
    """Wait a while that is another one for each writer, and a longer one after each try that was lost."""
    time.sleep(secrets.randbelow(5_000 * (number_of_try + 1)) / 1e6)


def _heads(run: str) -> Select[str, int, str]:
    last = (
        select(ENTRY.c.task, func.max(ENTRY.c.seq).label("seq")).where(ENTRY.c.run == run).group_by(ENTRY.c.task)
    ).subquery()
    return select(ENTRY.c.task, ENTRY.c.seq, ENTRY.c.hash).join(
        last, (ENTRY.c.task == last.c.task) & (ENTRY.c.seq == last.c.seq) & (ENTRY.c.run == run)
    )


def _written(entry: Entry) -> tuple[int, str, int]:
    """Return what entries of one kind sort by: closings are numbered as they are written, a clock may be put back."""
    return entry.body.get("closing", {}).get("number", 0), entry.at, entry.seq


def _entry(row: Row[*tuple[Json, ...]]) -> Entry:
    return Entry(
        row.run,
        row.task,
        row.seq,
        row.kind,
        row.entry_key,
        row.at,
        json.loads(row.body),
        row.blob_sha256,
        row.previous,
        row.hash,
        row.packed,
    )
