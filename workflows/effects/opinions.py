"""Opinions asked for outside the flow (avis extérieurs): asked, and given up."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from medcontrol.ids import new_id
from medcontrol.model import OpinionRequest
from workflows.engine.paths import OperationCall
from workflows.linked.opinion_asks import write_ask
from workflows.steps.moving import Move


def ask(move: Move, _call: OperationCall, _arguments: dict[str, Any]) -> None:
    """Open a request for an opinion: sent when the step said what is asked, else to be written.

    A file that asks again waits for the new one: an earlier request that nobody answered ends.
    """
    _expire(move)
    request = OpinionRequest(
        id=new_id(), control_file_id=move.file.id, asked_by=move.actor.id,
        asking_doctor_id=move.holder, opened_at=move.now,
    )  # fmt: skip
    move.session.add(request)
    move.session.flush()
    asked = move.occasion.extra.pop("opinion", None)
    if asked is None:
        move.tell("opinion.to_write", request=str(request.id))
        return
    write_ask(move.session, move.tools, move.file, request, asked, now=move.now)
    move.tell("opinion.asked", request=str(request.id), due_on=str(request.due_on))


def give_up(move: Move, _call: OperationCall, _arguments: dict[str, Any]) -> None:
    """End what was not answered in time; an answer that comes later is kept all the same."""
    _expire(move)
    move.tell("opinion.given_up")


def _expire(move: Move) -> None:
    move.session.execute(
        sa.update(OpinionRequest)
        .where(
            col(OpinionRequest.control_file_id) == move.file.id,
            col(OpinionRequest.status).in_(("draft", "open")),
        )
        .values(status="expired", ended_at=move.now)
    )
