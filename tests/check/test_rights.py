"""The role's rights: what is missing stops its rules, too many are a warning, and the least are enough for a night."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from retention.database.ddl import split
from retention.database.own_tables import TABLES
from support.by_hand import BY_HAND, DELETED_BY_HAND, LEFT
from support.engines import SERVERS
from support.shop import ROOT, Shop, changed_matrix, make_shop


def administer(url: str, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        # As they are: a per cent sign is part of an account's name.
        cursor = connection.connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()


class Role:
    """A role that may nothing at all, on one shop."""

    def __init__(self, name: str, engine: str, shop: Shop) -> None:
        self.name, self.engine, self.shop, self.administrator = name, engine, shop, shop.url
        url = make_url(shop.url).set(username=name)
        if engine == "postgresql":
            database = url.database
            administer(
                shop.url,
                f"CREATE ROLE {name} LOGIN",
                f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
                "REVOKE ALL ON SCHEMA public FROM PUBLIC",
            )
        else:
            administer(shop.url, f"CREATE USER '{name}'@'%'")
        self.url = url.render_as_string(hide_password=False)

    def grant(self, statements: list[str]) -> None:
        administer(self.administrator, *statements)

    def take_over(self) -> None:
        """Let the shop's connection be this role's."""
        self.shop.url = self.url
        self.shop.environment["RETENTION_CONN_SHOP_DB"] = self.url

    def drop(self) -> None:
        if self.engine == "postgresql":
            administer(self.administrator, f"DROP OWNED BY {self.name}", f"DROP ROLE {self.name}")
        else:
            administer(self.administrator, f"DROP USER '{self.name}'@'%'")


@pytest.fixture(params=SERVERS)
def role(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Role]:
    shop = make_shop(request.getfixturevalue(f"{request.param}_url"), tmp_path, members=12)
    made = Role(f"r{secrets.token_hex(5)}", request.param, shop)
    yield made
    made.drop()


def granted(role: Role, capsys: Any) -> list[str]:
    called = role.shop.call(capsys, "init", "shop_db", "--grants", role.name, day=None)
    assert called.code == 0, called.err
    return split(called.out + "\n")


def findings(shop: Shop, capsys: Any) -> dict[str, list[dict[str, str]]]:
    called = shop.call(capsys, "check", "--json", day=None)
    by_code: dict[str, list[dict[str, str]]] = {}
    for one in called.document["findings"]:
        by_code.setdefault(one["code"], []).append(one)
    return by_code


@pytest.mark.slow
def test_a_role_with_just_the_rights_of_the_file_runs_the_night(role: Role, capsys: Any) -> None:
    database = make_url(role.shop.url).database
    statements = granted(role, capsys)
    script = (ROOT / "sql" / "grants" / f"{role.engine}.sql").read_text(encoding="utf-8")
    named = [one.replace(str(database), "shop").replace(role.name, "retention") for one in statements]
    assert split(script) == named
    assert "RET227" in findings(role.shop, capsys), "the administrator has too many rights"
    role.grant(statements)
    role.take_over()
    found = findings(role.shop, capsys)
    assert not {"RET226", "RET227", "RET228"} & set(found), found
    by_hand = {rule: role.shop.one(statement) for rule, statement in BY_HAND.items()}
    ran = role.shop.call(capsys, "run", "--json", *role.shop.accepts())
    assert ran.code == 0, ran.err
    assert all(rule["done"] == rule["planned"] for rule in ran.document["rules"])
    planned = {rule["id"]: rule["planned"] for rule in ran.document["rules"]}
    assert {rule: planned[rule] for rule in by_hand} == by_hand
    left = {**{rule: BY_HAND[rule] for rule in DELETED_BY_HAND}, **LEFT}
    assert {rule: role.shop.one(statement) for rule, statement in left.items()} == dict.fromkeys(left, 0)
    assert sum(rule["done"] for rule in ran.document["rules"]) > 100
    looked = role.shop.call(capsys, "verify", "--json", day=None)
    assert looked.code == 0, looked.out


def test_a_role_that_may_only_look_in_is_told_what_it_lacks(role: Role, capsys: Any) -> None:
    database = make_url(role.shop.url).database
    if role.engine == "postgresql":
        role.grant(
            [f"GRANT CONNECT ON DATABASE {database} TO {role.name}", f"GRANT USAGE ON SCHEMA public TO {role.name}"]
        )
    else:
        role.grant([f"GRANT SELECT ON {database}.member TO '{role.name}'@'%'"])
    own = [one.name for one in TABLES]
    role.take_over()
    checked = role.shop.call(capsys, "check", day=None)
    assert (checked.code, "retention init CONNECTION --grants ROLE" in checked.err) == (2, True), checked.err
    administer(role.administrator, *(f"DROP TABLE {name}" for name in own))
    refused = role.shop.call(capsys, "init", "shop_db", "--identity", "shop-demo", day=None)
    assert (refused.code, "as a role that may create tables" in refused.err) == (2, True), refused.err


def test_missing_rights_stop_the_rules_that_need_them_and_no_others(role: Role, capsys: Any) -> None:
    statements = granted(role, capsys)
    role.grant(statements)
    table = "public.login_log" if role.engine == "postgresql" else "login_log"
    account = role.name if role.engine == "postgresql" else f"'{role.name}'@'%'"
    administer(role.administrator, f"REVOKE DELETE ON {table} FROM {account}")
    role.take_over()
    missing = findings(role.shop, capsys)["RET226"]
    assert len(missing) == 1
    assert "rule logins" in missing[0]["what"]
    assert "DELETE on login_log" in missing[0]["what"]
    narrowed = ("--rule", "logins", "--rule", "advertising")
    ran = role.shop.call(capsys, "run", "--json", *narrowed, "--accept", "advertising=99999", "--by", "the tester")
    assert ran.code == 1
    status = {rule["id"]: rule["status"] for rule in ran.document["rules"]}
    assert status["logins"] == "refused"
    assert status["advertising"] in ("done", "nothing")
    administer(role.administrator, f"REVOKE INSERT ON {table.replace('login_log', 'retention_batch')} FROM {account}")
    missing = findings(role.shop, capsys)["RET226"]
    assert len(missing) == 20, "without markers nothing can be carried out"
    assert all("INSERT on retention_batch" in one["what"] for one in missing)


@pytest.mark.postgresql
def test_a_role_that_may_not_use_a_schema_is_told_so(postgresql_url: str, tmp_path: Path, capsys: Any) -> None:
    shop = make_shop(postgresql_url, tmp_path, members=2)
    role = Role(f"r{secrets.token_hex(5)}", "postgresql", shop)
    try:
        role.grant(granted(role, capsys))
        administer(
            shop.url,
            "CREATE SCHEMA aside",
            "CREATE TABLE aside.visit (id INTEGER PRIMARY KEY, at DATE)",
            "CREATE TABLE aside.page (id INTEGER PRIMARY KEY, visit INTEGER REFERENCES aside.visit (id))",
            f"GRANT SELECT, DELETE, UPDATE ON aside.visit, aside.page TO {role.name}",
        )
        shop.matrix = changed_matrix(
            tmp_path,
            ("  shop.course:", "  shop.aside.visit: {not_personal: [id]}\n  shop.course:"),
            (
                "rules:\n",
                "rules:\n  - id: old\n    table: shop.aside.visit\n    then: delete\n"
                "    keep: [{basis: pcsa_login, since: at}]\n",
            ),
        )
        shop.environment["RETENTION_CONFIG"] = str(shop.matrix)
        role.take_over()
        (missing,) = findings(shop, capsys)["RET226"]
        assert missing["what"] == "rule old: the role of shop_db has no USAGE on the schema aside"
        assert "--grants ROLE" in missing["do"]
        administer(role.administrator, f"REVOKE USAGE ON SCHEMA public FROM {role.name}")
        for command in ("check", "run"):
            refused = shop.call(capsys, command, day=None)
            assert (refused.code, "lacks USAGE on the schema public" in refused.err) == (2, True), refused.err
            assert "--grants ROLE" in refused.err
            assert "carries no identity" not in refused.err
        drawn = shop.call(capsys, "init", "shop_db", day=None)
        assert (drawn.code, "--grants ROLE" in drawn.err) == (2, True), drawn.err
        named = shop.call(capsys, "init", "shop_db", "--identity", "shop-demo", day=None)
        assert (named.code, "as a role that may create tables" in named.err) == (2, True), named.err
    finally:
        role.drop()


@pytest.mark.postgresql
def test_row_security_that_hides_rows_is_an_error(postgresql_url: str, tmp_path: Path, capsys: Any) -> None:
    shop = make_shop(postgresql_url, tmp_path, members=2)
    role = Role(f"r{secrets.token_hex(5)}", "postgresql", shop)
    try:
        role.grant(granted(role, capsys))
        administer(shop.url, "ALTER TABLE member ENABLE ROW LEVEL SECURITY")
        role.take_over()
        hidden = findings(shop, capsys)["RET228"]
        assert {one["severity"] for one in hidden} == {"error"}
        assert any("row security hides rows of shop.member from the role" in one["what"] for one in hidden)
        administer(role.administrator, "ALTER TABLE member DISABLE ROW LEVEL SECURITY")
        administer(role.administrator, "ALTER TABLE refund ENABLE ROW LEVEL SECURITY")
        held = [one["what"] for one in findings(shop, capsys)["RET228"]]
        assert any("which may keep rows of shop.payment" in one for one in held), held
    finally:
        role.drop()


@pytest.mark.mariadb
def test_a_table_that_the_role_may_not_see_is_not_emptied_behind_its_back(
    mariadb_url: str, tmp_path: Path, capsys: Any
) -> None:
    shop = make_shop(mariadb_url, tmp_path, members=12)
    role = Role(f"r{secrets.token_hex(5)}", "mariadb", shop)
    try:
        role.grant(granted(role, capsys))
        administer(
            shop.url,
            "CREATE TABLE `뒤 늦은` (id INT PRIMARY KEY, log_id BIGINT, "
            "FOREIGN KEY (log_id) REFERENCES login_log (id) ON DELETE CASCADE)",
            "INSERT INTO `뒤 늦은` SELECT id, id FROM login_log",
        )
        before = shop.one("SELECT count(*) FROM `뒤 늦은`")
        role.take_over()
        (unseen,) = findings(shop, capsys)["RET244"]
        assert "rule logins: " in unseen["what"] and "뒤 늦은 refers to shop.login_log" in unseen["what"]
        ran = shop.call(capsys, "run", "--json", "--rule", "logins")
        assert (ran.code, ran.document["rules"][0]["status"]) == (1, "refused")
        administer(role.administrator, f"REVOKE PROCESS ON *.* FROM '{role.name}'@'%'")
        blind = findings(shop, capsys)["RET244"]
        assert len(blind) > 1 and all("nobody can tell" in one["what"] for one in blind)
        shop.url = role.administrator
        assert shop.one("SELECT count(*) FROM `뒤 늦은`") == before > 0
    finally:
        role.drop()


def test_a_file_that_cannot_be_written_stops_its_rules(
    sqlite_url: str, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop(sqlite_url, tmp_path, members=2)
    assert "RET226" not in findings(shop, capsys)
    # The tests may run as a user who may write everything: the operating system's answer is put in its place.
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    assert len(findings(shop, capsys)["RET226"]) == 20


def test_grants_are_for_connections_of_the_matrix_and_engines_with_roles(
    sqlite_url: str, tmp_path: Path, capsys: Any
) -> None:
    shop = make_shop(sqlite_url, tmp_path, members=2)
    for connection, says in (("shop_db", "no roles"), ("other_db", "no such connection")):
        refused = shop.call(capsys, "init", connection, "--grants", "somebody", day=None)
        assert refused.code == 2
        assert says in refused.err


def test_names_are_quoted_as_the_engine_quotes(engine_url: str, tmp_path: Path, capsys: Any) -> None:
    shop = make_shop(engine_url, tmp_path, members=2)
    with shop.sql() as connection:
        mark = connection.dialect.identifier_preparer.initial_quote
        connection.exec_driver_sql(
            f"CREATE TABLE {mark}Order log{mark} (id INTEGER PRIMARY KEY, {mark}from{mark} DATE)"
        )
    shop.matrix = changed_matrix(
        tmp_path,
        ("  shop.course:", "  shop.Order log: {not_personal: [id]}\n  shop.course:"),
        (
            "rules:\n",
            "rules:\n  - id: old\n    table: shop.Order log\n    then: delete\n"
            "    keep: [{basis: pcsa_login, since: from}]\n",
        ),
    )
    shop.environment["RETENTION_CONFIG"] = str(shop.matrix)
    advice = findings(shop, capsys)["RET206"][0]["do"]
    index = "Order log_from"
    assert f"CREATE INDEX {mark}{index}{mark} ON {mark}Order log{mark} ({mark}from{mark})" in advice
    with shop.sql() as connection:
        connection.exec_driver_sql(advice.partition(": ")[2])
    assert "RET206" not in findings(shop, capsys)
    if engine_url.startswith("sqlite"):
        return
    printed = shop.call(capsys, "init", "shop_db", "--grants", "o'brien", day=None).out
    assert f"{mark}Order log{mark} TO " in printed
    assert ("TO 'o''brien'@'%';" if mark == "`" else 'TO "o\'brien";') in printed
