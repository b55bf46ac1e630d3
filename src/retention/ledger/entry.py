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
_NOTHING_GAINED = 0.9
_NOTHING_REPEATS = 0.6
"""Base64 of random bytes comes to 0.76, prose and JSON to less than a half."""


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

    def as_json(self) -> dict[str, Json]:
        """Return the entry as it is exported: all that its hash is taken over, the instant with ``Z``."""
        document = {
            "run": self.run,
            "task": self.task,
            "seq": self.seq,
            "kind": self.kind,
            "key": self.key,
            # Not cut to the second: whoever takes the hash writes +00:00 for Z, and has what it was taken over.
            "at": self.at.removesuffix("+00:00") + "Z",
            "body": self.body,
            "blob_sha256": self.blob_sha256,
            "previous": self.previous,
            "hash": self.hash,
        }
        return {name: value for name, value in document.items() if value is not None}

    def blob(self) -> bytes | None:
        """Return the attachment, unpacked."""
        return None if self.packed is None else zlib.decompress(self.packed)


def genesis(run: str, task: str) -> str:
    """Return what the first entry of a chain points to: the chain's own name."""
    return hashlib.sha256(canonical(["retention.ledger/1", run, task])).hexdigest()


def opening_digest(run: str, body: Mapping[str, Json]) -> str:
    """Return what is signed of a run's opening, by which tasks go before there is a closing that vouches for it."""
    return hashlib.sha256(canonical(["retention.opening/1", run, body])).hexdigest()


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
    return _compressed(blob), hashlib.sha256(blob).hexdigest()


def _compressed(blob: bytes) -> bytes:
    """Return it in zlib's format. Fingerprints are as good as random: to seek what repeats in them only takes time."""
    probe = blob[len(blob) // 2 :][:_PROBE]
    share = len(zlib.compress(probe, 1)) / max(len(probe), 1)
    if share > _NOTHING_GAINED:
        return zlib.compress(blob, 0)
    if share > _NOTHING_REPEATS:
        packer = zlib.compressobj(1, strategy=zlib.Z_HUFFMAN_ONLY)
        return packer.compress(blob) + packer.flush()
    return zlib.compress(blob, 6)
