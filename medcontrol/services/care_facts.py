"""What is known of a person in long-term care: plans and stays, each replaced and never erased."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.crypto import KeyRing, bind
from medcontrol.ids import new_id
from medcontrol.model import CareBill, CarePlan, HospitalStay
from medcontrol.rules.long_term_care.facts import (
    CareFault,
    Plan,
    PlannedAct,
    Span,
    Stay,
    check_plans,
    check_stays,
)
from medcontrol.rules.long_term_care.reading import read_act
from medcontrol.services.care_levels import Levels, levels_of_people
from medcontrol.services.care_lock import lock_person


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlan:
    """A care plan to record; from its first day it takes the place of the plans before it."""

    registration_number: str
    provider_id: str
    span: Span
    acts: tuple[PlannedAct, ...]
    is_definitive: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStay:
    """A hospital stay to record; it takes the place of the stays that it overlaps."""

    registration_number: str
    stay: Stay
    source: str


@dataclass(frozen=True, slots=True)
class CareFacts:
    """What is known of a person, each in its order.

    Attributes:
        plans: care plans in force, by provider.
        stays: in hospitals.
        levels: of need on record, by provider; under None those of the person.
        billed: months and providers of the bills in force.
    """

    plans: Mapping[str, tuple[Plan, ...]]
    stays: tuple[Stay, ...]
    levels: Levels = field(default_factory=dict)
    billed: frozenset[tuple[date, str]] = frozenset()


def record_plan(session: Session, keys: KeyRing, plan: NewPlan, *, now: datetime) -> UUID:
    """Keep a plan; a former one ends on the day before it, or gives way when it starts later.

    Back-dated plans are usual: what they change of bills is for ``care_bills.recheck``.

    Raises:
        CareFault: a plan that fixes a ceiling of its own has no act.
    """
    if not plan.acts and plan.is_definitive:
        raise CareFault("one_at_least", "nothing is planned", field="acts")
    lock_person(session, plan.registration_number)
    for row in _plan_rows(session, plan.registration_number, plan.provider_id):
        if row.valid_to is not None and row.valid_to < plan.span.first:
            continue
        if plan.span.last < row.valid_from:
            continue
        row.replaced_at = now
        for left in _left_of(row, plan.span):
            acts = _acts_of(row, keys)
            _add_plan(session, keys, row.registration_number, row.provider_id, left, acts,
                      is_definitive=row.is_definitive, now=now)  # fmt: skip
    return _add_plan(
        session, keys, plan.registration_number, plan.provider_id, plan.span, plan.acts,
        is_definitive=plan.is_definitive, now=now,
    )  # fmt: skip


def record_stay(session: Session, stay: NewStay, *, now: datetime) -> UUID:
    """Keep a stay; corrected days take the place of the stays that they overlap."""
    lock_person(session, stay.registration_number)
    days = Span(stay.stay.admission, stay.stay.discharge)
    for row in _stay_rows(session, stay.registration_number):
        met = Span(row.admission, row.discharge).meets(days)
        # A shared day of discharge and admission is a transfer, not a correction.
        is_transfer = (
            met is not None
            and met.days == 1
            and (row.discharge == stay.stay.admission or row.admission == stay.stay.discharge)
        )
        if met is not None and not is_transfer:
            row.replaced_at = now
    made = HospitalStay(
        id=new_id(), registration_number=stay.registration_number,
        admission=stay.stay.admission, discharge=stay.stay.discharge,
        is_acute=stay.stay.is_acute, source=stay.source, recorded_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made.id


def facts_of(session: Session, keys: KeyRing, registration_number: str) -> CareFacts:
    """Return what is known of one person."""
    return facts_of_people(session, keys, [registration_number])[registration_number]


def facts_of_people(
    session: Session, keys: KeyRing, registration_numbers: Sequence[str]
) -> dict[str, CareFacts]:
    """Return what is known of each of some people, in four statements.

    Raises:
        CareFault: plans of one provider, or stays, overlap.
    """
    plans: dict[str, dict[str, list[Plan]]] = {one: {} for one in registration_numbers}
    for row in session.exec(
        select(CarePlan)
        .where(col(CarePlan.registration_number).in_(plans), col(CarePlan.replaced_at).is_(None))
        .order_by(col(CarePlan.provider_id), col(CarePlan.valid_from))
    ):
        plan = Plan(_span(row), _acts_of(row, keys), row.provider_id, row.is_definitive)
        plans[row.registration_number].setdefault(row.provider_id, []).append(plan)
    stays: dict[str, list[Stay]] = {one: [] for one in registration_numbers}
    for stay in session.exec(
        select(HospitalStay)
        .where(
            col(HospitalStay.registration_number).in_(stays),
            col(HospitalStay.replaced_at).is_(None),
        )
        .order_by(col(HospitalStay.admission))
    ):
        stays[stay.registration_number].append(Stay(stay.admission, stay.discharge, stay.is_acute))
    levels = levels_of_people(session, keys, registration_numbers)
    billed = _billed_of_people(session, registration_numbers)
    return {
        one: CareFacts(
            {provider: check_plans(found) for provider, found in plans[one].items()},
            check_stays(stays[one]),
            levels[one],
            frozenset(billed[one]),
        )
        for one in registration_numbers
    }


def _billed_of_people(
    session: Session, registration_numbers: Sequence[str]
) -> dict[str, set[tuple[date, str]]]:
    found: dict[str, set[tuple[date, str]]] = {one: set() for one in registration_numbers}
    rows = session.execute(
        sa.select(
            col(CareBill.registration_number), col(CareBill.month), col(CareBill.provider_id)
        ).where(col(CareBill.registration_number).in_(found), col(CareBill.replaced_at).is_(None))
    )
    for person, month, provider in rows:
        found[person].add((month, provider))
    return found


def _plan_rows(session: Session, registration_number: str, provider_id: str) -> Sequence[CarePlan]:
    statement = select(CarePlan).where(
        CarePlan.registration_number == registration_number,
        CarePlan.provider_id == provider_id,
        col(CarePlan.replaced_at).is_(None),
    )
    return session.exec(statement.order_by(col(CarePlan.valid_from))).all()


def _stay_rows(session: Session, registration_number: str) -> Sequence[HospitalStay]:
    statement = select(HospitalStay).where(
        HospitalStay.registration_number == registration_number,
        col(HospitalStay.replaced_at).is_(None),
    )
    return session.exec(statement.order_by(col(HospitalStay.admission))).all()


def _left_of(row: CarePlan, taken: Span) -> list[Span]:
    """Return the days of a former plan that a new one does not take."""
    whole, left = _span(row), []
    if whole.first < taken.first:
        left.append(Span(whole.first, date.fromordinal(taken.first.toordinal() - 1)))
    if taken.last < whole.last:
        left.append(Span(date.fromordinal(taken.last.toordinal() + 1), whole.last))
    return left


def _span(row: CarePlan) -> Span:
    return Span(row.valid_from, row.valid_to or date.max)


def _add_plan(
    session: Session, keys: KeyRing, person: str, provider: str, span: Span,
    acts: Sequence[PlannedAct], *, is_definitive: bool, now: datetime,
) -> UUID:  # fmt: skip
    plan_id = new_id()
    key_id, sealed = keys.encrypt(
        orjson.dumps([_act_json(act) for act in acts]), bind("care_plan", plan_id)
    )
    session.add(
        CarePlan(
            id=plan_id, registration_number=person, provider_id=provider, valid_from=span.first,
            valid_to=None if span.last == date.max else span.last, is_definitive=is_definitive,
            key_id=key_id, acts=sealed, recorded_at=now,
        )
    )  # fmt: skip
    session.flush()
    return plan_id


def _acts_of(row: CarePlan, keys: KeyRing) -> tuple[PlannedAct, ...]:
    content = orjson.loads(keys.decrypt(row.key_id, row.acts, bind("care_plan", row.id)))
    return tuple(read_act(item, "acts") for item in content)


def _act_json(act: PlannedAct) -> dict[str, Any]:
    return {
        "code": act.code, "minutes": str(act.minutes), "intensity": str(act.intensity),
        "assigned": str(act.assigned),
    }  # fmt: skip
