"""The one border that errors of databases cross.

Drivers put row values into their messages, so nothing of a driver's text goes on: SQLSTATE or error number and the
constraint's name only, and the original exception is cut off.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from retention.errors import DatabaseFault, Refused

_RETRYABLE_STATES = {"40001", "40P01", "55P03"}
_RETRYABLE_NUMBERS = {1020, 1205, 1213, 3572}
_TOO_LONG_STATES = {"57014"}
_TOO_LONG_NUMBERS = {1969, 3024}
_LOST_NUMBERS = {2006, 2013, 2055, 4031, 1927}
_FULL_STATES = {"53100"}
_FULL_NUMBERS = {1021, 1114}
# The second one: of the schemas in which a name is looked for there is none that the role may use.
_DENIED_STATES, _NO_SCHEMA = {"42501", "3F000"}, "3F000"
_DENIED_NUMBERS = {1044, 1142, 1143, 1227, 1370}
_OF_A_ROW = ("22", "23")
# What triggers raise, by PL/pgSQL and by SIGNAL; to SQLite theirs are constraints.
_RAISED_STATES, _RAISED_NUMBERS = ("P0", "45"), {1644}
_TAKEN_STATE, _TAKEN_NUMBERS = "23505", {1062, 1586}
_TAKEN_CODES = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
}
_TOO_DEEP = "parser stack overflow"
"""What SQLite says before 3.46 of a statement that its parser's stack can't hold."""
_IDENTIFIER = r"[^\W\d][\w$.]{0,126}"
# What MariaDB and MySQL say, from its first word on or up to its last: a value may stand before or behind a name, and a
# trigger of the shop may say anything under a number of its own.
_KEY_NAMES = [
    (
        (1216, 1217, 1451, 1452),
        r"Cannot (?:add or update a child|delete or update a parent) row: a foreign key constraint fails "
        rf"\(`[^`]*`\.`[^`]*`, CONSTRAINT `({_IDENTIFIER})` FOREIGN KEY .*",
    ),
    ((1062,), rf"Duplicate entry .* for key '({_IDENTIFIER})'"),
    ((3819,), rf"Check constraint '({_IDENTIFIER})' is violated\."),
    ((4025,), rf"CONSTRAINT `({_IDENTIFIER})` failed for `[^`]*`\.`[^`]*`"),
]
_PATTERNS = {number: re.compile(words, re.DOTALL) for numbers, words in _KEY_NAMES for number in numbers}


@contextmanager
def guarded(where: str) -> Iterator[None]:
    """Turn any SQLAlchemy or driver error inside into one :class:`DatabaseFault` line that names ``where``.

    Raises:
        DatabaseFault: in place of the driver's error.
    """
    try:
        yield
    except exc.DBAPIError as error:
        raise translate(error, where) from None
    except exc.SQLAlchemyError as error:
        message = f"{where}: the database layer failed ({type(error).__name__}); run again with --debug for the trace"
        raise DatabaseFault(message) from None


@contextmanager
def reaching(where: str) -> Iterator[None]:
    """Refuse what can't be reached, where an engine is made and connects for the first time: nothing was lost.

    Raises:
        Refused: it can't be opened, or the URL has an option that the driver doesn't take.
    """
    try:
        yield
    except exc.SQLAlchemyError as error:
        problem = f"{where}: it can't be opened ({code_of(error)})"
        raise Refused(f"{problem}; check its URL, and that it is up and lets this role in") from None
    except (TypeError, ValueError):
        raise Refused(f"{where}: its driver doesn't take an option of its URL; mend what follows the ?") from None


def translate(error: exc.DBAPIError, where: str) -> DatabaseFault:
    """Return the fault that stands for ``error``, free of values."""
    origin = error.orig
    state = getattr(origin, "sqlstate", None)
    number = _number(origin)
    lost = bool(error.connection_invalidated) or number in _LOST_NUMBERS or _is_closed(origin, state)
    busy = isinstance(origin, sqlite3.OperationalError) and number in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    too_long = state in _TOO_LONG_STATES or number in _TOO_LONG_NUMBERS
    retryable = too_long or state in _RETRYABLE_STATES or number in _RETRYABLE_NUMBERS or busy
    full = state in _FULL_STATES or number in _FULL_NUMBERS or number == sqlite3.SQLITE_FULL
    denied = state in _DENIED_STATES or number in _DENIED_NUMBERS
    code = code_of(error)
    parts = [f"{where}: the database refused with {code}"]
    constraint = _constraint(origin)
    if constraint:
        parts.append(f"constraint {constraint}")
    if lost:
        parts = [f"{where}: the connection to the database was lost ({code})", "run the same command again"]
    elif full:
        parts.append("its disk is full; make room and run the same command again")
    elif too_long:
        parts.append("a statement took longer than it may (statement_timeout, max_statement_time), or was cancelled")
    elif retryable:
        parts.append("another process is at work on it and holds a lock; try again")
    elif denied:
        right = "the right USAGE on the schema of its tables" if state == _NO_SCHEMA else "a right"
        parts.append(f"the role lacks {right}; `retention init CONNECTION --grants ROLE` prints those it needs")
    elif number == sqlite3.SQLITE_NOTADB and isinstance(origin, sqlite3.DatabaseError):
        parts.append("the file is no SQLite database; mend the URL")
    elif isinstance(origin, sqlite3.OperationalError) and str(origin) == _TOO_DEEP:
        parts.append("conditions are nested too deeply for this SQLite; use one of 3.46 or later, or simpler rules")
    raised = str(state or "").startswith(_RAISED_STATES) or number in _RAISED_NUMBERS
    of_a_row = raised or is_of_a_row(error)
    return DatabaseFault("; ".join(parts), lost=lost, retryable=retryable, denied=denied, of_a_row=of_a_row)


def code_of(error: exc.SQLAlchemyError) -> str:
    """Return the SQLSTATE or the number of an error, else the name of its class."""
    origin: BaseException = getattr(error, "orig", None) or error
    number = _number(origin)
    state: str | None = getattr(origin, "sqlstate", None)
    return state or (str(number) if number is not None else type(origin).__name__)


def is_of_a_row(error: exc.DBAPIError) -> bool:
    """Whether a value or a constraint is what the database refused, so that the same rows are refused again."""
    state = getattr(error.orig, "sqlstate", None) or ""
    return isinstance(error, (exc.IntegrityError, exc.DataError)) or state.startswith(_OF_A_ROW)


def is_taken(error: exc.DBAPIError) -> bool:
    """Whether a unique key refused a row because there is one already."""
    origin = error.orig
    return (
        getattr(origin, "sqlstate", None) == _TAKEN_STATE
        or _number(origin) in _TAKEN_NUMBERS
        or getattr(origin, "sqlite_errorcode", None) in _TAKEN_CODES
    )


def _number(origin: BaseException | None) -> int | None:
    code = getattr(origin, "sqlite_errorcode", None)
    if isinstance(code, int):
        return code & 0xFF
    args = getattr(origin, "args", ())
    if args and isinstance(args[0], int):
        return args[0]
    return None


def _is_closed(origin: BaseException | None, state: str | None) -> bool:
    if state is not None:
        return state.startswith(("08", "57P"))
    return type(origin).__module__.startswith("psycopg") and type(origin).__name__ in (
        "OperationalError",
        "InterfaceError",
    )


def _constraint(origin: BaseException | None) -> str | None:
    diagnostic = getattr(origin, "diag", None)
    name = getattr(diagnostic, "constraint_name", None)
    if name:
        # A function of the shop may raise an error with any name.
        return str(name) if re.fullmatch(_IDENTIFIER, str(name)) else None
    pattern = _PATTERNS.get(_number(origin) or 0)
    found = pattern.fullmatch(str(getattr(origin, "args", ("",))[-1])) if pattern else None
    return found.group(1) if found else None
