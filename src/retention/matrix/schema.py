"""The JSON Schema of the matrix, with which an editor completes and checks it."""

from __future__ import annotations

from typing import Any

from retention.matrix.document import MatrixDoc


def json_schema() -> dict[str, Any]:
    """Return the schema, of draft 2020-12."""
    schema = _loosened(MatrixDoc.model_json_schema(by_alias=True))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Retention matrix"}


def _loosened(schema: Any) -> Any:
    """Return the schema with "one of" as "any of": a value that two kinds of clock could be is no mistake."""
    if isinstance(schema, dict):
        return {("anyOf" if key == "oneOf" else key): _loosened(value) for key, value in schema.items()}
    return [_loosened(one) for one in schema] if isinstance(schema, list) else schema
