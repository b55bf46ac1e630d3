"""Texts for random cases."""

from __future__ import annotations

from hypothesis import strategies as st


def texts(*, min_size: int = 0, max_size: int | None = None) -> st.SearchStrategy[str]:
    """Draw texts of every character there is but halves of surrogate pairs, as ``st.text`` does.

    That one asks a codec for each of a million characters first, which takes every process seconds.
    """
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=min_size, max_size=max_size)
