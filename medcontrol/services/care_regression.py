"""What another law would make of worked cases and of bills on record; nothing is written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

import medcontrol.rules.long_term_care as rules
from medcontrol.crypto import KeyRing
from medcontrol.legal.dated import Parameters
from medcontrol.model import CareBill
from medcontrol.rules.long_term_care.facts import CareFault
from medcontrol.rules.long_term_care.reading import compute_case
from medcontrol.services.care_billed import billed_of
from medcontrol.services.care_bills import OVER_YEAR
from medcontrol.services.care_checks import work_out
from medcontrol.services.care_facts import CareFacts, facts_of_people
from medcontrol.services.long_term_care import right_terms, weekly_limits
from medcontrol.strict_yaml import load_yaml

#: People whose bills are held in memory together.
CHUNK: Final = 500
#: Paths that bills and worked cases rest on begin so.
OF_BILLS: Final = ("aev.", "fluctuation.", "non_executed.")
_CASES = Path(rules.__file__).parent / "cases"
_PEOPLE = sa.text("""
SELECT DISTINCT registration_number FROM care_bill
WHERE replaced_at IS NULL AND month >= :first AND registration_number > :after
ORDER BY 1 LIMIT :chunk
""")
_CHECKS = sa.text("""
SELECT DISTINCT ON (bill_id) bill_id, payable_minutes, signs FROM care_bill_check
WHERE bill_id = ANY(:bills) ORDER BY bill_id, checked_at DESC, id DESC
""")


@dataclass(frozen=True, slots=True)
class ChangedCase:
    """A worked case that comes out otherwise: exact minutes, or the rule that it would break."""

    id: str
    before: Fraction | None
    after: Fraction | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class ChangedBill:
    """A bill on record that would be paid otherwise, or get other signs.

    Attributes:
        before, after: whole minutes to pay; ``after`` is None when it could not be worked out.
        gained, lost: signs for the later control.
        fault: the rule that it would break.
    """

    bill_id: UUID
    registration_number: str
    provider_id: str
    number: str
    month: date
    before: int
    after: int | None
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    fault: str = ""

    @property
    def difference(self) -> int:
        """Minutes more to pay, fewer below zero; all of them when it could not be worked out."""
        return (self.after or 0) - self.before


@dataclass(slots=True)
class Looked:
    """How many bills were worked out again."""

    bills: int = 0


def cases_changed(law: Parameters) -> tuple[int, list[ChangedCase]]:
    """Return how many cases stand beside the rules, and those that come out otherwise."""
    cases = [case for file in sorted(_CASES.glob("*.yaml")) for case in load_yaml(file)]
    found = []
    for case in cases:
        (before, _), (after, fault) = _total(case, None), _total(case, law)
        if before != after:
            found.append(ChangedCase(str(case["id"]), before, after, fault))
    return len(cases), found


def bills_changed(
    session: Session, keys: KeyRing, law: Parameters, *, since: date | None, looked: Looked
) -> Iterator[ChangedBill]:
    """Yield the bills in force that another law would change, by person, month and provider.

    Reads bills, plans, stays and levels of ``CHUNK`` people at once, so a month of a whole
    country stays small. What late facts would change anyway is no effect of the law.

    Args:
        session: reads alone.
        keys: what opens bills and plans.
        law: the other law.
        since: bills of months before this day's are left alone.
        looked: counts what was worked out.
    """
    values = {"first": (since or date.min).replace(day=1), "after": "", "chunk": CHUNK}
    while people := list(session.execute(_PEOPLE, values).scalars()):
        facts = facts_of_people(session, keys, people)
        bills = _bills(session, people, values["first"])
        kept = _kept(session, bills)
        for bill in bills:
            looked.bills += 1
            if found := _compared(facts[bill.registration_number], bill, keys, law, kept):
                yield found
        session.expunge_all()
        values["after"] = people[-1]


def count_bills(session: Session, since: date | None, most: int) -> int:
    """Return how many bills a report would work out; one more than ``most`` stands for all."""
    some = (
        sa.select(col(CareBill.id))
        .where(
            col(CareBill.replaced_at).is_(None),
            col(CareBill.month) >= (since or date.min).replace(day=1),
        )
        .limit(most + 1)
        .subquery()
    )
    return int(session.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())


def _bills(session: Session, people: Sequence[str], first: Any) -> Sequence[CareBill]:
    return session.exec(
        select(CareBill)
        .where(
            col(CareBill.registration_number).in_(people),
            col(CareBill.replaced_at).is_(None),
            col(CareBill.month) >= first,
        )
        .order_by(col(CareBill.registration_number), col(CareBill.month), col(CareBill.provider_id))
    ).all()


def _kept(session: Session, bills: Sequence[CareBill]) -> dict[UUID, tuple[int, frozenset[str]]]:
    """Return what the last check of each bill says: minutes to pay, and signs."""
    rows = session.execute(_CHECKS, {"bills": [bill.id for bill in bills]})
    return {row.bill_id: (row.payable_minutes, frozenset(row.signs) - {OVER_YEAR}) for row in rows}


def _compared(
    facts: CareFacts, bill: CareBill, keys: KeyRing, law: Parameters,
    kept: dict[UUID, tuple[int, frozenset[str]]],
) -> ChangedBill | None:  # fmt: skip
    periods = billed_of(bill, keys)
    before, after, fault = kept.get(bill.id), None, ""
    try:
        after = _worked(work_out(facts, bill, periods, law))
    except CareFault as error:
        fault = error.rule
    if after == before:
        return None
    try:
        before = _worked(work_out(facts, bill, periods))
    except CareFault:
        return None  # it can't be worked out today either
    if after == before:
        return None
    signs = after[1] if after else before[1]
    return ChangedBill(
        bill.id, bill.registration_number, bill.provider_id, bill.number, bill.month, before[0],
        after[0] if after else None, gained=tuple(sorted(signs - before[1])),
        lost=tuple(sorted(before[1] - signs)), fault=fault,
    )  # fmt: skip


def _worked(found: tuple[Sequence[Any], tuple[str, ...]]) -> tuple[int, frozenset[str]]:
    checked, signs = found
    return sum(each.payable for each in checked), frozenset(signs)


def _total(case: Any, law: Parameters | None) -> tuple[Fraction | None, str]:
    try:
        found, _ = compute_case(
            case["input"], terms=lambda day: right_terms(day, law), limits=weekly_limits(law)
        )
    except CareFault as fault:
        return None, fault.rule
    return found.total, ""
