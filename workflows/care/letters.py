"""What a letter to a provider says of its own bill: every line with its values, law and date."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from medcontrol.model import MedicalRecord, Opinion
from medcontrol.rules.long_term_care.bill_explaining import level_path, steps_of_recovery
from medcontrol.services.care_bills import last_check, result_of
from medcontrol.services.care_results import step_json
from medcontrol.services.medical import unsealed
from medcontrol.vocabulary import DecisionOutcome
from workflows.care import letter_words as words
from workflows.care.controls import bill_of
from workflows.letters.writing import language_of
from workflows.steps.moving import Move

#: The answer of the plausibility control that says how many disputed minutes are kept.
KEPT = "minutes_kept"

_LEVEL = level_path(0).removesuffix("0")


def calculation(move: Move) -> dict[str, Any] | None:
    """Return the calculation of the bill that a file controls; None when it controls none.

    What is asked back are the minutes that were paid and that the control disputes, without
    those kept: all of them when the overrun is accepted, none when it is refused.
    """
    bill_id = bill_of(move.session, move.file.received_file_id)
    if bill_id is None:
        return None
    session, keys = move.session, move.tools.keys
    result = result_of(session, keys, last_check(session, bill_id).id)
    return said(result, _kept(move, result["contested"]), language_of(move.received))


def said(result: Mapping[str, Any], kept: int, language: str) -> dict[str, Any]:
    """Return a kept check in the words of a letter.

    Args:
        result: of a check.
        kept: whole minutes, of the disputed ones, that the provider keeps.
        language: ``fr`` or ``ar``.
    """
    at = 1 if language == "ar" else 0
    last = [step_json(s) for s in steps_of_recovery(result["payable"], result["contested"], kept)]
    return {
        "bill": result["number"],
        "month": result["month"],
        "plan": [line for plan in result["plan"] for line in _lines(plan["steps"])],
        "periods": [_period(each, at) for each in result["periods"]],
        "lines": _lines([*result["steps"], *last]),
        "reasons": [_reason(each, at) for each in result["reasons"]],
        "law": [_law(each, at) for each in result["law"]],
        "paid": result["payable"],
        "disputed": result["contested"],
        "kept": kept,
        "recovered": result["contested"] - kept,
    }


def _kept(move: Move, disputed: int) -> int:
    outcome = DecisionOutcome((move.occasion.decision or {})["outcome"])
    if outcome is DecisionOutcome.GRANTED:
        return disputed
    proposal = move.proposal_of()
    if outcome is not DecisionOutcome.PARTIALLY_GRANTED or proposal is None:
        return 0
    opinion = move.session.get_one(Opinion, proposal.opinion_id)
    return min(disputed, _answered(move, opinion.reasoning_id))


def _answered(move: Move, record_id: UUID | None) -> int:
    if record_id is None:
        return 0
    record = move.session.get_one(MedicalRecord, record_id)
    return int(unsealed(move.tools.keys, record).get("form", {}).get(KEPT) or 0)


def _period(period: Mapping[str, Any], at: int) -> dict[str, Any]:
    return {
        "first": date.fromisoformat(period["from"]),
        "last": date.fromisoformat(period["to"]),
        "lines": _lines(period["steps"]),
        "cuts": [
            {"minutes": each["minutes"], "why": words.CUTS[each["reason"]][at]}
            for each in period["cuts"]
        ],
    }


def _lines(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{"text": step["text"], "section": step["section"]} for step in steps]


def _reason(reason: Mapping[str, Any], at: int) -> str:
    said_as = words.REASONS.get(reason["code"])
    return said_as[at].format(*reason["figures"]) if said_as else str(reason["text"])


def _law(basis: Mapping[str, Any], at: int) -> dict[str, Any]:
    path = basis["path"]
    if path.startswith(_LEVEL):
        label = f"{words.LEVEL[at]} {path.removeprefix(_LEVEL)}"
    else:
        label = words.LAW[path][at]
    value = words.VALUES.get(basis["value"])
    return {
        "label": label,
        "value": value[at] if value else basis["value"],
        "since": date.fromisoformat(basis["since"]),
        "title": basis["title"],
    }
