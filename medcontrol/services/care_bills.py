"""Bills of long-term care: checked period by period, and again when a late fact comes."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import orjson
from sqlmodel import Session, col, select

from medcontrol.crypto import KeyRing, bind
from medcontrol.errors import AlreadyDone
from medcontrol.ids import new_id
from medcontrol.legal.dated import Parameters
from medcontrol.model import CareBill, CareBillCheck
from medcontrol.rules.long_term_care.billing import (
    BilledPeriod,
    CheckedPeriod,
    check_bill,
)
from medcontrol.rules.long_term_care.facts import CareFault, Span, exact
from medcontrol.rules.long_term_care.overrun import (
    MonthlyPeriod,
    Overrun,
    by_month,
    overrun,
    overrun_as_given,
)
from medcontrol.rules.long_term_care.right import without
from medcontrol.rules.long_term_care.terms import (
    Regime,
    RightTerms,
    SeveralProviders,
    WeeklyLimits,
    limits_on,
)
from medcontrol.rules.long_term_care.together import TogetherOver, together
from medcontrol.services.care_facts import CareFacts, facts_of, lock_person
from medcontrol.services.long_term_care import regime_on, right_terms, weekly_limits

CAUSES = ("bill", "plan", "stay", "law")
_LONGER_THAN_A_MONTH = timedelta(days=40)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBill:
    """A provider's bill of one person and month.

    Attributes:
        agency_code: office of the administration that controls it.
        number: the provider's own number of the bill; the same number twice is the same bill.
        month: its first day.
        periods: minutes by days of the month, weighted by the intensity.
        is_documented: the provider keeps reasons and documents of what goes beyond the plan.
    """

    registration_number: str
    family_name: str
    given_name: str
    birth_date: date
    agency_code: str
    provider_id: str
    provider_name: str
    number: str
    month: date
    periods: tuple[BilledPeriod, ...]
    is_documented: bool = False

    def __post_init__(self) -> None:
        """Refuse a bill without periods, or with days of another month."""
        if self.month.day != 1:
            raise CareFault("month", f"{self.month} is no first day of a month", field="month")
        if not self.periods:
            raise CareFault("one_at_least", "nothing is billed", field="periods")
        for period in self.periods:
            if period.span.first.replace(day=1) != self.month:
                detail = f"{period.span.first} is not in {self.month:%Y-%m}"
                raise CareFault("in_month", detail, field="periods")


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check.

    Attributes:
        payable: whole minutes accepted.
        difference: minutes more (or fewer, to recover) than by the check before.
        signs: what a later control looks at.
    """

    bill_id: UUID
    check_id: UUID
    periods: tuple[CheckedPeriod, ...]
    payable: int
    difference: int
    signs: tuple[str, ...]


def record_bill(session: Session, keys: KeyRing, bill: NewBill, *, now: datetime) -> Checked:
    """Keep a bill and check it. A further bill of the month replaces the former one whole.

    Framework agreement of 2010, art. 63: a correction is a new bill of the whole month.

    Raises:
        AlreadyDone: the provider sent this number before.
        CareFault: no plan, no limits, another regime on these days, periods that overlap.
    """
    lock_person(session, bill.registration_number)
    known = select(CareBill.id).where(
        CareBill.provider_id == bill.provider_id, CareBill.number == bill.number
    )
    if session.exec(known).first() is not None:
        raise AlreadyDone("this bill came in before", field="number")
    bill_id = new_id()
    key_id, sealed = keys.encrypt(_periods_json(bill.periods), bind("care_bill", bill_id))
    row = CareBill(
        id=bill_id, registration_number=bill.registration_number, provider_id=bill.provider_id,
        number=bill.number, month=bill.month, is_documented=bill.is_documented, key_id=key_id,
        periods=sealed, received_at=now, family_name=bill.family_name, given_name=bill.given_name,
        birth_date=bill.birth_date, provider_name=bill.provider_name, agency_code=bill.agency_code,
    )  # fmt: skip
    facts = facts_of(session, keys, row.registration_number)
    checked, signs = work_out(facts, row, bill.periods)
    former = _replace_former(session, row, now)
    session.add(row)
    session.flush()
    return _save(session, keys, row, checked, signs, former=former, cause="bill", now=now)


def _replace_former(session: Session, bill: CareBill, now: datetime) -> int:
    """Let a bill take the place of the month's former one; return what that one was paid."""
    before = session.exec(
        select(CareBill).where(
            CareBill.registration_number == bill.registration_number,
            CareBill.provider_id == bill.provider_id,
            CareBill.month == bill.month,
            col(CareBill.replaced_at).is_(None),
        )
    ).first()
    if before is None:
        return 0
    before.replaced_at = now
    session.flush()
    return _last_check(session, before.id).payable_minutes


def recheck(
    session: Session, keys: KeyRing, registration_number: str, *, cause: str, now: datetime
) -> list[Checked]:
    """Check a person's bills again after a late fact; keep the checks that came out otherwise.

    Args:
        session: the transaction that recorded the fact.
        keys: what opens bills and plans.
        registration_number: whose.
        cause: ``plan``, ``stay`` or ``law``.
        now: when.

    Returns:
        The checks with a difference: what is to be paid or recovered.

    Raises:
        CareFault: with the new facts a bill can't be checked any more, such as without a plan.
    """
    lock_person(session, registration_number)
    rows = session.exec(
        select(CareBill)
        .where(
            CareBill.registration_number == registration_number,
            col(CareBill.replaced_at).is_(None),
        )
        .order_by(col(CareBill.month), col(CareBill.provider_id))
    ).all()
    facts = facts_of(session, keys, registration_number)
    changed = []
    for row in rows:
        last = _last_check(session, row.id)
        checked, signs = work_out(facts, row, billed_of(row, keys))
        payable = sum(each.payable for each in checked)
        if payable != last.payable_minutes or list(signs) != last.signs:
            changed.append(
                _save(session, keys, row, checked, signs, former=last.payable_minutes,
                      cause=cause, now=now)
            )  # fmt: skip
    return changed


def result_of(session: Session, keys: KeyRing, check_id: UUID) -> dict[str, Any]:
    """Return a check as it was explained: periods with exact fractions, reasons, signs."""
    row = session.get_one(CareBillCheck, check_id)
    found: dict[str, Any] = orjson.loads(
        keys.decrypt(row.key_id, row.result, bind("care_bill_check", row.id))
    )
    return found


def work_out(
    facts: CareFacts, row: CareBill, periods: Sequence[BilledPeriod], law: Parameters | None = None
) -> tuple[list[CheckedPeriod], tuple[str, ...]]:
    """Hold a bill against what is known of its person; return its periods and signs.

    Args:
        facts: of the bill's person.
        row: the bill.
        periods: minutes that it bills.
        law: another law than that in force, to see what a change would do.

    Raises:
        CareFault: no plan, no limits, another regime on these days, periods that overlap.
    """
    month = next(by_month(Span(row.month, row.month + _LONGER_THAN_A_MONTH)))
    if regime_on(row.month) is not Regime.MINUTES:
        detail = f"{row.month:%Y-%m} is paid by levels of need, not by minutes"
        raise CareFault("regime", detail, field="month")
    plans, stays = facts.plans.get(row.provider_id, ()), facts.stays
    terms, limits = right_terms(month.last, law), weekly_limits(law)
    in_plan = [
        period
        for billed in sorted(periods, key=lambda each: each.span)
        for period in overrun_as_given(
            plans, billed.span, readings=terms.readings, limits=limits
        ).periods
    ]
    right = overrun(plans, stays, need=None, period=month, terms=terms, limits=limits)
    over = _together(facts, row, right, month, terms, limits)
    with_right = right.periods
    if terms.readings.several_providers is SeveralProviders.PRORATE:
        with_right = tuple(_shared(right.periods, over, row.provider_id))
    checked = check_bill(periods, in_plan, with_right, rounding=terms.readings.rounding)
    return checked, _signs(row, checked, right, over)


def _together(
    facts: CareFacts, row: CareBill, right: Overrun, month: Span,
    terms: RightTerms, limits: Sequence[WeeklyLimits],
) -> list[TogetherOver]:  # fmt: skip
    """Return where the person's providers exceed the week's limit together."""
    others = [provider for provider in facts.plans if provider != row.provider_id]
    if not others or not right.periods:
        return []
    by_provider: dict[str, Sequence[MonthlyPeriod]] = {row.provider_id: right.periods}
    for other in others:
        plans = [
            plan for plan in facts.plans[other]
            if plan.span.first <= month.first and plan.span.last >= month.last
        ]  # fmt: skip
        if plans:
            by_provider[other] = overrun(
                plans, facts.stays, need=None, period=month, terms=terms, limits=limits
            ).periods
    return together(by_provider, terms.readings.several_providers, limits_on(limits, month.first))


def _shared(
    periods: Sequence[MonthlyPeriod], over: Sequence[TogetherOver], provider_id: str
) -> Iterator[MonthlyPeriod]:
    """Yield the periods with the provider's share of the week where providers share it (P8)."""
    for period in periods:
        for each in over:
            if met := period.span.meets(each.span):
                weekly = replace(period.weekly, minutes=each.shares[provider_id])
                yield replace(period, span=met, weekly=weekly)
        for left in without([period.span], [each.span for each in over]):
            yield replace(period, span=left)


def _signs(
    row: CareBill, checked: Sequence[CheckedPeriod], right: Overrun, over: Sequence[TogetherOver]
) -> tuple[str, ...]:
    """Return what a later control looks at, as codes without minutes."""
    found = set(right.to_review)
    beyond = any(period.beyond_plan for period in checked)
    if beyond:
        found.add("beyond_plan")
    if beyond and not row.is_documented:
        found.add("not_documented")
    if beyond and over:
        found.add("providers_together")
    found |= {f"cut_{period.reason.value}" for period in checked if period.reason is not None}
    return tuple(sorted(found))


def _save(
    session: Session, keys: KeyRing, row: CareBill, checked: Sequence[CheckedPeriod],
    signs: tuple[str, ...], *, former: int, cause: str, now: datetime,
) -> Checked:  # fmt: skip
    check_id = new_id()
    payable = sum(each.payable for each in checked)
    result = {"periods": [_period_json(each) for each in checked], "signs": list(signs)}
    key_id, sealed = keys.encrypt(orjson.dumps(result), bind("care_bill_check", check_id))
    session.add(
        CareBillCheck(
            id=check_id, bill_id=row.id, checked_at=now, cause=cause, payable_minutes=payable,
            difference_minutes=payable - former, signs=list(signs), key_id=key_id, result=sealed,
        )
    )  # fmt: skip
    session.flush()
    return Checked(row.id, check_id, tuple(checked), payable, payable - former, signs)


def _last_check(session: Session, bill_id: UUID) -> CareBillCheck:
    return session.exec(
        select(CareBillCheck)
        .where(CareBillCheck.bill_id == bill_id)
        .order_by(col(CareBillCheck.checked_at).desc(), col(CareBillCheck.id).desc())
        .limit(1)
    ).one()


def _periods_json(periods: Sequence[BilledPeriod]) -> bytes:
    return orjson.dumps(
        [[p.span.first.isoformat(), p.span.last.isoformat(), str(p.minutes)] for p in periods]
    )


def billed_of(row: CareBill, keys: KeyRing) -> tuple[BilledPeriod, ...]:
    """Return the minutes that a bill on record asks for, by period."""
    content = orjson.loads(keys.decrypt(row.key_id, row.periods, bind("care_bill", row.id)))
    return tuple(
        BilledPeriod(
            Span(date.fromisoformat(first), date.fromisoformat(last)), exact(minutes, "minutes")
        )
        for first, last, minutes in content
    )


def _period_json(period: CheckedPeriod) -> dict[str, Any]:
    values = asdict(period) | {"cut": period.cut, "beyond_plan": period.beyond_plan}
    values.pop("span")
    figures = {
        name: str(value) if isinstance(value, Fraction) else value for name, value in values.items()
    }
    return {"from": period.span.first, "to": period.span.last, **figures}


__all__ = [
    "CAUSES",
    "Checked",
    "NewBill",
    "billed_of",
    "recheck",
    "record_bill",
    "result_of",
    "work_out",
]
