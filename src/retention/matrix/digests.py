"""What decides over a rule's rows, as one digest: by it a changed rule is recognised, and waits for a person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from retention.matrix.model import DatabaseEntry, Rule, TableName
from retention.matrix.source import Source


def rule_digests(
    source: Source,
    numbers: Sequence[int],
    rules: Sequence[Rule],
    written: Mapping[TableName, str],
    databases: Mapping[str, DatabaseEntry],
) -> dict[str, str]:
    """Return per rule a digest of all that decides what it does.

    The rules beside it on its table have their say in it, those that it waits for, and whatever may refer to its rows:
    without one of them rows go that stayed before, though not a word of the rule itself was changed. ``numbers`` are
    the rules' places in the source, ``written`` the tables' names as they are written there.
    """
    data, tables = source.data, source.section("tables")
    said = {rule.id: data["rules"][number] for number, rule in zip(numbers, rules, strict=True)}
    here = {name: tables.get(text) for name, text in written.items()}
    by_table: dict[TableName, list[Rule]] = {}
    for rule in rules:
        by_table.setdefault(rule.table, []).append(rule)
    surroundings = {name: digest(_surroundings(source, name, here, databases)) for name in _databases(rules)}
    digests: dict[str, str] = {}
    for rule in rules:
        together = by_table[rule.table]
        named = {name for one in rule.while_referenced for name in one.rules}
        core = {
            "rule": said[rule.id],
            "beside": [said[one.id] for one in together if one is not rule],
            "bases": {keep.basis.id: data["legal_bases"][keep.basis.id] for one in together for keep in one.keeps},
            "waits_for": {name: said[name] for name in sorted(named) if name in said},
            "table": here.get(rule.table),
            "parts": {str(name): here.get(name) for name in rule.part_tables},
            "surroundings": surroundings[rule.table.database],
        }
        digests[rule.id] = digest(core)
        if rule.then_after is not None:
            digests[f"{rule.id}.after"] = digest({"after": core})
    return digests


def _databases(rules: Sequence[Rule]) -> set[str]:
    return {rule.table.database for rule in rules}


def _surroundings(
    source: Source, database: str, here: Mapping[TableName, Any], databases: Mapping[str, DatabaseEntry]
) -> dict[str, Any]:
    """Return what decides over all rows of a database: how fast a night goes, and where it reads, doesn't."""
    entry = databases.get(database)
    return {
        "database": [] if entry is None else [entry.zone, list(entry.identities)],
        "relations": {
            str(name): one["relations"]
            for name, one in here.items()
            if name.database == database and isinstance(one, dict) and one.get("relations")
        },
        "holidays": source.data.get("holidays"),
    }


def digest(data: Any) -> str:
    """Return a SHA-256 (hex) of the data, whatever the order of its keys."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
