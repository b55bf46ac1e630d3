"""Writing a batch's entry to the ledger while the database still destroys its rows: two waits at once, not in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from sqlalchemy import Connection

from retention.execute.done import Done
from retention.ledger import LedgerFault

PATIENCE_S = 15.0
"""For how long a ledger is waited for that doesn't answer: the batch has locked the shop's rows meanwhile."""


@dataclass
class Ahead:
    """One open batch's way to have its entry written early: called with what it takes, once that is certain.

    ``record`` writes the entry. It has been written, or has failed, when the context ends: before a commit, and before
    the batch is tried again under the same number. An entry of a batch that then fails is one that never was, and so is
    one that a ledger writes after it was waited for in vain: the task has ended by then.
    """

    record: Callable[[Done], None]
    pool: Executor
    _writing: Future[None] | None = field(default=None, init=False)

    def __call__(self, done: Done) -> None:
        """Begin to write the entry of all that the batch takes."""
        self._writing = self.pool.submit(self.record, done)

    @property
    def used(self) -> bool:
        """Whether the entry of all that the batch takes is written, or being written."""
        return self._writing is not None

    def __enter__(self) -> Ahead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Wait for the entry.

        Raises:
            LedgerFault: it could not be written, or not in time.
        """
        if self._writing is None:
            return
        _wait_for(self._writing)
        if kind is None:
            self._writing.result()


def in_time(pool: Executor, ask: Callable[[], object]) -> None:
    """Ask the ledger for something while the shop's rows are locked.

    Raises:
        LedgerFault: it doesn't answer; what was asked may still happen.
    """
    asking = pool.submit(ask)
    _wait_for(asking)
    asking.result()


def _wait_for(asked: Future[Any]) -> None:
    if wait([asked], PATIENCE_S).not_done:
        raise LedgerFault(
            f"the ledger has not answered for {PATIENCE_S:g} s; nothing is destroyed that it doesn't hold"
        ) from None


Act = Callable[[Connection, Ahead], Sequence[Done]]
"""Carries one batch out in the open transaction, for one rule or for several; nothing where no row was left.

What is known of a single rule's rows before the statement that destroys them may be told ahead.
"""
