"""A first matrix from somebody's live schema: what is known is written, what is guessed is marked, no row is read."""

from retention.draft.draft import draft

__all__ = ["draft"]
