"""The JSON Schema of the matrix, with which an editor completes and checks it."""

from __future__ import annotations

from typing import Any

from retention.matrix.document import MatrixDoc


def json_schema() -> dict[str, Any]:
    """Return the schema, of draft 2020-12."""
    schema = MatrixDoc.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Retention matrix"}
