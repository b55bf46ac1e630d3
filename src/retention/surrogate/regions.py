"""시·도 and 시·군·구 of Korea, and which of them an address begins with.

Names that were replaced lately (인천 중구, 경상북도 군위군 …) are there beside the new ones: addresses keep them
for years. Only names on these lists are ever given back, so that no other word of an address can pass for a region.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_SIGUNGU: Final[dict[str, str]] = {
    "서울특별시": (
        "종로구 중구 용산구 성동구 광진구 동대문구 중랑구 성북구 강북구 도봉구 노원구 은평구 서대문구 마포구 "
        "양천구 강서구 구로구 금천구 영등포구 동작구 관악구 서초구 강남구 송파구 강동구"
    ),
    "부산광역시": (
        "중구 서구 동구 영도구 부산진구 동래구 남구 북구 해운대구 사하구 금정구 강서구 연제구 수영구 사상구 기장군"
    ),
    "대구광역시": "중구 동구 서구 남구 북구 수성구 달서구 달성군 군위군",
    "인천광역시": ("중구 동구 미추홀구 남구 연수구 남동구 부평구 계양구 서구 제물포구 영종구 검단구 강화군 옹진군"),
    "광주광역시": "동구 서구 남구 북구 광산구",
    "대전광역시": "동구 중구 서구 유성구 대덕구",
    "울산광역시": "중구 남구 동구 북구 울주군",
    "세종특별자치시": "",
    "경기도": (
        "수원시:장안구,권선구,팔달구,영통구 성남시:수정구,중원구,분당구 의정부시 안양시:만안구,동안구 "
        "부천시:원미구,소사구,오정구 광명시 평택시 동두천시 안산시:상록구,단원구 "
        "고양시:덕양구,일산동구,일산서구 과천시 구리시 남양주시 오산시 시흥시 군포시 의왕시 하남시 "
        "용인시:처인구,기흥구,수지구 파주시 이천시 안성시 김포시 화성시:만세구,효행구,병점구,동탄구 광주시 "
        "양주시 포천시 여주시 연천군 가평군 양평군"
    ),
    "강원특별자치도": (
        "춘천시 원주시 강릉시 동해시 태백시 속초시 삼척시 홍천군 횡성군 영월군 평창군 정선군 철원군 화천군 "
        "양구군 인제군 고성군 양양군"
    ),
    "충청북도": (
        "청주시:상당구,서원구,흥덕구,청원구 충주시 제천시 보은군 옥천군 영동군 증평군 진천군 괴산군 음성군 단양군"
    ),
    "충청남도": (
        "천안시:동남구,서북구 공주시 보령시 아산시 서산시 논산시 계룡시 당진시 금산군 부여군 서천군 청양군 "
        "홍성군 예산군 태안군"
    ),
    "전북특별자치도": (
        "전주시:완산구,덕진구 군산시 익산시 정읍시 남원시 김제시 완주군 진안군 무주군 장수군 임실군 순창군 "
        "고창군 부안군"
    ),
    "전라남도": (
        "목포시 여수시 순천시 나주시 광양시 담양군 곡성군 구례군 고흥군 보성군 화순군 장흥군 강진군 해남군 "
        "영암군 무안군 함평군 영광군 장성군 완도군 진도군 신안군"
    ),
    "경상북도": (
        "포항시:남구,북구 경주시 김천시 안동시 구미시 영주시 영천시 상주시 문경시 경산시 군위군 의성군 청송군 "
        "영양군 영덕군 청도군 고령군 성주군 칠곡군 예천군 봉화군 울진군 울릉군"
    ),
    "경상남도": (
        "창원시:의창구,성산구,마산합포구,마산회원구,진해구 진주시 통영시 사천시 김해시 밀양시 거제시 양산시 "
        "의령군 함안군 창녕군 고성군 남해군 하동군 산청군 함양군 거창군 합천군"
    ),
    "제주특별자치도": "제주시 서귀포시",
}
_WRITTEN: Final = {
    "서울특별시": "서울 서울시",
    "부산광역시": "부산 부산시",
    "대구광역시": "대구 대구시",
    "인천광역시": "인천 인천시",
    "광주광역시": "광주 광주시",
    "대전광역시": "대전 대전시",
    "울산광역시": "울산 울산시",
    "세종특별자치시": "세종 세종시",
    "경기도": "경기",
    "강원특별자치도": "강원 강원도",
    "충청북도": "충북",
    "충청남도": "충남",
    "전북특별자치도": "전북 전라북도",
    "전라남도": "전남",
    "경상북도": "경북",
    "경상남도": "경남",
    "제주특별자치도": "제주 제주도",
}
_ZIP = re.compile(r"\s*(?:[(\[]?\d{3}-?\d{2,3}[)\]]?)?\s*(?:대한민국)?[\s,]*")
_WORDS = 5


def _districts(written: str) -> dict[str, tuple[str, ...]]:
    found = {}
    for one in written.split():
        name, _colon, inner = one.partition(":")
        found[name] = tuple(inner.split(",")) if inner else ()
    return found


REGIONS: Final = {sido: _districts(written) for sido, written in _SIGUNGU.items()}
"""시·도 → 시·군·구 → the latter's own 구, where it has some."""
_SIDO: Final = {spelled: sido for sido in REGIONS for spelled in (sido, *_WRITTEN[sido].split())}
_OWNERS: Final = {
    name: owners[0]
    for name in {name for inner in REGIONS.values() for name in inner}
    if len(owners := [sido for sido, inner in REGIONS.items() if name in inner]) == 1
}
LONGEST_SIDO: Final = max(map(len, REGIONS))
LONGEST_SIGUNGU: Final = max(
    len(" ".join([sido, name, *([max(own, key=len)] if own else [])]))
    for sido, inner in REGIONS.items()
    for name, own in inner.items()
)


def region(address: str, *, sido_only: bool) -> str | None:
    """Return the 시·도, or the 시·군·구 with it, that an address begins with; None where it begins with none.

    A zip code may stand before it; the 시·도 may be shortened, or be left out where the 시·군·구 tells it. A general
    city's own 구 belongs to the 시·군·구, as in 경기도 성남시 분당구.
    """
    words = address[_ZIP.match(address).end() :].replace(",", " ").split(maxsplit=_WORDS)  # type: ignore[union-attr]
    found = _parse(words)
    if found is None:
        return None
    return found[0] if sido_only else " ".join(found) if len(found) > 1 or not REGIONS[found[0]] else None


def _parse(words: Sequence[str]) -> list[str] | None:
    if not words:
        return None
    sido, rest = _SIDO.get(words[0]), words[1:]
    owner = _OWNERS.get(words[0])
    # 광주시 is how both 광주광역시 and the city in 경기도 are written: the next word decides.
    if sido is None or (owner is not None and not (rest and rest[0] in REGIONS[sido])):
        sido, rest = owner, words
    if sido is None:
        return None
    inner = REGIONS[sido]
    if not rest or rest[0] not in inner:
        return [sido]
    own = inner[rest[0]]
    return [sido, rest[0], *([rest[1]] if len(rest) > 1 and rest[1] in own else [])]
