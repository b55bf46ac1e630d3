"""``key``: the ring that pseudonyms draw from."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from retention.cli.state import State
from retention.keys import KeyRing
from retention.law import in_utc
from retention.pipeline import wall_clock

app = typer.Typer(help="The key ring of pseudonymization.", no_args_is_help=True)


@app.command()
def new(context: typer.Context) -> None:
    """Make the ring, of mode 0600, where there is none."""
    state: State = context.obj
    with state.open_ledger() as ledger:
        made = KeyRing.create(state.key_ring, wall_clock()).active()
        ledger.record("key", {"key": made.id, "event": "made"}, key=made.id)
    state.tell({"id": made.id, "state": "active"}, f"{state.key_ring}: key {made.id}")


@app.command(name="list")
def list_(context: typer.Context) -> None:
    """Show the keys' ids, dates and states; never a secret."""
    state: State = context.obj
    keys = KeyRing.load(state.key_ring).keys
    if state.json:
        found = [{"id": one.id, "created": in_utc(one.created), "state": one.state} for one in keys]
        state.print_json({"keys": found})
        return
    table = Table("key", "created", "state")
    for one in keys:
        table.add_row(one.id, one.created, one.state)
    state.out.print(table)


@app.command()
def rotate(context: typer.Context) -> None:
    """Retire the active key and make a new one; pseudonyms of the two don't join."""
    state: State = context.obj
    with state.open_ledger() as ledger:
        made = KeyRing.load(state.key_ring).rotate(wall_clock())
        ledger.record("key", {"key": made.id, "event": "made"}, key=made.id)
    state.tell({"id": made.id, "state": made.state}, f"{state.key_ring}: key {made.id}")


@app.command()
def destroy(context: typer.Context, key: Annotated[str, typer.Argument(help="The key's id.")]) -> None:
    """Forget a key's secret for good, as the law wants once it is no longer needed."""
    state: State = context.obj
    ring = KeyRing.load(state.key_ring)
    ring.require(key)
    with state.open_ledger() as ledger:
        # What is forgotten can't be told of afterwards, should the ledger fail by then.
        ledger.record("key", {"key": key, "event": "to be destroyed"}, key=key)
        ring.destroy(key, wall_clock())
        ledger.record("key", {"key": key, "event": "destroyed"}, key=key)
    state.tell({"id": key, "state": "destroyed"}, f"{state.key_ring}: key {key} is destroyed")
