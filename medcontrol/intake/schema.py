"""The format ``medcontrol.intake.v1``: compiled once, its refusals told by path and code."""

from collections.abc import Iterator
from importlib.resources import files
from math import isfinite
from typing import Any

import jsonschema_rs
import orjson

from medcontrol.intake.faults import FieldError, PathToken, fault

SCHEMA: dict[str, Any] = orjson.loads(
    files("medcontrol.intake").joinpath("intake.v1.schema.json").read_bytes()
)


def _with_real_years(schema: Any) -> Any:
    """Return the schema with dates of year 0 refused: the format takes them, no calendar does."""
    if isinstance(schema, list):
        return [_with_real_years(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: _with_real_years(part) for name, part in schema.items()}
    return strict | {"not": {"pattern": "^0000"}} if schema.get("format") == "date" else strict


_VALIDATOR = jsonschema_rs.Draft202012Validator(_with_real_years(SCHEMA), validate_formats=True)
_LONGEST_TEXT = 20_000  # the largest maxLength of the schema
_LONGEST_LIST = 500  # the largest maxItems
_MAX_UNKNOWN = 50

_CODES = {
    "type": "value.wrong_type",
    "enum": "value.not_in_list",
    "const": "value.not_in_list",
    "pattern": "value.wrong_form",
    "minLength": "value.too_short",
    "maxLength": "value.too_long",
    "minimum": "value.too_small",
    "maximum": "value.too_large",
    "maxItems": "value.too_many",
    "not": "date.not_real",
}
_FORMAT_CODES = {"date": "date.not_real", "date-time": "instant.not_real"}


def matches_schema(message: object) -> bool:
    """Whether a message follows the format; a few microseconds, stops at the first refusal."""
    try:
        return _VALIDATOR.is_valid(message)
    except ValueError:  # nested deeper than the validator goes
        return False


def schema_faults(message: object) -> list[tuple[tuple[PathToken, ...], FieldError]]:
    """Return every refusal of the format, with the path of the member that is refused.

    Args:
        message: nested at most 64 deep. It is cut to what the format can tell apart before it
            is validated: one refusal per item of a list of a million would take gigabytes.
    """
    errors = _VALIDATOR.iter_errors(_cut(message))
    return [found for error in errors for found in _translate(error)]


def _translate(
    error: jsonschema_rs.ValidationError,
) -> Iterator[tuple[tuple[PathToken, ...], FieldError]]:
    """Yield our faults for one of the validator's."""
    path = tuple(error.instance_path)
    keyword = error.kind.name
    details = error.kind.as_dict()
    if keyword == "required":
        path += (details["property"],)
        yield path, fault(path, "member.missing")
    elif keyword == "additionalProperties":
        for name in details["unexpected"]:
            yield (*path, name), fault((*path, name), "member.unknown")
    elif not path:
        yield path, fault(path, "message.not_object")
    else:
        code = _FORMAT_CODES.get(str(details.get("format"))) or _CODES.get(keyword)
        yield path, fault(path, code or "value.refused", _expected(keyword, details))


def _expected(keyword: str, details: dict[str, Any]) -> str:
    """Return what the format asks for, from the schema alone."""
    if keyword == "enum":
        return ", ".join(str(option) for option in details["options"])
    if keyword == "const":
        return str(orjson.dumps(details["expected_value"]), "utf-8").strip('"')
    if keyword == "type":
        return ", ".join(details["types"])
    if keyword in ("format", "not"):
        return ""
    limit = str(next(iter(details.values()), ""))
    if keyword.startswith("min"):
        return f"≥ {limit}"
    return f"≤ {limit}" if keyword.startswith("max") else limit


def _property_names(schema: object) -> Iterator[str]:
    """Yield every member name that the schema knows, at any level."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from _property_names(part)


_KNOWN = frozenset(_property_names(SCHEMA))


def _cut(value: object, name: str = "") -> object:
    """Return a copy that breaks the same rules but is of bounded size.

    Answers to a form are left out (their own schema belongs to the pack) and texts are made
    encodable: half characters, and numbers that are none, have been reported before.
    """
    if isinstance(value, dict):
        return {} if name == "form" else _cut_object(value)
    if isinstance(value, list):
        return [_cut(item) for item in value[: _LONGEST_LIST + 1]]
    if isinstance(value, str):
        return value[: _LONGEST_TEXT + 1].encode("utf-8", "replace").decode("utf-8")
    is_number = isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value))
    return value if is_number else None


def _cut_object(value: dict[str, object]) -> dict[str, object]:
    """Keep the members that the format knows and the first others, without their values."""
    cut = {key: _cut(value[key], key) for key in value if key in _KNOWN}
    unknown = [key for key in value if key not in _KNOWN][:_MAX_UNKNOWN]
    return cut | {str(_cut(key))[:200]: None for key in unknown}
