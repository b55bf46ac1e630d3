"""The ledger's tables, append-only by trigger where the engine lets any owner make one."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = ("ledger_entry", "ledger_closing")


def upgrade() -> None:
    large = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")
    body = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
    # A server's own default may be an engine without transactions.
    wanted = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
    options: dict[str, Any] = {f"{name}_{one}": value for name in ("mysql", "mariadb") for one, value in wanted.items()}
    op.create_table(
        "ledger_entry",
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("task", sa.String(200), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("entry_key", sa.String(200)),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("body", body, nullable=False),
        sa.Column("blob_sha256", sa.String(64)),
        sa.Column("packed", large),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("run", "task", "seq"),
        **options,
    )
    op.create_index("ledger_entry_kind_key", "ledger_entry", ["kind", "entry_key"])
    op.create_table(
        "ledger_closing",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.Column("public_key", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        **options,
    )
    engine = op.get_bind().dialect.name
    if engine == "sqlite":
        for table in _TABLES:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
                )
    elif engine == "postgresql":
        op.execute(
            "CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
        )
        for table in _TABLES:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()"
            )
