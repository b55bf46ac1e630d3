"""What a column's or a table's name sounds like. A guess only: each is marked as one, and a person decides."""

from __future__ import annotations

import re

from retention.database.columns import ColumnKind, ColumnShape
from retention.database.reflect import TableShape
from retention.matrix.clocks import is_saved

# Korean compounds end in what they are: before that anything may stand, but before what things have as well as people.
_WHO = (
    r"(회원|고객|사용자|이용자|주문자|구매자|판매자|결제자|입금자|수령[인자]|수취인|받는_?(사람|분)|보내는_?(사람|분)|담당자|대표자|"
    r"작성자|신청자|보호자|학생|강사|직원|로그인)_?"
)
_ITEMS: tuple[tuple[str, str], ...] = (
    (r"e_?mail|.*(이메일|e-?메일|전자_?우편)(_?주소)?", "email"),
    (
        r"resident(_?(no|number|id))?|passport(_?(no|number))?|ssn|national_id|social_security|tax_id|jumin(_?(no|number))?|"
        r".*(주민(_?등록)?|외국인_?등록|여권|운전_?면허)_?번호|주민|여권",
        "identification",
    ),
    (
        r"(\w+_)?(birth(_?(day|date|year|ymd|dt|at|on))?|dob)|.*(생년(_?월일)?|생일|출생(일|일자|_?연도|_?년도))",
        "birth_date",
    ),
    (r"gender|sex|.*성별", "sex"),
    (r"mobile(_?(no|number|phone))?|cell_?phone|.*(휴대|핸드)_?(폰|전화)?(_?번호)?\d?", "mobile"),
    (r"phone(_?(no|number))?|tel|fax|.*(전화|팩스|연락처)(_?번호)?\d?", "phone"),
    (r"passwd|password|pass_?hash|user_pass|.*(비밀_?번호|패스워드)", "password"),
    (r"iban|bic|bank_?account|account_(no|number|holder)|.*(계좌(_?번호)?|예금주(_?명)?)", "bank_account"),
    (r"card_?(no|number|holder)|cc_\w+|credit_?card|카드|.*카드_?번호", "card"),
    (r"ip|ip_?addr(ess)?|remote_addr|client_ip|\w*_ip(_address)?|.*(아이피|접속_?ip)(_?주소)?|ip_?주소", "ip_address"),
    (r"user_?agent|device(_id)?|browser", "device"),
    (r"lat|lng|latitude|longitude|geo\w*|location", "location"),
    (
        r"street\w*|addr(ess)?(_?\d|_line_?\d)?|city(_area)?|zip(_?code)?|post_?(al_?)?code|postcode|"
        r".*우편_?번호|(?!.*(웹|홈페이지|사이트|링크|서버|url|mac)).*주소\d?",
        "address",
    ),
    (r"\w+_(street|address|address_\d|city|postal_code|postcode|zip)", "address"),
    (
        r"(first|last|middle|family|given|full|sur|maiden)_?name|fname|lname|\w+_(first|last|full)_?name|"
        rf"{_WHO}명|({_WHO})?(성명|성함|이름)",
        "name",
    ),
    (r"(nick|display|screen)_?name|.*(닉네임|별명)", "nickname"),
    (rf"user_?name|user_?login|login(_?(id|name))?|user_nicename|({_WHO})?아이디", "login_id"),
    (r"company(_name)?|employer|organi[sz]ation(_name)?|\w+_company(_name)?|회사(_?(명|이름))?|직장(_?명)?", "company"),
    (r"occupation|job_?title|profession|직업(_?명)?", "occupation"),
    (r"avatar|photo|portrait|profile_(image|pic\w*)|(프로필|회원)_?사진", "picture"),
    (r"(auth|access|refresh|session|api|jwt|reset)_?(token|key)(_?key)?|session_?(id|key|data)|secret", "credential"),
    (r"(customer|private|internal|user)_?note|notes?|memo|remarks?|comments?|bio(graphy)?|메모", "free_text"),
)
_ITEM_PATTERNS = tuple((re.compile(rf"(?:{pattern})", re.IGNORECASE), item) for pattern, item in _ITEMS)
_OF_A_PERSON = re.compile(
    r"(^|_)(users?|members?|customers?|persons?|people|contacts?|subscribers?|patients?|employees?|staff|authors?|"
    r"clients?|buyers?|guests?|students?|teachers?|accounts?|profiles?|회원|고객|사용자)$",
    re.IGNORECASE,
)
_MIGRATIONS = re.compile(
    r"(django|schema|alembic|flyway|liquibase|ar_internal|databasechange|goose|knex|phinx)\w*(migration|version|"
    r"history|log|lock|metadata|changelog)\w*|schema_info|databasechangelog(lock)?",
    re.IGNORECASE,
)
_LAST = re.compile(r"(^|_)(last|latest)(_|$)|최종|최근|마지막", re.IGNORECASE)
"""A later event moves these too. Whoever writes a rule may mean one: of an advertisement the day it was last shown."""
_ENDS = re.compile(
    r"(deleted|closed|left|ended|end|cancel\w*|withdrawn|expir\w*|completed|finished|resolved|deactivated|disabled|"
    r"terminated|revoked|archived|unsubscribed)(_|$)|"
    r"탈퇴|종료|해지|취소|철회|삭제|만료|완료",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"(\w+_)?(time|timestamp|ts|epoch|created|date)$", re.IGNORECASE)
_TEXT_DAY = re.compile(r"(\w+_)?(date|day|ymd|datetime|time)$", re.IGNORECASE)
_TIMES = frozenset({ColumnKind.DATE, ColumnKind.NAIVE, ColumnKind.INSTANT})


def item_of(column: ColumnShape) -> str | None:
    """Return the item that a column's name sounds like, or None."""
    if column.kind is ColumnKind.BOOLEAN:
        return None
    found = _plain(column.name) or _within(column)
    return found if found == "birth_date" or column.kind not in _TIMES else None


def _within(column: ColumnShape) -> str | None:
    """Return the item of a longer name that ends in one, such as ``billing_email``."""
    if column.kind not in (ColumnKind.TEXT, ColumnKind.OTHER):
        return None
    last = column.name.rpartition("_")[2]
    strong = {"email", "phone", "mobile", "password", "ip", "birthday", "birthdate", "avatar", "passwd", "tel", "fax"}
    return _plain(last) if last.lower() in strong else None


def _plain(word: str) -> str | None:
    return next((item for pattern, item in _ITEM_PATTERNS if pattern.fullmatch(word)), None)


def items_of(shape: TableShape) -> dict[str, str]:
    """Return the columns that sound personal with their items; a bare ``name`` only among others that do."""
    found = {name: item for name, column in shape.columns.items() if (item := item_of(column)) is not None}
    bare = [name for name in shape.columns if name.lower() in ("name", "title") and name not in found]
    weak = {"free_text", "company", "location", "credential", "address"}
    if sounds_like_people(shape.key.name) or set(found.values()) - weak:
        found.update({name: "name" for name in bare if name.lower() == "name"})
    return {name: found[name] for name in shape.columns if name in found}


def sounds_like_people(table: str) -> bool:
    """Whether a table's name sounds as if each row were a person."""
    return _OF_A_PERSON.search(table) is not None


def is_migration(table: str) -> bool:
    """Whether a table's name sounds like the bookkeeping of schema changes."""
    return _MIGRATIONS.fullmatch(table) is not None


def clocks_of(shape: TableShape) -> tuple[list[str], list[str], list[str]]:
    """Return columns that may be clocks: of a beginning, of an end, and such as move with every save.

    A column that isn't a time by its type is followed by how it might be read.
    """
    begins: list[str] = []
    ends: list[str] = []
    moves: list[str] = []
    for name, column in shape.columns.items():
        written = _clock(column)
        if written is None or item_of(column) == "birth_date":
            continue
        moving = is_saved(name) or _LAST.search(name) or column.on_update
        (moves if moving else ends if _ENDS.search(name) else begins).append(written)
    return begins, ends, moves


def _clock(column: ColumnShape) -> str | None:
    if column.kind in _TIMES:
        return column.name
    if column.kind is ColumnKind.INTEGER and _EPOCH.fullmatch(column.name):
        return f"{{column: {column.name}, as: epoch_s}}"
    if column.kind is ColumnKind.TEXT and _TEXT_DAY.fullmatch(column.name):
        return f"{{column: {column.name}, as: date}}"
    return None
