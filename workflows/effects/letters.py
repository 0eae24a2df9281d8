"""Letters that a flow sends (courriers)."""

from typing import Any

from medcontrol.model import Letter, OutboxMessage
from workflows.care.letters import calculation
from workflows.engine.paths import OperationCall
from workflows.letters.writing import Sender, letter_rows
from workflows.linked import letters as linked_letters
from workflows.steps.moving import Move


def send_letter(move: Move, call: OperationCall, arguments: dict[str, Any]) -> None:
    """Write a letter down and leave its sending to the outbox."""
    code = arguments["letter"]
    if "review" in move.pack.meta.letters[code].needs and move.occasion.review is None:
        return
    _count_answer(move, code)
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


def _count_answer(move: Move, code: str) -> None:
    """Say by when to answer a letter that a deadline of the pack follows."""
    name = move.pack.meta.letters[code].answer_within
    if name is None:
        return
    rule = move.pack.meta.deadlines[name]
    due = move.limits.due(rule.parameter, move.now, move.file.received_on)
    move.occasion.answer_by = move.limits.calendar.civil_date(due.at)
