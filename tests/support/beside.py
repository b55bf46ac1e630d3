"""Somebody who acts at the very moment when the pipeline is about to send a statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, event


class Beside:
    """Acts once, before the first statement of a writing session that starts so and mentions this."""

    def __init__(self, act: Callable[[], object], *, starts: str = "", mentions: str = "") -> None:
        self.starts, self.mentions, self.act = starts, mentions, act
        self.acted = False

    def __enter__(self) -> Beside:
        event.listen(Engine, "before_cursor_execute", self._before)
        return self

    def __exit__(self, *_error: object) -> None:
        event.remove(Engine, "before_cursor_execute", self._before)

    def _before(self, connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        writes = connection.get_execution_options().get("writes")
        if writes and not self.acted and statement.startswith(self.starts) and self.mentions in statement:
            self.acted = True
            self.act()
