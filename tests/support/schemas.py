"""Documents held against the published schemas, each schema looked through once."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema.protocols import Validator
from jsonschema.validators import validator_for

from retention.pipeline.schemas import schema_of


def valid(document: Any, name: str) -> None:
    """See that a document is what the schema of that name says."""
    _validator(name).validate(document)


@cache
def _validator(name: str) -> Validator:
    schema = schema_of(name)
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)
