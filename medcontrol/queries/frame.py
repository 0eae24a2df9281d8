"""What the frame around every page says of the person logged in (bandeau)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import civil_date
from medcontrol.model import Absence, HumanTask, Unit, UserAccount
from medcontrol.policy import Principal, visible
from medcontrol.queries.due_dates import IS_BACK, IS_HELD, Task
from medcontrol.vocabulary import ControlLevel, Role, TaskStatus

Units: Any = Unit
Absences: Any = Absence
Users: Any = UserAccount


@dataclass(frozen=True, slots=True)
class Frame:
    """Where somebody works and what waits for them."""

    unit_name: str
    level: ControlLevel
    is_available: bool
    open_files: int | None
    came_back: int
    has_shortcuts: bool


def load_frame(
    session: Session, principal: Principal, *, now: datetime, jurisdiction: str
) -> Frame:
    """Return what the frame says; one statement. The unit is that of the widest role."""
    today = civil_date(now, jurisdiction)
    widest = max(principal.grants, key=lambda grant: grant.level.rank, default=None)
    hand = _in_hand(principal).subquery()
    row = session.execute(
        sa.select(
            sa.select(Units.name)
            .where(Units.code == (widest.unit_code if widest else None))
            .scalar_subquery()
            .label("unit"),
            hand.c.open,
            hand.c.back,
            sa.exists()
            .where(
                Absences.doctor_id == principal.doctor_id,
                Absences.first_day <= today,
                Absences.last_day >= today,
            )
            .label("away"),
            sa.select(Users.shortcuts)
            .where(Users.id == principal.id)
            .scalar_subquery()
            .label("shortcuts"),
        )
    ).one()
    return Frame(
        unit_name=row.unit or "",
        level=widest.level if widest else ControlLevel.LOCAL,
        is_available=not row.away,
        open_files=row.open if _has_queue(principal) else None,
        came_back=row.back,
        has_shortcuts=row.shortcuts is not False,
    )


def count_in_hand(session: Session, principal: Principal) -> int | None:
    """Return how many files wait in somebody's queue, as the page lists them; none without one."""
    if not _has_queue(principal):
        return None
    return int(session.execute(_in_hand(principal)).one().open)


def _has_queue(principal: Principal) -> bool:
    return principal.doctor_id is not None or principal.has(Role.AGENT)


def _in_hand(principal: Principal) -> Any:
    """Return the query of how many tasks to do now the queue of this person lists, in one look.

    Second readings have a queue of their own.
    """
    if principal.doctor_id is not None:
        mine = Task.assigned_doctor_id == principal.doctor_id
    else:
        mine = sa.not_(Task.is_medical) if principal.has(Role.AGENT) else sa.false()
    back = sa.func.count().filter(IS_BACK)
    return sa.select(sa.func.count().label("open"), back.label("back")).where(
        Task.status == TaskStatus.OPEN, sa.not_(IS_HELD), mine, visible(principal, HumanTask)
    )
