"""What every task of a night opens, and the border that its errors cross."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from retention.errors import MatrixRefused, RetentionError

if TYPE_CHECKING:
    from retention.ledger import Ledger
    from retention.pipeline import Pipeline


class Log(Protocol):
    """What a task writes its log with."""

    def info(self, event: Any, *arguments: Any) -> Any:
        """Write a line."""

    def error(self, event: Any, *arguments: Any) -> Any:
        """Write a line about something wrong."""


@contextmanager
def one_line(log: Log) -> Iterator[None]:
    """Turn an error into one line without a value in it, cut off from what caused it.

    What a task raises goes into its log, its callbacks and Airflow's database, and drivers put row values into their
    messages. Of an error that nobody foresaw only its type and the places in the code are told.

    Raises:
        AirflowException: in place of any other error; a matrix that can't be used isn't tried again.
    """
    try:
        yield
    except AirflowException:
        raise
    except MatrixRefused as problem:
        raise AirflowFailException(str(problem)) from None
    except RetentionError as problem:
        raise AirflowException(str(problem)) from None
    except Exception as error:
        _tell_where(error, log)
        raise AirflowException(f"internal error ({type(error).__name__}); please report it") from None


def _tell_where(error: Exception, log: Log) -> None:
    for frame in traceback.extract_tb(error.__traceback__):
        log.error("%s:%s in %s", frame.filename, frame.lineno, frame.name)


@contextmanager
def open_ledger() -> Iterator[Ledger]:
    """Open the ledger that the environment names.

    Raises:
        Refused: it can't be used, or is out of reach.
    """
    from retention.pipeline import wall_clock
    from retention.pipeline.places import Places

    with Places.of(os.environ).open_ledger(wall_clock) as ledger:
        yield ledger


@contextmanager
def open_pipeline(matrix: str, log: Log, rules: frozenset[str] = frozenset()) -> Iterator[Pipeline]:
    """Load the matrix and open the ledger; databases are looked up among Airflow's connections.

    Raises:
        MatrixRefused: the matrix can't be used.
        Refused: the ledger can't be used.
    """
    from pathlib import Path

    from retention.airflow.connections import airflow_connection
    from retention.matrix.load import load
    from retention.pipeline import Pipeline
    from retention.pipeline.places import Places

    loaded, findings = load(Path(matrix))
    with open_ledger() as ledger:
        yield Pipeline(
            matrix=loaded,
            findings=findings,
            ledger=ledger,
            connections=airflow_connection,
            key_ring=Places.of(os.environ).key_ring,
            rules=rules,
            progress=log.info,
        )
