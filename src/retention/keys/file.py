"""Files that hold secrets: mode 0600, written whole or not at all."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from retention.errors import Refused


def read_secret(path: Path) -> dict[str, Any] | None:
    """Return what a secret file holds; None where there is none.

    Raises:
        Refused: this process may not read it, others may, or it isn't what this product writes.
    """
    try:
        with _refusing(path, "read"):
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                raise Refused(f"{path.name}: others may read this file (mode {mode:04o}); run chmod 600 on it")
            document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, UnicodeDecodeError):
        document = None
    if not isinstance(document, dict):
        raise Refused(f"{path.name}: this is no file of keys; put back the one that was here")
    return document


def write_secret(path: Path, document: dict[str, Any], *, replace: bool) -> bool:
    """Write a secret file that nobody else may read; False where it exists and must not be replaced.

    Raises:
        Refused: this process can't write it; what was there is still there.
    """
    with _refusing(path, "write"):
        return _written(path, document, replace=replace)


def _written(path: Path, document: dict[str, Any], *, replace: bool) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(temporary, path)  # noqa: PTH105 - beside os.link, which pathlib spells the other way round
        else:
            os.link(temporary, path)
            os.unlink(temporary)  # noqa: PTH108
    except FileExistsError:
        os.unlink(temporary)  # noqa: PTH108
        return False
    _sync_directory(path.parent)
    return True


@contextmanager
def _refusing(path: Path, what: str) -> Iterator[None]:
    """Say in one line what the system doesn't let this process do; a missing file is the caller's to judge.

    Raises:
        Refused: it doesn't.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        why = f"this process can't {what} it ({error.strerror})"
        raise Refused(f"{path.name}: {why}; see whose the file and its folder are") from None


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
