"""A line of intake (contrôle à l'entrée): from bytes to a message, or to what is wrong with it.

Pure: no database, no clock.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from medcontrol.intake.attachments import Attachment, take_attachments
from medcontrol.intake.coherence import incoherences, read_instant
from medcontrol.intake.faults import MAX_FAULTS, Faulty, FieldError, PathToken, fault
from medcontrol.intake.reading import BOM, MAX_LINE_BYTES, Line
from medcontrol.intake.registers import Registers
from medcontrol.intake.schema import matches_schema, schema_faults
from medcontrol.intake.strict_json import (
    MAX_VALUES,
    deep_path,
    explain_odd,
    explain_unreadable,
    has_too_many_values,
    is_odd,
    is_tame,
    is_too_deep,
    value_faults,
)

_LONGEST_IDENTITY: Final = 64
_SORTED: Final = orjson.OPT_SORT_KEYS


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that passes.

    Attributes:
        message: the content, without ``content_base64``; whole numbers are ``int``.
        content_hash: SHA-256 of the canonical content, documents included (32 bytes): the same
            for another order of members or other white space.
        source: the sending system.
        external_id: the sender's number; with ``source``, the identity of the file.
        received_at: instant of receipt, in UTC.
        documents: in the message's order; those only announced have no content.
        body: the message as canonical JSON without ``content_base64``, to be encrypted.
    """

    message: dict[str, Any]
    content_hash: bytes
    source: str
    external_id: str
    received_at: datetime
    documents: list[Attachment]
    body: bytes


def check(raw: bytes, registers: Registers) -> Accepted | Faulty:
    """Return what a line says, or everything that is wrong with it. Never raises.

    Args:
        raw: one message in JSON; a BOM and line ends around it are tolerated.
        registers: agencies and flows known today.
    """
    body = strip_line(raw)
    if len(body) > MAX_LINE_BYTES:
        return _faulty(body, [fault((), "line.too_long", f"≤ {MAX_LINE_BYTES}")])
    if has_too_many_values(body):
        return _faulty(body, [fault((), "json.too_many_values", f"≤ {MAX_VALUES}")])
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return _check_unreadable(body, error, registers)
    if not matches_schema(message):
        return _check_refused(body, message, registers)
    return _check_coherence(body, message, registers)


def check_line(line: Line, registers: Registers) -> Accepted | Faulty:
    """Like ``check``, for a line that may be too long to be held in memory."""
    if line.spooled_hash is not None:
        error = fault((), "line.too_long", f"≤ {MAX_LINE_BYTES}")
        return Faulty((error,), line.spooled_hash)
    return check(line.raw, registers)


def hash_bytes(raw: bytes) -> bytes:
    """Return the SHA-256 that identifies a quarantined line, without BOM and line end."""
    return hashlib.sha256(strip_line(raw)).digest()


def strip_line(raw: bytes) -> bytes:
    """Return a line without BOM and line end."""
    return raw.removeprefix(BOM).rstrip(b"\r\n")


def _check_coherence(
    body: bytes, message: dict[str, Any], registers: Registers
) -> Accepted | Faulty:
    """Check a message that follows the format; nearly every line ends here, accepted."""
    if "form" in message and not is_tame(message["form"], 2):
        return _check_refused(body, message, registers)
    canonical = orjson.dumps(_with_whole_numbers(message), option=_SORTED)
    received_at = read_instant(message["received_at"])
    documents, found = take_attachments(message) if "documents" in message else ([], [])
    found += incoherences(message, received_at, registers)
    if is_odd(body, canonical):
        found = value_faults(message) + explain_odd(body) + found
    if found or received_at is None:
        return _faulty(body, found, message)
    return _accept(message, canonical, received_at, documents)


def _accept(
    message: dict[str, Any], canonical: bytes, received_at: datetime, documents: list[Attachment]
) -> Accepted:
    """Take the documents' contents out of a message and give its identity."""
    content_hash = hashlib.sha256(canonical).digest()
    if documents:
        message["documents"] = [document.meta for document in documents]
        canonical = orjson.dumps(message, option=_SORTED)
    return Accepted(
        message=message,
        content_hash=content_hash,
        source=message["source"],
        external_id=message["external_id"],
        received_at=received_at,
        documents=documents,
        body=canonical,
    )


def _with_whole_numbers(message: dict[str, Any]) -> dict[str, Any]:
    """Make ``int`` of whole numbers written as ``1.0``: JSON Schema takes them for integers."""
    for line in message.get("lines", ()):
        if type(line["no"]) is float:
            line["no"] = int(line["no"])
    for document in message.get("documents", ()):
        if type(document["size"]) is float:
            document["size"] = int(document["size"])
    if "paper" in message and type(message["paper"].get("pages")) is float:
        message["paper"]["pages"] = int(message["paper"]["pages"])
    return message


def _check_unreadable(body: bytes, error: orjson.JSONDecodeError, registers: Registers) -> Faulty:
    """Explain a line that is no JSON, and check what a lenient reader makes of it."""
    if is_too_deep(body[: error.pos + 1]):
        return _faulty(body, [fault((), "json.too_deep")])
    unreadable = explain_unreadable(body, error)
    if not isinstance(unreadable.rest, dict):
        return _faulty(body, unreadable.errors)
    found = unreadable.errors + _remaining_faults(unreadable.rest, unreadable.errors, registers)
    return _faulty(body, found, unreadable.rest)


def _check_refused(body: bytes, message: object, registers: Registers) -> Faulty:
    """Return everything that is wrong with parsed JSON that the format or our bounds refuse."""
    if is_too_deep(body):
        return _faulty(body, [fault(deep_path(message), "json.too_deep")], message)
    found = value_faults(message)
    if is_odd(body, orjson.dumps(message)):
        found += explain_odd(body)
    found += _remaining_faults(message, found, registers)
    return _faulty(body, found, message)


def _remaining_faults(
    message: object, found: list[FieldError], registers: Registers
) -> list[FieldError]:
    """Return what the format refuses, and the incoherences of what is left then.

    Members already known as faulty are not named twice.
    """
    known = {error.path for error in found}
    refused = schema_faults(message)
    errors = [error for _, error in refused if error.path not in known]
    if not isinstance(message, dict):
        return errors
    rest = _without([path for path, _ in refused], message)
    instant = rest.get("received_at")
    received_at = None if instant is None else read_instant(instant)
    errors += take_attachments(rest)[1]
    return errors + incoherences(rest, received_at, registers)


def _without(paths: list[tuple[PathToken, ...]], message: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a message without the members at these paths.

    An item of a list becomes an empty object, so that the others keep their places.
    """
    rest: dict[str, Any] = _copy(message)
    for path in paths:
        holder: Any = rest
        for token in path[:-1]:
            holder = _at(holder, token)
        if isinstance(holder, dict) and path:
            holder.pop(path[-1], None)
        elif isinstance(holder, list) and isinstance(path[-1], int) and path[-1] < len(holder):
            holder[path[-1]] = {}
    return rest


def _copy(value: Any) -> Any:
    """Copy lists and objects, share what they hold."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _at(holder: Any, token: PathToken) -> Any:
    """Return a member, ``None`` when it is gone already."""
    if isinstance(holder, dict):
        return holder.get(str(token))
    is_item = isinstance(holder, list) and isinstance(token, int) and token < len(holder)
    return holder[token] if is_item else None


def _faulty(body: bytes, errors: list[FieldError], message: object = None) -> Faulty:
    """Make the refusal of a line, with the identity if it can be read."""
    members = message if isinstance(message, dict) else {}
    errors = errors or [fault((), "value.refused")]
    return Faulty(
        errors=tuple(dict.fromkeys(errors))[:MAX_FAULTS],
        bytes_hash=hashlib.sha256(body).digest(),
        source=_identity(members.get("source")),
        external_id=_identity(members.get("external_id")),
    )


def _identity(value: object) -> str | None:
    """Return one half of an identity, ``None`` when no text column would take it."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_IDENTITY:
        return None
    return value if value.isprintable() else None
