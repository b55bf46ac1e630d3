"""Fingerprints that are too many for memory: sorted, kept and found as if they were in it."""

from __future__ import annotations

import hashlib
import os
import random
import resource
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.errors import Refused
from retention.keys import FingerprintFile, in_order, kept, ordering

SIZE = 16


def cut(found: Sequence[bytes], most: int) -> Iterator[bytes]:
    """Yield them joined, some at a time."""
    for begin in range(0, len(found), most):
        yield b"".join(found[begin : begin + most])


def made(seed: int, many: int, firsts: int) -> list[bytes]:
    """Return different fingerprints, of whose first halves there are only so many, the outermost among them."""
    dice = random.Random(seed)
    halves = [bytes(8), b"\xff" * 8, *(dice.randbytes(8) for _ in range(firsts))]
    found = list({dice.choice(halves) + dice.randbytes(8) for _ in range(many)})
    dice.shuffle(found)
    return found


@given(st.integers(0, 2**32), st.integers(0, 1500), st.integers(1, 2000), st.integers(1, 400))
def test_they_are_sorted_and_found_as_in_memory(seed: int, many: int, firsts: int, chunk: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ordering, "_RUN", 100)
        patched.setattr(kept, "_WINDOW", 4096)
        patched.setattr(kept, "PIECE", 256)
        known, strangers = made(seed, many, firsts), made(seed + 1, many + 3, firsts)
        # Of what is sought much begins as what is known does.
        strangers += [one[:8] + bytes(8) for one in known[:50]]
        file = FingerprintFile()
        other = file.keep(in_order(cut(strangers, chunk)))
        found = file.keep(in_order(cut(known, chunk)))
        whole = b"".join(sorted(known))
        assert b"".join(found.pieces()) == whole
        assert (found.rows, found.digest) == (len(known), hashlib.sha256(whole).hexdigest())
        sought = strangers + known + known[:5]
        random.Random(seed).shuffle(sought)
        among = set(known)
        assert found.among(b"".join(sought)).tolist() == [one in among for one in sought]
        assert other.among(b"".join(known)).tolist() == [one in set(strangers) for one in known]


def test_a_million_comes_in_the_order_that_numpy_gives_them() -> None:
    whole = np.random.default_rng(7).bytes(1_000_000 * SIZE)
    kept_ = FingerprintFile().keep(in_order(cut([whole], 1)))
    halves = np.frombuffer(whole, dtype=">u8").reshape(-1, 2)
    ordered = halves[np.lexsort((halves[:, 1], halves[:, 0]))]
    assert kept_.digest == hashlib.sha256(ordered.tobytes()).hexdigest()
    assert kept_.among(whole[: 10_000 * SIZE]).all()
    assert not kept_.among(np.random.default_rng(8).bytes(10_000 * SIZE)).any()


def test_nothing_of_them_has_a_name_or_another_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = FingerprintFile().keep(in_order([random.Random(1).randbytes(SIZE * 9)]))
    assert os.fstat(found.file.fileno()).st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_no_room_the_plan_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    many = random.Random(1).randbytes(SIZE * 9000)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
        with pytest.raises(Refused, match=r"temporary files .*File too large; .*set TMPDIR to another folder"):
            list(in_order([many]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(Refused, match=r"temporary files .*No such file"):
        FingerprintFile().keep([many])
