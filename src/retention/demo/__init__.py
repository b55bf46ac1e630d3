"""The demo shop: eight years of an online-education shop, made up, at any size and the same for the same seed."""

from retention.demo.shop import build_shop

__all__ = ["build_shop"]
