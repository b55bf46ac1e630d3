"""A query of somebody's own that gives one number."""

from __future__ import annotations

import math

from sqlalchemy import Connection

from retention.errors import DatabaseFault


def probe(connection: Connection, sql: str) -> float:
    """Return the number; a text that is one counts, since engines keep their own figures as texts.

    Raises:
        DatabaseFault: it gave no number, or more than one value.
    """
    # The text is sent as it was written: a colon or a percent sign in it stands for nothing.
    rows = connection.exec_driver_sql(sql, execution_options={"no_parameters": True}).fetchmany(2)
    try:
        ((value,),) = rows
        number = float(value)
    except (TypeError, ValueError):
        raise DatabaseFault("it has to give one number") from None
    if math.isnan(number):
        raise DatabaseFault("it has to give one number")
    return number
