"""Stories over several days, planted schemes and faulty lines of the invented fund."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest

from medcontrol.intake.checking import Accepted, check
from medcontrol.intake.registers import NATURES, Registers, known_flows
from runtime.demo.generator.faults import KINDS as FAULTS
from tests.demo_fund import (
    AGENCIES,
    AS_OF,
    TOTAL,
    a_day,
    messages_of_the_day,
    small_fund,
    some_past,
)

REGISTERS = Registers(
    agencies={"ma": dict(AGENCIES)},
    flows=known_flows(dict.fromkeys(NATURES, frozenset({"ma"}))),
)


@pytest.fixture(scope="module")
def fund():
    return small_fund()


@pytest.fixture(scope="module")
def day():
    return a_day()


@pytest.fixture(scope="module")
def messages():
    return messages_of_the_day()


@pytest.fixture(scope="module")
def by_id(messages):
    return {message["external_id"]: message for message in messages}


@pytest.fixture(scope="module")
def past():
    return some_past()


def flow(messages, name):
    return [message for message in messages if message["flow"] == name]


def test_a_hospital_stay_is_authorised_and_invoiced_for_the_same_person_weeks_apart(fund):
    asked = flow([*fund.make_day(AS_OF - timedelta(days=34), TOTAL).messages()], "hospital")
    billed = flow([*fund.make_day(AS_OF, TOTAL).messages()], "hospital")

    def story(message):
        person = message.get("beneficiary", message["insured"])
        return (
            message["insured"]["registration_number"],
            person["birth_date"],
            message["provider"]["id"],
            message["care"]["from"],
            message["amount"],
        )

    first = {story(message) for message in asked if message["nature"] == "authorisation"}
    last = {story(message) for message in billed if message["nature"] == "invoice"}
    assert len(first & last) > 0.5 * len(last)


def test_a_sick_leave_is_prolonged_from_the_day_after_it_ended(fund):
    begun = flow([*fund.make_day(AS_OF - timedelta(days=14), TOTAL).messages()], "sick_leave")
    longer = flow([*fund.make_day(AS_OF, TOTAL).messages()], "sick_leave")

    ends = {
        (m["insured"]["registration_number"], date.fromisoformat(m["care"]["to"]))
        for m in begun
        if m["nature"] == "first"
    }
    goes_on = {
        (m["insured"]["registration_number"], date.fromisoformat(m["care"]["from"]))
        for m in longer
        if m["nature"] == "prolongation"
    }
    assert len({(who, day + timedelta(days=1)) for who, day in ends} & goes_on) > 10


def test_chronic_patients_come_back_with_the_same_illness_and_number(past):
    seen = defaultdict(set)
    for item in past:
        if "ald_number" in item.message:
            pathology = item.message["medical"].get("pathology")
            seen[item.message["ald_number"]].add(pathology)

    assert sum(len(found - {None}) for found in seen.values()) > 100
    assert all(len(found - {None}) <= 1 for found in seen.values())


def test_a_day_of_any_size_has_exactly_its_lines(fund):
    for total in (1, 2, 7, 30, 199):
        assert sum(1 for _ in fund.day(AS_OF, total)) == total
        assert sum(1 for _ in fund.day(AS_OF, total, faults=0.5)) == total


def test_a_thin_history_has_exactly_its_files(fund):
    assert sum(1 for _ in fund.history(received=700, controlled=20)) == 700


def test_registration_numbers_never_look_like_those_of_professionals(messages):
    numbers = {message["insured"]["registration_number"] for message in messages}
    ids = {message[role]["id"] for message in messages for role in ("provider", "prescriber")}

    assert {len(number) for number in numbers} == {10}
    assert {len(one) for one in ids} == {9}


def test_every_scheme_is_planted_and_labelled(day, by_id):
    kinds = Counter(anomaly.kind for anomaly in day.anomalies)

    assert len(kinds) == 7
    assert all(one in by_id for anomaly in day.anomalies for one in anomaly.external_ids)
    assert sum(len(anomaly.external_ids) for anomaly in day.anomalies) < 0.04 * TOTAL


def anomalies(day, by_id, kind):
    return [
        (anomaly, [by_id[one] for one in anomaly.external_ids])
        for anomaly in day.anomalies
        if anomaly.kind == kind
    ]


def test_duplicate_billing_is_the_same_care_under_two_identities(day, by_id):
    for _, (first, second) in anomalies(day, by_id, "duplicate_billing"):
        assert first["external_id"] != second["external_id"]
        for member in ("insured", "provider", "care", "lines", "amount"):
            assert first[member] == second[member]


def test_a_tooth_billed_twice_stands_on_two_lines(day, by_id):
    for _, (message,) in anomalies(day, by_id, "tooth_billed_twice"):
        first, second = message["lines"]
        assert (first["act"], first["tooth"]) == (second["act"], second["tooth"])


def test_impossible_volume_is_one_provider_on_one_day(day, by_id):
    found = anomalies(day, by_id, "impossible_volume")

    assert len(found) >= 20
    assert len({(m["provider"]["id"], m["care"]["from"]) for _, (m,) in found}) == 1
    assert {anomaly.provider_id for anomaly, _ in found} == {found[0][1][0]["provider"]["id"]}


def test_monday_leaves_are_by_one_prescriber_and_begin_on_mondays(day, by_id):
    found = anomalies(day, by_id, "monday_sick_leaves")

    assert len({message["prescriber"]["id"] for _, (message,) in found}) == 1
    assert all(date.fromisoformat(m["care"]["from"]).weekday() == 0 for _, (m,) in found)


def test_split_invoices_are_three_below_a_thousand_dirhams(day, by_id):
    for _, three in anomalies(day, by_id, "split_invoices"):
        assert len(three) == 3
        assert len({(m["provider"]["id"], str(m["care"])) for m in three}) == 1
        assert all(900 < Decimal(m["amount"]) < 1000 for m in three)


def test_phantom_dialysis_bills_more_sessions_than_days(day, by_id):
    for _, (message,) in anomalies(day, by_id, "phantom_dialysis"):
        care = message["care"]
        days = date.fromisoformat(care["to"]) - date.fromisoformat(care["from"])
        assert int(message["lines"][0]["quantity"]) > days.days + 1


def test_doctor_shopping_is_one_person_at_four_prescribers(day, by_id):
    for _, four in anomalies(day, by_id, "doctor_shopping"):
        assert len({message["insured"]["registration_number"] for message in four}) == 1
        assert len({message["prescriber"]["id"] for message in four}) >= 2


def test_intake_accepts_every_line_of_a_day_but_the_faulty_ones(fund):
    made = fund.make_day(AS_OF, 1_500, faults=0.02)
    same = {fault.line_no for fault in made.faults if fault.kind in ("duplicate", "conflict")}
    spoiled = {fault.line_no for fault in made.faults} - same

    refused = {
        number
        for number, line in enumerate(made.lines(), start=1)
        if not isinstance(check(line, REGISTERS), Accepted)
    }

    assert refused == spoiled
    assert len(refused | same) == 30


def test_duplicates_and_conflicts_repeat_the_identity_of_an_earlier_line(fund):
    made = fund.make_day(AS_OF, 1_100, faults=0.02)
    lines = list(made.lines())
    hashes = {}
    for number, line in enumerate(lines, start=1):
        accepted = check(line, REGISTERS)
        if isinstance(accepted, Accepted):
            hashes.setdefault(accepted.external_id, {})[number] = accepted.content_hash

    assert len(lines) == len(made) == 1_100
    assert {fault.kind for fault in made.faults} == set(FAULTS)
    for fault in made.faults:
        if fault.kind in ("duplicate", "conflict"):
            own = hashes[fault.external_id]
            first = own[min(own)]
            assert min(own) < fault.line_no
            assert (own[fault.line_no] == first) == (fault.kind == "duplicate")
