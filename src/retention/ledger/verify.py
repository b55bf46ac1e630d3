"""Finding what was changed, taken out or put into a ledger."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Row, select

from retention.ledger.entry import digest, genesis
from retention.ledger.tables import AT_ONCE, CLOSING, ENTRY, RUN_TASK


def problems(connection: Connection, public_key: str, expect: tuple[str, int] | None) -> list[str]:
    """Return every problem in words; empty where the ledger is sound.

    ``expect`` is a closing's hash (or its beginning) and number noted down outside: a ledger that was cut short or
    written anew is sound in itself and found out only so.
    """
    found: list[str] = []
    heads: dict[str, dict[str, list[Any]]] = {}
    closing_bodies: dict[str, dict[str, Any]] = {}
    opened: set[str] = set()
    found.extend(_chains(connection, heads, closing_bodies, opened))
    found.extend(_closings(connection, public_key, heads, closing_bodies, expect))
    closed = {closing["run"] for closing in closing_bodies.values()}
    found.extend(f"run {run}: it was neither opened nor closed" for run in sorted(set(heads) - opened - closed))
    return found


def _chains(
    connection: Connection,
    heads: dict[str, dict[str, list[Any]]],
    closings: dict[str, dict[str, Any]],
    opened: set[str],
) -> Iterator[str]:
    query = select(ENTRY).order_by(ENTRY.c.run, ENTRY.c.task, ENTRY.c.seq)
    chain, expected, previous = ("", ""), 1, ""
    for row in connection.execution_options(yield_per=AT_ONCE).execute(query):
        name = f"entry {row.seq} of task {row.task} in run {row.run}"
        if (row.run, row.task) != chain:
            chain, expected, previous = (row.run, row.task), 1, genesis(row.run, row.task)
        if row.seq != expected:
            yield f"{name}: entries {expected} to {row.seq - 1} before it are missing"
        elif row.previous != previous:
            yield f"{name}: it doesn't follow the entry before it"
        entry_hash = digest(
            row.run, row.task, row.seq, row.kind, row.entry_key, row.at, row.body, row.blob_sha256, row.previous
        )
        if entry_hash != row.hash:
            yield f"{name}: it was changed, its hash is another"
        if _blob_hash(row.packed) != row.blob_sha256:
            yield f"{name}: its attachment was changed"
        closing = _closing_of(row.body)
        if closing is not None:
            closings[row.hash] = {**closing, "run": row.run}
        if (row.task, row.seq, row.kind) == (RUN_TASK, 1, "opened"):
            opened.add(row.run)
        heads.setdefault(row.run, {})[row.task] = [row.seq, row.hash]
        expected, previous = row.seq + 1, row.hash


def _closings(
    connection: Connection,
    public_key: str,
    heads: dict[str, dict[str, list[Any]]],
    bodies: dict[str, dict[str, Any]],
    expect: tuple[str, int] | None,
) -> Iterator[str]:
    previous, number, met = "", 0, expect is None or expect == ("", 0)
    seen: set[str] = set()
    for row in connection.execute(select(CLOSING).order_by(CLOSING.c.number)):
        name = f"closing {row.number} (run {row.run})"
        if row.number != number + 1:
            yield f"{name}: closings {number + 1} to {row.number - 1} before it are missing"
        closing = bodies.get(row.hash)
        if closing is None:
            yield f"{name}: its entry is missing or was changed"
        else:
            if closing["number"] != row.number or closing["previous"] != previous:
                yield f"{name}: it doesn't follow the closing before it"
            yield from _ends(name, row.run, row.hash, closing, heads.get(row.run, {}))
        if row.public_key != public_key or not is_signature(row.public_key, row.signature, row.hash):
            yield f"{name}: its signature isn't this ledger's"
        if expect is not None and row.number == expect[1]:
            met = bool(expect[0]) and row.hash.startswith(expect[0])
            if not met:
                yield f"{name}: its hash is not the expected {expect[0]}"
                met = True
        seen.add(row.hash)
        previous, number = row.hash, row.number
    for hash_ in sorted(set(bodies) - seen):
        yield f"closing {bodies[hash_]['number']}: its signature is missing"
    if expect is not None and not met:
        yield f"closing {expect[1]} is missing; the ledger ends with {number}"


def _ends(name: str, run: str, hash_: str, closing: dict[str, Any], heads: dict[str, list[Any]]) -> Iterator[str]:
    if closing["run"] != run:
        yield f"{name}: its entry is another run's"
        return
    for task, head in closing["heads"].items():
        if heads.get(task) != head:
            yield f"{name}: task {task} doesn't end where the run was closed"
    for task in sorted(set(heads) - set(closing["heads"]) - {RUN_TASK}):
        yield f"{name}: task {task} was put in after the run was closed"
    if RUN_TASK in heads and heads[RUN_TASK][1] != hash_:
        yield f"{name}: it isn't the last entry of its run"


def _closing_of(text: str) -> dict[str, Any] | None:
    """Return what a closing entry says of itself; None for any other entry, and for one that was changed."""
    try:
        closing = json.loads(text)["closing"]
    except (ValueError, KeyError, TypeError):
        return None
    whole = isinstance(closing, dict) and {"number", "previous", "heads"} <= closing.keys()
    return closing if whole and isinstance(closing["heads"], dict) else None


def _blob_hash(packed: bytes | None) -> str | None:
    if packed is None:
        return None
    try:
        return hashlib.sha256(zlib.decompress(packed)).hexdigest()
    except (zlib.error, TypeError):
        return ""


def is_signed(row: Row[Any], signature: str, public_key: str) -> bool:
    """Whether a closing entry is as it was written, and its signature that of a key."""
    own = digest(row.run, row.task, row.seq, row.kind, row.entry_key, row.at, row.body, row.blob_sha256, row.previous)
    return own == row.hash and is_signature(public_key, signature, row.hash)


def is_signature(public_key: str, signature: str, hash_: str) -> bool:
    """Whether a signature is that of a key under a hash."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(
            bytes.fromhex(signature), bytes.fromhex(hash_)
        )
    except (InvalidSignature, ValueError):
        return False
    return True
