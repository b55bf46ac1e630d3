"""Files that hold secrets: mode 0600, written whole or not at all."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from retention.errors import Refused


def read_secret(path: Path) -> dict[str, Any] | None:
    """Return what a secret file holds; None where there is none.

    Raises:
        Refused: this process may not read it, others may, or it isn't what this product writes.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise Refused(f"{path.name}: others may read this file (mode {mode:04o}); run chmod 600 on it")
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        why = f"this process can't read it ({error.strerror})"
        raise Refused(f"{path.name}: {why}; see whose the file and its folder are") from None
    except (ValueError, UnicodeDecodeError):
        document = None
    if not isinstance(document, dict):
        raise Refused(f"{path.name}: this is no file of keys; put back the one that was here")
    return document


def write_secret(path: Path, document: dict[str, Any], *, replace: bool) -> bool:
    """Write a secret file that nobody else may read; False where it exists and must not be replaced.

    Raises:
        Refused: it can't be written there.
    """
    if path.is_dir():
        raise Refused(f"{path}: this is a folder; name a file")
    try:
        return _write(path, document, replace=replace)
    except OSError as error:
        raise Refused(f"{path}: it can't be written ({error.strerror}); make room, or name another place") from None


def _write(path: Path, document: dict[str, Any], *, replace: bool) -> bool:
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
    except FileExistsError:
        return False
    finally:
        Path(temporary).unlink(missing_ok=True)
    _sync_directory(path.parent)
    return True


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
