"""What a column's or a table's name sounds like. A guess only: each is marked as one, and a person decides."""

from __future__ import annotations

import re

from retention.database.columns import ColumnKind, ColumnShape
from retention.database.reflect import TableShape

_ITEMS: tuple[tuple[str, str], ...] = (
    (r"e_?mail|이메일|전자우편", "email"),
    (r"resident|passport|ssn|national_id|social_security|tax_id|jumin|주민|여권", "identification"),
    (r"birth|dob|생년|생일", "birth_date"),
    (r"gender|sex|성별", "sex"),
    (r"mobile|cell_?phone|휴대", "mobile"),
    (r"phone|tel|fax|전화", "phone"),
    (r"passwd|password|pass_?hash|user_pass|비밀번호", "password"),
    (r"iban|bic|bank_?account|account_(no|number|holder)|계좌", "bank_account"),
    (r"card_?(no|number|holder)|cc_\w+|credit_?card|카드", "card"),
    (r"ip|ip_?addr(ess)?|remote_addr|client_ip|\w*_ip(_address)?", "ip_address"),
    (r"user_?agent|device(_id)?|browser", "device"),
    (r"lat|lng|latitude|longitude|geo\w*|location", "location"),
    (
        r"street\w*|addr(ess)?(_?\d|_line_?\d)?|city(_area)?|zip(_?code)?|post_?(al_?)?code|postcode|주소|우편",
        "address",
    ),
    (r"\w+_(street|address|address_\d|city|postal_code|postcode|zip)", "address"),
    (
        r"(first|last|middle|family|given|full|sur|maiden)_?name|fname|lname|\w+_(first|last|full)_?name|성명|이름",
        "name",
    ),
    (r"(nick|display|screen)_?name|닉네임|별명", "nickname"),
    (r"user_?name|user_?login|login(_?(id|name))?|user_nicename|아이디", "login_id"),
    (r"company(_name)?|employer|organi[sz]ation(_name)?|\w+_company(_name)?|회사", "company"),
    (r"occupation|job_?title|profession|직업", "occupation"),
    (r"avatar|photo|portrait|profile_(image|pic\w*)", "picture"),
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
_MOVES = re.compile(
    r"(updated|modified|changed|edited|touched|last|latest|mtime)(_|$)|_(updated|modified|changed)$", re.I
)
_ENDS = re.compile(
    r"(deleted|closed|left|ended|end|cancel\w*|withdrawn|expir\w*|completed|finished|resolved|deactivated|disabled|"
    r"terminated|revoked|archived|unsubscribed)(_|$)",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"(\w+_)?(time|timestamp|ts|epoch|created|date)$", re.IGNORECASE)
_TEXT_DAY = re.compile(r"(\w+_)?(date|day|ymd|datetime|time)$", re.IGNORECASE)
_TIMES = frozenset({ColumnKind.DATE, ColumnKind.NAIVE, ColumnKind.INSTANT})


def item_of(column: ColumnShape) -> str | None:
    """Return the item that a column's name sounds like, or None."""
    if column.kind in _TIMES and "birth" not in column.name.lower():
        return None
    if column.kind is ColumnKind.BOOLEAN:
        return None
    return next((item for pattern, item in _ITEM_PATTERNS if pattern.fullmatch(column.name)), None) or _within(column)


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
        if written is None or "birth" in name.lower():
            continue
        (moves if _MOVES.search(name) or column.on_update else ends if _ENDS.search(name) else begins).append(written)
    return begins, ends, moves


def _clock(column: ColumnShape) -> str | None:
    if column.kind in _TIMES:
        return column.name
    if column.kind is ColumnKind.INTEGER and _EPOCH.fullmatch(column.name):
        return f"{{column: {column.name}, as: epoch_s}}"
    if column.kind is ColumnKind.TEXT and _TEXT_DAY.fullmatch(column.name):
        return f"{{column: {column.name}, as: date}}"
    return None
