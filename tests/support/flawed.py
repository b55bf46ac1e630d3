"""A schema full of things that a check should see, for each engine."""

from __future__ import annotations

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from support.identity import identify

TABLES = """
CREATE TABLE member (id INTEGER PRIMARY KEY, login_id VARCHAR(40) NOT NULL UNIQUE, name VARCHAR(60) NOT NULL,
  nick VARCHAR(20), full_name VARCHAR(60) GENERATED ALWAYS AS (name) STORED, born DATE NOT NULL, status VARCHAR(20),
  level INTEGER, left_at {when}, done_at {when} NOT NULL, passport VARCHAR(20), UNIQUE (name, born));
CREATE TABLE plain (at {when}, note VARCHAR(20));
CREATE TABLE loose (id INTEGER, code VARCHAR(20) UNIQUE, at {when});
CREATE TABLE twice (id INTEGER PRIMARY KEY, code VARCHAR(20) NOT NULL, at {when});
CREATE TABLE coupon (id INTEGER PRIMARY KEY, no INTEGER, member_id INTEGER, seller_id INTEGER, used_at {when},
  FOREIGN KEY (member_id) REFERENCES member (id), FOREIGN KEY (seller_id) REFERENCES member (id));
CREATE TABLE orders (id INTEGER PRIMARY KEY, member_id INTEGER, coupon_no VARCHAR(20), status VARCHAR(20),
  closed_at {when});
CREATE TABLE order_note (id INTEGER PRIMARY KEY, order_id INTEGER, FOREIGN KEY (order_id) REFERENCES orders (id));
CREATE TABLE point (id INTEGER PRIMARY KEY, order_id INTEGER, at {when},
  FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE);
CREATE TABLE gift (id INTEGER PRIMARY KEY, order_id INTEGER, at {when},
  FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE SET NULL);
CREATE TABLE review (id INTEGER PRIMARY KEY, author VARCHAR(40), body VARCHAR(200), at {when},
  FOREIGN KEY (author) REFERENCES member (login_id));
CREATE TABLE log (id INTEGER PRIMARY KEY, login_id VARCHAR(40), kind VARCHAR(20), day VARCHAR(10), at {when});
CREATE TABLE visit (id INTEGER PRIMARY KEY, login_id VARCHAR(40), kind VARCHAR(20), page VARCHAR(200), at {when},
  updated_at {when}, FOREIGN KEY (login_id) REFERENCES member (login_id));
CREATE TABLE stray (id INTEGER PRIMARY KEY, note VARCHAR(200));
CREATE INDEX plain_at ON plain (at);
CREATE INDEX loose_at ON loose (at);
CREATE INDEX twice_at ON twice (at);
CREATE INDEX coupon_member ON coupon (member_id);
CREATE INDEX coupon_seller ON coupon (seller_id);
CREATE INDEX coupon_used ON coupon (used_at);
CREATE INDEX orders_closed ON orders (closed_at);
CREATE INDEX order_note_order ON order_note (order_id);
CREATE INDEX point_order ON point (order_id);
CREATE INDEX point_at ON point (at);
CREATE INDEX gift_order ON gift (order_id);
CREATE INDEX gift_at ON gift (at);
CREATE INDEX review_author ON review (author);
CREATE INDEX review_at ON review (at);
CREATE INDEX log_at ON log (at);
CREATE INDEX visit_login ON visit (login_id);
CREATE INDEX visit_at ON visit (at);
CREATE INDEX visit_updated ON visit (updated_at)
"""
TRIGGERS = {
    "sqlite": [
        "CREATE TRIGGER orders_history AFTER DELETE ON orders BEGIN INSERT INTO stray (note) VALUES (OLD.status); END",
        "CREATE TRIGGER log_touch AFTER UPDATE ON log BEGIN UPDATE log SET at = '2026' WHERE id = NEW.id; END",
    ],
    "postgresql": [
        "CREATE FUNCTION copies() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO stray (id, note) VALUES (OLD.id, OLD.status); RETURN OLD; END $$",
        "CREATE TRIGGER orders_history BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION copies()",
        "CREATE FUNCTION touches() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := now(); RETURN NEW; END $$",
        "CREATE TRIGGER log_touch BEFORE UPDATE ON log FOR EACH ROW EXECUTE FUNCTION touches()",
    ],
    "mariadb": [
        "CREATE TRIGGER orders_history AFTER DELETE ON orders FOR EACH ROW "
        "INSERT INTO stray (id, note) VALUES (OLD.id, OLD.status)",
        "CREATE TRIGGER log_touch BEFORE UPDATE ON log FOR EACH ROW SET NEW.at = NOW()",
    ],
}


def make(url: str, identity: str = "shop-1") -> None:
    """Make the schema and give the database its identity."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        name = "mariadb" if connection.dialect.name in ("mysql", "mariadb") else connection.dialect.name
        _make(connection, name)
    identify(url, identity)


def _make(connection: Connection, name: str) -> None:
    when = {"mariadb": "DATETIME"}.get(name, "TIMESTAMP")
    statements = TABLES.replace("{when}", when).split(";\n")
    for statement in [*statements, *TRIGGERS[name]]:
        connection.exec_driver_sql(statement)
