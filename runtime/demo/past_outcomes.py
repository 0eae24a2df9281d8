"""What the closed controls of the past taught selectivity (résultats codés)."""

from collections.abc import Mapping, Sequence
from typing import Any

from medcontrol.clock import civil_date
from medcontrol.ids import new_id
from medcontrol.reference.results import result_of
from medcontrol.vocabulary import ControlResult, DecisionOutcome, LineOutcome
from runtime.demo.closed import Closed
from runtime.demo.generator.outcomes import LineOpinion
from selectivity.features import cents


def outcome_of(closed: Closed) -> dict[str, Any]:
    """Return the row of the coded result of a control, as its decision would have written it."""
    file = closed.file
    result, avoided = coded(closed.journey.decided, closed.outcome.lines, closed.message)
    return {
        "id": new_id(),
        "received_file_id": closed.received["id"],
        "control_file_id": file["id"],
        "jurisdiction": file["jurisdiction"],
        "result": result,
        "amount_avoided_cents": avoided if result.is_hit else 0,
        "decided_on": civil_date(closed.outcome.decided_at, file["jurisdiction"]),
        "origins": [origin.value for origin in closed.selected.origins],
        "inclusion_probability": closed.selected.inclusion_probability,
        "doctor_id": closed.doctor_id,
        "minutes": closed.minutes,
    }


def coded(
    decided: DecisionOutcome, lines: Sequence[LineOpinion], message: Mapping[str, Any]
) -> tuple[ControlResult, int]:
    """Return the result of a control, and what was asked less what was granted, in centimes."""
    avoided = _avoided(lines, message)
    result = result_of(decided, flow=message["flow"], nature=message["nature"])
    if result is ControlResult.CONFORM and avoided:
        result = ControlResult.REDUCED
    return result, avoided


def _avoided(lines: Sequence[LineOpinion], message: Mapping[str, Any]) -> int:
    asked = {line["no"]: cents(line["amount"]) for line in message.get("lines") or ()}
    total = 0
    for line in lines:
        if line.outcome is LineOutcome.REFUSED:
            total += asked.get(line.line_no, 0)
        elif line.outcome is LineOutcome.MODIFIED and line.amount_cents is not None:
            total += max(asked.get(line.line_no, 0) - line.amount_cents, 0)
    return total
