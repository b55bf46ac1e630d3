"""One entry of the ledger, and the bytes its hash is taken over."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Any
Packed = tuple[bytes | None, str | None]
_PROBE = 4096
_WORTH = 0.9


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened: ``body`` is JSON, ``packed`` a compressed attachment whose SHA-256 is part of the hash.

    ``at`` is an ISO instant in UTC. ``previous`` is the hash of the entry before it in the same task's chain.
    """

    run: str
    task: str
    seq: int
    kind: str
    key: str | None
    at: str
    body: Mapping[str, Json]
    blob_sha256: str | None
    previous: str
    hash: str
    packed: bytes | None = None

    def blob(self) -> bytes | None:
        """Return the attachment, unpacked."""
        return None if self.packed is None else zlib.decompress(self.packed)


def genesis(run: str, task: str) -> str:
    """Return what the first entry of a chain points to: the chain's own name."""
    return hashlib.sha256(canonical(["retention.ledger/1", run, task])).hexdigest()


def digest(
    run: str, task: str, seq: int, kind: str, key: str | None, at: str, body: str, blob: str | None, previous: str
) -> str:
    """Return an entry's hash; ``body`` is the stored text itself, so that nothing depends on how JSON is written."""
    return hashlib.sha256(canonical([run, task, seq, kind, key, at, body, blob, previous])).hexdigest()


def canonical(document: Json) -> bytes:
    """Return the one byte form of a JSON document."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def pack(blob: bytes | None) -> Packed:
    """Return an attachment compressed, and the SHA-256 of what it was; Nones where there is none."""
    if blob is None:
        return None, None
    # Fingerprints are as good as random: nothing makes them smaller, and trying takes long.
    probe = blob[:_PROBE]
    shrinks = len(zlib.compress(probe, 1)) < _WORTH * len(probe)
    return zlib.compress(blob, 6 if shrinks else 0), hashlib.sha256(blob).hexdigest()
