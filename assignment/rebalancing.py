"""A proposal to even out what doctors hold (rééquilibrage); a supervisor accepts it, or not.

Opened files never move, nor what somebody chose a doctor for within the days of the lever
``settle_days``, nor what is on hold. What is accepted is an ordinary reassignment, with its
journal, its results by file and its undoing.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment import levers
from assignment.balancing import Balance, Move, balance
from assignment.calendar import horizon
from assignment.facts import DoctorFacts
from assignment.loading_doctors import load_doctors
from assignment.loading_tasks import load_tasks
from assignment.orders import LoadChange
from medcontrol.clock import civil_date

#: With one day's work in hand of the five that are looked at, nobody is too busy.
FLOOR = 0.2
_PERCENT = 100

_HELD = sa.text("""
SELECT t.id, t.reference, t.assigned_doctor_id AS doctor_id,
       EXISTS (SELECT 1 FROM user_account u
               JOIN access_log l ON l.user_id = u.id AND l.control_file_id = t.control_file_id
               WHERE u.doctor_id = t.assigned_doctor_id AND l.at >= a.assigned_at) AS is_opened,
       a.mode <> 'automatic' AND a.assigned_at > :since AS is_settling,
       t.held_until IS NOT NULL OR EXISTS (
         SELECT 1 FROM reassignment_item i
         WHERE i.human_task_id = t.id AND i.status = 'waiting') AS is_elsewhere
FROM human_task t JOIN assignment a ON a.human_task_id = t.id AND a.ended_at IS NULL
JOIN control_file f ON f.id = t.control_file_id
WHERE t.assigned_doctor_id = ANY(:doctors) AND t.status = 'open' AND t.is_medical
  AND f.jurisdiction = :jurisdiction
ORDER BY t.id
""")


_DOCTORS = sa.text("""
SELECT d.id FROM doctor d JOIN unit u ON u.code = d.unit_code
WHERE d.is_active AND u.jurisdiction = :jurisdiction
  AND (CAST(:region AS text) IS NULL OR :region IN (u.code, u.parent_code))
ORDER BY d.id
""")


@dataclass(frozen=True, slots=True)
class Held:
    """What some doctors hold: which tasks may move, and how many stay because of what."""

    free: Mapping[UUID, Any]
    opened: int
    settling: int
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Rebalancing:
    """A proposal, or that none is needed.

    Attributes:
        moves: what would move; at most ``budget``.
        references: of the files that would move, by task.
        loads: doctors who would give or get something, before and after.
        before, after: utilisation of the busiest doctor, a share of the next working days.
        bound: the least that the busiest must have, if what may move were shared out anew.
        threshold: how far above it the busiest may be before anything is proposed.
        budget: most files of a proposal.
        opened, settling, elsewhere: files that stay: begun, given by somebody a few days ago, on
            hold or waiting in a reassignment.
    """

    moves: tuple[Move, ...]
    references: Mapping[UUID, str]
    loads: tuple[LoadChange, ...]
    before: float
    after: float
    bound: float
    threshold: float
    budget: int
    opened: int
    settling: int
    elsewhere: int

    @property
    def is_even(self) -> bool:
        """Whether the busiest doctor is little above what is needed at least."""
        return self.before <= max(self.bound, FLOOR) + self.threshold


def doctors_of(session: Session, jurisdiction: str, region: str | None = None) -> list[UUID]:
    """Return who may give and get files in a fund, or in one of its regions with its agencies."""
    return list(
        session.execute(_DOCTORS, {"jurisdiction": jurisdiction, "region": region}).scalars()
    )


def held_by(
    session: Session, doctor_ids: Collection[UUID], *, jurisdiction: str, now: datetime
) -> Held:
    """Return what doctors hold. One statement besides the levers."""
    steered = levers.current(session, civil_date(now, jurisdiction))
    values = {
        "doctors": list(doctor_ids), "jurisdiction": jurisdiction,
        "since": now - timedelta(days=steered.settle_days),
    }  # fmt: skip
    rows = session.execute(_HELD, values).all()
    return Held(
        {r.id: r for r in rows if not (r.is_opened or r.is_settling or r.is_elsewhere)},
        opened=sum(r.is_opened for r in rows),
        settling=sum(r.is_settling and not r.is_opened for r in rows),
        elsewhere=sum(r.is_elsewhere and not (r.is_opened or r.is_settling) for r in rows),
    )


def propose(
    session: Session,
    doctor_ids: Collection[UUID],
    *,
    jurisdiction: str,
    now: datetime,
    held: Held | None = None,
    only: Collection[UUID] | None = None,
) -> Rebalancing:
    """Propose which files should pass from the busiest doctors to others. Reads only.

    Args:
        session: any.
        doctor_ids: who may give and get files.
        jurisdiction: whose calendar and files.
        now: when.
        held: what they hold, when the caller has it.
        only: tasks that the asking person may move; all when absent.
    """
    today = civil_date(now, jurisdiction)
    steered = levers.current(session, today)
    held = held or held_by(session, doctor_ids, jurisdiction=jurisdiction, now=now)
    days = horizon(session, today, jurisdiction)
    doctors = load_doctors(
        session, today, jurisdiction, ids=doctor_ids, days=days, drain_days=steered.drain_days
    )
    free = held.free if only is None else {key: held.free[key] for key in only if key in held.free}
    known = {each.id for each in doctors}
    holders = {key: row.doctor_id for key, row in free.items() if row.doctor_id in known}
    threshold = steered.balance_gap / _PERCENT
    found = balance(
        load_tasks(session, holders), holders, doctors, steered.weights,
        days=days, budget=steered.move_budget, threshold=threshold, floor=FLOOR,
    )  # fmt: skip
    return Rebalancing(
        found.moves,
        {each.task.id: free[each.task.id].reference for each in found.moves},
        _loads(found, doctors),
        found.before, found.after, found.bound, threshold, steered.move_budget,
        held.opened, held.settling, held.elsewhere,
    )  # fmt: skip


def _loads(found: Balance, doctors: Sequence[DoctorFacts]) -> tuple[LoadChange, ...]:
    """Return the doctors whose loads change, the busiest first."""
    more: Counter[UUID] = Counter()
    touched: set[UUID] = set()
    for each in found.moves:
        more[each.from_doctor] -= each.task.points
        more[each.to_doctor] += each.task.points
        touched |= {each.from_doctor, each.to_doctor}
    changes = [
        LoadChange(each.id, each.open_points, each.open_points + more[each.id], sum(each.minutes))
        for each in doctors
        if each.id in touched
    ]
    return tuple(
        sorted(changes, key=lambda load: (-load.before / (load.capacity or 1), load.doctor_id))
    )
