"""The whole report as data: what each section shows, in the order a reader meets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from retention.report.outcome import RuleOutcome, rule_outcomes, sharded
from retention.report.wording import Words


@dataclass(frozen=True)
class Report:
    """A run and its plan with their rules counted, and the language they are told in."""

    run: Mapping[str, Any]
    plan: Mapping[str, Any]
    words: Words
    rules: tuple[RuleOutcome, ...]

    @classmethod
    def of(cls, run: Mapping[str, Any], plan: Mapping[str, Any], lang: str) -> Report:
        """Return the report of a run in a language.

        Raises:
            KeyError: there are no words for the language.
        """
        return cls(run, plan, Words.of(lang), rule_outcomes(run, plan))

    @property
    def dry(self) -> bool:
        """Whether nothing was changed."""
        return bool(self.run.get("dry_run", False))

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what was kept of the matrix with the run."""
        found: Mapping[str, Any] = self.run.get("facts", {})
        return found

    @property
    def destroyed(self) -> int:
        """Return all rows that went, or would go."""
        return sum(rule.destroyed for rule in self.rules)

    @property
    def changed(self) -> int:
        """Return all rows that changed, or would change."""
        return sum(rule.changed for rule in self.rules)

    @property
    def moved(self) -> int:
        """Return all rows that were moved to where they are kept apart, or would be."""
        return sum(rule.moved for rule in self.rules)

    @property
    def moves(self) -> bool:
        """Whether a rule of the run moves rows at all."""
        return any(rule.moves_rows for rule in self.rules)

    @property
    def kept(self) -> int:
        """Return all rows that stay although due, past their period or unreadable, counted under each rule."""
        return sum(rule.kept for rule in self.rules)

    @property
    def parts(self) -> int:
        """Return all rows of parts that went, or would go, with their owners."""
        return sum(sum(rule.parts.values()) for rule in self.rules if rule.destroys_rows)

    @property
    def moved_parts(self) -> int:
        """Return all rows of parts that were moved, or would be, with their owners."""
        return sum(sum(rule.parts.values()) for rule in self.rules if rule.moves_rows)

    @property
    def status(self) -> str:
        """Return how the run ended, in words; a dry run ends with nothing changed, whatever it found."""
        return self.words("status_dry") if self.dry else self.words.term("status", self.run["status"])

    def tense(self, key: str) -> str:
        """Return the text for what was done or, of a dry run, for what would be."""
        return self.words(f"dry_{key}" if self.dry else key)

    def named(self, rule: RuleOutcome) -> str:
        """Return a rule's id, with its shard where there are several."""
        return self._on(rule.id, rule.shard)

    def check(self, one: Mapping[str, Any]) -> str:
        """Return a quality check's name in words, with its shard where there are several."""
        return self._on(self.words.check(one["check"]), one["shard"] if one.get("database") in self._sharded else None)

    def shard_of(self, database: Mapping[str, Any]) -> str:
        """Return a database's name, with its shard where it has several."""
        name = str(database["name"])
        return self._on(name, database["shard"] if name in self._sharded else None)

    @cached_property
    def _sharded(self) -> frozenset[str]:
        return sharded(self.run)

    def _on(self, name: str, shard: int | None) -> str:
        return name if shard is None else f"{name} · {self.words('shard', shard=shard)}"
