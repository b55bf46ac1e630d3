"""FF1 of NIST SP 800-38G: a permutation of texts over an alphabet, keyed by AES.

Ten Feistel rounds over the two halves of the text. A half is a number below ``left`` or ``right``; where all places
have the same radix this is FF1 to the letter, which NIST's own examples test. Where they don't, the two bounds are
the products of the places' radices, the header says radix 0, and the tweak tells layouts apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_ROUNDS = 10
_BLOCK = 16
_MASK = (1 << 128) - 1
_NARROW = 4


class Blocks:
    """AES on single blocks, each a number of 128 bits."""

    def __init__(self, key: bytes) -> None:
        # ECB on purpose: one block is one whole message here, chaining is done by who calls.
        self._encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305

    def encrypt(self, blocks: Sequence[int]) -> list[int]:
        """Return each block encrypted."""
        out = self.buffer(b"".join([block.to_bytes(_BLOCK, "big") for block in blocks]))
        return [int.from_bytes(out[at : at + _BLOCK], "big") for at in range(0, len(out), _BLOCK)]

    def buffer(self, blocks: bytes) -> bytes:
        """Return a buffer of whole blocks encrypted."""
        return self._encryptor.update(blocks)


@dataclass(frozen=True, slots=True)
class Halves:
    """What a text is split into: numbers below ``left`` and below ``right``; ``radix`` 0 where places differ."""

    left: int
    right: int
    radix: int
    places: int
    tweak: bytes = b""

    @classmethod
    def of_radix(cls, radix: int, places: int, tweak: bytes = b"") -> Halves:
        """Return the halves of a text of ``places`` characters over one alphabet."""
        return cls(radix ** (places // 2), radix ** (places - places // 2), radix, places, tweak)

    @property
    def header(self) -> int:
        """Return the block P of the standard."""
        fixed = bytes([1, 2, 1]) + self.radix.to_bytes(3, "big") + bytes([_ROUNDS, self.places // 2 % 256])
        return int.from_bytes(fixed + self.places.to_bytes(4, "big") + len(self.tweak).to_bytes(4, "big"), "big")


class FF1:
    """The permutation under one key."""

    def __init__(self, key: bytes) -> None:
        self._aes = Blocks(key)

    def encrypt(self, halves: Halves, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return each pair of halves encrypted; all of one layout, since each round is one pass over them all."""
        size = ((max(halves.left, halves.right) - 1).bit_length() + 7) // 8
        head = self._aes.encrypt([halves.header])[0]
        if size <= _NARROW and len(halves.tweak) + size < _BLOCK:
            return self._narrow(halves, pairs, size, head)
        return self._wide(halves, pairs, size, head)

    def _narrow(self, halves: Halves, pairs: Sequence[tuple[int, int]], size: int, head: int) -> list[tuple[int, int]]:
        """Encrypt halves of at most 32 bits, of which one block holds one and y is the block's first half."""
        a, b = np.array(pairs, dtype=np.uint64).reshape(-1, 2).T
        blocks = np.empty((len(pairs), 2), dtype=">u8")
        tweak = int.from_bytes(halves.tweak.ljust(_BLOCK, b"\0"), "big")
        for number in range(_ROUNDS):
            bound = np.uint64(halves.right if number % 2 else halves.left)
            high, low = divmod(head ^ tweak ^ number << 8 * size, 1 << 64)
            blocks[:, 0], blocks[:, 1] = high, b ^ np.uint64(low)
            y = np.frombuffer(self._aes.buffer(blocks.tobytes()), dtype=">u8")[::2].astype(np.uint64)
            a, b = b, (a + y % bound) % bound
        return list(zip(a.tolist(), b.tolist(), strict=True))

    def _wide(self, halves: Halves, pairs: Sequence[tuple[int, int]], size: int, head: int) -> list[tuple[int, int]]:
        a, b = [left for left, _right in pairs], [right for _left, right in pairs]
        digest = 4 * -(-size // 4) + 4
        # The tweak, zeros up to whole blocks, the round's number, the half.
        blocks = -(-(len(halves.tweak) + size + 1) // _BLOCK)
        tweak = int.from_bytes(halves.tweak, "big") << 8 * (blocks * _BLOCK - len(halves.tweak))
        for number in range(_ROUNDS):
            bound = halves.right if number % 2 else halves.left
            first = tweak | number << 8 * size
            sums = self._digests([first | half for half in b], blocks, digest, head)
            a, b = b, [(one + more) % bound for one, more in zip(a, sums, strict=True)]
        return list(zip(a, b, strict=True))

    def _digests(self, messages: Sequence[int], blocks: int, digest: int, head: int) -> list[int]:
        """Return the standard's y of each message: its CBC-MAC after the header, lengthened where a half needs more."""
        state = [head] * len(messages)
        for block in reversed(range(blocks)):
            shift = 128 * block
            state = self._aes.encrypt(
                [old ^ (message >> shift & _MASK) for old, message in zip(state, messages, strict=True)]
            )
        parts = -(-digest // _BLOCK)
        whole = state
        for part in range(1, parts):
            more = self._aes.encrypt([old ^ part for old in state])
            whole = [done << 128 | new for done, new in zip(whole, more, strict=True)]
        surplus = 8 * (parts * _BLOCK - digest)
        return [one >> surplus for one in whole]
