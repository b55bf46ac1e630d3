"""Partitioned tables: rows go as from any other, and partitions that are empty and past are dropped where asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from plan.random_schema import AS_OF
from plan.steps import Steps, ledger_in
from retention.execute.context import Outcome
from support.identity import identify

OLD, YOUNG = AS_OF.replace(year=AS_OF.year - 2), AS_OF
YEARS = range(AS_OF.year - 3, AS_OF.year + 2)
MARIADB = {
    "DATE": "RANGE COLUMNS (at) ({})",
    "DATETIME": "RANGE (TO_DAYS(at)) ({})",
    "TIMESTAMP NOT NULL DEFAULT '2000-01-01'": "RANGE (UNIX_TIMESTAMP(at)) ({})",
    "INT": "RANGE (at) ({})",
}
BOUND = {
    "DATE": "('{}-01-01')",
    "DATETIME": "(TO_DAYS('{}-01-01'))",
    "TIMESTAMP NOT NULL DEFAULT '2000-01-01'": "(UNIX_TIMESTAMP('{}-01-01'))",
    "INT": "({}0101)",
}


class Log:
    """A log partitioned by years, a few rows of each up to now, and a rule of thirty days."""

    def __init__(self, url: str, folder: Path, opened: ExitStack, type_: str) -> None:
        self.engine = create_engine(url, poolclass=NullPool)
        self.postgresql = make_url(url).get_backend_name() == "postgresql"
        day = "{:%Y%m%d}" if type_ == "INT" else "'{:%Y-%m-%d}'"
        bound = BOUND["DATE" if self.postgresql else type_]
        slices = ", ".join(f"PARTITION y{year} VALUES LESS THAN {bound.format(year + 1)}" for year in YEARS)
        if self.postgresql:
            self.do(f"CREATE TABLE log (id INTEGER, at {type_.split(maxsplit=1)[0].replace('DATETIME', 'TIMESTAMP')}, "
                    "PRIMARY KEY (id, at)) PARTITION BY RANGE (at)")  # fmt: skip
            for year in YEARS:
                low, high = bound.format(year), bound.format(year + 1)
                self.do(f"CREATE TABLE y{year} PARTITION OF log FOR VALUES FROM {low} TO {high}")
        else:
            self.do(f"CREATE TABLE log (id INTEGER, at {type_}, PRIMARY KEY (id, at)) "
                    f"PARTITION BY {MARIADB[type_].format(slices)}")  # fmt: skip
        days = [OLD, OLD.replace(year=OLD.year - 1), AS_OF.replace(month=1, day=5), YOUNG]
        rows = ", ".join(f"({number}, {day.format(one)})" for number, one in enumerate(days))
        self.do(f"INSERT INTO log (id, at) VALUES {rows}")
        self.steps = Steps(url, folder / "matrix.yaml", opened.enter_context(ledger_in(folder)))
        clock = {"column": "at", "as": "yyyymmdd"} if type_ == "INT" else "at"
        matrix = {
            "version": 1, "timezone": "Asia/Seoul", "organisation": {"name": "somebody"}, "classification": "advised",
            "databases": {"db": {"connection": "db", "identity": "log", "zone": "Asia/Seoul"}},
            "legal_bases": {"days": {"statute": "an act", "article": "1", "keep": "P30D", "roll_holidays": False}},
            "tables": {"db.log": {}},
            "rules": [{"id": "logs", "table": "db.log", "keep": [{"basis": "days", "since": clock}], "then": "delete",
                       "approval": "never", "drop_partitions": True}],
        }  # fmt: skip
        (folder / "matrix.yaml").write_text(yaml.safe_dump(matrix))
        identify(url, "log")

    def run(self) -> Outcome:
        return self.steps.run(AS_OF)[1]["logs"]

    def do(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    def partitions(self) -> list[str]:
        query = (
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'log'::regclass"
            if self.postgresql
            else "SELECT partition_name FROM information_schema.partitions WHERE table_name = 'log' "
            "AND table_schema = database()"
        )
        with self.engine.connect() as connection:
            return sorted(connection.execute(text(query)).scalars())

    def left(self) -> int:
        with self.engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM log").scalar_one())


@pytest.fixture(params=[
    pytest.param(("postgresql", "DATE"), marks=pytest.mark.postgresql),
    pytest.param(("postgresql", "DATETIME"), marks=pytest.mark.postgresql),
    *(pytest.param(("mariadb", type_), marks=pytest.mark.mariadb) for type_ in MARIADB),
])  # fmt: skip
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    engine, type_ = request.param
    with ExitStack() as opened:
        yield Log(request.getfixturevalue(f"{engine}_url"), tmp_path, opened, type_)


on_dates = pytest.mark.parametrize(
    "log",
    [
        pytest.param(("postgresql", "DATE"), marks=pytest.mark.postgresql),
        pytest.param(("mariadb", "DATE"), marks=pytest.mark.mariadb),
    ],
    indirect=True,
)


def test_what_is_empty_and_past_is_dropped_and_nothing_else(log: Log) -> None:
    outcome = log.run()
    assert (outcome.status, outcome.done, log.left()) == ("done", 3, 1)
    years = [f"y{year}" for year in YEARS]
    assert list(outcome.partitions) == years[:3], "three years are past; this one and the next are not"
    assert log.partitions() == years[3:]
    assert outcome.as_json()["partitions_dropped"] == years[:3]
    assert not log.run().partitions


@on_dates
def test_a_partition_with_a_row_that_stays_stays(log: Log) -> None:
    year = f"y{OLD.year}"
    log.do("DELETE FROM log WHERE id <> 0")
    log.do("UPDATE log SET id = -1 WHERE id = 0")
    matrix = log.steps.matrix.read_text()
    log.steps.matrix.write_text(matrix.replace("table: db.log\n", "table: db.log\n  where: id >= 0\n"))
    outcome = log.run()
    assert outcome.done == 0
    assert year in log.partitions()
    assert year not in outcome.partitions


@on_dates
def test_somebody_at_work_on_the_table_is_not_waited_for(log: Log) -> None:
    with log.engine.connect() as other:
        with other.begin():
            other.exec_driver_sql("SELECT * FROM log WHERE id = 3").all()
            outcome = log.run()
        assert (outcome.status, outcome.done, list(outcome.partitions)) == ("done", 3, [])
        assert [line for line in log.steps.told if "stays: " in line]
    assert len(log.run().partitions) == 3
