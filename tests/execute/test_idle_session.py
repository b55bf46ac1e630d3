"""The session that holds a lease's lock does nothing for hours: it is asked now and then, and may be lost."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from retention.database import lease
from retention.database.lease import Lease
from retention.errors import BrokeOff
from support.bench import Bench, Chain
from support.engines import SERVERS

AS_OF = date(2026, 11, 24)

pytestmark = pytest.mark.parametrize("engine_url", SERVERS, indirect=True)


@pytest.fixture
def matrix(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A log of due rows; the session that holds the lock is cut in one of the first batches."""
    bench.do(["CREATE TABLE log (id BIGINT PRIMARY KEY, seen_on DATE NOT NULL)"])
    bench.do([f"INSERT INTO log VALUES {', '.join(f'({n}, {chr(39)}2020-05-05{chr(39)})' for n in range(300))}"])
    own = "pg_backend_pid()" if bench.engine == "postgresql" else "connection_id()"
    kill = "SELECT pg_terminate_backend({})" if bench.engine == "postgresql" else "KILL {}"
    check, checks = Lease.check, list[int]()

    def cut(self: Lease, connection: Any) -> None:
        check(self, connection)
        checks.append(1)
        if len(checks) == 4:
            session = self.holder.connection.execute(text(f"SELECT {own}")).scalar()
            with bench.database.engine.connect() as other:
                other.execution_options(isolation_level="AUTOCOMMIT").execute(text(kill.format(session)))

    monkeypatch.setattr(Lease, "check", cut)
    return bench.one_rule()


def _left(bench: Bench) -> int:
    return int(bench.all("SELECT count(*) FROM log")[0][0])


def test_a_unit_that_is_done_with_ends_well_without_it(bench: Bench, matrix: Any) -> None:
    chain = Chain()
    assert bench.run(matrix, AS_OF, chain=chain, batch_rows=50)["log"].status == "done"
    assert (_left(bench), chain.entries[-1][0]) == (0, "unit_ended")
    assert bench.all("SELECT released FROM retention_lease") == [(1,)]


def test_a_unit_at_work_finds_that_it_is_lost_and_the_next_run_ends_it(
    bench: Bench, matrix: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "_IDLE", 0.0)
    with pytest.raises(BrokeOff, match="connection is lost"):
        bench.run(matrix, AS_OF, batch_rows=50)
    assert 0 < _left(bench) < 300
    assert bench.run(matrix, AS_OF, batch_rows=50)["log"].status == "done"
    assert _left(bench) == 0
