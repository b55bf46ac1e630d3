"""The transforms by the name the matrix gives them."""

from __future__ import annotations

from typing import Any

from retention.errors import Refused
from retention.surrogate.base import ColumnFacts, KeySource, Transform
from retention.surrogate.constant import Constant
from retention.surrogate.generalize import Generalize
from retention.surrogate.keep import Keep
from retention.surrogate.mask import Mask
from retention.surrogate.null import Null
from retention.surrogate.token import Token
from retention.surrogate.truncate import Truncate

_PLAIN: dict[str, type[Transform]] = {
    "null": Null,
    "constant": Constant,
    "keep": Keep,
    "mask": Mask,
    "truncate": Truncate,
    "generalize": Generalize,
}
SUPPORTED = frozenset({*_PLAIN, "token"})


def build(name: str, argument: Any, *, column: ColumnFacts, keys: KeySource | None) -> Transform:
    """Return the transform of that name for a column.

    Raises:
        Refused: there is no transform of that name.
    """
    if name == "token":
        return Token(argument, column, keys)
    try:
        return _PLAIN[name](argument, column)
    except KeyError:
        raise Refused(f"there is no transform {name}; use one of {', '.join(sorted(SUPPORTED))}") from None
