"""Sealing what is personal and has to be kept in the ledger: AES-256-GCM, bound to the entry it stands in."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from retention.errors import Refused

_NONCE = 12
_BLOCK = 64


def seal(key: bytes, content: Any, *context: str) -> str:
    """Return JSON content as text that only ``key`` opens, and only beside the same ``context``."""
    plain = json.dumps(content, ensure_ascii=False).encode()
    # Filled up with blanks, which JSON ignores: the length would tell one short name from another.
    plain = plain.ljust(-(-len(plain) // _BLOCK) * _BLOCK)
    nonce = secrets.token_bytes(_NONCE)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, plain, _bound(context))).decode()


def unseal(key: bytes, sealed: str, *context: str) -> Any:
    """Return the content.

    Raises:
        Refused: it was sealed with another key, beside another context, or was changed since.
    """
    try:
        whole = base64.b64decode(sealed, validate=True)
        plain = AESGCM(key).decrypt(whole[:_NONCE], whole[_NONCE:], _bound(context))
    except (InvalidTag, ValueError):
        raise Refused(
            f"{' '.join(context)}: it can't be opened with this ledger's secrets; put back the file of secrets that "
            "belongs to the ledger, and run `retention ledger verify`"
        ) from None
    return json.loads(plain)


def _bound(context: Sequence[str]) -> bytes:
    return json.dumps(context).encode()
