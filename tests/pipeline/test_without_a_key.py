"""Nights without a key that pseudonyms could be drawn from: that rule alone stays behind, and it is told why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.library import MATRIX, make_library
from support.shop import Shop

KEYED = MATRIX.replace("then: anonymize", "then: pseudonymize\n    for: statistics")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    file = tmp_path / "library.sqlite"
    file.touch()
    shop = make_library(f"sqlite:///{file}", tmp_path)
    shop.matrix.write_text(KEYED, encoding="utf-8")
    return shop


def _none(shop: Shop, capsys: Any, _patch: pytest.MonkeyPatch) -> None:
    """There was never a ring."""


def _made(shop: Shop, capsys: Any) -> Path:
    assert shop.call(capsys, "key", "new", day=None).code == 0
    return shop.folder / "keyring"


def _open_to_others(shop: Shop, capsys: Any, _patch: pytest.MonkeyPatch) -> None:
    _made(shop, capsys).chmod(0o644)


def _another_s(shop: Shop, capsys: Any, patch: pytest.MonkeyPatch) -> None:
    ring, read = _made(shop, capsys), Path.read_text

    def denied(path: Path, *arguments: Any, **named: Any) -> str:
        if path == ring:
            raise PermissionError(13, "Permission denied")
        return read(path, *arguments, **named)

    patch.setattr(Path, "read_text", denied)


def _destroyed(shop: Shop, capsys: Any, _patch: pytest.MonkeyPatch) -> None:
    _made(shop, capsys)
    (key,) = shop.call(capsys, "key", "list", "--json", day=None).document["keys"]
    assert shop.call(capsys, "key", "destroy", key["id"], day=None).code == 0


@pytest.mark.parametrize(
    ("spoil", "do"),
    [
        (_none, "make one with `retention key new`"),
        (_open_to_others, "run chmod 600 on it"),
        (_another_s, "see whose the file and its folder are"),
        (_destroyed, "make one with `retention key rotate`"),
    ],
)
def test_only_the_rule_that_draws_from_the_ring_is_refused(
    shop: Shop, capsys: Any, monkeypatch: pytest.MonkeyPatch, spoil: Callable[..., None], do: str
) -> None:
    spoil(shop, capsys, monkeypatch)
    ran = shop.call(capsys, "run", "--json")
    statuses = {rule["id"]: rule["status"] for rule in ran.document["rules"]}
    assert (ran.code, statuses) == (
        1,
        {**dict.fromkeys(("visits", "fines", "loans", "nicks"), "done"), "names": "refused"},
    )
    found = [one for one in ran.document["findings"] if one["severity"] == "error"]
    assert [(one["code"], one["do"]) for one in found] == [("RET213", do)]
    assert do in next(rule["reason"] for rule in ran.document["rules"] if rule["id"] == "names")


def test_a_rule_that_draws_from_no_key_needs_no_ring(shop: Shop, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.matrix.write_text(KEYED.replace("{token: person}", "{mask: {first: 1}}"), encoding="utf-8")
    _open_to_others(shop, capsys, monkeypatch)
    ran = shop.call(capsys, "run", "--json")
    assert (ran.code, {rule["status"] for rule in ran.document["rules"]}) == (0, {"done"})
