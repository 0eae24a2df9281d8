"""The decision that closes a file (décision), and the level that gives it."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from medcontrol import outbox
from medcontrol.clock import civil_date
from medcontrol.ids import new_id
from medcontrol.legal.loading import law
from medcontrol.model import Decision
from medcontrol.reference.acts import act_label
from medcontrol.reference.motives import motives
from medcontrol.services.bookings import settle
from medcontrol.vocabulary import (
    AppointmentReason,
    AppointmentState,
    ControlLevel,
    DecisionOutcome,
    LineOutcome,
)
from workflows.effects import outcomes
from workflows.engine.paths import OperationCall
from workflows.letters.answers import amount, currency_of
from workflows.letters.writing import language_of
from workflows.steps.command import LineVerdict
from workflows.steps.moving import Move
from workflows.steps.proposals import Proposal

_CHOSEN = b"SELECT level FROM selectivity_decision WHERE received_file_id = %(received)s"


def set_level(move: Move, _call: OperationCall, arguments: dict[str, Any]) -> None:
    """Raise the file to a level, or bring it back to the one that selectivity chose."""
    before = move.file.level
    level = arguments["level"]
    move.file.level = _initial_level(move) if level == "initial" else ControlLevel(level)
    move.tell("level.changed", before=before.value, after=move.file.level.value)


def _initial_level(move: Move) -> ControlLevel:
    chosen = move.ask(_CHOSEN, received=move.file.received_file_id)
    return ControlLevel(chosen[0][0]) if chosen else ControlLevel.LOCAL


def cancel_appointment(move: Move, _call: OperationCall, _arguments: dict[str, Any]) -> None:
    """Free the slot that is booked, and say why where the command did."""
    reason = move.occasion.extra.get("freed_because", AppointmentReason.FLOW)
    cancelled = AppointmentState.CANCELLED
    for each in settle(move.session, move.file.id, cancelled, reason, now=move.now):
        move.tell("appointment.cancelled", appointment=str(each), reason=reason.value)


def close(move: Move, _call: OperationCall, arguments: dict[str, Any]) -> None:
    """Write the decision that closes the file, with what it was decided with."""
    outcome = DecisionOutcome(arguments["outcome"])
    proposal = move.proposal_of()
    part = move.occasion.decision or {}
    decision_id = new_id()
    move.rows.add(
        Decision,
        {
            "id": decision_id,
            "control_file_id": move.file.id,
            "opinion_id": proposal.opinion_id if proposal else None,
            "outcome": outcome,
            "motive_code": _motive_code(move, proposal),
            "valid_from": part.get("valid_from"),
            "valid_to": part.get("valid_to"),
            "decided_at": move.now,
            "decided_by": move.actor.id,
            "decided_with": _evidence(move) | move.occasion.extra.get("evidence", {}),
            "before": move.occasion.extra.get("before"),
        },
    )
    move.file.outcome = outcome
    outcomes.record(move, outcome)
    move.occasion.extra["decision_id"] = decision_id
    move.tell("decision.made", decision=str(decision_id), outcome=outcome.value)
    payload = {
        "event": "decision.made",
        "control_file_id": str(move.file.id),
        "decision_id": str(decision_id),
    }
    move.publish(
        outbox.NewMessage(
            topic="events.deliver", key=f"event:decision.made:{decision_id}", payload=payload,
            not_before=move.now + timedelta(seconds=move.tools.undo_seconds),
        )
    )  # fmt: skip


def _motive_code(move: Move, proposal: Proposal | None) -> str | None:
    given = move.occasion.extra.get("motive_code")
    return given or (proposal.motive_code if proposal else None)


def _evidence(move: Move) -> dict[str, Any]:
    """Return what a decision is made with: the pack, and the law of the day of receipt."""
    paths = tuple(rule.parameter for rule in move.pack.meta.deadlines.values())
    return {
        "pack": move.pack.key,
        "pack_hash": move.pack.digest,
        "parameters": _values(move.file.jurisdiction, paths, move.file.received_on),
    }


@lru_cache(maxsize=1024)
def _values(jurisdiction: str, paths: tuple[str, ...], day: date) -> tuple[dict[str, str], ...]:
    numbers = law(jurisdiction).at(day)
    return tuple(numbers.value(path).facts() for path in paths)


def letter_part(move: Move, outcome: str) -> dict[str, Any]:
    """Return what a letter says of the decision: shareable wording, line by line."""
    language = language_of(move.received)
    proposal = move.proposal_of()
    known = motives(move.file.jurisdiction)
    code = _motive_code(move, proposal)
    part: dict[str, Any] = {
        "outcome": outcome,
        "decided_on": civil_date(move.now, move.file.jurisdiction),
        "motives": [known[code].wording.in_language(language)] if code and code in known else [],
        "lines": [],
    }
    if proposal is not None:
        part["lines"] = _decided_lines(move, proposal, language)
        part["valid_from"], part["valid_to"] = proposal.valid_from, proposal.valid_to
    part["not_due"] = _not_due(move, outcome, proposal, language)
    return part


_REFUSED = (DecisionOutcome.REFUSED_MEDICAL, DecisionOutcome.REFUSED_ADMINISTRATIVE)


def _not_due(move: Move, outcome: str, proposal: Proposal | None, language: str) -> str | None:
    """Return what was asked for and is not granted, as its letter says it; none when nothing."""
    details, cents = move.received["details"], 0
    if outcome in _REFUSED:
        cents = int(move.file.amount_cents or 0)
    elif outcome == DecisionOutcome.PARTIALLY_GRANTED and proposal is not None:
        cents = outcomes.avoided_of(proposal.lines, details.get("lines") or ())
    currency = currency_of(move.received, move.file.jurisdiction)
    return amount(cents, currency, language) if cents else None


def _granted(verdict: LineVerdict, line: Mapping[str, Any], money: Callable[[int], str]) -> str:
    """Return what a line is granted, as its letter says it: what was asked, less, or nothing."""
    if verdict.outcome is LineOutcome.ACCEPTED:
        return _requested(line, money)
    if verdict.outcome is LineOutcome.REFUSED:
        return money(0)
    times = f"× {verdict.quantity}" if verdict.quantity else ""
    cents = verdict.amount_cents
    return " · ".join(filter(None, (times, money(cents) if cents is not None else "")))


def _requested(line: Mapping[str, Any], money: Callable[[int], str]) -> str:
    """Return what a line asks for: how often, when more than once, and the amount."""
    if "amount" not in line:
        return ""
    cents = money(int(Decimal(str(line["amount"])) * 100))
    quantity = Decimal(str(line.get("quantity", 1)))
    return cents if quantity == 1 else f"× {quantity.normalize():f} · {cents}"


def _decided_lines(move: Move, proposal: Proposal, language: str) -> list[dict[str, Any]]:
    known = motives(move.file.jurisdiction)
    details = move.received["details"]
    asked = {line["no"]: line for line in details.get("lines", ())}
    currency = currency_of(move.received, move.file.jurisdiction)
    rows = []

    def money(cents: int) -> str:
        return amount(cents, currency, language)

    for each in proposal.lines:
        line = asked.get(each.line_no, {})
        act = str(line.get("act", each.line_no))
        motive = known.get(each.motive_code or "")
        rows.append(
            {
                "label": _label(line, act_label(move.file.jurisdiction, act, language), language),
                "outcome": each.outcome,
                "requested": _requested(line, money),
                "granted": _granted(each, line, money),
                "motive": motive.wording.in_language(language) if motive else "",
            }
        )
    return rows


_TOOTH = {"fr": ", dent ", "ar": "، السن "}


def _label(line: Mapping[str, Any], act: str, language: str) -> str:
    """Return what a line is for, with the tooth that it is about."""
    tooth = line.get("tooth")
    return (line.get("label") or act) + (f"{_TOOTH[language]}{tooth}" if tooth else "")
