"""What is told apart in running text is blacked out, and no pattern can hold a night up."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.surrogate.korean_patterns import NAMED
from retention.surrogate.patterns import WINDOW, problem
from support.surrogates import changed, column, problems, transform

SEEN = [
    ("mobile", "전화는 010-1234-5678 입니다", "전화는 [mobile] 입니다"),
    ("mobile", "01012345678, +82 10 1234 5678", "[mobile], [mobile]"),
    ("mobile", "주문 2010123456789 번", "주문 2010123456789 번"),
    ("phone", "회사는 02-123-4567, (031) 123-4567", "회사는 [phone], [phone]"),
    ("email", "메일 kim.cs+x@mail.example.co.kr로", "메일 [email]로"),
    ("resident_number", "주민번호 900101-1234567", "주민번호 [resident_number]"),
    ("resident_number", "900101-1****** 와 9001011234567", "[resident_number] 와 [resident_number]"),
    ("resident_number", "코드 901301-1234567", "코드 901301-1234567"),
    ("card", "카드 4111-1111-1111-1111 로", "카드 [card] 로"),
    ("card", "3782 822463 10005", "[card]"),
    ("account", "국민 123456-01-123456 홍길동", "국민 [account] 홍길동"),
    ("passport", "여권 M12345678 또는 M123A4567", "여권 [passport] 또는 [passport]"),
    ("driver_license", "면허 11-20-123456-78", "면허 [driver_license]"),
    ("ip", "접속 203.0.113.7 에서", "접속 [ip] 에서"),
]
FOREVER = [
    r"(a+)+b", r"(a|a)*b", r"(\w+\s?)*x", r"(x+x+)+y", r"(?:a?){20}a{20}", r"(([a-z])+.)+[A-Z]([a-z])+", r".*a.*b.*c.*d"
]  # fmt: skip
FINE = [
    r"[\w.-]+@[\w.-]+\.\w{2,}", r"\S+@\S+", r"(?<!\d)01[016789]-?\d{3,4}-?\d{4}(?!\d)", r"(foo|foobar)+x",
    r"[가-힣]{2,4}님", r"\d{6}-?[1-8]\d{6}", r"(\.[\w-]+)+", r"(?i)kim\b", r"홍길동",
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "redacted"), SEEN)
def test_patterns_known_by_name_find_what_people_write(name: str, text: str, redacted: str) -> None:
    assert changed(transform("redact", [name]), [text]) == [redacted]


def test_own_patterns_and_names_go_together_and_what_overlaps_becomes_one_mark() -> None:
    built = transform("redact", [r"주문 ?\d+", "email", r"kim"])
    assert changed(built, ["주문 123 kim@mail.invalid", "kim", None, ""]) == [
        "[redacted] [email]",
        "[redacted]",
        None,
        "",
    ]


def test_a_text_never_outgrows_its_column() -> None:
    built = transform("redact", ["email"], column(length=12))
    assert changed(built, ["to a@b.kr ok", "a@b.kr"]) == ["to ****** ok", "[email]"]


@given(st.integers(0, 3 * WINDOW), st.integers(0, 3 * WINDOW))
def test_a_match_is_found_wherever_it_stands(before: int, after: int) -> None:
    text = "가" * before + " 010-1234-5678 " + "나" * after
    assert changed(transform("redact", ["mobile"]), [text]) == ["가" * before + " [mobile] " + "나" * after]


@pytest.mark.parametrize("pattern", FOREVER)
def test_a_pattern_that_could_take_for_ever_is_refused(pattern: str) -> None:
    assert "for ever" in str(problem(pattern))
    assert problems("redact", [pattern], column()) != []


@pytest.mark.parametrize("pattern", [*FINE, *NAMED.values()])
def test_usual_patterns_are_accepted_and_take_no_time(pattern: str) -> None:
    assert problem(pattern) is None
    compiled = re.compile(pattern)
    started = time.process_time()
    for unit in ("a", "1", "1-", "a.", "@", "a@", "가", "a ", "010-", "=" * 3, "x@y."):
        compiled.sub("", (unit * WINDOW)[:WINDOW])
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("argument", "on", "says"),
    [
        ([], column(), "a list"),
        ("mobile", column(), "a list"),
        ([1], column(), "a list"),
        (["("], column(), "no regular expression"),
        (["a*"], column(), "nothing stands"),
        ([r"(\d)\1"], column(), "refers back"),
        (["x"], column("json"), "running text"),
        (["x"], column(unique=True), "unique"),
    ],
)
def test_what_it_can_not_use_is_refused(argument: object, on: object, says: str) -> None:
    assert says in problems("redact", argument, on)[0]  # type: ignore[arg-type]
