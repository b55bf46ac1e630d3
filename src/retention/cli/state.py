"""What the common options say, and what commands open from it."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from retention.errors import Refused
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
        console = _plain(stderr=self.json, soft_wrap=True)
        # In a pipe or a log nobody says how wide it is; a table cut to 80 columns can't be read.
        return console if console.is_terminal else _plain(stderr=self.json, width=_PIPE_WIDTH)

    def progress(self, line: str) -> None:
        """Show a step on standard error."""
        _plain(stderr=True, soft_wrap=True).print(line, style="dim")

    def trace(self, error: Exception) -> None:
        """Show on standard error where an error came from, where that is asked for: its text may hold values."""
        if self.debug:
            traceback.print_exception(error)

    def print_json(self, document: Any) -> None:
        """Print the one JSON document of a call."""
        print_json(document)

    def tell(self, document: Mapping[str, Any], text: str) -> None:
        """Print what came of a command: its JSON document, or a text as it is."""
        if self.json:
            print_json(document)
        else:
            typer.echo(text)

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
                trace=self.trace,
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


def _plain(**options: Any) -> Console:
    """Return a console that shows texts, in tables too, as they were written: `[case 12]` is a reason, not a style."""
    return Console(highlight=False, markup=False, emoji=False, **options)


def print_json(document: Any) -> None:
    """Print a JSON document on standard output."""
    sys.stdout.write(as_text(document))


def as_text(document: Any) -> str:
    """Return a JSON document as it is printed."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def write_text(path: Path, text: str, option: str, *, anew: bool = False) -> None:
    """Write a file that an option names; one that is there is written over, unless it has to be made ``anew``.

    Raises:
        Refused: it can't be written, or is there already.
    """
    try:
        with path.open("x" if anew else "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Refused(f"{option} {path}: the file is there already and is never overwritten; name another") from None
    except OSError as error:
        raise Refused(f"{option} {path}: it can't be written ({error.strerror}); name another place") from None
