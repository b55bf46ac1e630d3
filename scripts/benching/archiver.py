"""pt-archiver (Percona Toolkit) at its best settings for a purge."""

from __future__ import annotations

import re
import shutil
import subprocess
import time

from sqlalchemy import make_url

from benching.contest import Broken, Figure
from benching.shapes import CUTOFF

LIMIT = 10_000
_COUNT = re.compile(r"^DELETE (\d+)$", re.MULTILINE)
_TIME = re.compile(r"^\S+\s+\d+\s+([\d.]+)\s+[\d.]+$", re.MULTILINE)


def installed() -> bool:
    """Whether pt-archiver is there."""
    return shutil.which("pt-archiver") is not None


def archiver(url: str, expected: int) -> Figure:
    """Purge the login log with it. Its seconds are those of its own statistics: Perl's start isn't counted.

    Raises:
        Broken: it didn't take exactly the rows that have lapsed.
    """
    where = make_url(url)
    password = f",p={where.password}" if where.password else ""
    command = [
        "pt-archiver",
        "--source", f"h={where.host},P={where.port},u={where.username}{password},D={where.database},t=login_log",
        "--where", f"logged_in_at < '{CUTOFF}'",
        "--purge", "--bulk-delete", "--limit", str(LIMIT), "--commit-each", "--primary-key-only",
        "--no-check-charset", "--no-version-check", "--statistics",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ended = time.monotonic()
    count = _COUNT.search(done.stdout)
    if done.returncode or count is None or int(count[1]) != expected:
        raise Broken(f"pt-archiver took other rows than the {expected} that have lapsed:\n{done.stdout}{done.stderr}")
    seconds = sum(float(one) for one in _TIME.findall(done.stdout))
    return Figure(expected, seconds, None, ended - seconds, ended)
