"""Which tasks a supervisor may look at, and how lists cut them (périmètre)."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import HumanTask, Unit
from medcontrol.policy import Action, Principal, visible
from medcontrol.queries.due_dates import Days, Task
from medcontrol.queries.supervision import DueBucket, UnitName
from medcontrol.vocabulary import ControlLevel, Role

Units: Any = Unit

# The last constraint named is the one that kept out the doctors who were left.
REASON = sa.func.split_part(
    sa.func.regexp_replace(Task.unassigned_reason, "^.* ", ""), ":", 1
)  # fmt: skip
IS_POOL = sa.and_(Task.is_medical, Task.assigned_doctor_id.is_(None))
# What only waits for somebody's time has a day on which it is expected.
IS_UNASSIGNABLE = sa.and_(IS_POOL, Task.unassigned_reason.is_not(None), Task.expected_on.is_(None))


def supervised(principal: Principal) -> sa.ColumnElement[bool]:
    """Return the predicate of the tasks whose assignment somebody may change."""
    return visible(principal, HumanTask, Action.REASSIGN)


def supervised_units(
    session: Session, principal: Principal, jurisdiction: str
) -> tuple[UnitName, ...]:
    """Return the units of somebody's supervision, the wider before the narrower."""
    grants = [
        grant for grant in principal.grants if grant.role in (Role.SUPERVISOR, Role.COORDINATOR)
    ]
    codes = [grant.unit_code for grant in grants]
    scope = sa.or_(Units.code.in_(codes), Units.parent_code.in_(codes))
    if any(grant.level is ControlLevel.CENTRAL for grant in grants):
        scope = sa.true()
    rank = sa.case({"central": 0, "regional": 1}, value=Units.level, else_=2)
    rows = session.execute(
        sa.select(Units.code, Units.name, Units.level, Units.parent_code)
        .where(scope, Units.jurisdiction == jurisdiction, Units.is_active)
        .order_by(rank, Units.name)
    )
    return tuple(
        UnitName(code=row.code, name=row.name, level=row.level, parent_code=row.parent_code)
        for row in rows
    )


def in_unit(unit: str) -> sa.ColumnElement[bool]:
    """The predicate of an agency or a region; everything for none."""
    if not unit:
        return sa.true()
    return sa.or_(Task.agency_code == unit, Task.region_code == unit)


def in_bucket(bucket: DueBucket, days: Days) -> sa.ColumnElement[bool]:
    """The predicate of a column of the matrix; the columns share no task."""
    ends = {
        DueBucket.LATE: (None, days.end_of_yesterday),
        DueBucket.TODAY: (days.end_of_yesterday, days.end_of_today),
        DueBucket.WITHIN_2: (days.end_of_today, days.end_in(2)),
        DueBucket.WITHIN_5: (days.end_in(2), days.end_in(5)),
        DueBucket.LATER: (days.end_in(5), None),
    }
    after, until = ends[bucket]
    parts = [] if after is None else [Task.due_at > after]
    return sa.and_(*parts, *([] if until is None else [Task.due_at <= until]))
