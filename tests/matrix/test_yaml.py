"""The file's text: what YAML 1.2 means, and every way in which a file can be unreadable is one clear finding."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from retention.matrix.load import inspect
from retention.matrix.source import read
from support.matrices import SMALL, changed, found, told, written


def data(folder: Path, text: str) -> Any:
    source = read(written(folder, text))
    assert not source.findings, source.findings
    return source.data


def test_plain_scalars_mean_what_yaml_1_2_says(tmp_path: Path) -> None:
    text = (
        "{yes: yes, on: on, no: No, t: true, f: FALSE, n: ~, null: Null, e: '', i: 017, o: 0o17, x: 0x1F, u: 1_000, "
        "d: 2026-07-21, s: 12:30:45, fl: 1.5e3, plus: +7, neg: -0.5, q: '12', dash: '-', dot: ., v: 1.2.3}"
    )
    assert data(tmp_path, text) == {
        "yes": "yes",
        "on": "on",
        "no": "No",
        "t": True,
        "f": False,
        "n": None,
        "null": None,
        "e": "",
        "i": 17,
        "o": 15,
        "x": 31,
        "u": "1_000",
        "d": "2026-07-21",
        "s": "12:30:45",
        "fl": 1500.0,
        "plus": 7,
        "neg": -0.5,
        "q": "12",
        "dash": "-",
        "dot": ".",
        "v": "1.2.3",
    }


def test_formats_of_clocks_need_no_quotes_inside_braces(tmp_path: Path) -> None:
    found_ = data(tmp_path, "a: {column: c, as: text:%Y/%m/%d, floor: 1990-01-01}\nb: {generalize: band:10000}\n")
    assert found_ == {
        "a": {"column": "c", "as": "text:%Y/%m/%d", "floor": "1990-01-01"},
        "b": {"generalize": "band:10000"},
    }


def test_an_alias_stands_for_what_it_names_with_its_lines(tmp_path: Path) -> None:
    source = read(written(tmp_path, "a: &x\n  b: [1, 2]\n  c: &y {d: e}\nf: *x\ng:\n  h: *y\n"))
    assert source.data["f"] == source.data["a"] == {"b": [1, 2], "c": {"d": "e"}}
    assert source.data["g"]["h"] == {"d": "e"}
    assert source.place("f").line == 4
    assert source.place("f", "b", 1).line == 2
    assert source.place("g", "h").line == 6
    assert source.place("g", "h", "d").line == 3


def test_aliases_serve_a_matrix(tmp_path: Path) -> None:
    text = changed(
        SMALL,
        ("limit: {rows: 1000, share: 0.5}", "limit: &limit {rows: 1000, share: 0.5}"),
        ("since: at}]\n    then: delete\n", "since: at}]\n    then: delete\n    limit: *limit\n"),
    )
    matrix, findings = found(tmp_path, text)
    assert matrix is not None, findings
    assert matrix.rule("logs").limit == matrix.rule("orders").limit


BROKEN = {
    "a tab that indents": ("rules:\n\t- id: x\n", "RET002", 2),
    "a list that doesn't end": ("a: [1, 2\nb: 3\n", "RET002", 2),
    "two documents": ("a: 1\n---\nb: 2\n", "RET010", 2),
    "a list at the top": ("- a\n- b\n", "RET002", 1),
    "nothing": ("", "RET002", 1),
    "only a comment": ("# nothing\n", "RET002", 1),
    "a text": ("just words\n", "RET002", 1),
    "a control character": ("a: b\nc: \x07\n", "RET002", 2),
    "a tag of Python": ("a: 1\nb: !!python/object/apply:os.system [ls]\n", "RET010", 2),
    "a tag of one's own": ("a: 1\nb: !mine 2\n", "RET010", 2),
    "an alias of nothing": ("a: 1\nb: *nobody\n", "RET010", 2),
    "an alias inside its anchor": ("a: &a\n  b: *a\n", "RET010", 2),
    "nesting without end": ("a: " + "[" * 5000 + "]" * 5000, "RET010", 1),
    "a reserved sign": ("a: @b\n", "RET002", 1),
    "half a surrogate": ('a: "\\ud800"\n', "RET002", 1),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_yaml_of_the_language_is_one_finding_on_its_line(tmp_path: Path, what: str) -> None:
    text, code, line = BROKEN[what]
    matrix, findings = found(tmp_path, text)
    assert matrix is None
    first = findings[0]
    assert (first.code, first.where.rpartition(":")[2]) == (code, str(line)), findings
    assert all("\n" not in one.line() for one in findings)


def test_a_tab_is_told_with_what_to_do(tmp_path: Path) -> None:
    _matrix, findings = found(tmp_path, "rules:\n\t- id: x\n")
    assert "spaces" in findings[0].do


def test_a_bomb_of_aliases_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    started = time.process_time()
    _matrix, findings = found(tmp_path, "\n".join(lines))
    assert [one.code for one in findings] == ["RET010"]
    assert "aliases" in findings[0].do
    assert time.process_time() - started < 10


def test_a_file_of_ten_megabytes_is_refused_without_being_read(tmp_path: Path) -> None:
    path = written(tmp_path, "a: " + "x" * 10_000_000)
    started = time.process_time()
    matrix, findings = inspect(path)
    assert matrix is None
    assert [one.code for one in findings] == ["RET001"]
    assert time.process_time() - started < 1


def test_a_file_that_is_not_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "matrix.yaml"
    path.write_bytes("version: 1\norganisation: {name: 가게}\n".encode("euc-kr"))
    _matrix, findings = inspect(path)
    assert [(one.code, one.where) for one in findings] == [("RET001", f"{path}:2")]


@pytest.mark.parametrize("name", ["nothing.yaml", "."])
def test_a_file_that_is_not_there_is_a_finding(tmp_path: Path, name: str) -> None:
    matrix, findings = inspect(tmp_path / name)
    assert matrix is None
    assert [one.code for one in findings] == ["RET001"]


def test_a_byte_order_mark_and_windows_lines_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "matrix.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    matrix, findings = inspect(path)
    assert matrix is not None, findings
    assert not findings


def test_a_key_that_stands_twice_is_told_and_so_is_everything_else(tmp_path: Path) -> None:
    codes = told(tmp_path, ("    then: delete\n    with:", "    then: delete\n    then: delete\n    with:"))
    assert codes == [("RET006", 32)]


def test_merge_keys_are_refused_clearly(tmp_path: Path) -> None:
    codes = told(tmp_path, ("    limit: {rows: 1000, share: 0.5}", "    limit: {<<: {rows: 1000}, share: 0.5}"))
    assert codes == [("RET010", 33)]


@pytest.mark.parametrize("key", ["? [a, b]\n", "'': x\n", "? {a: b}\n: c\n"])
def test_a_key_that_is_no_text_is_told(tmp_path: Path, key: str) -> None:
    _matrix, findings = found(tmp_path, SMALL + key)
    assert ("RET005", 47) in [(one.code, int(one.where.rpartition(":")[2])) for one in findings]
