"""Bills of long-term care on the real database: checks, corrections, late facts."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol.crypto import KeyRing
from medcontrol.errors import AlreadyDone
from medcontrol.model import CareBill, CareBillCheck, CarePlan, HospitalStay
from medcontrol.rules.long_term_care.billing import BilledPeriod, CutReason
from medcontrol.rules.long_term_care.facts import CareFault, PlannedAct, Span, Stay
from medcontrol.services.care_bills import Checked, NewBill, recheck, record_bill, result_of
from medcontrol.services.care_facts import NewPlan, NewStay, facts_of, record_plan, record_stay
from tests.in_clear import in_clear

PERSON, PROVIDER = "9990101012345", "ZZ-900001"
WHO: dict[str, Any] = {
    "registration_number": PERSON, "family_name": "Weber", "given_name": "Anne",
    "birth_date": date(1938, 4, 2), "agency_code": "CASA-1", "provider_id": PROVIDER,
    "provider_name": "Réseau d’essai",
}  # fmt: skip
NOW = datetime(2016, 5, 2, 9, 0, tzinfo=UTC)
MARCH = date(2016, 3, 1)


def plan(
    db: Session, keys: KeyRing, minutes: int, first: date = date(2016, 1, 1),
    provider: str = PROVIDER, at: datetime = NOW,
) -> None:  # fmt: skip
    acts = (PlannedAct("AEV", Fraction(minutes)),)
    new = NewPlan(
        registration_number=PERSON, provider_id=provider, span=Span(first, date.max), acts=acts
    )
    record_plan(db, keys, new, now=at)


def stay(db: Session, admission: date, discharge: date, *, is_acute: bool = True) -> None:
    new = NewStay(
        registration_number=PERSON, stay=Stay(admission, discharge, is_acute), source="hospital"
    )
    record_stay(db, new, now=NOW)


def bill(
    db: Session, keys: KeyRing, *minutes: tuple[int, int, int], number: str = "F-1"
) -> Checked:
    periods = tuple(
        BilledPeriod(Span(MARCH.replace(day=first), MARCH.replace(day=last)), Fraction(of))
        for first, last, of in minutes
    )
    new = NewBill(number=number, month=MARCH, periods=periods, **WHO)
    return record_bill(db, keys, new, now=NOW)


def test_minutes_beyond_the_plan_are_accepted_only_after_an_acute_stay(
    db: Session, keys: KeyRing
) -> None:
    plan(db, keys, 700)

    without = bill(db, keys, (1, 31, 3500))
    stay(db, date(2016, 2, 10), date(2016, 2, 20))
    [after] = recheck(db, keys, PERSON, cause="stay", now=NOW + timedelta(days=30))

    assert without.periods[0].reason is CutReason.NO_RIGHT
    assert without.payable == 3100  # 700 × 31/7
    assert after.payable == 3500  # and 210 × 31/7 = 930 beyond it, of which 400 were billed
    assert after.difference == 400
    assert after.signs == ("beyond_plan", "not_documented")
    kept = result_of(db, keys, after.check_id)
    assert kept["periods"][0]["accepted"] == "3500"


def test_a_corrected_bill_replaces_the_whole_month_and_shows_the_difference(
    db: Session, keys: KeyRing
) -> None:
    plan(db, keys, 700)
    first = bill(db, keys, (1, 31, 3000))
    second = bill(db, keys, (1, 15, 1000), (16, 31, 1000), number="F-2")

    assert (first.payable, second.payable, second.difference) == (3000, 2000, -1000)
    in_force = db.exec(select(CareBill).where(sa.column("replaced_at").is_(None))).all()
    assert [row.number for row in in_force] == ["F-2"]
    with pytest.raises(AlreadyDone):
        bill(db, keys, (1, 31, 9), number="F-1")


def test_a_back_dated_plan_is_worked_out_again_and_nothing_is_erased(
    db: Session, keys: KeyRing
) -> None:
    plan(db, keys, 700)
    bill(db, keys, (1, 31, 4000))

    plan(db, keys, 1400, date(2016, 3, 15), at=NOW + timedelta(days=10))
    [after] = recheck(db, keys, PERSON, cause="plan", now=NOW + timedelta(days=10))

    assert after.payable == 4000  # 700 × 14/7 + 1400 × 17/7 = 4800
    assert after.difference == 900
    plans = db.exec(select(CarePlan)).all()
    assert sorted((row.valid_from.month, row.replaced_at is None) for row in plans) == [
        (1, False), (1, True), (3, True),
    ]  # fmt: skip
    assert len(db.exec(select(CareBillCheck)).all()) == 2
    assert recheck(db, keys, PERSON, cause="plan", now=NOW) == []


def test_corrected_days_of_a_stay_take_its_place_and_a_transfer_does_not(
    db: Session, keys: KeyRing
) -> None:
    stay(db, date(2016, 2, 10), date(2016, 2, 20))
    stay(db, date(2016, 2, 20), date(2016, 3, 3), is_acute=False)
    stay(db, date(2016, 2, 11), date(2016, 2, 19))

    stays = facts_of(db, keys, PERSON).stays
    assert [(s.admission.day, s.discharge.day) for s in stays] == [(11, 19), (20, 3)]
    assert len(db.exec(select(HospitalStay)).all()) == 3


def test_two_providers_beyond_the_week_together_are_a_sign_for_the_control(
    db: Session, keys: KeyRing
) -> None:
    plan(db, keys, 700)
    plan(db, keys, 600, provider="ZZ-900002")
    stay(db, date(2016, 2, 10), date(2016, 2, 20))

    found = bill(db, keys, (1, 31, 3500))

    assert found.payable == 3500  # each by the formula
    assert "providers_together" in found.signs


def test_what_cannot_be_billed_is_refused_by_field_and_rule(db: Session, keys: KeyRing) -> None:
    with pytest.raises(CareFault, match="one_at_least"):
        bill(db, keys, (1, 31, 100))  # no plan
    plan(db, keys, 700)
    with pytest.raises(CareFault, match="not_negative"):
        bill(db, keys, (1, 31, -1))
    with pytest.raises(CareFault, match="no_overlap"):
        bill(db, keys, (1, 20, 10), (20, 31, 10))
    days = Span(date(2019, 3, 1), date(2019, 3, 31))
    late = NewBill(
        number="F-9", month=days.first, periods=(BilledPeriod(days, Fraction(1)),), **WHO
    )
    with pytest.raises(CareFault, match="regime") as refused:
        record_bill(db, keys, late, now=NOW)
    assert refused.value.field == "month"
    assert db.exec(select(CareBill)).all() == []


def test_no_minute_of_care_lies_in_the_clear(db: Session, keys: KeyRing) -> None:
    plan(db, keys, 4242)
    stay(db, date(2016, 2, 10), date(2016, 2, 20))
    bill(db, keys, (1, 31, 3737))

    for table in ("care_plan", "care_bill", "care_bill_check"):
        rows = db.execute(sa.text(f"SELECT t::text FROM {table} t")).scalars().all()  # noqa: S608 - tables of ours
        assert rows
        for row in rows:
            assert "4242" not in in_clear(row)
            for minutes in (b"4242", b"3737"):  # what is paid of a bill is an amount, in the clear
                assert minutes.hex() not in row
