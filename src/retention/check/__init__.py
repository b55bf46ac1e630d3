"""The matrix against each live database: what is missing, what doesn't fit, what would be slow."""

from retention.check.codes import CODES
from retention.check.database import check_binding, missing_from
from retention.check.named import narrowed

__all__ = ["CODES", "check_binding", "missing_from", "narrowed"]
