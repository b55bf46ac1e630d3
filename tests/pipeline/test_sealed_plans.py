"""Sealed plans in the ledger: their rows in parts of their own, or as earlier versions wrote them."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from pathlib import Path

import pytest

from retention.errors import Refused
from retention.pipeline import load_plan
from support.ledgers import tamper
from support.night import Night
from support.reading_room import AFTER, counted

UNITS = ("library:loans", "library:visits", "library:readers")


@pytest.fixture
def night(sqlite_url: str, tmp_path: Path) -> Night:
    night = Night(sqlite_url, tmp_path)
    night.prepare()
    return night


def test_its_rows_come_back_from_the_ledger_as_they_were_digested(night: Night) -> None:
    ledger = night.pipeline().ledger
    sealed = {rule.id: rule.sealed for rule in load_plan(ledger, night.digest).rules if rule.sealed is not None}
    assert set(sealed) == {"loans"}
    rows = b"".join(sealed["loans"].open().pieces())
    assert len(rows) == 6 * 16
    assert hashlib.sha256(rows).hexdigest() == sealed["loans"].digest
    assert [entry.blob() for entry in ledger.entries(kind="part")] == [rows]


def test_a_plan_that_an_earlier_version_recorded_is_approved_and_carried_out(night: Night) -> None:
    ledger = night.pipeline().ledger
    entry = ledger.find("plan", night.digest)
    assert entry is not None
    body = {name: value for name, value in entry.body.items() if name not in ("sealed", "closing")}
    (rows,) = ledger.parts(entry, "loans/0")
    attached = json.dumps({"loans/0": base64.b64encode(rows).decode()}).encode()
    ledger.record("plan", body, attached, key=night.digest)
    night.approve()
    night.before()
    night.open()
    for unit in UNITS:
        night.carry_out(unit)
    night.after()
    assert night.close()["status"] == "succeeded"
    assert counted(night.url) == AFTER


def test_rows_that_nobody_approved_are_not_taken_from_a_changed_ledger(night: Night, tmp_path: Path) -> None:
    others = zlib.compress(bytes(6 * 16))
    assert tamper(tmp_path / "ledger.sqlite", "UPDATE ledger_entry SET packed = ? WHERE kind = 'part'", (others,)) == 1
    (loans,) = load_plan(night.pipeline().ledger, night.digest).waiting
    assert loans.sealed is not None
    with pytest.raises(Refused, match="is not what was digested; run `retention ledger verify`"):
        loans.sealed.open()
