"""What the common options say, and what commands open from it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from retention.ledger import Ledger
from retention.matrix.load import load
from retention.pipeline import Pipeline, environment_connections, wall_clock
from retention.pipeline.places import Places

_PIPE_WIDTH = 160


@dataclass
class State:
    """The common options of one call."""

    config: Path
    ledger: str
    lang: str
    json: bool
    debug: bool
    as_of: date | None
    rules: frozenset[str]
    databases: frozenset[str]
    limit_rows: int | None

    @property
    def out(self) -> Console:
        """Return the console for results: standard output, or standard error where that is JSON."""
        console = Console(stderr=self.json, highlight=False, soft_wrap=True)
        # In a pipe or a log nobody says how wide it is; a table cut to 80 columns can't be read.
        return console if console.is_terminal else Console(stderr=self.json, highlight=False, width=_PIPE_WIDTH)

    def progress(self, line: str) -> None:
        """Show a step on standard error."""
        Console(stderr=True, highlight=False, soft_wrap=True).print(line, style="dim", markup=False)

    def print_json(self, document: Any) -> None:
        """Print the one JSON document of a call."""
        print_json(document)

    @contextmanager
    def open_ledger(self, *, new: bool = True) -> Iterator[Ledger]:
        """Open the ledger; where it isn't ``new``, nothing is made of a mistyped name."""
        with replace(self.places, ledger_url=self.ledger).open_ledger(wall_clock, new=new) as ledger:
            yield ledger

    @contextmanager
    def open_pipeline(self, *, new: bool = True) -> Iterator[Pipeline]:
        """Load the matrix and open the ledger."""
        matrix, findings = load(self.config)
        with self.open_ledger(new=new) as ledger:
            yield Pipeline(
                matrix=matrix,
                findings=findings,
                ledger=ledger,
                connections=environment_connections(),
                key_ring=self.key_ring,
                now=wall_clock,
                databases=self.databases,
                rules=self.rules,
                progress=self.progress,
            )

    @property
    def places(self) -> Places:
        """Return the places that the environment names."""
        return Places.of(os.environ)

    @property
    def key_ring(self) -> Path:
        """Return where the key ring is."""
        return self.places.key_ring

    @property
    def reports(self) -> Path:
        """Return where reports are written."""
        return self.places.reports


def print_json(document: Any) -> None:
    """Print a JSON document on standard output."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
