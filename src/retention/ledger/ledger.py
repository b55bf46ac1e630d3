"""Writing the ledger.

One hash chain per task of a run, so that parallel workers never wait for each other. A run's closing entry holds the
heads of its chains and the previous closing's hash, and is signed. An event outside a run is a run of one entry.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Select, bindparam, func, insert, select

from retention.keys import LedgerSecrets
from retention.ledger.entry import Entry, Json, Packed, canonical, digest, genesis, opening_digest, pack
from retention.ledger.reading import NEWEST_CLOSING, PART, Reading, as_entry
from retention.ledger.serial import enter
from retention.ledger.store import (
    LedgerFault,
    LedgerRefused,
    Overtaken,
    Store,
    is_made,
    label_of,
    open_store,
    opening,
    upgrade,
)
from retention.ledger.tables import CLOSING, ENTRY, RUN_TASK

_TRIES = 20
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
_NEWEST_KEY = select(CLOSING.c.public_key).order_by(CLOSING.c.number.desc()).limit(1)


class Ledger(Reading):
    """The ledger of one pipeline. ``now`` gives aware UTC instants."""

    def __init__(
        self, store: Store, secrets_: LedgerSecrets, now: Callable[[], datetime], *, signs: bool = True
    ) -> None:
        super().__init__(store, secrets_, signs=signs)
        self._now = now
        self._turn = threading.Lock()

    @classmethod
    @opening()
    def open(
        cls,
        url: str,
        secrets_path: Path | None,
        now: Callable[[], datetime],
        *,
        new: bool = True,
        any_secrets: bool = False,
    ) -> Ledger:
        """Open the ledger, making it where it is ``new``. Its secrets lie beside a file, or at ``secrets_path``.

        ``any_secrets`` opens it also with another ledger's, to tell what is wrong with it.

        Raises:
            LedgerRefused: it is out of reach, the schema is of another version, no place for the secrets is known, they
                are another ledger's, or there is no ledger where it isn't to be made.
            Refused: the secrets of a ledger that isn't empty are missing, or others may read them.
        """
        if not new and not is_made(url):
            raise LedgerRefused(f"{label_of(url)}: there is no ledger; see --ledger and RETENTION_LEDGER_URL")
        store = open_store(url)
        if secrets_path is None:
            if store.url.get_backend_name() != "sqlite":
                raise LedgerRefused(
                    f"{store.label}: its secrets have no place; set RETENTION_LEDGER_KEYS to a file of mode 0600"
                )
            secrets_path = Path(f"{store.url.database}.keys")
        with store.reading() as connection:
            empty = connection.execute(select(ENTRY.c.run).limit(1)).first() is None
            newest = connection.execute(_NEWEST_KEY).scalar()
        # New secrets beside an old ledger would disown its signatures and its fingerprints.
        found = LedgerSecrets.load_or_create(secrets_path) if empty else LedgerSecrets.load(secrets_path)
        if newest not in (None, found.public_key) and not any_secrets:
            raise LedgerRefused(
                f"{store.label}: {secrets_path} isn't the file of secrets that signed its newest closing; put back the "
                "ledger's own (beside it, or RETENTION_LEDGER_KEYS), and run `retention ledger verify`"
            )
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

    def begin_run(self, run: str, body: Mapping[str, Json]) -> Entry:
        """Open a run. The entry's key is its signature: tasks go by it long before a closing vouches for it."""
        return self.chain(run, RUN_TASK).append("opened", body, key=self._sign(opening_digest(run, body)))

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
                            return as_entry(closed)
                        found = connection.execute(_heads(run))
                        heads = {task: [seq, hash_] for task, seq, hash_ in found if task != RUN_TASK}
                    for name, part in parts():
                        self._append(connection, run, RUN_TASK, PART, {}, pack(part), name)
                    last = connection.execute(NEWEST_CLOSING).one_or_none()
                    number, previous = (last.number + 1, last.hash) if last else (1, "")
                    whole = {**body, "closing": {"number": number, "previous": previous, "heads": heads}}
                    entry = self._append(connection, run, RUN_TASK, kind, whole, packed, key)
                    connection.execute(
                        insert(CLOSING).values(
                            number=number,
                            run=run,
                            hash=entry.hash,
                            signature=self._sign(entry.hash),
                            public_key=self.secrets.public_key,
                        )
                    )
            except Overtaken:
                _give_way(number_of_try)
            else:
                return entry
        raise LedgerFault(f"{self.label}: too many others are closing runs at once; run it again")

    def _sign(self, hash_: str) -> str:
        return self.secrets.signing_key.sign(bytes.fromhex(hash_)).hex()

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
