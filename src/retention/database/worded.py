"""Words on one column, written once: a check of some forty nodes becomes one in each statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Boolean, Dialect, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeEngine

from retention.database.reading import Sql

COLUMN = "<<column>>"


class Worded(FunctionElement[Any]):
    """What ``words`` say of a column: a condition, unless another type is given."""

    inherit_cache = True
    _traverse_internals = [*FunctionElement._traverse_internals, ("words", InternalTraversal.dp_string)]  # noqa: RUF012

    def __init__(self, words: str, column: Sql, type_: TypeEngine[Any] | None = None) -> None:
        super().__init__(column)
        self.type = type_ or Boolean()
        self.words = words


def words_of(condition: Callable[[Sql], Sql], dialect: Dialect) -> str:
    """Return the words of a condition whose only values are its own constants."""
    text = condition(literal_column(COLUMN))
    return f"({text.compile(dialect=dialect, compile_kwargs={'literal_binds': True})})"


@compiles(Worded)
def _write(element: Worded, compiler: Any, **options: Any) -> str:
    return element.words.replace(COLUMN, compiler.process(element.clause_expr.element, **options))
