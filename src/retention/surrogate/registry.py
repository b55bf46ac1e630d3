"""The transforms by the name the matrix gives them."""

from __future__ import annotations

from typing import Any

from retention.errors import Refused
from retention.surrogate.base import ColumnFacts, KeySource, Transform
from retention.surrogate.constant import Constant
from retention.surrogate.date_shift import DateShift
from retention.surrogate.fake import Fake
from retention.surrogate.format_preserving import FormatPreserving
from retention.surrogate.generalize import Generalize
from retention.surrogate.json_paths import JsonPaths
from retention.surrogate.keep import Keep
from retention.surrogate.mask import Mask
from retention.surrogate.null import Null
from retention.surrogate.python_function import PythonFunction
from retention.surrogate.redact import Redact
from retention.surrogate.token import Token
from retention.surrogate.truncate import Truncate

_NAMED: dict[str, type[Transform]] = {
    "null": Null,
    "constant": Constant,
    "keep": Keep,
    "mask": Mask,
    "truncate": Truncate,
    "token": Token,
    "fake": Fake,
    "generalize": Generalize,
    "date_shift": DateShift,
    "format_preserving": FormatPreserving,
    "redact": Redact,
    "python": PythonFunction,
}
PATHS = "paths"
"""How the typed matrix names a mapping of paths to transforms, which has no name of its own."""
SUPPORTED = frozenset({*_NAMED, PATHS})


def build(name: str, argument: Any, column: ColumnFacts, keys: KeySource | None) -> Transform:
    """Return the transform of that name for a column.

    Raises:
        Refused: there is no transform of that name.
    """
    if name == PATHS:
        return JsonPaths(argument, column, keys, build)
    try:
        return _NAMED[name](argument, column, keys)
    except KeyError:
        raise Refused(f"there is no transform {name}; use one of {', '.join(sorted(_NAMED))}") from None
