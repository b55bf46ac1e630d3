"""One secret, many keys: HKDF-SHA256 (RFC 5869) over a context that can't be confused with another."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_BYTES = 32


def derive(secret: bytes, *context: str) -> bytes:
    """Return 32 bytes for this secret and context."""
    info = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in ("retention", *context))
    return HKDF(algorithm=SHA256(), length=_BYTES, salt=None, info=info).derive(secret)
