"""The demo's matrix against its policy: every item on a column, every record on a rule."""

from __future__ import annotations

from retention.matrix.load import load
from support.shop import MATRIX

RECORDS = {
    "계약 또는 청약철회 등에 관한 기록": "P5Y",
    "대금결제 및 재화 등의 공급에 관한 기록": "P5Y",
    "소비자의 불만 또는 분쟁처리에 관한 기록": "P3Y",
    "표시ㆍ광고에 관한 기록": "P6M",
    "전자금융에 관한 기록": "P5Y",
    "로그인 기록": "P3M",
}
PURPOSES = {
    "회원관리 및 본인 확인",
    "서비스 제공",
    "서비스 결제",
    "고객 문의 응대",
    "서비스 개선 및 신규 개발",
    "마케팅 및 광고",
}


def test_every_item_of_every_purpose_is_on_a_column() -> None:
    matrix, _findings = load(MATRIX)
    assert {purpose.name for purpose in matrix.purposes.values()} == PURPOSES
    named = {item for table in matrix.tables.values() for item in table.items.values()}
    for purpose in matrix.purposes.values():
        assert set(purpose.required) | set(purpose.optional) <= named, purpose.id


def test_every_statutory_record_is_on_a_rule_with_the_policy_s_period() -> None:
    matrix, _findings = load(MATRIX)
    used = {keep.basis.record: keep.basis.keep for rule in matrix.rules for keep in rule.keeps}
    assert {record: used.get(record) for record in RECORDS} == RECORDS
    assert all(basis.article and basis.read and basis.source_mark for basis in matrix.bases.values())
