"""Staff, history and rights of the invented fund."""

from collections import Counter
from datetime import datetime, timedelta

import pytest

from medcontrol.vocabulary import ControlLevel, DecisionOutcome, DoctorKind, LineOutcome, Role
from runtime.demo.generator import Fund
from runtime.demo.generator.arrivals import is_working_day
from runtime.demo.generator.services import SERVICES
from tests.demo_fund import (
    AGENCIES,
    AS_OF,
    YEAR_LENGTH,
    messages_of_the_day,
    small_fund,
    some_past,
)


@pytest.fixture(scope="module")
def fund():
    return small_fund()


@pytest.fixture(scope="module")
def messages():
    return messages_of_the_day()


@pytest.fixture(scope="module")
def staff(fund):
    return fund.staff()


@pytest.fixture(scope="module")
def past():
    return some_past()


def test_staff_has_120_doctors_of_every_kind_at_every_level(staff):
    assert len(staff.doctors) == 120
    assert len({doctor.code for doctor in staff.doctors}) == 120
    assert len({doctor.professional_id for doctor in staff.doctors}) == 120
    assert {doctor.kind for doctor in staff.doctors} == set(DoctorKind)
    assert {doctor.level for doctor in staff.doctors} == set(ControlLevel)
    assert {code for code, _ in AGENCIES} <= staff.by_unit.keys()


def test_every_flow_has_doctors_in_every_region_and_centrally(staff):
    regions = {region for _, region in AGENCIES}
    flows = {service.flow for service in SERVICES}
    for region in regions:
        able = {one.flow for doctor in staff.by_unit[region] for one in doctor.competences}
        assert able == flows


def test_one_doctor_in_nine_is_away_today_and_contracted_ones_treat_people(staff):
    away = [
        doctor
        for doctor in staff.doctors
        if any(one.first_day <= AS_OF <= one.last_day for one in doctor.absences)
    ]
    contracted = [one for one in staff.doctors if one.kind is DoctorKind.CONTRACTED]

    assert 5 <= len(away) <= 25
    assert 20 <= len(contracted) <= 60
    assert all(any(c.kind == "treats" for c in doctor.conflicts) for doctor in contracted)
    assert all(0 < sum(doctor.weekly_minutes) <= 2_100 for doctor in staff.doctors)


def test_every_role_has_users_and_one_showcase_account(staff):
    shown = Counter(user.role for user in staff.users if user.is_showcase)

    assert shown == Counter(dict.fromkeys(Role, 1))
    units = {user.unit_code for user in staff.users if user.is_showcase}
    assert units == {"CASA-1", "MA-06", "MA-CENTRAL"}
    assert len({user.login for user in staff.users}) == len(staff.users)
    agents = {user.unit_code for user in staff.users if user.role is Role.AGENT}
    assert agents == {code for code, _ in AGENCIES}


def test_history_has_exactly_the_files_and_controls_that_were_asked_for(past):
    assert len(past) == 9_000
    assert sum(item.outcome is not None for item in past) == 900
    assert all((item.outcome is not None) == item.lane.is_controlled for item in past)
    assert len({item.message["external_id"] for item in past}) == 9_000
    assert max(item.received_on for item in past) < AS_OF
    assert min(item.received_on for item in past) < AS_OF - timedelta(days=440)


def test_controls_end_in_working_hours_after_they_began_and_before_today(past):
    for item in past:
        if item.outcome is None:
            continue
        opened, decided = item.outcome.opened_at, item.outcome.decided_at
        assert datetime.fromisoformat(item.message["received_at"]) < opened < decided
        assert decided.date() < AS_OF
        assert is_working_day(opened.date())
        assert is_working_day(decided.date())
        assert "08:30" <= f"{decided:%H:%M}" < "16:30"


def test_decisions_agree_with_the_opinions_on_their_lines(past):
    found = Counter(item.outcome.outcome for item in past if item.outcome)
    for item in past:
        if item.outcome is None or not item.outcome.lines:
            continue
        opinions = Counter(one.outcome for one in item.outcome.lines)
        if item.outcome.outcome is DecisionOutcome.GRANTED:
            assert opinions.keys() == {LineOutcome.ACCEPTED}
        elif item.outcome.outcome is DecisionOutcome.REFUSED_MEDICAL:
            assert opinions.keys() == {LineOutcome.REFUSED}
        else:
            assert item.outcome.outcome is DecisionOutcome.PARTIALLY_GRANTED
            assert opinions.keys() - {LineOutcome.ACCEPTED}
            assert opinions[LineOutcome.REFUSED] < len(item.outcome.lines)
        refusals = [one for one in item.outcome.lines if one.outcome is not LineOutcome.ACCEPTED]
        assert all(one.motive_code for one in refusals)
    assert 0.6 < found[DecisionOutcome.GRANTED] / 900 < 0.9
    assert found[DecisionOutcome.REFUSED_MEDICAL] / 900 < 0.12


def test_the_doctor_who_decided_was_competent_and_neither_treated_nor_prescribed(past, staff):
    doctors = {doctor.code: doctor for doctor in staff.doctors}
    for item in past:
        if item.outcome is None:
            continue
        doctor, message = doctors[item.outcome.doctor_code], item.message
        concerned = {message["prescriber"]["id"], message["provider"]["id"],
                     message["insured"]["registration_number"]}  # fmt: skip
        assert doctor.may_control(message["flow"], message["nature"], AS_OF)
        assert doctor.professional_id not in concerned
        assert not concerned & {conflict.subject for conflict in doctor.conflicts}


def test_reviews_come_due_today_this_month_and_a_few_days_ago(fund):
    found = fund.entitlements(ald=600, invalidity=150, ald_due=60, invalidity_due=25)
    for name, due, late in (("ald", 60, 10), ("invalidity", 25, 4)):
        opens = [(one.opens_on - AS_OF).days for one in found if one.flow == name]
        assert sum(0 <= days < 30 for days in opens) == due
        assert sum(-4 <= days < 0 for days in opens) == late
        assert min(opens) >= -4
        assert 0 in opens
    assert sum(one.is_due for one in found) == 60 + 10 + 25 + 4
    assert len({one.number for one in found}) == 750


def test_rights_began_before_today_for_people_born_by_then_and_by_a_known_doctor(fund, staff):
    codes = {doctor.code: doctor for doctor in staff.doctors}
    for right in fund.entitlements(ald=600, invalidity=150):
        holder = right.beneficiary_birth_date or right.birth_date
        assert holder <= right.valid_from < AS_OF
        assert right.granted_at.date() <= right.valid_from
        assert right.valid_to is None or right.valid_from < right.valid_to
        assert right.opens_on < right.next_review_on
        assert right.previous_doctor_code in codes
        if right.flow == "invalidity":
            assert (right.next_review_on - right.birth_date) / YEAR_LENGTH < 60


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda fund: fund.make_day(AS_OF, 0), "n"),
        (lambda fund: fund.make_day(AS_OF, 10, faults=0.9), "faults"),
        (lambda fund: fund.make_day(AS_OF - timedelta(days=900), 10), "day"),
        (lambda fund: fund.staff(doctors=20), "doctors"),
        (lambda fund: fund.history(months=40), "months"),
        (lambda fund: fund.history(received=10, controlled=11), "controlled"),
        (lambda fund: fund.entitlements(ald=5, ald_due=60), "ald_due"),
        (lambda fund: fund.entitlements(ald=10**7), "ald"),
        (lambda _: Fund.make(1, as_of=AS_OF, agencies=[]), "agencies"),
        (lambda _: Fund.make(1, as_of=AS_OF, agencies=AGENCIES, insured=10), "insured"),
        (lambda _: Fund.make(-1, as_of=AS_OF, agencies=AGENCIES), "seed"),
    ],
)
def test_an_argument_out_of_bounds_is_named(fund, call, name):
    with pytest.raises(ValueError, match=f"^{name}: "):
        call(fund)
