"""JSON read strictly: what parsers let pass in silence is found, and named by its path.

The good path costs a parse by orjson and a few byte counts. Only a line that looks odd is read
a second time, slowly, to say exactly what is wrong with it.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from medcontrol.intake.faults import MAX_FAULTS, FieldError, PathToken, fault

MAX_DEPTH: Final = 64
MAX_VALUES: Final = 250_000
"""Commas and brackets in one line. 80 MiB of ``[[],[],…`` would fill gigabytes of memory."""

_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_EXACT_BELOW = 2.0**63  # above, orjson makes a float of a whole number


class _NotFinite:
    """Stands where NaN or Infinity was written."""


class _Repeating(dict[str, Any]):
    """An object in which some keys were given more than once."""

    repeated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that orjson refuses.

    Attributes:
        errors: why.
        rest: what a lenient reader could still make of it, ``None`` when nothing. It may hold
            half characters and markers that are no JSON; it serves to find more faults.
    """

    errors: list[FieldError]
    rest: object | None


def is_odd(body: bytes, canonical: bytes) -> bool:
    r"""Whether a parsed line must be read again: NUL characters or repeated keys are possible.

    Args:
        body: the line as received.
        canonical: the same, parsed and written again.

    A parser keeps the last of repeated keys, so what it writes has fewer quotation marks than
    what it read: each string has two, and a mark inside a string is written ``\"`` in both,
    unless it came as ``\u0022``.
    """
    if body.count(b'"') != canonical.count(b'"'):
        return True
    return b"\\" in body and (b"\\u0000" in body or b"\\u0022" in body)


def has_too_many_values(body: bytes) -> bool:
    """Whether reading a line could fill the memory; an ordinary line is too short to."""
    return len(body) > MAX_VALUES and sum(map(body.count, (b",", b"[", b"{"))) > MAX_VALUES


def is_tame(value: object, depth: int) -> bool:
    """Whether a value, itself at ``depth``, is nested within bounds and its numbers are exact."""
    return is_shallow(value, depth) and not any(
        isinstance(item, float) and abs(item) >= _EXACT_BELOW
        for level in _levels(value)
        for item in level
    )


def is_shallow(value: object, depth: int) -> bool:
    """Whether no list or object lies deeper than ``MAX_DEPTH``; a message itself is at depth 1."""
    for reached, level in enumerate(_levels(value), depth):
        if reached > MAX_DEPTH and any(isinstance(item, dict | list) for item in level):
            return False
    return True


def _levels(value: object) -> Iterator[list[object]]:
    """Yield the value, what it holds, what these hold, and so on."""
    level = [value]
    while level:
        yield level
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = below


def is_too_deep(body: bytes) -> bool:
    """Whether brackets outside strings are nested more than ``MAX_DEPTH`` deep, parsed or not."""
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return False
    depth = 0
    for match in _BRACKETS.finditer(body):
        mark = body[match.start()]
        if mark in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif mark in b"]}":
            depth -= 1
    return False


def explain_unreadable(body: bytes, error: orjson.JSONDecodeError) -> Unreadable:
    """Return why orjson refused a line that is not nested too deeply."""
    errors = _encoding_faults(body)
    text = body.decode("utf-8", "replace")
    try:
        rest = _read_leniently(text)
    except (json.JSONDecodeError, RecursionError):
        errors.append(fault((), "json.invalid", f"position {error.pos + 1}"))
        return Unreadable(errors, None)
    errors += value_faults(rest)
    errors += repeated_keys(rest)
    if not errors:  # control characters, and whatever only the strict reader refuses
        errors.append(fault((), "json.invalid", f"position {error.pos + 1}"))
    return Unreadable(errors[:MAX_FAULTS], rest)


def explain_odd(body: bytes) -> list[FieldError]:
    """Return the repeated keys of a line that can be parsed."""
    return repeated_keys(_read_leniently(body.decode("utf-8")))


def value_faults(message: object) -> list[FieldError]:
    """Return NUL, half characters, numbers that are none or too large, by path."""
    found: list[FieldError] = []
    stack: list[tuple[tuple[PathToken, ...], object]] = [((), message)]
    while stack and len(found) < MAX_FAULTS:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack.extend(((*path, key), item) for key, item in reversed(value.items()))
            found += [fault((*path, key), code) for key in value if (code := _text_fault(key))]
        elif isinstance(value, list):
            stack.extend(((*path, no), value[no]) for no in range(len(value) - 1, -1, -1))
        elif code := _scalar_fault(value):
            found.append(fault(path, code))
    return found[:MAX_FAULTS]


def deep_path(message: object) -> tuple[PathToken, ...]:
    """Return the path of the first member of a message that is nested too deeply."""
    members = message.items() if isinstance(message, dict) else ()
    return next(((key,) for key, value in members if not is_shallow(value, 2)), ())


def repeated_keys(tree: object) -> list[FieldError]:
    """Return each key that an object of a leniently read line gives more than once."""
    found: list[FieldError] = []
    for path, repeated in _repetitions(tree):
        found += [fault((*path, key), "json.duplicate_key") for key in repeated[:MAX_FAULTS]]
        if len(found) >= MAX_FAULTS:
            break
    return found[:MAX_FAULTS]


def _repetitions(tree: object) -> Iterator[tuple[tuple[PathToken, ...], tuple[str, ...]]]:
    """Yield path and repeated keys of the objects that have some."""
    stack: list[tuple[tuple[PathToken, ...], object]] = [((), tree)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, _Repeating):
            yield path, value.repeated
        if isinstance(value, dict):
            stack.extend(((*path, key), item) for key, item in value.items())
        elif isinstance(value, list):
            stack.extend(((*path, no), item) for no, item in enumerate(value))


def _encoding_faults(body: bytes) -> list[FieldError]:
    """Return where the line stops being UTF-8."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return [fault((), "line.not_utf8", f"octet {error.start + 1}")]
    return []


def _text_fault(text: str) -> str:
    """Return the code of what is wrong with a text, or nothing."""
    if "\0" in text:
        return "json.nul"
    return "json.lone_surrogate" if _SURROGATE.search(text) else ""


def _scalar_fault(value: object) -> str:
    """Return the code of what is wrong with a text or a number, or nothing."""
    if isinstance(value, str):
        return _text_fault(value)
    if isinstance(value, _NotFinite):
        return "json.not_finite"
    if isinstance(value, float):
        return "json.number_too_large" if abs(value) >= _EXACT_BELOW else ""
    is_too_long = isinstance(value, int) and not -(2**63) <= value < 2**64
    return "json.number_too_large" if is_too_long else ""


def _read_leniently(text: str) -> object:
    """Parse what can be parsed, with markers for what JSON does not have."""
    return json.loads(
        text,
        strict=False,
        parse_constant=lambda _: _NotFinite(),
        parse_int=_whole_number,
        object_pairs_hook=_keep_repetitions,
    )


def _whole_number(digits: str) -> int | float:
    """Return a whole number, infinity when it has over 20 characters (Python refuses 4,300)."""
    return int(digits) if len(digits) <= 20 else math.inf


def _keep_repetitions(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object as parsers do (the last one wins) and remember the keys given twice."""
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    times = Counter(key for key, _ in pairs)
    marked = _Repeating(made)
    marked.repeated = tuple(key for key, count in times.items() if count > 1)
    return marked
