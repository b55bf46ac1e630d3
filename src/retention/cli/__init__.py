"""The command ``retention``: a thin shell over :mod:`retention.pipeline`."""

from retention.cli.main import main

__all__ = ["main"]
