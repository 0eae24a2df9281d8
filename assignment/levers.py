"""What assignment is steered by (leviers): weights, caps and delays, each dated and explained."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col, select

from assignment.facts import Affinity
from assignment.scoring import Weights
from medcontrol.errors import InvalidInput
from medcontrol.ids import new_id
from medcontrol.model import AssignmentLever

_LONGEST_WHY = 1000


@dataclass(frozen=True, slots=True)
class Range:
    """What a lever may be set to, both ends included, and what it is when nobody said."""

    default: float
    low: float
    high: float
    is_whole: bool = False


#: Every lever by name; the order is that of the screens.
LEVERS: Mapping[str, Range] = MappingProxyType(
    {
        "same_region": Range(1.0, 0.0, 100.0),
        "other_region": Range(4.0, 0.0, 100.0),
        "level_above": Range(2.0, 0.0, 100.0),
        "continuity": Range(6.0, 0.0, 100.0),
        "contracted_fee": Range(0.5, 0.0, 100.0),
        "load": Range(100.0, 1.0, 1000.0),
        "wip_days": Range(2.0, 0.5, 5.0),
        "affinity_days_renewal": Range(3, 0, 30, is_whole=True),
        "affinity_days_complement": Range(2, 0, 30, is_whole=True),
        "affinity_days_other": Range(0, 0, 30, is_whole=True),
        "drain_days": Range(2, 0, 10, is_whole=True),
        "settle_days": Range(5, 0, 30, is_whole=True),
        "move_budget": Range(50, 0, 5000, is_whole=True),
        "balance_gap": Range(5, 0, 100, is_whole=True),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levers:
    """The levers of one day.

    Attributes:
        weights: what the soft wishes count.
        wip_days: working days of work that a doctor is given ahead by the engine (design: 1.5 to
            2); what is more waits in the pool with an expected day.
        affinity_days_renewal: so many working days a renewal or review may wait until the
            doctor who knows the person has time; later it goes to whom it suits best.
        affinity_days_complement: the same for a file that comes back to be seen once more.
        affinity_days_other: the same for another file of the person in the same flow.
        drain_days: working days before a planned leave from which nothing new is given.
        settle_days: days in which the engine moves no file a second time.
        move_budget: most files that one proposal of a hand-over or of even loads moves.
        balance_gap: hundredths of their time by which the busiest may be above what is needed
            at least, before moving files is proposed.
    """

    weights: Weights = field(default_factory=Weights)
    wip_days: float = LEVERS["wip_days"].default
    affinity_days_renewal: int = int(LEVERS["affinity_days_renewal"].default)
    affinity_days_complement: int = int(LEVERS["affinity_days_complement"].default)
    affinity_days_other: int = int(LEVERS["affinity_days_other"].default)
    drain_days: int = int(LEVERS["drain_days"].default)
    settle_days: int = int(LEVERS["settle_days"].default)
    move_budget: int = int(LEVERS["move_budget"].default)
    balance_gap: int = int(LEVERS["balance_gap"].default)

    def patience(self, affinity: Affinity | None) -> int:
        """Return how many working days a file may wait for the doctor who knows the person."""
        return {
            None: 0,
            Affinity.RENEWAL: self.affinity_days_renewal,
            Affinity.COMPLEMENT: self.affinity_days_complement,
            Affinity.OTHER: self.affinity_days_other,
        }[affinity]


#: Levers that are weights.
OF_WEIGHTS = frozenset(each.name for each in fields(Weights) if each.name in LEVERS)


def of_values(values: Mapping[str, float]) -> Levers:
    """Return levers from values by name; defaults for those that are missing."""
    known = {name: LEVERS[name].default for name in LEVERS} | dict(values)
    own: dict[str, Any] = {
        name: int(value) if LEVERS[name].is_whole else value
        for name, value in known.items()
        if name not in OF_WEIGHTS
    }
    chosen: dict[str, Any] = {name: known[name] for name in OF_WEIGHTS}
    return Levers(weights=Weights(**chosen), **own)


def current(session: Session, day: date) -> Levers:
    """Return the levers of a day. One statement."""
    lever: Any = AssignmentLever
    rows = session.execute(
        sa.select(lever.name, lever.value)
        .where(lever.valid_from <= day)
        .order_by(lever.name, lever.valid_from.desc(), lever.recorded_at.desc(), lever.id.desc())
        .ext(distinct_on(lever.name))
    )
    return of_values({name: value for name, value in rows if name in LEVERS})


def history(session: Session, name: str | None = None) -> list[AssignmentLever]:
    """Return what was ever said of a lever, or of all, the last first."""
    statement = select(AssignmentLever)
    if name is not None:
        statement = statement.where(AssignmentLever.name == name)
    order = (col(AssignmentLever.recorded_at).desc(), col(AssignmentLever.id).desc())
    return list(session.exec(statement.order_by(*order)))


def check_value(name: str, value: float) -> None:
    """Refuse a lever that is none, or a value outside its range.

    Raises:
        InvalidInput: names the field, ``name`` or ``value``.
    """
    allowed = LEVERS.get(name)
    if allowed is None:
        raise InvalidInput(f"{name!r} is none of {', '.join(LEVERS)}", field="name")
    is_fine = allowed.low <= value <= allowed.high  # False for nan
    if not is_fine or (allowed.is_whole and value != int(value)):
        kind = "a whole number" if allowed.is_whole else "a number"
        raise InvalidInput(f"{kind} from {allowed.low} to {allowed.high}", field="value")


def set_lever(
    session: Session,
    name: str,
    value: float,
    *,
    valid_from: date,
    who: UUID | None,
    why: str,
    now: datetime,
) -> AssignmentLever:
    """Say what a lever is from a day on; what was said before stays on record.

    Raises:
        InvalidInput: no such lever, a value outside its range, no reason.
    """
    check_value(name, value)
    why = why.strip()
    if not why or len(why) > _LONGEST_WHY:
        raise InvalidInput(f"a reason of 1 to {_LONGEST_WHY} characters is needed", field="why")
    row = AssignmentLever(
        id=new_id(), name=name, value=float(value), valid_from=valid_from,
        recorded_at=now, who=who, why=why,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row
