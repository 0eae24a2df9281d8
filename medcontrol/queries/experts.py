"""The list of experts and their statements (liste des experts, relevés)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.errors import NotFound
from medcontrol.model import (
    ControlFile,
    Expert,
    ExpertConflict,
    ExpertFee,
    ExpertMission,
    UserAccount,
)


@dataclass(frozen=True, slots=True)
class ExpertRow:
    """An expert in the list."""

    expert: Expert
    login: str | None
    missions: int
    owed_cents: int


def experts(session: Session, month: date) -> Sequence[ExpertRow]:
    """Return every expert with the missions under way and what a month owes them."""
    login = (
        sa.select(col(UserAccount.login))
        .where(col(UserAccount.id) == Expert.user_id)
        .scalar_subquery()
    )
    missions = (
        sa.select(sa.func.count())
        .where(col(ExpertMission.expert_id) == Expert.id, col(ExpertMission.status) == "named")
        .scalar_subquery()
    )
    owed = (
        sa.select(sa.func.coalesce(sa.func.sum(ExpertFee.amount_cents), 0))
        .where(col(ExpertFee.expert_id) == Expert.id, col(ExpertFee.month) == month)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(Expert, login, missions, owed).order_by(
            col(Expert.is_active).desc(), col(Expert.name)
        )
    )
    return [ExpertRow(row[0], row[1], int(row[2]), int(row[3])) for row in rows]


@dataclass(frozen=True, slots=True)
class FeeRow:
    """A line of an expert's statement."""

    reference: str
    amount_cents: int
    basis: str
    ended_on: datetime


@dataclass(frozen=True, slots=True)
class ExpertPage:
    """An expert's sheet: conflicts of interest and the statement of a month."""

    expert: Expert
    login: str | None
    conflicts: Sequence[ExpertConflict]
    fees: Sequence[FeeRow]
    month: date

    @property
    def total_cents(self) -> int:
        """What the month owes."""
        return sum(each.amount_cents for each in self.fees)


def expert_page(session: Session, expert_id: UUID, month: date) -> ExpertPage:
    """Return an expert's sheet.

    Raises:
        NotFound: there is no such expert.
    """
    expert = session.get(Expert, expert_id)
    if expert is None:
        raise NotFound("there is no such expert")
    login = session.execute(
        sa.text("SELECT login FROM user_account WHERE id = :id"), {"id": expert.user_id}
    ).scalar()
    conflicts = session.exec(
        select(ExpertConflict)
        .where(ExpertConflict.expert_id == expert_id)
        .order_by(col(ExpertConflict.valid_from).desc())
    ).all()
    rows = session.execute(
        sa.select(col(ControlFile.reference), ExpertFee, col(ExpertMission.ended_at))
        .join(ExpertMission, col(ExpertMission.id) == ExpertFee.mission_id)
        .join(ControlFile, col(ControlFile.id) == ExpertMission.control_file_id)
        .where(col(ExpertFee.expert_id) == expert_id, col(ExpertFee.month) == month)
        .order_by(col(ExpertFee.entered_at))
    )
    fees = [FeeRow(reference, fee.amount_cents, fee.basis, ended) for reference, fee, ended in rows]
    return ExpertPage(expert, login, conflicts, fees, month)


@dataclass(frozen=True, slots=True)
class Reported:
    """A mission whose report was handed in."""

    expert: Expert
    is_in_person: bool
    ended_at: datetime


def reported(session: Session, control_file_id: UUID) -> Reported:
    """Return the mission of an expertise that was reported.

    Raises:
        NotFound: there is none.
    """
    mission = session.exec(
        select(ExpertMission)
        .where(ExpertMission.control_file_id == control_file_id, ExpertMission.status == "reported")
        .order_by(col(ExpertMission.ended_at).desc())
        .limit(1)
    ).first()
    if mission is None or mission.ended_at is None:
        raise NotFound("no report was handed in")
    expert = session.get_one(Expert, mission.expert_id)
    return Reported(expert, mission.is_in_person, mission.ended_at)
