"""What a value becomes: one transform a file, each with its parameters and its checks."""

from retention.surrogate.base import ColumnFacts, KeySource, Transform
from retention.surrogate.registry import SUPPORTED, build

__all__ = ["SUPPORTED", "ColumnFacts", "KeySource", "Transform", "build"]
