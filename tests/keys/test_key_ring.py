"""The key ring: one active key, old ones by their ids, destroyed ones for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.keys import KeyRing, KeyRingError, RunKey
from retention.keys.derive import derive
from support.texts import texts

AT = datetime(2026, 11, 24, 2, tzinfo=UTC)
LATER = AT + timedelta(days=90)


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing.create(tmp_path / "ring", AT)


def test_a_new_ring_has_one_active_key_and_shows_no_secret_of_it(ring: KeyRing) -> None:
    (key,) = ring.keys
    assert (key.state, key.created) == ("active", AT.isoformat())
    assert ring.active().id == key.id
    assert ring.active().secret.hex() not in repr(ring.keys)
    assert ring.active().secret.hex() not in repr(ring.active())
    assert repr(ring.active().secret) not in repr(ring.active())


def test_the_ring_is_the_same_when_loaded_again(tmp_path: Path, ring: KeyRing) -> None:
    loaded = KeyRing.load(tmp_path / "ring")
    assert loaded.keys == ring.keys
    assert loaded.active() == ring.active()


def test_rotating_retires_the_key_and_keeps_it(tmp_path: Path, ring: KeyRing) -> None:
    first = ring.active()
    made = ring.rotate(LATER)
    loaded = KeyRing.load(tmp_path / "ring")
    assert [(key.id, key.state) for key in loaded.keys] == [(first.id, "retired"), (made.id, "active")]
    assert loaded.active().id == made.id
    assert loaded.active().secret != first.secret
    assert first.secret.hex() in (tmp_path / "ring").read_text()


def test_a_destroyed_key_leaves_its_id_and_nothing_of_its_secret(tmp_path: Path, ring: KeyRing) -> None:
    first = ring.active()
    ring.rotate(LATER)
    ring.destroy(first.id, LATER)
    assert [key.state for key in KeyRing.load(tmp_path / "ring").keys] == ["destroyed", "active"]
    assert first.secret.hex() not in (tmp_path / "ring").read_text()
    assert LATER.isoformat() in (tmp_path / "ring").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["ring"]


def test_a_key_is_destroyed_once_and_only_if_it_is_there(ring: KeyRing) -> None:
    first = ring.active()
    ring.destroy(first.id, LATER)
    for key_id in (first.id, "k20200101-000000"):
        with pytest.raises(KeyRingError, match=f"it has no key {key_id} to destroy; see `retention key list`"):
            ring.destroy(key_id, LATER)


def test_without_an_active_key_nothing_is_drawn(ring: KeyRing) -> None:
    secret = ring.active().secret.hex()
    ring.destroy(ring.active().id, LATER)
    with pytest.raises(KeyRingError, match="no key is active; make one with `retention key rotate`") as refusal:
        ring.active()
    assert secret not in str(refusal.value)
    ring.rotate(LATER)
    assert ring.active().secret.hex() != secret


def test_a_missing_ring_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeyRingError, match="there is none; make one with `retention key new`"):
        KeyRing.load(tmp_path / "ring")


def test_two_keys_of_one_day_have_different_ids(ring: KeyRing) -> None:
    ids = [ring.rotate(AT).id for _ in range(20)]
    assert len(set(ids)) == 20


def test_what_is_derived_is_the_same_for_a_context_and_differs_between_contexts(tmp_path: Path, ring: KeyRing) -> None:
    key = ring.active()
    assert key.derive("name", "member") == KeyRing.load(tmp_path / "ring").active().derive("name", "member")
    contexts = [(), ("name",), ("name", "member"), ("member", "name"), ("namemember",), ("name", ""), ("", "name")]
    drawn = [key.derive(*context) for context in contexts]
    assert len(set(drawn)) == len(contexts)
    assert {len(one) for one in drawn} == {32}
    assert key.secret not in drawn
    ring.rotate(LATER)
    assert ring.active().derive("name", "member") != key.derive("name", "member")


def test_a_run_key_is_new_every_time() -> None:
    assert RunKey.fresh().derive("name") != RunKey.fresh().derive("name")


@given(st.lists(texts(max_size=6), max_size=4), st.lists(texts(max_size=6), max_size=4))
def test_no_two_contexts_are_confused(one: list[str], other: list[str]) -> None:
    assert (derive(b"s" * 32, *one) == derive(b"s" * 32, *other)) == (one == other)
