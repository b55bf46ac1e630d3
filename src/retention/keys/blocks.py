"""A keyed permutation of 16-byte blocks: one AES pass over as many of them as there are."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def permuted(key: bytes, blocks: bytes) -> bytes:
    """Return the blocks, each in another's place among all there may be (AES-256, FIPS 197); ``key`` is 32 bytes."""
    # ECB on purpose: one block is one whole message, and equal blocks must give equal ones.
    encryptor = Cipher(algorithms.AES256(key), modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(blocks) + encryptor.finalize()
