"""Files for what is too large for memory: without a name, of mode 0600, gone with the process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from retention.errors import Refused


def open_aside() -> IO[bytes]:
    """Return an empty file that nobody else can open.

    Raises:
        Refused: it can't be made.
    """
    with _room():
        return tempfile.TemporaryFile(buffering=0)


def write_aside(file: IO[bytes], content: bytes) -> None:
    """Write all of it where the file stands.

    Raises:
        Refused: there is no room.
    """
    with _room():
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(
            f"temporary files ({tempfile.gettempdir()}): {error.strerror}; fingerprints of rows that wait for approval "
            "need 32 bytes a row there; make room, or set TMPDIR to another folder"
        ) from None
