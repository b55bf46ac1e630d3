"""What a report has to know of the matrix, as JSON: it is kept with the run, whatever the matrix becomes."""

from __future__ import annotations

from typing import Any

from retention.matrix.model import Matrix, Person, Rule
from retention.matrix.separate_check import moves_of


def facts(matrix: Matrix) -> dict[str, Any]:
    """Return organisation, bases, purposes, and per rule what its report lines need."""
    organisation = matrix.organisation
    return {
        "organisation": {
            "name": organisation.name,
            **({"officer": _person(organisation.officer)} if organisation.officer else {}),
            **({"in_charge": _person(organisation.in_charge)} if organisation.in_charge else {}),
        },
        "bases": {
            basis.id: {
                "statute": basis.statute,
                "article": basis.article,
                **({"record": basis.record} if basis.record else {}),
                "keep": basis.keep,
                "computation": basis.computation,
                "roll_holidays": basis.roll_holidays,
                **({"read": basis.read.isoformat()} if basis.read else {}),
                **({"source_mark": basis.source_mark} if basis.source_mark else {}),
            }
            for basis in matrix.bases.values()
        },
        "purposes": {
            purpose.id: {"name": purpose.name, "statute": purpose.statute, "article": purpose.article}
            for purpose in matrix.purposes.values()
        },
        "rules": {rule.id: _rule(rule) for rule in matrix.rules},
    }


def _person(person: Person) -> dict[str, str]:
    return {"role": person.role, "name": person.name, "department": person.department}


def _rule(rule: Rule) -> dict[str, Any]:
    parts_to = {str(move.table): str(move.to) for move in moves_of(rule) if move.table != rule.table}
    return {
        "file": rule.file,
        "copies": list(rule.copies),
        "purposes": [use.purpose.id for use in rule.purposes],
        "columns": {name: str(spec) for name, spec in rule.columns.items()},
        **({"to": str(rule.to)} if rule.to else {}),
        **({"parts_to": parts_to} if parts_to else {}),
        **({"for": rule.for_} if rule.for_ else {}),
        **({"term": rule.then_after.term} if rule.then_after else {}),
    }
