"""Holds: what must not be touched, whatever has lapsed; each added and released by an event in the ledger.

Whom a hold covers is personal. The ledger keeps it sealed with a key of its own secrets, and nothing shows it again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal

from retention.errors import Refused
from retention.keys import seal, unseal
from retention.law import in_utc, seoul_day
from retention.ledger import Ledger
from retention.ledger.entry import Entry

_KIND = "hold"
Kind = Literal["subject", "rule", "where"]


@dataclass(frozen=True, slots=True)
class Release:
    """Who released a hold, why, and when (an ISO instant in UTC)."""

    by: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold. ``until`` is the last day it covers; None is until its release. ``since`` is an ISO instant in UTC.

    By its kind, ``subject`` holds the values of a subject's columns, ``rule`` a rule's id, or ``where`` a condition on
    rows of ``table``; the others are empty. ``identities`` are those of ``database`` when it was added. What isn't
    recorded yet has neither ``id`` nor ``since``.
    """

    kind: Kind
    database: str
    by: str
    reason: str
    until: date | None = None
    id: str = "(new)"
    since: str = ""
    rule: str = ""
    table: str = ""
    subject: tuple[str, ...] = field(default=(), repr=False)
    where: str = field(default="", repr=False)
    identities: tuple[str, ...] = ()
    released: Release | None = None

    def on(self, database: str, identity: str) -> bool:
        """Whether it is on a database: by the matrix's name for it, or by the identity it had under another name."""
        return self.database == database or identity in self.identities

    def live(self, today: date, since: datetime | None = None) -> bool:
        """Whether it covers rows today in Seoul, or did at some moment from ``since`` on."""
        if self.released is not None and (since is None or datetime.fromisoformat(self.released.at) < since):
            return False
        return self.until is None or self.until >= (today if since is None else seoul_day(since))

    def as_json(self) -> dict[str, Any]:
        """Return what may be shown of the hold: never whom it covers."""
        document: dict[str, Any] = {
            "id": self.id,
            "kind": self.kind,
            "database": self.database,
            "by": self.by,
            "reason": self.reason,
            "since": in_utc(self.since),
        }
        if self.rule:
            document["rule"] = self.rule
        if self.table:
            document["table"] = self.table
        if self.until is not None:
            document["until"] = self.until.isoformat()
        if self.released is not None:
            document["released"] = in_utc(self.released.at)
            document["released_by"] = self.released.by
            document["released_reason"] = self.released.reason
        return document


@dataclass(frozen=True, slots=True)
class Holds:
    """The holds in a ledger."""

    ledger: Ledger

    def add(self, wish: Hold) -> Hold:
        """Record a hold, and return it with its id and since when it is in force."""
        number = f"h{secrets.token_hex(4)}"
        body = {
            "hold": number,
            "event": "added",
            "kind": wish.kind,
            "database": wish.database,
            "identities": list(wish.identities),
            "rule": wish.rule,
            "table": wish.table,
            "by": wish.by,
            "reason": wish.reason,
            "until": None if wish.until is None else wish.until.isoformat(),
            "covers": seal(self.ledger.secrets.hold_key, [list(wish.subject), wish.where], "hold", number),
        }
        return self._of(self.ledger.record(_KIND, body, key=number))

    def release(self, number: str, by: str, reason: str) -> Hold:
        """Record that a hold ends now.

        Raises:
            Refused: there is no such hold, or it was released before.
        """
        found = next((one for one in self.all() if one.id == number), None)
        if found is None:
            raise Refused(f"hold {number}: the ledger holds no such hold; see `retention hold list`")
        if found.released is not None:
            raise Refused(f"hold {number}: it was released before, by {found.released.by}; nothing is to be done")
        body = {"hold": number, "event": "released", "by": by, "reason": reason}
        entry = self.ledger.record(_KIND, body, key=number)
        return replace(found, released=Release(by, reason, entry.at))

    def all(self) -> tuple[Hold, ...]:
        """Return every hold there ever was, oldest first.

        Raises:
            Refused: one was changed, put in, or can't be read: rows that it covers would not be kept.
        """
        found: dict[str, Hold] = {}
        for entry in self.ledger.events(_KIND):
            body = entry.body
            if body["event"] == "added":
                found[body["hold"]] = self._of(entry)
            elif found[body["hold"]].released is None:
                release = Release(body["by"], body["reason"], entry.at)
                found[body["hold"]] = replace(found[body["hold"]], released=release)
        return tuple(found.values())

    def live(self, today: date, since: datetime | None = None) -> tuple[Hold, ...]:
        """Return the holds that cover rows today in Seoul, or did at some moment from ``since`` on."""
        return tuple(one for one in self.all() if one.live(today, since))

    def of_last_run(self, today: date) -> tuple[Hold, ...]:
        """Return the holds in force today, or at some moment since the last run began: what it was right to keep."""
        begun = self.ledger.newest("opened", lambda entry: not entry.body.get("dry_run"))
        return self.live(today, None if begun is None else datetime.fromisoformat(begun.at))

    def _of(self, entry: Entry) -> Hold:
        body = entry.body
        subject, where = unseal(self.ledger.secrets.hold_key, body["covers"], "hold", body["hold"])
        return Hold(
            id=body["hold"],
            kind=body["kind"],
            database=body["database"],
            by=body["by"],
            reason=body["reason"],
            since=entry.at,
            until=None if body["until"] is None else date.fromisoformat(body["until"]),
            rule=body["rule"],
            table=body["table"],
            subject=tuple(subject),
            where=where,
            identities=tuple(body["identities"]),
        )


class LiveHolds:
    """The holds in force, as somebody at work asks for them again and again. ``today`` is the day in Seoul."""

    def __init__(self, holds: Holds, today: Callable[[], date]) -> None:
        self._holds = holds
        self._today = today
        self._known = (-1, 0)

    def version(self) -> int:
        """Return a number that is another one after every change of the register."""
        # Holds come with closings, of which the newest is found at once; only after a new one are they counted.
        newest = self._holds.ledger.head()[1]
        seen, version = self._known
        if newest == seen:
            return version
        # Both at once: two workers ask, and one's older number must not stand beside the other's newer closing.
        version = self._holds.ledger.count(_KIND)
        self._known = newest, version
        return version

    def of(self, database: str, identity: str) -> tuple[Hold, ...]:
        """Return the holds in force on a database."""
        return tuple(one for one in self._holds.live(self._today()) if one.on(database, identity))
