"""A small demo shop on any engine, and the command as a person calls it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from retention.cli.main import main
from retention.matrix.load import load
from support.days import DAY
from support.pristine import shop_in

ROOT = Path(__file__).resolve().parents[2]
MATRIX = ROOT / "config" / "retention.yaml"


@dataclass
class Called:
    """What one call of the command gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass
class Shop:
    """A shop with a ledger and a key ring of its own."""

    url: str
    folder: Path
    matrix: Path = MATRIX
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environment = {
            "RETENTION_CONN_SHOP_DB": self.url,
            "RETENTION_LEDGER_URL": f"sqlite:///{self.folder}/ledger.sqlite",
            "RETENTION_KEYRING": str(self.folder / "keyring"),
            "RETENTION_REPORTS": str(self.folder / "reports"),
            "RETENTION_CONFIG": str(self.matrix),
        }

    def call(self, capsys: Any, *arguments: str, day: date | None = DAY) -> Called:
        """Call the command inside this process."""
        capsys.readouterr()
        given = [*arguments, *(["--as-of", day.isoformat()] if day else [])]
        code = 0
        with _environment(self.environment):
            try:
                main(given)
            except SystemExit as left:
                code = int(left.code or 0)
        seen = capsys.readouterr()
        return Called(code, seen.out, seen.err)

    def accepts(self, *rules: str) -> list[str]:
        """Return the options that accept every rule of the matrix, or those named, whatever the counts."""
        matrix, _findings = load(Path(self.environment["RETENTION_CONFIG"]))
        every = [one.id for one in matrix.rules] + [f"{one.id}.after" for one in matrix.rules if one.then_after]
        named = [one for one in every if not rules or one in rules]
        return [*(part for one in named for part in ("--accept", f"{one}=9999999")), "--by", "the tester"]

    @contextmanager
    def sql(self) -> Iterator[Connection]:
        """Give a connection beside the pipeline's."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.begin() as connection:
            yield connection

    def one(self, statement: str, **values: Any) -> Any:
        """Return the one value of a query."""
        with self.sql() as connection:
            return connection.execute(text(statement), values).scalar_one()

    def do(self, statement: str, **values: Any) -> None:
        """Change something beside the pipeline."""
        with self.sql() as connection:
            connection.execute(text(statement), values)


def make_shop(url: str, folder: Path, *, members: int = 150, seed: int = 1, identity: str = "shop-demo") -> Shop:
    """Make a shop with its identity and a key ring."""
    shop_in(make_url(url), members=members, seed=seed, identity=identity)
    shop = Shop(url, folder)
    with _environment(shop.environment):
        try:
            main(["key", "new"])
        except SystemExit as left:
            assert not left.code
    return shop


def changed_matrix(folder: Path, *replacements: tuple[str, str]) -> Path:
    """Return a copy of the demo's matrix with texts replaced."""
    text_ = MATRIX.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text_, old
        text_ = text_.replace(old, new, 1)
    path = folder / "matrix.yaml"
    path.write_text(text_, encoding="utf-8")
    return path


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
