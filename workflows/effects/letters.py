"""Letters that a flow sends (courriers)."""

from datetime import date
from typing import Any

from medcontrol.legal.loading import law
from medcontrol.model import Letter, OutboxMessage
from workflows.care.letters import calculation
from workflows.definition.schema import COMPLEMENT_DAYS
from workflows.engine.paths import OperationCall
from workflows.letters.writing import Sender, letter_rows
from workflows.linked import letters as linked_letters
from workflows.steps.moving import Move


def send_letter(move: Move, call: OperationCall, arguments: dict[str, Any]) -> None:
    """Write a letter down and leave its sending to the outbox."""
    code = arguments["letter"]
    if "review" in move.pack.meta.letters[code].needs and move.occasion.review is None:
        return
    move.occasion.answer_by = _answer_by(move, code)
    linked_letters.prepare(move, move.pack.meta.letters[code].needs)
    if "calculation" in move.pack.meta.letters[code].says:
        move.occasion.calculation = calculation(move)
    tools = move.tools
    letter, message = letter_rows(
        move.pack, code, file=move.columns(), received=move.received,
        sender=Sender(
            fund=tools.fund_name, unit_name=move.unit_name, undo_seconds=tools.undo_seconds,
            ways=tools.letter_ways,
        ),
        occasion=move.occasion,
        number=f"{call.step}:{move.file.version}:{move.letters}", now=move.now,
    )  # fmt: skip
    move.letters += 1
    move.rows.add(Letter, letter)
    if message is not None:
        move.rows.add(OutboxMessage, message)
    move.tell("letter.written", letter=str(letter["id"]), code=code)


def _answer_by(move: Move, code: str) -> date | None:
    """Return by when a letter is to be answered.

    The deadline of the pack that follows it says so, counted from the letter; else that of the
    pieces it asks for, counted from when they were asked for first.
    """
    follows = move.pack.meta.letters[code].answer_within
    if follows is not None:
        parameter, since = move.pack.meta.deadlines[follows].parameter, move.now
    elif move.occasion.asked_at and COMPLEMENT_DAYS in law(move.file.jurisdiction).paths:
        parameter, since = COMPLEMENT_DAYS, move.occasion.asked_at
    else:
        return None
    due = move.limits.due(parameter, since, move.file.received_on)
    return move.limits.calendar.civil_date(due.at)
