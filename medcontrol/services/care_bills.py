"""Bills of long-term care: checked period by period, and again when a late fact comes."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlmodel import Session, col, select

from medcontrol.crypto import KeyRing, bind
from medcontrol.errors import AlreadyDone, NotFound
from medcontrol.ids import new_id
from medcontrol.model import CareBill, CareBillCheck
from medcontrol.rules.long_term_care.billing import CheckedPeriod
from medcontrol.rules.long_term_care.executed import MonthLimit, ProviderKind
from medcontrol.rules.long_term_care.facts import CareFault
from medcontrol.services.care_billed import billed_json, billed_of
from medcontrol.services.care_checks import Billed, limit_of, work_out
from medcontrol.services.care_facts import CareFacts, facts_of
from medcontrol.services.care_lock import lock_person
from medcontrol.services.care_results import result_json, tally_in
from medcontrol.services.care_years import Tally, count, tally_of

CAUSES = ("bill", "plan", "stay", "level", "law")
#: What a bill says when its provider's year is beyond the limit of care not executed.
OVER_YEAR = "not_executed_year"
_NOTHING = Tally()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBill:
    """A provider's bill of one person and month.

    Attributes:
        agency_code: office of the administration that controls it.
        number: the provider's own number of the bill; the same number twice is the same bill.
        month: its first day.
        periods: minutes by days of the month, weighted by the intensity; from 2018 a level of
            need. Each may say which acts were planned, executed and not executed.
        provider_kind: whether it may bill care that was not executed.
        is_documented: the provider keeps reasons and documents of what goes beyond the plan, and
            of what was not executed.
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
    periods: tuple[Billed, ...]
    provider_kind: ProviderKind = ProviderKind.CARE_NETWORK
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
        result: everything, with formulas and law, as it is kept and shown.
    """

    bill_id: UUID
    check_id: UUID
    periods: tuple[CheckedPeriod, ...]
    payable: int
    difference: int
    signs: tuple[str, ...]
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Former:
    """What stood before: whole minutes paid, and what was added to the provider's year."""

    payable: int = 0
    tally: Tally = _NOTHING


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A bill worked out, with its provider's year."""

    checked: list[CheckedPeriod]
    signs: tuple[str, ...]
    tally: Tally
    result: dict[str, Any]

    @property
    def payable(self) -> int:
        """Whole minutes to pay."""
        return sum(each.payable for each in self.checked)


def record_bill(session: Session, keys: KeyRing, bill: NewBill, *, now: datetime) -> Checked:
    """Keep a bill and check it. A further bill of the month replaces the former one whole.

    Framework agreement of 2010, art. 63: a correction is a new bill of the whole month.

    Raises:
        AlreadyDone: the provider sent this number before.
        CareFault: no plan or level on record, no limits, another regime on these days, periods
            that overlap, care not executed before there was a rule for it.
    """
    lock_person(session, bill.registration_number)
    known = select(CareBill.id).where(
        CareBill.provider_id == bill.provider_id, CareBill.number == bill.number
    )
    if session.exec(known).first() is not None:
        raise AlreadyDone("this bill came in before", field="number")
    bill_id = new_id()
    key_id, sealed = keys.encrypt(billed_json(bill.periods), bind("care_bill", bill_id))
    row = CareBill(
        id=bill_id, registration_number=bill.registration_number, provider_id=bill.provider_id,
        number=bill.number, month=bill.month, is_documented=bill.is_documented, key_id=key_id,
        periods=sealed, received_at=now, family_name=bill.family_name, given_name=bill.given_name,
        birth_date=bill.birth_date, provider_name=bill.provider_name, agency_code=bill.agency_code,
        provider_kind=bill.provider_kind.value,
    )  # fmt: skip
    facts = facts_of(session, keys, row.registration_number)
    worked = work_out(facts, row, bill.periods)
    former = _replace_former(session, keys, row, now)
    session.add(row)
    session.flush()
    month = limit_of(row, bill.periods)
    outcome = _outcome(session, facts, row, worked, month, former, now)
    return _save(session, keys, row, outcome, former, cause="bill", now=now)


def _replace_former(session: Session, keys: KeyRing, bill: CareBill, now: datetime) -> _Former:
    """Let a bill take the place of the month's former one; return what came of that one."""
    before = session.exec(
        select(CareBill).where(
            CareBill.registration_number == bill.registration_number,
            CareBill.provider_id == bill.provider_id,
            CareBill.month == bill.month,
            col(CareBill.replaced_at).is_(None),
        )
    ).first()
    if before is None:
        return _Former()
    before.replaced_at = now
    session.flush()
    return _former(last_check(session, before.id), keys)


def recheck(
    session: Session, keys: KeyRing, registration_number: str, *, cause: str, now: datetime
) -> list[Checked]:
    """Check a person's bills again after a late fact; keep the checks that came out otherwise.

    Args:
        session: the transaction that recorded the fact.
        keys: what opens bills and plans.
        registration_number: whose.
        cause: ``plan``, ``stay``, ``level`` or ``law``.
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
        last, periods = last_check(session, row.id), billed_of(row, keys)
        former, month = _former(last, keys), limit_of(row, periods)
        worked = work_out(facts, row, periods)
        outcome = _outcome(session, facts, row, worked, month, former, now)
        if (_Former(outcome.payable, outcome.tally), list(outcome.signs)) != (former, last.signs):
            changed.append(_save(session, keys, row, outcome, former, cause=cause, now=now))
    return changed


def result_of(session: Session, keys: KeyRing, check_id: UUID) -> dict[str, Any]:
    """Return a check as it was explained: figures, formulas, reasons, law, signs."""
    return _opened(session.get_one(CareBillCheck, check_id), keys)


def find_bill(session: Session, provider_id: str, number: str) -> CareBill:
    """Return a bill by the number that its provider gave it.

    Raises:
        NotFound: there is none.
    """
    found = session.exec(
        select(CareBill).where(CareBill.provider_id == provider_id, CareBill.number == number)
    ).first()
    if found is None:
        raise NotFound(f"{provider_id} sent no bill {number}", field="number")
    return found


def last_check(session: Session, bill_id: UUID) -> CareBillCheck:
    """Return the check of a bill that counts."""
    return session.exec(
        select(CareBillCheck)
        .where(CareBillCheck.bill_id == bill_id)
        .order_by(col(CareBillCheck.checked_at).desc(), col(CareBillCheck.id).desc())
        .limit(1)
    ).one()


def _opened(row: CareBillCheck, keys: KeyRing) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(
        keys.decrypt(row.key_id, row.result, bind("care_bill_check", row.id))
    )
    return found


def _former(row: CareBillCheck, keys: KeyRing) -> _Former:
    return _Former(row.payable_minutes, tally_in(_opened(row, keys)))


def _outcome(
    session: Session, facts: CareFacts, row: CareBill,
    worked: tuple[list[CheckedPeriod], tuple[str, ...]], month: MonthLimit, former: _Former,
    now: datetime,
) -> _Outcome:  # fmt: skip
    """Count a bill into its provider's year, and say what came of it."""
    (checked, signs), tally = worked, tally_of(month)
    year = count(session, row, former.tally, tally, now=now)
    if year is not None and year.to_pay_back and month.done.not_executed:
        signs = tuple(sorted({*signs, OVER_YEAR}))
    result = result_json(facts, row, checked, signs, month, year)
    return _Outcome(checked, signs, tally, result)


def _save(
    session: Session, keys: KeyRing, row: CareBill, outcome: _Outcome, former: _Former, *,
    cause: str, now: datetime,
) -> Checked:  # fmt: skip
    check_id, difference = new_id(), outcome.payable - former.payable
    result = outcome.result | {"difference": difference, "cause": cause}
    key_id, sealed = keys.encrypt(orjson.dumps(result), bind("care_bill_check", check_id))
    session.add(
        CareBillCheck(
            id=check_id, bill_id=row.id, checked_at=now, cause=cause,
            payable_minutes=outcome.payable, difference_minutes=difference,
            signs=list(outcome.signs), key_id=key_id, result=sealed,
        )
    )  # fmt: skip
    session.flush()
    return Checked(row.id, check_id, tuple(outcome.checked), outcome.payable, difference,
                   outcome.signs, result)  # fmt: skip


__all__ = [
    "CAUSES",
    "Checked",
    "NewBill",
    "billed_of",
    "find_bill",
    "last_check",
    "recheck",
    "record_bill",
    "result_of",
    "work_out",
]
