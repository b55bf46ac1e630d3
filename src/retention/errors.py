"""The one exception root, and findings: what is wrong, where, and what to do.

An error here is one line that a person can act on. It never carries a value of a row, a key or a password:
:mod:`retention.database.boundary` turns a driver's error into a :class:`DatabaseFault` before anything else sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]
Scope = Literal["run", "table", "rule"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a matrix or with a database, as ``check`` prints it.

    ``where`` is ``file:line`` for the matrix, ``database.table.column`` for a database. ``subject`` names the rule or
    table that a finding of that scope stops; it is not part of the JSON.
    """

    code: str
    severity: Severity
    scope: Scope
    where: str
    what: str
    do: str
    subject: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the finding with the keys of ``FINDING`` in the published interface."""
        return {
            "code": self.code,
            "severity": self.severity,
            "scope": self.scope,
            "where": self.where,
            "what": self.what,
            "do": self.do,
        }

    def line(self) -> str:
        """Return the finding as one line for a person."""
        return f"{self.where}: {self.code} {self.what}; {self.do}"


class RetentionError(Exception):
    """Anything this product raises on purpose; ``exit_code`` is what the command leaves with."""

    exit_code = 5


class Refused(RetentionError):
    """Nothing was changed: the usage, the matrix, a connection, the schema or a database's identity is wrong."""

    exit_code = 2


class MatrixRefused(Refused):
    """The matrix cannot be used; ``findings`` holds every reason at once."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(finding.line() for finding in self.findings))


class DatabaseFault(RetentionError):
    """A database refused or dropped a statement: SQLSTATE and constraint name only, never the driver's text.

    ``lost`` says that the connection is gone; ``retryable`` that the same statement may succeed when tried again
    (deadlock, serialization failure, lock timeout), or a smaller one (statement timeout); ``denied`` that the role
    lacks a right; ``of_a_row`` that it may succeed for other rows: a value, a constraint or a trigger of the shop is
    what was in its way.
    """

    def __init__(
        self,
        message: str,
        *,
        lost: bool = False,
        retryable: bool = False,
        denied: bool = False,
        of_a_row: bool = False,
    ) -> None:
        self.lost = lost
        self.retryable = retryable
        self.denied = denied
        self.of_a_row = of_a_row
        super().__init__(message)


class NotMoved(DatabaseFault):
    """A table doesn't take what is to be moved there: its rule ends here, and its rows stay where they are."""


class Stopped(RetentionError):
    """A run ended early and cleanly between two batches; the same command goes on."""

    exit_code = 4


class BrokeOff(RetentionError):
    """A run could not go on; what was done is in the ledger, and the same command goes on."""

    exit_code = 5
