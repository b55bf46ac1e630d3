"""Whatever is changed, taken out or put in behind the ledger's back is found and named."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from retention.ledger import Ledger, LedgerRefused
from retention.ledger.entry import canonical, digest, genesis
from support.ledgers import OPENED, open_ledger, rows, tamper, ticking

A_CHAIN = ("r2", "shop/member")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A sound ledger: three closed runs of two chains, one approval, one run still open."""
    file = tmp_path / "ledger.sqlite"
    ledger = open_ledger(file)
    for run in ("r1", "r2", "r3"):
        ledger.begin_run(run, {"plan": "p"})
        for task in ("shop/member", "shop/orders"):
            for number in range(4):
                ledger.chain(run, task).append("batch", {"rows": 10, "seq": number}, bytes([number]) * 32)
        ledger.close_run(run, {"status": "succeeded"})
    ledger.record("approval", {"plan": "p", "decision": "approved"}, key="p")
    ledger.begin_run("r4", {"plan": "p"})
    ledger.chain("r4", "shop/member").append("batch", {"rows": 3})
    assert ledger.verify() == []
    ledger.close()
    return file


def problems(file: Path, expect: tuple[str, int] | None = None) -> str:
    return "\n".join(Ledger.open(f"sqlite:///{file}", None, ticking(), any_secrets=True).verify(expect))


def add(file: Path, run: str, task: str, kind: str, body: dict[str, object], key: str | None = None) -> str:
    """Put an entry in at the end of a chain as somebody would who knows the format but not the secrets."""
    last = rows(file, "SELECT seq, hash FROM ledger_entry WHERE run=? AND task=? ORDER BY seq DESC", (run, task))
    seq, previous = (last[0][0] + 1, last[0][1]) if last else (1, genesis(run, task))
    text, at = canonical(body).decode(), OPENED.isoformat()
    hash_ = digest(run, task, seq, kind, key, at, text, None, previous)
    tamper(
        file,
        "INSERT INTO ledger_entry VALUES (?,?,?,?,?,?,?,NULL,NULL,?,?)",
        (run, task, seq, kind, key, at, text, previous, hash_),
    )
    return hash_


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", '{"rows":9,"seq":1}'),
        ("body", "not JSON"),
        ("body", "[]"),
        ("body", '"closing"'),
        ("kind", "note"),
        ("entry_key", "other"),
        ("at", "2020-01-01T00:00:00+00:00"),
        ("blob_sha256", "0" * 64),
        ("previous", "0" * 64),
        ("hash", "0" * 64),
    ],
)
def test_a_changed_entry_is_found_and_named(file: Path, column: str, value: str) -> None:
    assert tamper(file, f"UPDATE ledger_entry SET {column}=? WHERE run=? AND task=? AND seq=2", (value, *A_CHAIN)) == 1
    assert "entry 2 of task shop/member in run r2: it was changed, its hash is another" in problems(file)


def test_an_entry_changed_together_with_its_hash_breaks_the_chain(file: Path) -> None:
    ((at, blob, previous),) = rows(
        file, "SELECT at, blob_sha256, previous FROM ledger_entry WHERE run=? AND task=? AND seq=2", A_CHAIN
    )
    body = '{"rows":9,"seq":1}'
    hash_ = digest(*A_CHAIN, 2, "batch", None, at, body, blob, previous)
    tamper(file, "UPDATE ledger_entry SET body=?, hash=? WHERE run=? AND task=? AND seq=2", (body, hash_, *A_CHAIN))
    assert problems(file) == "entry 3 of task shop/member in run r2: it doesn't follow the entry before it"


def test_a_chain_written_anew_from_the_change_on_does_not_end_where_the_run_was_closed(file: Path) -> None:
    previous = genesis(*A_CHAIN)
    for seq in range(1, 5):
        ((at, blob),) = rows(
            file, "SELECT at, blob_sha256 FROM ledger_entry WHERE run=? AND task=? AND seq=?", (*A_CHAIN, seq)
        )
        body = f'{{"rows":9,"seq":{seq - 1}}}'
        hash_ = digest(*A_CHAIN, seq, "batch", None, at, body, blob, previous)
        tamper(
            file,
            "UPDATE ledger_entry SET body=?, previous=?, hash=? WHERE run=? AND task=? AND seq=?",
            (body, previous, hash_, *A_CHAIN, seq),
        )
        previous = hash_
    assert problems(file) == "closing 2 (run r2): task shop/member doesn't end where the run was closed"


@pytest.mark.parametrize(
    ("seq", "problem"),
    [
        (1, "entry 2 of task shop/member in run r2: entries 1 to 1 before it are missing"),
        (3, "entry 4 of task shop/member in run r2: entries 3 to 3 before it are missing"),
        (4, "closing 2 (run r2): task shop/member doesn't end where the run was closed"),
    ],
)
def test_a_deleted_entry_is_missed_wherever_it_stood(file: Path, seq: int, problem: str) -> None:
    assert tamper(file, "DELETE FROM ledger_entry WHERE run=? AND task=? AND seq=?", (*A_CHAIN, seq)) == 1
    assert problem in problems(file)


def test_a_whole_chain_taken_out_of_a_closed_run_is_missed(file: Path) -> None:
    assert tamper(file, "DELETE FROM ledger_entry WHERE run=? AND task=?", A_CHAIN) == 4
    assert problems(file) == "closing 2 (run r2): task shop/member doesn't end where the run was closed"


def test_attachments_that_were_swapped_are_found(file: Path) -> None:
    query = "SELECT packed FROM ledger_entry WHERE run='r2' AND task='shop/member' AND seq=?"
    (two,), (three,) = rows(file, query, (2,))[0], rows(file, query, (3,))[0]
    for seq, packed in ((2, three), (3, two)):
        tamper(file, "UPDATE ledger_entry SET packed=? WHERE run=? AND task=? AND seq=?", (packed, *A_CHAIN, seq))
    assert problems(file).splitlines() == [
        "entry 2 of task shop/member in run r2: its attachment was changed",
        "entry 3 of task shop/member in run r2: its attachment was changed",
    ]


@pytest.mark.parametrize("packed", [None, b"", b"no zlib", zlib.compress(b"other"), "text"])
def test_an_attachment_that_was_changed_or_taken_away_is_found(file: Path, packed: bytes | str | None) -> None:
    tamper(file, "UPDATE ledger_entry SET packed=? WHERE run=? AND task=? AND seq=2", (packed, *A_CHAIN))
    assert problems(file) == "entry 2 of task shop/member in run r2: its attachment was changed"


def test_an_attachment_put_beside_an_entry_that_had_none_is_found(file: Path) -> None:
    tamper(file, "UPDATE ledger_entry SET packed=? WHERE kind='approval'", (zlib.compress(b"x"),))
    assert "its attachment was changed" in problems(file)


def test_an_entry_put_in_after_a_closed_chain_is_found(file: Path) -> None:
    add(file, *A_CHAIN, "batch", {"rows": 1})
    assert problems(file) == "closing 2 (run r2): task shop/member doesn't end where the run was closed"


def test_a_chain_put_into_a_closed_run_is_found(file: Path) -> None:
    add(file, "r2", "shop/forged", "batch", {"rows": 1})
    assert problems(file) == "closing 2 (run r2): task shop/forged was put in after the run was closed"


def test_an_entry_put_in_after_the_closing_itself_is_found(file: Path) -> None:
    add(file, "r2", "run", "settled", {"batches": []})
    assert problems(file) == "closing 2 (run r2): it isn't the last entry of its run"


def test_an_approval_that_nobody_signed_is_found(file: Path) -> None:
    add(file, "e-forged", "run", "approval", {"plan": "p", "decision": "approved"}, key="p")
    assert problems(file) == "run e-forged: it was neither opened nor closed"


def test_an_approval_with_a_closing_of_its_own_that_nobody_signed_is_found(file: Path) -> None:
    ((previous,),) = rows(file, "SELECT hash FROM ledger_closing WHERE number=4")
    body = {"plan": "p", "closing": {"number": 5, "previous": previous, "heads": {}}}
    hash_ = add(file, "e-forged", "run", "approval", body, key="p")
    assert problems(file) == "closing 5: its signature is missing"
    forger = Ed25519PrivateKey.generate()
    signature = forger.sign(bytes.fromhex(hash_)).hex()
    public = forger.public_key().public_bytes_raw().hex()
    tamper(file, "INSERT INTO ledger_closing VALUES (5, 'e-forged', ?, ?, ?)", (hash_, signature, public))
    assert problems(file) == "closing 5 (run e-forged): its signature isn't this ledger's"


@pytest.mark.parametrize(
    ("column", "value"),
    [("signature", "0" * 128), ("signature", "no hex"), ("signature", ""), ("public_key", "0" * 64)],
)
def test_a_signature_that_is_not_the_ledgers_is_found(file: Path, column: str, value: str) -> None:
    tamper(file, f"UPDATE ledger_closing SET {column}=? WHERE number=2", (value,))
    assert problems(file) == "closing 2 (run r2): its signature isn't this ledger's"


def test_a_signature_taken_from_another_closing_is_found(file: Path) -> None:
    ((signature,),) = rows(file, "SELECT signature FROM ledger_closing WHERE number=1")
    tamper(file, "UPDATE ledger_closing SET signature=? WHERE number=2", (signature,))
    assert problems(file) == "closing 2 (run r2): its signature isn't this ledger's"


def test_a_closing_that_names_another_run_is_found(file: Path) -> None:
    tamper(file, "UPDATE ledger_closing SET run='r1' WHERE number=4")
    assert problems(file) == "closing 4 (run r1): its entry is another run's"


def test_two_closings_that_changed_places_are_found(file: Path) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        tamper(file, "UPDATE ledger_closing SET number=? WHERE number=?", (new, old))
    found = problems(file)
    assert "closing 2 (run r3): it doesn't follow the closing before it" in found
    assert "closing 3 (run r2): it doesn't follow the closing before it" in found


def test_a_closing_in_the_middle_that_was_deleted_is_missed(file: Path) -> None:
    tamper(file, "DELETE FROM ledger_closing WHERE number=2")
    found = problems(file)
    assert "closing 3 (run r3): closings 2 to 2 before it are missing" in found
    assert "closing 2: its signature is missing" in found


def test_a_run_that_was_deleted_with_its_closing_is_missed(file: Path) -> None:
    tamper(file, "DELETE FROM ledger_closing WHERE run='r2'")
    tamper(file, "DELETE FROM ledger_entry WHERE run='r2'")
    assert "closings 2 to 2 before it are missing" in problems(file)
    assert "closing 3 (run r3): it doesn't follow the closing before it" in problems(file)


def test_the_last_closing_that_was_deleted_is_missed(file: Path) -> None:
    tamper(file, "DELETE FROM ledger_closing WHERE number=4")
    assert problems(file) == "closing 4: its signature is missing"


def test_a_ledger_cut_short_cleanly_is_found_by_the_head_noted_down_before(file: Path) -> None:
    head = open_ledger(file).head()
    assert head[1] == 4
    assert problems(file, head) == ""
    assert problems(file, (head[0][:16], 4)) == ""
    tamper(file, "DELETE FROM ledger_entry WHERE kind='approval'")
    tamper(file, "DELETE FROM ledger_closing WHERE number=4")
    assert problems(file) == ""
    assert problems(file, head) == "closing 4 is missing; the ledger ends with 3"


def test_a_ledger_written_anew_with_its_own_secrets_is_found_by_the_head_noted_down_before(file: Path) -> None:
    hash_, number = open_ledger(file).head()
    other = file.with_name("other.sqlite")
    anew = Ledger.open(f"sqlite:///{other}", Path(f"{file}.keys"), lambda: OPENED)
    for run in ("r1", "r2", "r3", "r4"):
        anew.begin_run(run, {"plan": "p"})
        anew.close_run(run, {"status": "succeeded"})
    assert anew.verify() == []
    assert anew.verify((hash_, number)) == [f"closing 4 (run r4): its hash is not the expected {hash_}"]
    assert anew.verify(("", 4)) == ["closing 4 (run r4): its hash is not the expected "]
    assert anew.verify((anew.head()[0], 3))[0].startswith("closing 3 (run r3): its hash is not the expected")


def test_the_head_of_an_empty_ledger_can_be_expected(tmp_path: Path) -> None:
    empty = open_ledger(tmp_path / "empty.sqlite")
    assert empty.verify(empty.head()) == []
    empty.record("plan", {}, key="p")
    assert empty.verify(("", 0)) == []
    assert empty.verify(("ab", 0)) == ["closing 0 is missing; the ledger ends with 1"]


def test_a_ledger_whose_secrets_are_gone_does_not_get_new_ones(file: Path) -> None:
    keys = Path(f"{file}.keys")
    kept = keys.rename(file.with_name("kept"))
    with pytest.raises(Exception, match="the ledger's secrets are missing; put the file back beside the ledger"):
        open_ledger(file)
    assert not keys.exists()
    kept.rename(keys)
    assert problems(file) == ""


def test_with_the_secrets_of_another_ledger_nothing_is_written_and_every_signature_is_doubted(file: Path) -> None:
    other = file.with_name("other.sqlite")
    open_ledger(other).close()
    Path(f"{other}.keys").replace(f"{file}.keys")
    with pytest.raises(LedgerRefused, match=r"\.keys isn't the file of secrets that signed its newest closing"):
        open_ledger(file)
    assert problems(file).count("its signature isn't this ledger's") == 4


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET body = replace(body, 'approved', 'rejected') WHERE kind = 'approval'",
        "UPDATE ledger_entry SET body = 'no JSON' WHERE kind = 'approval'",
        "UPDATE ledger_entry SET hash = previous WHERE kind = 'approval'",
        "UPDATE ledger_closing SET signature = '00' WHERE number = 4",
        "DELETE FROM ledger_closing WHERE number = 4",
    ],
)
def test_an_event_that_was_changed_is_neither_believed_nor_passed_over(file: Path, statement: str) -> None:
    assert tamper(file, statement) == 1
    ledger = open_ledger(file)
    for read in (lambda: ledger.find("approval", "p"), lambda: ledger.events("approval")):
        with pytest.raises(LedgerRefused, match=r"entry 1 of run e\w+-\w+ \(approval\) isn't as the ledger's own key"):
            read()
    assert len(ledger.events("closed")) == 3


def test_who_looks_without_the_secrets_sees_that_a_closing_was_changed(file: Path) -> None:
    def look() -> int:
        ledger = Ledger.to_read(f"sqlite:///{file}", ticking())
        assert ledger is not None
        return len(ledger.events("closed"))

    assert look() == 3
    assert tamper(file, "UPDATE ledger_entry SET body = '{}' WHERE kind = 'closed' AND run = 'r2'") == 1
    with pytest.raises(LedgerRefused, match=r"of run r2 \(closed\) isn't as"):
        look()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM ledger_entry WHERE kind = 'part' AND seq = 2", "entries 2 to 2 before it are missing"),
        ("DELETE FROM ledger_entry WHERE kind = 'part' AND seq = 1", "entries 1 to 1 before it are missing"),
        ("UPDATE ledger_entry SET packed = x'00' WHERE kind = 'part' AND seq = 1", "its attachment was changed"),
        ("DELETE FROM ledger_entry WHERE kind = 'plan'", "its entry is missing or was changed"),
    ],
)
def test_no_part_of_an_event_is_changed_or_taken_out_unnoticed(file: Path, statement: str, problem: str) -> None:
    ledger = open_ledger(file)
    ledger.record("plan", {}, key="p", parts=lambda: [("rows", b"1" * 32), ("rows", b"2" * 32)])
    assert ledger.verify() == []
    ledger.close()
    assert tamper(file, statement) == 1
    assert problem in problems(file)
