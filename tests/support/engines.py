"""The engines that have a server, as parameters of tests."""

from __future__ import annotations

import pytest

SERVERS = [
    pytest.param("postgresql", marks=pytest.mark.postgresql),
    pytest.param("mariadb", marks=pytest.mark.mariadb),
]
