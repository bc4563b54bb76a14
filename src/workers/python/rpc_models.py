"""Models of pydantic as hints, by what they can do: the package is not loaded here."""

import json
from typing import Any, Dict, Tuple

from rpc_values import Issue, Path, Unfit

_MESSAGES = {"missing": "is missing", "extra_forbidden": "is not known"}
"""What is said here of any parameter, by pydantic's names of errors."""


def model_schema(kind: Any) -> Dict[str, Any]:
    """Its JSON Schema, whole: what it refers to stands in place of the reference."""
    try:
        schema = kind.model_json_schema()
    except Exception:  # It holds what JSON Schema cannot describe, and may still be read.
        return {}
    return _inlined(schema, schema.pop("$defs", {}), ())


def _inlined(schema: Any, known: Dict[str, Any], inside: Tuple[str, ...]) -> Any:
    if isinstance(schema, list):
        return [_inlined(one, known, inside) for one in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    name = reference.rpartition("/")[2] if isinstance(reference, str) else ""
    if name in inside:
        return {}  # What holds itself would never end.
    # It tells by references which model a value is: each of them tells so, too.
    kept = {key: one for key, one in schema.items() if not _is_mapping(key, one)}
    if name in known:
        del kept["$ref"]
        kept = {**_inlined(known[name], known, (*inside, name)), **kept}
    return {key: _inlined(one, known, inside) for key, one in kept.items()}


def _is_mapping(key: str, value: Any) -> bool:
    return key == "discriminator" and isinstance(value, dict) and "propertyName" in value


def read_model(kind: Any, value: Any, path: Path) -> Any:
    """A model of a JSON value; raises Unfit with what the model has against it."""
    try:
        # As JSON, since a strict model takes a date from a text only there.
        return kind.model_validate_json(json.dumps(value))
    except ValueError as error:
        errors = getattr(error, "errors", None)
        issues = [_issue(one, path) for one in errors()] if callable(errors) else [(path, str(error))]
        raise Unfit(issues) from None


def _issue(error: Dict[str, Any], path: Path) -> Issue:
    message = _MESSAGES.get(error["type"]) or f"does not fit: {error['msg']}"
    return path + tuple(error["loc"]), message
