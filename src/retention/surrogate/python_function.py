"""``{python: module:function}``: a transform of your own."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pandas as pd

from retention.errors import Refused
from retention.surrogate.base import Transform

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


class PythonFunction(Transform):
    """Call ``function(values, subjects)`` of an importable module for each batch.

    It gets two Series of one length, the values (nulls among them) and whose they are, and gives back as many new
    values in the same order. A null stays null whatever it gives. What it raises is told by its type alone, since
    the text may hold a value; the batch is then rolled back and the rule refused. Whether it is one to one nobody can
    know, so a unique column is refused. The matrix's digest doesn't cover the function: a changed one isn't noticed.
    """

    by_subject = True

    def prepare(self) -> None:
        """Import the function."""
        self._function()

    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return what the function gives.

        Raises:
            Refused: it can't be imported, it failed, or it gave another number of values.
        """
        try:
            given = self._function()(values.copy(), subjects.copy())
            new = list(given)
        except (Exception, SystemExit) as error:
            raise Refused(
                f"{self._label}: it failed with {type(error).__name__}; try it on values of your own"
            ) from None
        if len(new) != len(values):
            what = f"it gave {len(new)} values for {len(values)}"
            raise Refused(f"{self._label}: {what}; give back as many as it gets, in their order")
        kept = [None if missing else value for value, missing in zip(new, values.isna(), strict=True)]
        return pd.Series(kept, index=values.index, dtype=object)

    def problems(self) -> list[str]:
        """Refuse what names no function, and a function that isn't there."""
        if not isinstance(self.argument, str) or not _NAME.fullmatch(self.argument):
            return ["python takes module:function"]
        try:
            function = self._function()
        except (Exception, SystemExit) as error:
            return [f"{self._label} can't be imported ({type(error).__name__}); put its module on PYTHONPATH"]
        return [] if callable(function) else [f"{self._label} is no function"]

    @property
    def _label(self) -> str:
        return f"python: {self.argument}"

    def _function(self) -> Callable[[pd.Series, pd.Series], Any]:
        module, name = str(self.argument).split(":")
        found: Callable[[pd.Series, pd.Series], Any] = getattr(import_module(module), name)
        return found
