"""A night over a library, step by step, each with everything opened anew as in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from retention.database.url import parse
from retention.ledger import Ledger
from retention.matrix.load import load
from retention.pipeline import (
    Pipeline,
    Scene,
    Wish,
    carry_out_unit,
    close_run,
    load_plan,
    look_after,
    look_before,
    new_run_id,
    open_run,
    prepare,
    wall_clock,
)
from support.reading_room import DAY, make_library, write_matrix


class Night:
    """A night over a library, each step with everything opened anew."""

    def __init__(self, url: str, folder: Path, *replacements: tuple[str, str]) -> None:
        self.url, self.folder = url, folder
        self.matrix = write_matrix(folder / "matrix.yaml", *replacements)
        make_library(url)
        self.digest, self.run = "", ""

    def pipeline(self) -> Pipeline:
        matrix, findings = load(self.matrix)
        ledger = Ledger.open(f"sqlite:///{self.folder}/ledger.sqlite", None, wall_clock)
        source = lambda _name: parse(self.url, "library_db")  # noqa: E731
        return Pipeline(matrix, findings, ledger, source, self.folder / "keyring")

    def prepare(self) -> None:
        pipeline = self.pipeline()
        self.digest, self.run = prepare(pipeline, DAY).digest, new_run_id(wall_clock())

    def before(self) -> Any:
        with self._scene() as (pipeline, scene, plan):
            return look_before(pipeline, scene, plan, self.run)

    def open(self, **wish: Any) -> Any:
        pipeline = self.pipeline()
        return open_run(pipeline, load_plan(pipeline.ledger, self.digest), self.run, Wish(**wish))

    def carry_out(self, unit: str, stop: Callable[[], str | None] = lambda: None) -> Any:
        with self._scene() as (pipeline, scene, plan):
            return carry_out_unit(pipeline, scene, plan, self.run, unit, stop=stop)

    def after(self) -> Any:
        with self._scene() as (pipeline, scene, plan):
            return look_after(pipeline, scene, plan, self.run)

    def close(self) -> Any:
        pipeline = self.pipeline()
        return close_run(pipeline, load_plan(pipeline.ledger, self.digest), self.run)

    def approve(self) -> None:
        self.pipeline().approvals.decide(self.digest, "approved", "the officer", "looked at", {})

    @contextmanager
    def _scene(self) -> Iterator[Any]:
        whole = self.pipeline()
        plan = load_plan(whole.ledger, self.digest)
        pipeline = whole.named_by(plan)
        with pipeline.bindings() as bindings:
            yield pipeline, Scene.of(pipeline, bindings, plan.as_of), plan

    def do(self, statement: str) -> None:
        engine = create_engine(parse(self.url, "library_db"), poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text(statement))
