"""What came of each rule, read once from the run document; every section and the chart count from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_ROWS_GO = ("delete",)
_ROWS_MOVE = ("separate",)
_BLOCKED = ("held", "referenced", "unreadable")
_WITHHELD = ("waiting", "refused", "failed")


@dataclass(frozen=True)
class RuleOutcome:
    """One rule on one shard. ``dry`` says that nothing was changed: what counts then is what was planned."""

    document: Mapping[str, Any]
    facts: Mapping[str, Any]
    planned_as: Mapping[str, Any]
    shard: int | None
    dry: bool

    @property
    def id(self) -> str:
        """Return the rule's id."""
        return str(self.document["id"])

    @property
    def table(self) -> str:
        """Return the table as the matrix spells it."""
        return str(self.document["table"])

    @property
    def action(self) -> str:
        """Return the action, as the matrix names it."""
        return str(self.document["action"])

    @property
    def status(self) -> str:
        """Return the rule's status; ``would`` where only a dry run kept it from being carried out."""
        status = str(self.document["status"])
        return "would" if self.dry and status == "nothing" and self.number("planned") else status

    @property
    def file(self) -> str | None:
        """Return the personal data file's name, where the matrix gives one."""
        return self.facts.get("file") or None

    @property
    def columns(self) -> Mapping[str, str]:
        """Return the columns that change, each with its transform as written; a rule on rows changes none."""
        return {} if self.destroys_rows else self.facts.get("columns", {})

    @property
    def bases(self) -> Sequence[Mapping[str, Any]]:
        """Return the legal bases as the plan has them."""
        found: Sequence[Mapping[str, Any]] = self.document.get("bases", ())
        return found

    @property
    def reason(self) -> str:
        """Return why the rule was not carried out, as recorded; empty where nothing was."""
        return str(self.document.get("reason", ""))

    @property
    def waits(self) -> Sequence[str]:
        """Return the plan's terms for why a person is asked."""
        found: Sequence[str] = self.planned_as.get("waits", ())
        return found

    @property
    def destroys_rows(self) -> bool:
        """Whether the rows themselves go; else some of their columns change."""
        return self.action in _ROWS_GO

    @property
    def moves_rows(self) -> bool:
        """Whether the rows are moved to where they are kept apart: they aren't destroyed, and not a value changes."""
        return self.action in _ROWS_MOVE

    @property
    def to(self) -> str:
        """Return the table that rows are moved to; empty for a rule that moves none."""
        return str(self.facts.get("to", ""))

    @property
    def follows(self) -> str | None:
        """Return the rule whose transformed rows this one deletes."""
        owner = self.id.removesuffix(".after")
        return owner if owner != self.id else None

    def number(self, name: str) -> int:
        """Return one of the rule's counts; a run that broke off didn't record all of them."""
        return int(self.document.get(name, 0))

    @property
    def counted(self) -> int:
        """Return the rows carried out or, of a dry run, those that would be."""
        if not self.dry:
            return self.number("done")
        return 0 if self.status in _WITHHELD else int(self.document.get("most", self.number("planned")))

    @property
    def destroyed(self) -> int:
        """Return the rows that went, or would go."""
        return self.counted if self.destroys_rows else 0

    @property
    def changed(self) -> int:
        """Return the rows of which columns changed, or would change."""
        return 0 if self.destroys_rows or self.moves_rows else self.counted

    @property
    def moved(self) -> int:
        """Return the rows that were moved to where they are kept apart, or would be."""
        return self.counted if self.moves_rows else 0

    @property
    def parts(self) -> Mapping[str, int]:
        """Return the rows of each part that went with their owners, or would go."""
        if not self.counted:
            return {}
        if self.dry and self.not_carried_out:
            # Nobody knows which of the planned rows a run would have taken.
            return {}
        found = self.planned_as.get("parts", ()) if self.dry else self.document.get("parts", ())
        return {part["table"]: part["rows"] for part in found if part["rows"]}

    @property
    def survived(self) -> int:
        """Return the rows that the destroying statement's own re-check kept."""
        return 0 if self.dry else self.number("survived")

    @property
    def not_carried_out(self) -> int:
        """Return the planned rows that were never tried."""
        return max(0, self.number("planned") - self.counted - self.survived)

    @property
    def kept(self) -> int:
        """Return the rows that stay although they are due, past their period or unreadable."""
        stays = sum(self.number(name) for name in _BLOCKED)
        return stays + self.not_carried_out + self.survived + (0 if self.dry else self.number("drifted"))

    @property
    def outcomes(self) -> Mapping[str, int]:
        """Return the rows by what became of them, in the order they are shown."""
        waits = self.status == "waiting"
        return {
            "would_destroy" if self.dry else "destroyed": self.destroyed,
            "would_change" if self.dry else "changed": self.changed,
            "would_move" if self.dry else "moved": self.moved,
            "waiting": self.not_carried_out if waits else 0,
            "not_done": 0 if waits else self.not_carried_out,
            "survived": self.survived,
            "drifted": 0 if self.dry else self.number("drifted"),
            **{name: self.number(name) for name in _BLOCKED},
        }


def sharded(run: Mapping[str, Any]) -> frozenset[str]:
    """Return the run's databases that have several shards."""
    shards: dict[str, set[int]] = {}
    for database in run.get("facts", {}).get("databases", ()):
        shards.setdefault(database["name"], set()).add(database.get("shard", 0))
    return frozenset(name for name, found in shards.items() if len(found) > 1)


def rule_outcomes(run: Mapping[str, Any], plan: Mapping[str, Any]) -> tuple[RuleOutcome, ...]:
    """Return the run's rules in their order; a shard is named only where a database has several."""
    facts, several = run.get("facts", {}), sharded(run)
    planned = {(rule["id"], rule.get("shard", 0)): rule for rule in plan.get("rules", ())}
    found: list[RuleOutcome] = []
    for rule in run["rules"]:
        shard = rule.get("shard", 0)
        owner = rule["id"].removesuffix(".after")
        found.append(
            RuleOutcome(
                rule,
                facts.get("rules", {}).get(owner, {}),
                planned.get((rule["id"], shard), {}),
                shard if rule["database"] in several else None,
                bool(run.get("dry_run", False)),
            )
        )
    return tuple(found)
