"""What a value becomes: one transform a file, each with its parameters and its checks."""

from retention.surrogate.base import ColumnFacts, KeySource, Transform
from retention.surrogate.registry import PATHS, SUPPORTED, build

__all__ = ["PATHS", "SUPPORTED", "ColumnFacts", "KeySource", "Transform", "build"]
