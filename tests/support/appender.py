"""A process that writes to a ledger and says of each entry that it is there: URL SECRETS TASK COUNT [record]."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from retention.errors import RetentionError
from retention.ledger import Ledger


def main(url: str, secrets: str, task: str, count: str, how: str = "append") -> None:
    ledger = Ledger.open(url, Path(secrets), lambda: datetime.now(UTC))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    chain = ledger.chain("r1", task)
    for number in range(int(count)):
        body = {"number": number, "task": task}
        entry = ledger.record("note", body) if how == "record" else chain.append("batch", body, bytes(16) * 500)
        sys.stdout.write(f"{entry.hash}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except RetentionError as error:
        sys.exit(str(error))
