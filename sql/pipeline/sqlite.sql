-- The pipeline's own small tables beside the data, for SQLite.
-- They hold no personal data but keys of rows; their role is in retention.database.own_tables.
-- Made by `retention init CONNECTION --identity NAME`; `--ddl` prints this file.

CREATE TABLE retention_identity (
    identity TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL
);

CREATE TABLE retention_lease (
    unit TEXT NOT NULL PRIMARY KEY,
    run TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    released INTEGER NOT NULL,
    taken_at TEXT NOT NULL
);

CREATE TABLE retention_batch (
    run TEXT NOT NULL,
    unit TEXT NOT NULL,
    seq BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    rule TEXT NOT NULL,
    row_count BIGINT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (run, unit, seq)
);

CREATE TABLE retention_done (
    rule TEXT NOT NULL,
    row_key TEXT NOT NULL,
    event_day TEXT NOT NULL,
    done_on TEXT NOT NULL,
    key_id TEXT,
    PRIMARY KEY (rule, row_key)
);

CREATE TABLE retention_clock (
    table_name TEXT NOT NULL,
    row_key TEXT NOT NULL,
    rule TEXT NOT NULL,
    day TEXT NOT NULL,
    PRIMARY KEY (table_name, row_key, rule)
);

CREATE TABLE retention_hold (
    id INTEGER PRIMARY KEY,
    table_name TEXT NOT NULL,
    row_key TEXT NOT NULL
);
CREATE INDEX retention_hold_key ON retention_hold (table_name, row_key);
