"""Format-preserving values keep their form, stay apart, and hit nobody."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.surrogate.alphabets import shape_of
from retention.surrogate.nobodys import luhn
from support.surrogates import KEY, OTHER, changed, column, problems, transform

_TEXT = st.text(st.sampled_from("abzABZ0189-_. %가힣김漢éЖж٣\U000f2000\U0001f600"), max_size=12)


# Built once: a small domain's order is made once for a transform.
_TEXTS = transform("format_preserving", "d", column(unique=True))
_NUMBERS = transform("format_preserving", "d", column("integer", unique=True))


def _is_card(number: str) -> bool:
    digits = re.sub(r"\D", "", number)
    return luhn(digits[:-1]) == int(digits[-1])


def _is_resident(number: str) -> bool:
    # Since October 2020 the last digits are drawn: the day tells, whatever the check digit says.
    return 1 <= int(number[2:4]) <= 12


@given(st.lists(_TEXT, unique=True, min_size=1, max_size=30))
def test_texts_keep_their_shape_and_stay_apart(texts: list[str]) -> None:
    images = changed(_TEXTS, texts)
    assert [shape_of(image) for image in images] == [shape_of(text) for text in texts]
    assert len(set(images)) == len(texts)


@given(st.lists(st.text(st.sampled_from("abcXYZ019-"), max_size=8), unique_by=lambda text: text.lower(), max_size=40))
def test_texts_stay_apart_where_case_is_ignored(texts: list[str]) -> None:
    images = changed(_TEXTS, texts)
    assert len({image.lower() for image in images}) == len(texts)


def test_every_text_of_a_small_shape_is_hit_once() -> None:
    texts = [f"{letter}-{number}" for letter in "abcdefghijklmnopqrstuvwxyz" for number in range(10)]
    assert sorted(changed(transform("format_preserving", "d"), texts)) == sorted(texts)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, min_size=1, max_size=30))
def test_whole_numbers_keep_their_digits_and_stay_apart(numbers: list[int]) -> None:
    images = changed(_NUMBERS, numbers)
    assert len(set(images)) == len(numbers)
    for number, image in zip(numbers, images, strict=True):
        assert (number < 0) == (image < 0)
        # A negative number keeps the digits of what it lies below.
        size, new = (number, image) if number >= 0 else (-number - 1, -image - 1)
        assert len(str(size)) == len(str(new))
        for bits in (7, 8, 15, 16, 23, 24, 31, 32, 63):
            assert (size < 1 << bits) == (new < 1 << bits), "it still fits its column's type"


def test_all_small_whole_numbers_are_hit_once_and_none_stays_none() -> None:
    numbers = list(range(-1000, 1000))
    images = changed(transform("format_preserving", "d", column("integer")), numbers)
    assert sorted(images) == numbers
    assert images[numbers.index(0)] == 0
    assert images[numbers.index(-1)] == -1


def test_what_stands_between_digits_and_the_case_of_letters_have_no_part_in_it() -> None:
    one, other, third, fourth = changed(
        transform("format_preserving", "d"), ["010-1234-5678", "01012345678", "ab12-CDEF", "AB12cdef"]
    )
    assert one.replace("-", "") == other
    assert third.replace("-", "").lower() == fourth.lower()
    assert re.fullmatch(r"[a-z]{2}\d\d-[A-Z]{4}", third)


def test_a_card_never_comes_out_as_a_valid_card() -> None:
    chance = random.Random(1)
    for length in (14, 15, 16, 19):
        bodies = {"".join(chance.choices("0123456789", k=length - 1)) for _ in range(400)}
        cards = [f"{body}{luhn(body)}" for body in bodies]
        images = changed(transform("format_preserving", "d", column(unique=True)), cards)
        assert all(_is_card(card) for card in cards)
        assert not any(_is_card(image) for image in images)
        assert len(set(images)) == len(cards)
    dashed = [f"{card[:4]}-{card[4:8]}-{card[8:12]}-{card[12:16]}" for card in cards if _is_card(card[:16])]
    assert not any(_is_card(image) for image in changed(transform("format_preserving", "d"), dashed))
    numbers = [int(f"4{body[:14]}{luhn('4' + body[:14])}") for body in bodies]
    images = changed(transform("format_preserving", "d", column("integer")), numbers)
    assert not any(_is_card(str(image)) for image in images)


def test_a_resident_number_never_comes_out_as_one() -> None:
    chance = random.Random(2)
    numbers = {
        f"{chance.randrange(100):02d}{chance.randrange(1, 13):02d}{chance.randrange(1, 29):02d}"
        f"-{chance.randrange(1, 9)}{chance.randrange(10**6):06d}"
        for _ in range(2000)
    }
    images = changed(transform("format_preserving", "d", column(unique=True)), list(numbers))
    assert not any(_is_resident(image) for image in images)
    assert len(set(images)) == len(numbers)


def test_a_telephone_number_never_comes_out_as_one() -> None:
    numbers = [f"010-{number // 10000:04d}-{number % 10000:04d}" for number in range(0, 10**8, 99_991)]
    numbers += ["02-123-4567", "031-123-4567", "0505-1234-5678"]
    images = changed(transform("format_preserving", "d", column(unique=True)), numbers)
    assert not [image for image in images if image.startswith("0")]
    assert len(set(images)) == len(numbers)


def test_numbers_that_are_nobodys_stay_apart_from_those_that_are_somebodys() -> None:
    bodies = [f"{number:015d}" for number in range(0, 10**6, 4001)]
    numbers = [body + digit for body in bodies for digit in "0123456789"]
    assert len(set(changed(transform("format_preserving", "d", column(unique=True)), numbers))) == len(numbers)


def test_another_key_and_another_domain_give_other_values() -> None:
    values = [f"{number:08d}" for number in range(50)]
    first = changed(transform("format_preserving", "d"), values)
    assert first == changed(transform("format_preserving", "d"), values)
    assert first != changed(transform("format_preserving", "d", key=OTHER), values)
    assert first != changed(transform("format_preserving", "e", key=KEY), values)


@pytest.mark.parametrize(
    ("argument", "on", "says"),
    [
        ("d", column("date"), "whole numbers"),
        ("d", column(length=5), "too few"),
        ("", column(), "domain"),
        (["d"], column(), "domain"),
    ],
)
def test_a_column_that_it_does_not_fit_is_refused(argument: object, on: object, says: str) -> None:
    assert says in problems("format_preserving", argument, on)[0]  # type: ignore[arg-type]
