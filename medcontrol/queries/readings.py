"""Lists of second readings: a reader's own, and what a coordinator has to look at."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from medcontrol.model import ControlFile, Doctor, HumanTask, SecondReading
from medcontrol.policy import Action, Principal, visible
from medcontrol.vocabulary import (
    DecisionOutcome,
    HoldEnd,
    ProposalStatus,
    ReadingFinding,
    ReadingStatus,
    Role,
    StepKind,
    TaskStatus,
)

Reading: Any = SecondReading
File: Any = ControlFile
Task: Any = HumanTask
LONGEST = 200


@dataclass(frozen=True, slots=True)
class QueuedReading:
    """A reading to make: nothing of it tells what was decided, nor why it was drawn."""

    reference: str
    flow: str
    step: str
    opened_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class MadeReading:
    """A reading that is over."""

    reference: str
    flow: str
    read_at: datetime
    first_outcome: DecisionOutcome
    second_outcome: DecisionOutcome
    finding: ReadingFinding | None


def own_queue(session: Session, principal: Principal) -> list[QueuedReading]:
    """Return the readings in a reader's hands, what is due first on top.

    Not the urgent ones first: urgency tells that a letter waits, and so what was decided.
    """
    if principal.doctor_id is None or not principal.has(Role.QUALITY_READER):
        return []
    rows = session.execute(
        sa.select(Task.reference, Task.nature, Task.step, Task.opened_at, Task.due_at)
        .where(
            Task.assigned_doctor_id == principal.doctor_id,
            Task.status == TaskStatus.OPEN,
            Task.kind == StepKind.QUALITY_READING,
        )
        .order_by(Task.due_at, Task.reference)
        .limit(LONGEST)
    )
    return [QueuedReading(*row) for row in rows]


def own_past(session: Session, principal: Principal, *, most: int = 30) -> list[MadeReading]:
    """Return the readings that a reader made, the last first."""
    if principal.doctor_id is None:
        return []
    rows = session.execute(
        sa.select(
            File.reference, Reading.flow, Reading.read_at, Reading.first_outcome,
            Reading.second_outcome, Reading.finding,
        )
        .join(ControlFile, File.id == Reading.reading_file_id)
        .where(
            Reading.reader_doctor_id == principal.doctor_id,
            Reading.status == ReadingStatus.READ,
        )
        .order_by(Reading.read_at.desc())
        .limit(most)
    )  # fmt: skip
    return [
        MadeReading(
            row.reference, row.flow, row.read_at, row.first_outcome,
            DecisionOutcome(row.second_outcome), row.finding,
        )
        for row in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class FollowedReading:
    """A reading that a coordinator follows: open, held too long, or with something to answer."""

    id: UUID
    reference: str  # of the file that is read
    flow: str
    stratum: str
    decided_on: date
    status: ReadingStatus
    first_outcome: DecisionOutcome
    second_outcome: DecisionOutcome | None
    finding: ReadingFinding | None
    held_until: datetime | None
    hold_end: HoldEnd | None
    returned_at: datetime | None
    proposal: ProposalStatus | None
    proposal_reason: str | None
    reopened_reference: str | None
    author: str


def followed(session: Session, principal: Principal, *, since: date) -> list[FollowedReading]:
    """Return what somebody answers for: findings, open readings, and letters that left unread.

    Within the files that the policy lets them coordinate; the newest first.
    """
    again: Any = aliased(ControlFile)
    rows = session.execute(
        sa.select(
            Reading.id, File.reference, Reading.flow, Reading.stratum, Reading.decided_on,
            Reading.status, Reading.first_outcome, Reading.second_outcome, Reading.finding,
            Reading.held_until, Reading.hold_end, Reading.returned_at, Reading.proposal,
            Reading.proposal_reason, again.reference, col(Doctor.name),
        )
        .join(ControlFile, File.id == Reading.control_file_id)
        .join(Doctor, col(Doctor.id) == Reading.author_doctor_id)
        .outerjoin(again, again.id == Reading.reopened_file_id)
        .where(
            visible(principal, ControlFile, Action.REASSIGN),
            Reading.decided_on >= since,
            sa.or_(
                Reading.status == ReadingStatus.READING,
                Reading.finding.in_((ReadingFinding.MINOR, ReadingFinding.MAJOR)),
                Reading.hold_end == HoldEnd.LIMIT,
                sa.and_(Reading.status == ReadingStatus.UNREAD, Reading.held_until.is_not(None)),
            ),
        )
        .order_by((Reading.proposal == ProposalStatus.OPEN).desc().nulls_last(),
                  Reading.drawn_at.desc())
        .limit(LONGEST)
    )  # fmt: skip
    return [_followed(row) for row in rows]


def _followed(row: Any) -> FollowedReading:
    values = list(row)
    values[7] = DecisionOutcome(row[7]) if row[7] else None
    return FollowedReading(*values)
