"""What the tests of carrying out share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bench import Bench


@pytest.fixture
def bench(engine_url: str, tmp_path: Path) -> Iterator[Bench]:
    """An empty database on each engine, to be planned and purged in."""
    bench = Bench(engine_url, tmp_path)
    yield bench
    bench.close()
