"""What the database itself says to a rule's condition, before anything is counted by it.

On an engine with strict types a comparison that it refuses would break off the whole night, whichever rule it is of.
"""

from __future__ import annotations

from sqlalchemy import literal, select

from retention.errors import DatabaseFault
from retention.matrix.binding import Binding
from retention.matrix.expression import compile_where
from retention.matrix.model import Rule


def refusal(binding: Binding, rule: Rule) -> str | None:
    """Return why the database can't select rows by the rule's ``where``; None where it can. No row is read.

    A right that is missing is no fault of the condition, and told elsewhere.

    Raises:
        DatabaseFault: the database was lost, or is too busy to say.
        KeyError: a column isn't the table's.
    """
    if rule.where is None:
        return None
    table = binding.shape(rule.table).sql
    try:
        with binding.database.planning() as connection:
            query = select(literal(1)).select_from(table).where(compile_where(rule.where, table))
            # To explain it an engine has to take every constant for what its column holds.
            binding.database.dialect.indexes_used(connection, query)
    except DatabaseFault as fault:
        if fault.lost or fault.retryable:
            raise
        return None if fault.denied else f"it can't be compared so; {fault}"
    except (TypeError, ValueError, OverflowError) as problem:
        # A driver that can't send a constant says so by an error of its own, perhaps with the constant in it.
        return f"its driver can't send a constant of it ({type(problem).__name__})"
    return None
