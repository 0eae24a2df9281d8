"""Opinions asked for, as who asks or supervises sees them (demandes d'avis): nothing medical."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.errors import NotFound
from medcontrol.model import ControlFile, Doctor, Expert, OpinionRequest
from medcontrol.policy import Action, Principal, may, visible

MOST = 200


@dataclass(frozen=True, slots=True)
class RequestRow:
    """An opinion asked for, as who asks or supervises sees it: nothing medical."""

    id: UUID
    reference: str
    asked: str
    due_on: date | None
    status: str
    reminders: int
    asked_at: datetime | None


def requests_of(session: Session, principal: Principal) -> Sequence[RequestRow]:
    """Return the requests under way that somebody made or has the file of."""
    mine: Any = col(OpinionRequest.asked_by) == principal.id
    if principal.doctor_id is not None:
        mine = sa.or_(
            mine,
            col(OpinionRequest.asking_doctor_id) == principal.doctor_id,
        )
    return _requests(session, mine)


def late_requests(session: Session, principal: Principal, today: date) -> Sequence[RequestRow]:
    """Return the requests past their day that somebody supervises."""
    return _requests(
        session,
        sa.and_(
            visible(principal, ControlFile, Action.REASSIGN), col(OpinionRequest.due_on) < today
        ),
    )


def _requests(session: Session, wanted: sa.ColumnElement[bool]) -> Sequence[RequestRow]:
    rows = session.execute(
        sa.select(OpinionRequest, col(ControlFile.reference), col(Doctor.name), col(Expert.name))
        .join(ControlFile, col(ControlFile.id) == OpinionRequest.control_file_id)
        .outerjoin(Doctor, col(Doctor.id) == OpinionRequest.doctor_id)
        .outerjoin(Expert, col(Expert.id) == OpinionRequest.expert_id)
        .where(col(OpinionRequest.status).in_(("draft", "open")), wanted)
        .order_by(col(OpinionRequest.due_on).nulls_first(), col(OpinionRequest.id))
        .limit(MOST)
    )
    return [
        RequestRow(
            each.id, reference, doctor or expert or "", each.due_on, each.status, each.reminders,
            each.asked_at,
        )
        for each, reference, doctor, expert in rows
    ]  # fmt: skip


def draft_of(session: Session, principal: Principal, request_id: UUID) -> ControlFile:
    """Return the file of a request that is to be written, for its doctor.

    Raises:
        NotFound: no such request, sent before, or not theirs.
    """
    request = session.get(OpinionRequest, request_id)
    if request is None or request.status != "draft":
        raise NotFound("there is no request to write")
    if principal.id != request.asked_by and not may(
        session, principal, request.control_file_id, Action.CONTROL
    ):
        raise NotFound("there is no request to write")
    return session.get_one(ControlFile, request.control_file_id)
