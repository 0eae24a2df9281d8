"""A line of history import: a message, its control, its outcome, or what is wrong (lignes)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import orjson

from medcontrol.clock import civil_date
from medcontrol.intake import Accepted, Faulty, Line, Registers, check
from medcontrol.intake.strict_json import explain_odd, has_too_many_values, is_odd
from medcontrol.vocabulary import ControlResult
from selectivity.features import cents

ORIGINS: Final = ("mandatory", "rule", "score", "random", "other")

_MONEY = re.compile(r"[0-9]{1,12}\.[0-9]{2}")
_MEMBERS = frozenset({"message", "control", "outcome"})
_CONTROL = frozenset({"origin", "inclusion_probability"})
_OUTCOME = frozenset({"code", "amount_avoided", "decided_on"})


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong with a line, without any of its values.

    Attributes:
        line: number of the line, from 1.
        external_id: of the message, when it could be read.
        path: member as a JSON pointer.
        code: stable word for what is wrong.
        expected: what would have passed, "" when the code says it all.
    """

    line: int
    external_id: str | None
    path: str
    code: str
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a past control."""

    result: ControlResult
    amount_avoided: int
    decided_on: date


@dataclass(frozen=True, slots=True)
class Past:
    """A line that passes."""

    accepted: Accepted
    received_on: date
    origin: str | None
    chance: float | None
    outcome: Outcome | None


class _Wrong(Exception):
    def __init__(self, path: str, code: str, expected: str = "") -> None:
        super().__init__(code)
        self.path, self.code, self.expected = path, code, expected


def read_past(line: Line, registers: Registers, today: date) -> Past | list[LineFault]:
    """Return what a line says, or everything that intake finds wrong with its message. Pure."""
    try:
        whole = _parsed(line)
    except _Wrong as wrong:
        return [LineFault(line.no, None, wrong.path, wrong.code, wrong.expected)]
    checked = check(orjson.dumps(whole["message"]), registers)
    if isinstance(checked, Faulty):
        return [
            LineFault(
                line.no, checked.external_id, f"/message{each.path}", each.code, each.expected
            )
            for each in checked.errors
        ]
    day = civil_date(checked.received_at, checked.message["jurisdiction"])
    try:
        if day > today:
            raise _Wrong("/message/received_at", "history.in_future")
        origin, chance = _control(whole.get("control"))
        outcome = _outcome(whole.get("outcome"), day, today)
        if outcome is not None and origin is None:
            raise _Wrong("/control", "history.outcome_without_control")
    except _Wrong as wrong:
        return [LineFault(line.no, checked.external_id, wrong.path, wrong.code, wrong.expected)]
    return Past(checked, day, origin, chance, outcome)


def _parsed(line: Line) -> dict[str, Any]:
    if line.spooled_hash is not None:
        raise _Wrong("", "line.too_long")
    body = line.raw.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")
    if has_too_many_values(body):
        raise _Wrong("", "json.too_many_values")
    try:
        whole = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _Wrong("", "json.unreadable") from None
    if not isinstance(whole, dict) or not isinstance(whole.get("message"), dict):
        raise _Wrong("/message", "history.no_message", "{message, control, outcome}")
    if is_odd(body, orjson.dumps(whole)):
        for odd in explain_odd(body):
            raise _Wrong(odd.path, odd.code, odd.expected)
    _only(whole, _MEMBERS, "")
    return whole


def _only(found: Mapping[str, Any], known: frozenset[str], path: str) -> None:
    for name in found:
        if name not in known:
            raise _Wrong(f"{path}/{name[:64]}", "history.unknown_member", ", ".join(sorted(known)))


def _control(found: object) -> tuple[str | None, float | None]:
    """Return why a file was controlled and how likely that was; nothing when it was not."""
    if found is None:
        return None, None
    if not isinstance(found, dict):
        raise _Wrong("/control", "history.no_object")
    _only(found, _CONTROL, "/control")
    if found.get("origin") not in ORIGINS:
        raise _Wrong("/control/origin", "history.origin", ", ".join(ORIGINS))
    chance = found.get("inclusion_probability")
    is_number = isinstance(chance, int | float) and not isinstance(chance, bool)
    if chance is not None and not (is_number and 0 < chance <= 1):
        raise _Wrong("/control/inclusion_probability", "history.probability", "above 0, up to 1")
    return found["origin"], None if chance is None else float(chance)


def _outcome(found: object, received_on: date, today: date) -> Outcome | None:
    if found is None:
        return None
    if not isinstance(found, dict):
        raise _Wrong("/outcome", "history.no_object")
    _only(found, _OUTCOME, "/outcome")
    if found.get("code") not in [each.value for each in ControlResult]:
        raise _Wrong("/outcome/code", "history.result", ", ".join(ControlResult))
    avoided = found.get("amount_avoided", "0.00")
    if not isinstance(avoided, str) or not _MONEY.fullmatch(avoided):
        raise _Wrong("/outcome/amount_avoided", "history.money", "123.45")
    try:
        decided_on = date.fromisoformat(found.get("decided_on", ""))
    except (TypeError, ValueError):
        raise _Wrong("/outcome/decided_on", "history.day", "2026-03-01") from None
    if not received_on <= decided_on <= today:
        raise _Wrong("/outcome/decided_on", "history.decided_on", "from reception to today")
    return Outcome(ControlResult(found["code"]), cents(avoided), decided_on)
