"""Somebody else at work on the database: point updates at a fixed rate, each timed. A process of its own.

``other`` changes rows that stay, and a time counts from when the update was to begin, so that one that had to wait for
the one before it isn't forgotten. ``same`` changes rows that are just being purged, and a time is the statement's own:
how long it waited for the row.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import threading
import time
from collections.abc import Callable

import psycopg
import pymysql
from sqlalchemy import URL, make_url

Update = Callable[[int], None]
_CALIBRATE = 1.0


def main() -> None:
    url, mode, low, high, rate_ = sys.argv[1:]
    update = _updater(make_url(url))
    draw = random.Random(7)
    pick = lambda: draw.randint(int(low), int(high))  # noqa: E731
    rate = float(rate_) or _a_quarter_of_what_it_can(update, pick)
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    sys.stderr.write("ready\n")
    sys.stderr.flush()
    samples: list[tuple[float, float]] = []
    began, number = time.monotonic(), 0
    while not stop.is_set():
        due = began + number / rate
        number += 1
        if (early := due - time.monotonic()) > 0:
            time.sleep(early)
        started = time.monotonic()
        update(pick())
        samples.append((started, time.monotonic() - (due if mode == "other" else started)))
    print(json.dumps({"rate": rate, "samples": samples}))


def _a_quarter_of_what_it_can(update: Update, pick: Callable[[], int]) -> float:
    number, until = 0, time.monotonic() + _CALIBRATE
    while time.monotonic() < until:
        update(pick())
        number += 1
    return max(1.0, min(1500.0, number / _CALIBRATE / 4))


def _updater(url: URL) -> Update:
    host, port, user, name = url.host, url.port, url.username, url.database
    if url.get_backend_name() == "sqlite":
        file = sqlite3.connect(str(name), isolation_level=None, timeout=60)
        return lambda key: file.execute("UPDATE login_log SET result = 'seen' WHERE id = ?", (key,)).close()
    if url.get_backend_name() == "postgresql":
        postgresql = psycopg.connect(host=host, port=port, user=user, dbname=name, autocommit=True)
        return lambda key: postgresql.execute("UPDATE login_log SET result = 'seen' WHERE id = %s", (key,)).close()
    mariadb = pymysql.connect(host=host, port=port, user=user, database=name, autocommit=True).cursor()
    return lambda key: mariadb.execute("UPDATE login_log SET result = 'seen' WHERE id = %s", (key,)) and None


if __name__ == "__main__":
    main()
