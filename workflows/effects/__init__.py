"""What a flow's operations do to the database (opérations), in the caller's transaction."""

from collections.abc import Callable
from typing import Any

from workflows import engine
from workflows.effects import (
    appeals,
    clocks,
    decisions,
    expertises,
    letters,
    opinions,
    readings,
    rights,
    successions,
)
from workflows.engine.paths import Advance, OperationCall
from workflows.steps.moving import Move

__all__ = ["carry_out"]

_EFFECTS: dict[str, Callable[[Move, OperationCall, dict[str, Any]], None]] = {
    "send_letter": letters.send_letter,
    "suspend_clock": clocks.suspend,
    "resume_clock": clocks.resume,
    "set_level": decisions.set_level,
    "cancel_appointment": decisions.cancel_appointment,
    "grant_entitlement": rights.grant,
    "end_entitlement": rights.end,
    "suspend_entitlement": rights.suspend,
    "resume_entitlement": rights.resume,
    "keep_entitlement_open": rights.keep_open,
    "postpone_review": rights.postpone,
    "close": decisions.close,
    "compare_reading": readings.compare,
    "return_decision": readings.give_back,
    "release_decision": readings.release,
    "close_reading": readings.close,
    "open_expertise": expertises.open_expertise,
    "ask_opinion_outside": opinions.ask,
    "end_opinion_request": opinions.give_up,
    "tell_parent": expertises.tell,
    "end_mission": expertises.end_mission,
    "owe_fee": expertises.owe_fee,
    "close_appeal": appeals.close,
    "open_file": successions.open_file,
}


_CLOSINGS = ("close", "close_appeal")
_SETTLE = {
    "grant_entitlement",
    "end_entitlement",
    "suspend_entitlement",
    "postpone_review",
}  # what becomes of a right


def _announces(move: Move, advance: Advance) -> bool:
    """Whether a letter says what was decided although the file stays open, for an objection."""
    letters_sent = (c for c in advance.operations if c.operation == "send_letter")
    known = move.pack.meta.letters
    return any("decision" in known[call.arguments["letter"]].needs for call in letters_sent)


def carry_out(move: Move, advance: Advance) -> None:
    """Carry out the operations of an advance, in the order in which the path called them."""
    closing = next((call for call in advance.operations if call.operation in _CLOSINGS), None)
    if closing is not None:
        move.occasion.is_undoable = True
        move.occasion.decision = decisions.letter_part(move, closing.arguments["outcome"])
    elif _announces(move, advance):
        proposed = str(engine.facts_of(advance.state).get("decision", "none"))
        if proposed != "none":
            move.occasion.decision = decisions.letter_part(move, proposed)
    for call in advance.operations:
        _EFFECTS[call.operation](move, call, call.arguments)
    said = {call.operation for call in advance.operations}
    if closing is not None and move.file.entitlement_id is not None and not said & _SETTLE:
        rights.let_go(move)
    if closing is not None and closing.operation == "close":
        readings.draw(move, advance)
