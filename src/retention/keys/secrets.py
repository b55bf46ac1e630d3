"""The ledger's own secrets: what fingerprints, holds and signatures are made with."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from retention.errors import Refused
from retention.keys.derive import derive
from retention.keys.file import read_secret, write_secret

_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class LedgerSecrets:
    """One master secret in a file of mode 0600 beside the ledger; every key is derived from it."""

    master: bytes

    @classmethod
    def load_or_create(cls, path: Path) -> LedgerSecrets:
        """Open the file, or make it on first use.

        Raises:
            Refused: others may read it, or it is no file of secrets.
        """
        if read_secret(path) is None:
            write_secret(path, {"ledger": secrets.token_hex(_BYTES)}, replace=False)
        return cls.load(path)

    @classmethod
    def load(cls, path: Path) -> LedgerSecrets:
        """Open the file.

        Raises:
            Refused: it isn't there, others may read it, or it is no file of secrets.
        """
        document = read_secret(path)
        if document is None:
            raise Refused(f"{path}: the ledger's secrets are missing; put the file back beside the ledger")
        text = document.get("ledger")
        if not isinstance(text, str) or not re.fullmatch(f"[0-9a-f]{{{2 * _BYTES}}}", text):
            raise Refused(f"{path}: this is no file of a ledger's secrets; put back the one that was here")
        return cls(bytes.fromhex(text))

    @property
    def fingerprint_key(self) -> bytes:
        """Return the key of row fingerprints."""
        return derive(self.master, "fingerprint")

    @property
    def hold_key(self) -> bytes:
        """Return the key under which the register keeps whom a hold covers."""
        return derive(self.master, "hold")

    @property
    def signing_key(self) -> Ed25519PrivateKey:
        """Return the key that signs closing entries."""
        return Ed25519PrivateKey.from_private_bytes(derive(self.master, "signature"))

    @property
    def public_key(self) -> str:
        """Return the public half of the signing key, in hexadecimal."""
        return self.signing_key.public_key().public_bytes_raw().hex()
