"""The faulty members of a quarantined line, for the page that shows them (membres en cause)."""

from typing import Any

import orjson

from medcontrol.intake.checking import strip_line
from medcontrol.intake.faults import FieldError

_LONGEST_SHOWN = 200  # characters


def faulty_members(
    raw: bytes, errors: tuple[FieldError, ...], *, may_read_medical: bool
) -> dict[str, str]:
    """Return path → faulty value as JSON, cut to 200 characters, of the members that can be shown.

    Left out: errors of the whole line, absent members, lines that are no JSON, and medical
    members unless the reader has the right.
    """
    try:
        message = orjson.loads(strip_line(raw))
    except orjson.JSONDecodeError:
        return {}
    shown: dict[str, str] = {}
    for error in errors:
        if error.path and (may_read_medical or not error.medical):
            shown |= _shown(message, error.path)
    return shown


def _shown(message: Any, path: str) -> dict[str, str]:
    """Return the value at a JSON Pointer as text, nothing when there is none."""
    value = message
    for token in path[1:].split("/"):
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name[:9]) < len(value):
            value = value[int(name[:9])]
        else:
            return {}
    return {path: _as_text(value)}


def _as_text(value: Any) -> str:
    """Return a value as short text that a page can take."""
    text = value if isinstance(value, str) else _dump(value)
    text = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _dump(value: Any) -> str:
    """Return a value as JSON; what nests too deeply to be written is only named."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return "…"
