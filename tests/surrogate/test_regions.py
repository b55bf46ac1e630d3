"""Korean addresses become the region they begin with, and nothing else of them stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.surrogate.regions import REGIONS
from support.surrogates import changed, column, problems, transform
from support.texts import texts

ADDRESSES = [
    ("서울특별시 강남구 테헤란로 1", "서울특별시", "서울특별시 강남구"),
    ("(06236) 서울 강남구 역삼동 1-2", "서울특별시", "서울특별시 강남구"),
    ("대한민국 서울시 종로구", "서울특별시", "서울특별시 종로구"),
    ("경기 성남시 분당구 판교로 1", "경기도", "경기도 성남시 분당구"),
    ("경기도 성남시 정자동 7", "경기도", "경기도 성남시"),
    ("성남시 분당구 정자동", "경기도", "경기도 성남시 분당구"),
    ("강남구 역삼동", "서울특별시", "서울특별시 강남구"),
    ("전라북도 전주시 완산구 효자동", "전북특별자치도", "전북특별자치도 전주시 완산구"),
    ("강원도 고성군 간성읍", "강원특별자치도", "강원특별자치도 고성군"),
    ("세종특별자치시 한누리대로 1", "세종특별자치시", "세종특별자치시"),
    ("광주 북구 용봉동", "광주광역시", "광주광역시 북구"),
    ("광주시 북구 용봉동", "광주광역시", "광주광역시 북구"),
    ("광주시 경안동", "경기도", "경기도 광주시"),
    ("제주시 애월읍", "제주특별자치도", "제주특별자치도 제주시"),
    ("서울 김철구 앞", "서울특별시", None),
    ("고성군 간성읍", None, None),
    ("중구 을지로", None, None),
    ("홍길동", None, None),
    ("", None, None),
]


@pytest.mark.parametrize(("address", "sido", "sigungu"), ADDRESSES)
def test_an_address_becomes_its_region(address: str, sido: str | None, sigungu: str | None) -> None:
    assert changed(transform("generalize", "sido"), [address, None]) == [sido, None]
    assert changed(transform("generalize", "sigungu"), [address]) == [sigungu]


@given(st.lists(texts(), max_size=5), texts(max_size=20))
def test_only_names_of_regions_are_ever_given_back(words: list[str], more: str) -> None:
    known = {*REGIONS, *(name for inner in REGIONS.values() for name in inner)}
    known |= {own for inner in REGIONS.values() for owned in inner.values() for own in owned}
    for text in (" ".join(words), "서울 " + more, "경기도 성남시 " + more):
        for argument in ("sido", "sigungu"):
            (given_back,) = changed(transform("generalize", argument, column(nullable=False)), [text])
            assert set(given_back.split()) <= known


def test_a_column_that_it_does_not_fit_is_refused() -> None:
    assert "needs 15 characters" in problems("generalize", "sigungu", column(length=14))[0]
    assert "needs 7 characters" in problems("generalize", "sido", column(length=6))[0]
    assert "the column is date" in problems("generalize", "sido", column("date"))[0]
