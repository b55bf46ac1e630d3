"""The key ring of pseudonymization: keys with ids, which rotate and can be destroyed (개인정보 보호법 제28조의4).

It is the additional information that the law wants kept apart from the data, and destroyed when no longer needed.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from retention.errors import Refused
from retention.keys.derive import derive
from retention.keys.file import read_secret, write_secret

_BYTES = 32
State = Literal["active", "retired", "destroyed"]


class KeyRingError(Refused):
    """The key ring isn't there, isn't safe, or hasn't the key."""


@dataclass(frozen=True, slots=True)
class RingKey:
    """One key; ``secret`` never leaves the process."""

    id: str
    secret: bytes

    def derive(self, *context: str) -> bytes:
        """Return 32 bytes for this context."""
        return derive(self.secret, *context)

    def __repr__(self) -> str:
        return f"RingKey({self.id})"


class RunKey(RingKey):
    """A key made for one run and never stored: what is drawn from it leads back nowhere."""

    @classmethod
    def fresh(cls) -> RunKey:
        """Return a new key."""
        return cls("run", secrets.token_bytes(_BYTES))


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What may be shown of a key."""

    id: str
    created: str
    state: State


class KeyRing:
    """The ring in a file of mode 0600."""

    def __init__(self, path: Path, entries: list[dict[str, Any]]) -> None:
        self._path = path
        self._entries = entries

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Open the ring.

        Raises:
            KeyRingError: it isn't there, or it is no ring.
            Refused: this process may not read it, or others may.
        """
        document = read_secret(path)
        if document is None:
            raise KeyRingError(f"key ring {path}: there is none; make one with `retention key new`")
        entries = document.get("keys")
        if not isinstance(entries, list) or not all(_is_key(entry) for entry in entries):
            raise KeyRingError(f"key ring {path}: this is no key ring; put back the one that was here")
        return cls(path, entries)

    @classmethod
    def create(cls, path: Path, at: datetime) -> KeyRing:
        """Make a ring with its first key.

        Raises:
            KeyRingError: there is one already; replacing it would part pseudonyms from their key.
        """
        ring = cls(path, [_new(at)])
        if not write_secret(path, {"keys": ring._entries}, replace=False):
            raise KeyRingError(f"key ring {path}: there is one already; use `retention key rotate` for a new key")
        return ring

    @property
    def keys(self) -> tuple[KeyInfo, ...]:
        """Return what may be shown of the keys, oldest first."""
        return tuple(KeyInfo(entry["id"], entry["created"], entry["state"]) for entry in self._entries)

    def active(self) -> RingKey:
        """Return the key that new pseudonyms draw from.

        Raises:
            KeyRingError: every key was destroyed.
        """
        for entry in reversed(self._entries):
            if entry["state"] == "active":
                return RingKey(entry["id"], bytes.fromhex(entry["secret"]))
        raise KeyRingError(f"key ring {self._path}: no key is active; make one with `retention key rotate`")

    def rotate(self, at: datetime) -> KeyInfo:
        """Retire the active key and add a new one; return the new one."""
        for entry in self._entries:
            if entry["state"] == "active":
                entry["state"] = "retired"
        self._entries.append(_new(at))
        self._save()
        return self.keys[-1]

    def destroy(self, key_id: str, at: datetime) -> None:
        """Forget a key's secret for good; its id and dates stay.

        Raises:
            KeyRingError: the ring has no such key, or it is destroyed already.
        """
        entry = self.require(key_id)
        entry.pop("secret")
        entry["state"] = "destroyed"
        entry["destroyed"] = at.isoformat()
        self._save()

    def require(self, key_id: str) -> dict[str, Any]:
        """Return what is kept of a key whose secret can still be forgotten.

        Raises:
            KeyRingError: the ring has no such key, or it is destroyed already.
        """
        for entry in self._entries:
            if entry["id"] == key_id and entry["state"] != "destroyed":
                return entry
        raise KeyRingError(f"key ring {self._path}: it has no key {key_id} to destroy; see `retention key list`")

    def _save(self) -> None:
        write_secret(self._path, {"keys": self._entries}, replace=True)


def _is_key(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str) or not isinstance(entry.get("created"), str):
        return False
    if entry.get("state") == "destroyed":
        return "secret" not in entry
    secret = re.fullmatch(f"[0-9a-f]{{{2 * _BYTES}}}", str(entry.get("secret")))
    return entry.get("state") in ("active", "retired") and secret is not None


def _new(at: datetime) -> dict[str, Any]:
    return {
        "id": f"k{at:%Y%m%d}-{secrets.token_hex(3)}",
        "created": at.isoformat(),
        "state": "active",
        "secret": secrets.token_hex(_BYTES),
    }
