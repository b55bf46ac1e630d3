"""What the grammar's models are made from: mappings without unknown keys, days, periods and names."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

DEFAULTS = frozenset({"file", "approval", "proof"})
"""Keys of words that may be left blank: their default is the careful one."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Written(BaseModel):
    """A mapping of the matrix: unknown keys are findings, and no value is bent into another kind."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, data: Any) -> Any:
        """Take an empty list or mapping that was left blank for what is meant, and some words for their default."""
        if not isinstance(data, dict) or None not in data.values():
            return data
        blank = _collections(cls) | DEFAULTS
        return {key: value for key, value in data.items() if value is not None or key not in blank}


@cache
def _collections(model: type[BaseModel]) -> frozenset[str]:
    """Return the keys that stand for an empty list or mapping where they are left out."""
    return frozenset(
        info.alias or name
        for name, info in model.model_fields.items()
        if not info.is_required() and isinstance(info.get_default(call_default_factory=True), (list, dict, BaseModel))
    )


def _day(value: Any) -> Any:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("write a day as YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"the calendar has no {value}") from None


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day, ``YYYY-MM-DD``."""

Name = Annotated[str, Field(min_length=1)]
"""A text that isn't empty."""

_PERIOD = r"^P(?=[0-9])([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?$"
Period = Annotated[str, WithJsonSchema({"type": "string", "pattern": _PERIOD, "examples": ["P5Y", "P3M", "P0D"]})]
"""An ISO 8601 period in years, months, weeks and days. Whether it is one is told with the other periods."""
