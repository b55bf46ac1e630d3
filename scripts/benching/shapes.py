"""The tables that are purged, each with the statement a person would write by hand in the pipeline's place.

753 of 1,000 rows have lapsed, as in the log that the bars were first measured on; of the members all have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time

from benching.words import Words
from retention.law import cutoff

AS_OF = date(2026, 11, 1)
PERIOD = "P3M"
CUTOFF = datetime.combine(cutoff(AS_OF, PERIOD), time())
_YEAR = 365 * 24 * 3600
_LINES = 5
_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0"


def lapsed(rows: int) -> int:
    """Return how many of so many rows have lapsed: the first ones."""
    return rows * 753 // 1000


@dataclass(frozen=True)
class Shape:
    """Tables of one kind. ``by_hand`` is the one statement; ``rule`` and ``tables`` go into the matrix.

    ``due`` counts the rows that go, or change, of so many in all, parts included.
    """

    name: str
    table: str
    schema: Callable[[Words], list[str]]
    fill: Callable[[Words, int], list[str]]
    names: tuple[str, ...]
    by_hand: Callable[[str], str]
    rule: str
    matrix_tables: str
    due: Callable[[int], int]

    @property
    def removes(self) -> bool:
        """Whether rows go, or only change."""
        return "then: delete" in self.rule


def _step(rows: int) -> int:
    return max(1, _YEAR // rows)


def _login_schema(words: Words) -> list[str]:
    return [
        f"CREATE TABLE login_log (id {words.big} PRIMARY KEY, member_id {words.big} NOT NULL, "
        f"login_id VARCHAR(40) NOT NULL, logged_in_at {words.instant} NOT NULL, access_ip VARCHAR(45) NOT NULL, "
        "user_agent VARCHAR(200) NOT NULL, result VARCHAR(10) NOT NULL)",
        "CREATE INDEX login_log_at ON login_log (logged_in_at)",
    ]


def _login_rows(words: Words, rows: int, order: str) -> list[str]:
    at = words.at(CUTOFF, f"{_step(rows)} * (i - {lapsed(rows)} - 1)")
    return [
        f"INSERT INTO login_log SELECT i, i % 50000, 'learner' || {words.padded('i % 50000', 6)}, {at}, "
        f"'203.0.113.' || {words.padded('i % 250', 3)}, '{_AGENT}.' || {words.padded('i % 97', 2)}, "
        f"'ok' FROM {words.series(rows)} ORDER BY {order}"
    ]


_LOGIN_RULE = """\
  - id: bench
    table: bench.login_log
    keep: [{basis: kept, since: logged_in_at}]
    then: delete
"""
_BY_CLOCK = f"DELETE FROM login_log WHERE logged_in_at < '{CUTOFF}'"

LOGINS = Shape(
    name="login log",
    table="login_log",
    schema=_login_schema,
    fill=lambda words, rows: _login_rows(words, rows, "i"),
    names=("login_log",),
    by_hand=lambda _engine: _BY_CLOCK,
    rule=_LOGIN_RULE,
    matrix_tables="  bench.login_log: {}\n",
    due=lapsed,
)

RANDOM_HEAP = Shape(
    name="login log, heap in random order",
    table="login_log",
    schema=_login_schema,
    fill=lambda words, rows: _login_rows(words, rows, words.shuffled()),
    names=("login_log",),
    by_hand=lambda _engine: _BY_CLOCK,
    rule=_LOGIN_RULE,
    matrix_tables="  bench.login_log: {}\n",
    due=lapsed,
)


def _orders_of(rows: int) -> int:
    return max(1, rows // (1 + _LINES))


def _order_schema(words: Words) -> list[str]:
    return [
        f"CREATE TABLE shop_order (id {words.big} PRIMARY KEY, member_id {words.big} NOT NULL, "
        f"ordered_at {words.instant} NOT NULL, status VARCHAR(10) NOT NULL, memo VARCHAR(100) NOT NULL)",
        "CREATE INDEX shop_order_at ON shop_order (ordered_at)",
        f"CREATE TABLE order_line (id {words.big} PRIMARY KEY, order_id {words.big} NOT NULL, "
        "product VARCHAR(60) NOT NULL, price INTEGER NOT NULL, memo VARCHAR(100) NOT NULL, "
        "CONSTRAINT order_line_of FOREIGN KEY (order_id) REFERENCES shop_order (id) ON DELETE CASCADE)",
        "CREATE INDEX order_line_order ON order_line (order_id)",
    ]


def _order_rows(words: Words, rows: int) -> list[str]:
    orders = _orders_of(rows)
    at = words.at(CUTOFF, f"{_step(orders)} * (i - {lapsed(orders)} - 1)")
    memo = "'as it was ordered, to be delivered before noon'"
    return [
        f"INSERT INTO shop_order SELECT i, i % 50000, {at}, 'paid', {memo} FROM {words.series(orders)} ORDER BY i",
        # The lines of an order lie together: its i is counted up once every five lines.
        "INSERT INTO order_line SELECT i, "
        f"(i - 1 - (i - 1) % {_LINES}) / {_LINES} + 1, 'course ' || {words.padded('i % 900', 3)}, 10000 + i % 90, "
        f"{memo} FROM {words.series(orders * _LINES)} ORDER BY i",
    ]


SUBTREE = Shape(
    name="orders with five lines each",
    table="shop_order",
    schema=_order_schema,
    fill=_order_rows,
    names=("shop_order", "order_line"),
    by_hand=lambda _engine: f"DELETE FROM shop_order WHERE ordered_at < '{CUTOFF}'",
    rule="""\
  - id: bench
    table: bench.shop_order
    keep: [{basis: kept, since: ordered_at}]
    then: delete
    with: [bench.order_line]
""",
    matrix_tables="  bench.shop_order: {}\n  bench.order_line: {}\n",
    due=lambda rows: lapsed(_orders_of(rows)) * (1 + _LINES),
)


def _members_of(rows: int) -> int:
    return max(1, rows // 5)


def _member_schema(words: Words) -> list[str]:
    return [
        f"CREATE TABLE member (id {words.big} PRIMARY KEY, login_id VARCHAR(40) NOT NULL, name VARCHAR(60), "
        f"mobile VARCHAR(40), email VARCHAR(120), address VARCHAR(200), birth_date DATE, "
        f"left_at {words.instant} NOT NULL, changed_at {words.instant} NULL)",
        "CREATE INDEX member_left ON member (left_at)",
    ]


def _member_rows(words: Words, rows: int) -> list[str]:
    members = _members_of(rows)
    at = words.at(CUTOFF, f"{_step(members)} * (i - {members} - 1)")
    return [
        f"INSERT INTO member SELECT i, 'learner' || {words.padded('i', 8)}, '김철수', '010-2345-' || "
        f"{words.padded('i % 10000', 4)}, 'learner' || {words.padded('i', 8)} || '@example.com', "
        f"'서울특별시 관악구 관악로 1', '1988-03-02', {at}, NULL FROM {words.series(members)} ORDER BY i"
    ]


def _member_update(engine: str) -> str:
    """Return the update that SQL's own functions can make: no key, no names that read like names."""
    if engine == "mariadb":
        digest, year = "MD5(CONCAT('pepper', id))", "MAKEDATE(YEAR(birth_date), 1)"
        mobile = f"CONCAT('010-0', LEFT({digest}, 3), '-', SUBSTR({digest}, 4, 4))"
        mail = f"CONCAT(LEFT({digest}, 20), '@mail.invalid')"
        now = "UTC_TIMESTAMP()"
    else:
        digest, year = "md5('pepper' || id)", "date_trunc('year', birth_date)"
        mobile = f"'010-0' || left({digest}, 3) || '-' || substr({digest}, 4, 4)"
        mail = f"left({digest}, 20) || '@mail.invalid'"
        now = "now()"
    return (
        f"UPDATE member SET name = {digest}, mobile = {mobile}, email = {mail}, address = {digest}, "
        f"birth_date = {year}, changed_at = {now} WHERE left_at < '{CUTOFF}'"
    )


MEMBERS = Shape(
    name="members, five columns",
    table="member",
    schema=_member_schema,
    fill=_member_rows,
    names=("member",),
    by_hand=_member_update,
    rule="""\
  - id: bench
    table: bench.member
    purpose: {name: membership, ends: left_at}
    then: pseudonymize
    for: statistics
    columns:
      name: {fake: name}
      mobile: {fake: mobile}
      email: {fake: email}
      address: {fake: address}
      birth_date: {fake: birth_date}
    mark: changed_at
""",
    matrix_tables="  bench.member: {subject: login_id}\n",
    due=_members_of,
)
