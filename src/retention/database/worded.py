"""A condition on one column whose words are written once: a check of some forty nodes becomes one in each statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Boolean, Dialect, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import InternalTraversal

from retention.database.reading import Sql

_COLUMN = "<<column>>"


class Worded(FunctionElement[bool]):
    """A condition of ``words`` on a column."""

    type = Boolean()
    inherit_cache = True
    _traverse_internals = [*FunctionElement._traverse_internals, ("words", InternalTraversal.dp_string)]  # noqa: RUF012

    def __init__(self, words: str, column: Sql) -> None:
        super().__init__(column)
        self.words = words


def words_of(condition: Callable[[Sql], Sql], dialect: Dialect) -> str:
    """Return the words of a condition whose only values are its own constants."""
    text = condition(literal_column(_COLUMN))
    return f"({text.compile(dialect=dialect, compile_kwargs={'literal_binds': True})})"


@compiles(Worded)
def _write(element: Worded, compiler: Any, **options: Any) -> str:
    return element.words.replace(_COLUMN, compiler.process(element.clause_expr.element, **options))
