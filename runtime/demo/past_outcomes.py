"""What the closed controls of the past taught selectivity (résultats codés)."""

from typing import Any

from medcontrol.clock import civil_date
from medcontrol.ids import new_id
from medcontrol.reference.results import result_of
from medcontrol.vocabulary import ControlResult, LineOutcome
from runtime.demo.closed import Closed


def outcome_of(closed: Closed) -> dict[str, Any]:
    """Return the row of the coded result of a control, as its decision would have written it."""
    file = closed.file
    avoided = _avoided(closed)
    result = result_of(closed.journey.decided, flow=file["flow"], nature=file["nature"])
    if result is ControlResult.CONFORM and avoided:
        result = ControlResult.REDUCED
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


def _avoided(closed: Closed) -> int:
    """Return what was asked less what was granted, in centimes."""
    asked = {
        line["no"]: int(line["amount"].replace(".", ""))
        for line in closed.message.get("lines") or ()
    }
    total = 0
    for line in closed.outcome.lines:
        if line.outcome is LineOutcome.REFUSED:
            total += asked.get(line.line_no, 0)
        elif line.outcome is LineOutcome.MODIFIED and line.amount_cents is not None:
            total += max(asked.get(line.line_no, 0) - line.amount_cents, 0)
    return total
