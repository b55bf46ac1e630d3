"""Locks of the operating system on files: what stands for a server's locks of a session, where there is no server."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class FileLocks:
    """The locks that this process holds, by their files; they die with it."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}

    def take(self, path: str) -> bool:
        """Take the lock on a file, which is made; return whether nobody else holds it."""
        if path in self._held:
            return False
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        if not _is_still_there(handle, path):
            # Its last holder took the file away while this one was waiting to open it.
            os.close(handle)
            return False
        self._held[path] = handle
        return True

    def let_go(self, path: str) -> None:
        """Let the lock go, if it is held, and the file."""
        handle = self._held.pop(path, None)
        if handle is not None:
            Path(path).unlink(missing_ok=True)
            os.close(handle)


def _is_still_there(handle: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), Path(path).stat())
    except FileNotFoundError:
        return False
