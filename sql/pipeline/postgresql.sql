-- The pipeline's own small tables beside the data, for PostgreSQL.
-- They hold no personal data but keys of rows; their role is in retention.database.own_tables.
-- Made by `retention init CONNECTION --identity NAME`; `--ddl` prints this file.

CREATE TABLE retention_identity (
    identity VARCHAR(200) NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    created_at VARCHAR(40) NOT NULL
);

CREATE TABLE retention_lease (
    unit VARCHAR(200) NOT NULL PRIMARY KEY,
    run VARCHAR(64) NOT NULL,
    epoch BIGINT NOT NULL,
    released INTEGER NOT NULL,
    taken_at VARCHAR(40) NOT NULL
);

CREATE TABLE retention_batch (
    run VARCHAR(64) NOT NULL,
    unit VARCHAR(200) NOT NULL,
    seq BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    rule VARCHAR(200) NOT NULL,
    row_count BIGINT NOT NULL,
    at VARCHAR(40) NOT NULL,
    PRIMARY KEY (run, unit, seq)
);

CREATE TABLE retention_done (
    rule VARCHAR(200) NOT NULL,
    row_key VARCHAR(255) NOT NULL,
    event_day VARCHAR(10) NOT NULL,
    done_on VARCHAR(10) NOT NULL,
    key_id VARCHAR(64),
    PRIMARY KEY (rule, row_key)
);

CREATE TABLE retention_clock (
    table_name VARCHAR(200) NOT NULL,
    row_key VARCHAR(255) NOT NULL,
    rule VARCHAR(200) NOT NULL,
    day VARCHAR(10) NOT NULL,
    PRIMARY KEY (table_name, row_key, rule)
);

CREATE TABLE retention_hold (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    table_name VARCHAR(200) NOT NULL,
    row_key VARCHAR(255) NOT NULL
);
CREATE INDEX retention_hold_key ON retention_hold (table_name, row_key);
