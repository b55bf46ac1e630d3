"""When a run may work: the time window in Seoul, and the file that stops it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from retention.law.zone import SEOUL
from retention.matrix.model import Execution

_HOUR = 60


def must_stop(execution: Execution, beside: Path, now: Callable[[], datetime]) -> str | None:
    """Return why a run has to end between two batches, or None. A relative ``stop`` lies in the folder ``beside``."""
    if execution.stop is not None and _is_there(beside / execution.stop):
        return "stop switch"
    if execution.window is not None and not _inside(execution.window, now()):
        return f"outside its time window {_written(execution.window)}"
    return None


def _inside(window: tuple[int, int], now: datetime) -> bool:
    here = now.astimezone(SEOUL)
    minute = here.hour * _HOUR + here.minute
    start, end = window
    return start <= minute < end if start < end else minute >= start or minute < end


def _written(window: tuple[int, int]) -> str:
    return "-".join(f"{minute // _HOUR:02}:{minute % _HOUR:02}" for minute in window)


def _is_there(switch: Path) -> bool:
    """Whether the file exists; where that can't be seen, somebody may have put it there."""
    try:
        switch.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True
