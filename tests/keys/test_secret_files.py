"""Files of keys: nobody else may read them, and one that exists is never replaced by accident."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from retention.errors import Refused
from retention.keys import KeyRing, KeyRingError, LedgerSecrets

AT = datetime(2026, 11, 24, 2, tzinfo=UTC)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_files_of_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    KeyRing.create(tmp_path / "deep" / "ring", AT)
    LedgerSecrets.load_or_create(tmp_path / "ledger.keys")
    assert mode(tmp_path / "deep" / "ring") == 0o600
    assert mode(tmp_path / "ledger.keys") == 0o600


def test_a_rewritten_ring_stays_readable_by_its_owner_alone(tmp_path: Path) -> None:
    KeyRing.create(tmp_path / "ring", AT).rotate(AT)
    assert mode(tmp_path / "ring") == 0o600


@pytest.mark.parametrize("wider", [0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_may_read_is_refused_with_the_way_to_mend_it(tmp_path: Path, wider: int) -> None:
    ring, ledger = tmp_path / "ring", tmp_path / "ledger.keys"
    KeyRing.create(ring, AT)
    LedgerSecrets.load_or_create(ledger)
    ring.chmod(wider)
    ledger.chmod(wider)
    with pytest.raises(Refused, match=f"ring: others may read this file .mode {wider:04o}.; run chmod 600"):
        KeyRing.load(ring)
    with pytest.raises(Refused, match=r"ledger\.keys: others may read this file"):
        LedgerSecrets.load_or_create(ledger)


@pytest.mark.parametrize("load", [KeyRing.load, LedgerSecrets.load, LedgerSecrets.load_or_create])
def test_a_file_that_the_system_keeps_from_this_process_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: Callable[[Path], object]
) -> None:
    (tmp_path / "another-s").touch(0o600)

    def denied(*_arguments: Any, **_named: Any) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", denied)
    with pytest.raises(
        Refused, match=r"^another-s: this process can't read it \(Permission denied\); see whose the file"
    ):
        load(tmp_path / "another-s")


def test_where_nothing_can_be_written_no_ring_is_made(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(Refused, match=r"ring: it can.t be written \(Not a directory\)"):
        KeyRing.create(tmp_path / "a file" / "deep" / "ring", AT)


def test_a_ring_is_never_made_over_another(tmp_path: Path) -> None:
    KeyRing.create(tmp_path / "ring", AT)
    before = (tmp_path / "ring").read_bytes()
    with pytest.raises(KeyRingError, match="there is one already"):
        KeyRing.create(tmp_path / "ring", AT)
    assert (tmp_path / "ring").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["ring"]


def test_of_many_that_make_the_secrets_at_once_all_get_the_same(tmp_path: Path) -> None:
    found: list[bytes] = []
    gate = threading.Barrier(8)

    def make() -> None:
        gate.wait()
        found.append(LedgerSecrets.load_or_create(tmp_path / "ledger.keys").master)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.keys"]


def test_the_secrets_are_made_once_and_used_again(tmp_path: Path) -> None:
    first = LedgerSecrets.load_or_create(tmp_path / "ledger.keys")
    again = LedgerSecrets.load_or_create(tmp_path / "ledger.keys")
    other = LedgerSecrets.load_or_create(tmp_path / "other.keys")
    assert (again.fingerprint_key, again.public_key) == (first.fingerprint_key, first.public_key)
    assert other.fingerprint_key != first.fingerprint_key
    assert other.public_key != first.public_key


def test_the_key_of_fingerprints_is_not_the_key_of_signatures(tmp_path: Path) -> None:
    secrets = LedgerSecrets.load_or_create(tmp_path / "ledger.keys")
    assert len({secrets.master, secrets.fingerprint_key, secrets.signing_key.private_bytes_raw()}) == 3


def test_missing_secrets_are_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"gone\.keys: the ledger's secrets are missing; put the file back"):
        LedgerSecrets.load(tmp_path / "gone.keys")


SECRET = "5ec2e7" * 11


@pytest.mark.parametrize(
    "content",
    [
        SECRET,
        f'"{SECRET}"',
        f'["{SECRET}"]',
        f'{{"ledger": "{SECRET}"}}',
        f'{{"keys": "{SECRET}"}}',
        f'{{"ledger": "zz{SECRET[:62]}"}}',
        f'{{"keys": ["{SECRET}"]}}',
        f'{{"keys": [{{"id": "k1", "secret": "{SECRET}"}}]}}',
        f'{{"keys": [{{"id": "k1", "created": "", "state": "active", "secret": "zz{SECRET}"}}]}}',
    ],
)
def test_a_damaged_file_is_refused_in_one_line_without_what_it_holds(tmp_path: Path, content: str) -> None:
    path = tmp_path / "damaged"
    path.write_text(content)
    path.chmod(0o600)
    for load in (KeyRing.load, LedgerSecrets.load_or_create):
        with pytest.raises(Refused) as refusal:
            load(path)
        line = str(refusal.value)
        assert "damaged" in line
        assert "put back the one that was here" in line
        assert "\n" not in line
        assert SECRET[:12] not in line


@pytest.mark.parametrize("place", ["folder", "file/ring"])
def test_a_place_where_no_ring_can_be_made_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match=f"{place}: .*; (make room, or )?name a") as refused:
        KeyRing.create(tmp_path / place, AT)
    assert "there is one already" not in str(refused.value)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "folder"]
