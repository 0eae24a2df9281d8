"""The invented fund: sane people, valid files, labels that tell the truth."""

import base64
import csv
import hashlib
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import jsonschema_rs
import orjson
import puremagic
import pytest

from medcontrol.intake.checking import Accepted, check
from medcontrol.intake.registers import NATURES, Registers, known_flows
from medcontrol.vocabulary import ControlLevel, DecisionOutcome, DoctorKind, LineOutcome, Role
from runtime.demo.generator import Fund
from runtime.demo.generator.acts import INDEX
from runtime.demo.generator.arrivals import is_working_day
from runtime.demo.generator.diagnoses import LABELS, PATHOLOGIES
from runtime.demo.generator.documents import make_pdf
from runtime.demo.generator.faults import KINDS as FAULTS
from runtime.demo.generator.people import CHILD, INSURED, SPOUSE, YEAR
from runtime.demo.generator.services import SERVICES
from runtime.demo.generator.texts import summary

ROOT = Path(__file__).parents[2]
AS_OF = date(2026, 11, 20)
TOTAL = 4_000
AGENCIES = [
    (row["code"], row["region"])
    for row in csv.DictReader(
        (ROOT / "medcontrol/reference/ma/agencies.csv").read_text("utf-8").splitlines()
    )
]
REGISTERS = Registers(
    agencies={"ma": dict(AGENCIES)},
    flows=known_flows(dict.fromkeys(NATURES, frozenset({"ma"}))),
)
YEAR_LENGTH = timedelta(days=365.25)


@pytest.fixture(scope="module")
def fund():
    return Fund.make(11, as_of=AS_OF, agencies=AGENCIES, insured=30_000)


@pytest.fixture(scope="module")
def day(fund):
    return fund.make_day(AS_OF, TOTAL)


@pytest.fixture(scope="module")
def messages(day):
    return [orjson.loads(line) for line in day.lines()]


@pytest.fixture(scope="module")
def by_id(messages):
    return {message["external_id"]: message for message in messages}


@pytest.fixture(scope="module")
def staff(fund):
    return fund.staff()


@pytest.fixture(scope="module")
def past(fund):
    return list(fund.history(months=15, received=9_000, controlled=900))


def age(message, day=None):
    person = message.get("beneficiary", message["insured"])
    care = message.get("care", {}).get("from")
    on = day or min(date.fromisoformat(care), AS_OF) if care else AS_OF
    return (on - date.fromisoformat(person["birth_date"])) / YEAR_LENGTH


def flow(messages, name):
    return [message for message in messages if message["flow"] == name]


# -- people ------------------------------------------------------------------------------------


def test_insured_people_are_adults_on_every_day_that_may_be_generated(fund):
    people = fund.world.people.members
    insured = fund.world.people.age[people.relation == INSURED]

    assert insured.min() >= 18 + 550 / YEAR
    assert insured.max() <= 86 - 365 / YEAR


def test_children_are_fifteen_years_younger_than_both_parents_and_at_most_25(fund):
    people, ages = fund.world.people.members, fund.world.people.age
    child = people.relation == CHILD
    spouse_age = dict(
        zip(people.insured[people.relation == SPOUSE], ages[people.relation == SPOUSE], strict=True)
    )

    gaps = ages[people.insured[child]] - ages[child]
    other = [
        spouse_age[owner] - own
        for owner, own in zip(people.insured[child], ages[child], strict=True)
        if owner in spouse_age
    ]

    assert gaps.min() >= 15
    assert min(other) >= 15
    assert 0 <= ages[child].min() <= ages[child].max() <= 25


def test_registration_and_identity_numbers_are_unique_and_visibly_invented(fund):
    people = fund.world.people
    everyone = people.members.insured[people.members.relation == INSURED]

    numbers, cards = people.registration(everyone), people.national_id(everyone)

    assert len(set(numbers)) == len(set(cards)) == people.insured_count
    assert all(number.startswith("999") for number in numbers)
    assert all(card.startswith("ZZ") for card in cards)


def test_names_come_in_both_scripts_and_letters_in_several_languages(messages):
    names = Counter(message["insured"]["given_name"][0] > "\u0600" for message in messages)
    languages = Counter(message["insured"]["language"] for message in messages)

    assert 0.01 < names[True] / TOTAL < 0.15
    assert languages["ar"] > languages["fr"] > languages["en"] > 0


# -- the files of a day --------------------------------------------------------------------------


def test_every_line_of_a_day_is_valid_against_the_intake_schema(messages):
    schema = orjson.loads((ROOT / "medcontrol/intake/intake.v1.schema.json").read_bytes())
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)

    faults = [str(error) for message in messages for error in validator.iter_errors(message)]

    assert faults == []
    assert len(messages) == TOTAL


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(fund):
    again = Fund.make(11, as_of=AS_OF, agencies=AGENCIES, insured=30_000)
    other = Fund.make(12, as_of=AS_OF, agencies=AGENCIES, insured=30_000)

    first, second, third = (
        b"".join(one.day(AS_OF, 300, faults=0.05)) for one in (fund, again, other)
    )

    assert first == second
    assert first != third
    assert first != b"".join(fund.day(AS_OF, 300, 5, faults=0.05))


def test_sums_agree_with_lines_and_line_numbers_count_from_one(messages):
    for message in messages:
        lines = message.get("lines", [])
        assert [line["no"] for line in lines] == list(range(1, len(lines) + 1))
        for line in lines:
            product = Decimal(line["unit_price"]) * Decimal(line["quantity"])
            assert product == Decimal(line["amount"]) > 0
        if lines:
            assert sum(Decimal(line["amount"]) for line in lines) == Decimal(message["amount"])
            assert message["currency"] == "MAD"
        else:
            assert not {"amount", "currency"} & message.keys()


def test_all_ten_flows_arrive_in_a_realistic_mix(messages):
    mix = Counter(message["flow"] for message in messages)

    assert len(mix) == 10
    assert 0.65 < mix["ambulatory"] / TOTAL < 0.75
    assert 0.05 < mix["dental"] / TOTAL < 0.07
    assert sum(service.share for service in SERVICES) == pytest.approx(1)


def test_rare_natures_come_even_where_days_are_small(past):
    natures = {(item.message["flow"], item.message["nature"]) for item in past}

    assert natures == {(service.flow, service.nature) for service in SERVICES}


def test_no_sick_leave_or_pension_for_a_child_or_a_pensioner(messages):
    leaves = flow(messages, "sick_leave") + flow(messages, "invalidity")

    assert len(leaves) > 100
    assert all("beneficiary" not in message for message in leaves)
    assert all(18 <= age(message) < 60 for message in leaves)


def test_maternity_is_for_women_and_lasts_fourteen_weeks(messages):
    found = [message for message in messages if message["nature"] == "maternity"]

    assert found
    for message in found:
        care = message["care"]
        days = date.fromisoformat(care["to"]) - date.fromisoformat(care["from"])
        assert message["insured"]["sex"] == "F"
        assert days.days + 1 == 98


def test_orthodontics_are_mostly_for_children_under_sixteen(past, messages):
    found = [message for message in messages if message["nature"] == "orthodontics"]
    found += [item.message for item in past if item.message["nature"] == "orthodontics"]
    young = sum(age(message) < 16 for message in found)

    assert len(found) > 30
    assert young / len(found) > 0.85


def test_nobody_is_treated_before_birth_and_care_ends_after_it_begins(messages):
    for message in messages:
        received = message["received_at"][:10]
        people = [message["insured"], message.get("beneficiary", message["insured"])]
        care = message.get("care", {"from": received, "to": received})
        assert care["from"] <= care["to"]
        assert all(person["birth_date"] < min(care["from"], received) for person in people)
        assert all(care["from"] <= line["date"] <= care["to"] for line in message.get("lines", ()))


def test_no_provider_or_prescriber_has_more_than_two_percent_of_the_files(messages):
    for role in ("provider", "prescriber"):
        volumes = Counter(message[role]["id"] for message in messages)
        assert volumes.most_common(1)[0][1] <= 0.02 * TOTAL
        # Zipf: the busiest tenth does far more than a tenth.
        busiest = volumes.most_common(len(volumes) // 10)
        assert sum(count for _, count in busiest) > 0.2 * TOTAL


def test_all_files_of_a_day_are_received_on_that_day_in_order(messages):
    instants = [datetime.fromisoformat(message["received_at"]) for message in messages]

    assert {instant.date() for instant in instants} == {AS_OF}
    assert instants == sorted(instants)


@pytest.mark.parametrize(
    ("on", "offset"), [(date(2026, 2, 16), "+00:00"), (date(2026, 4, 15), "+01:00")]
)
def test_instants_carry_the_offset_of_casablanca_in_ramadan_and_out_of_it(fund, on, offset):
    found = {orjson.loads(line)["received_at"][-6:] for line in fund.day(on, 50)}

    assert found == {offset}


def test_teeth_are_written_where_an_act_has_one_and_milk_teeth_are_children_s(messages):
    lines = [(age(m), line) for m in flow(messages, "dental") for line in m["lines"]]
    toothed = [(years, line) for years, line in lines if "tooth" in line]

    assert all(line["act"].startswith(("D10", "D20", "DP")) for _, line in toothed)
    assert all(
        (line["tooth"] >= "5") == (years < 7) for years, line in toothed if abs(years - 7) > 0.2
    )


def test_chronic_files_carry_an_illness_its_number_and_its_medicines(messages):
    codes = {one.code: one for one in PATHOLOGIES}
    for message in flow(messages, "medicines"):
        assert message["ald_number"].startswith("ETM-")
        mine = codes[message["medical"]["pathology"]]
        assert {line["act"] for line in message["lines"]} <= set(mine.medicines)
    for message in flow(messages, "ald"):
        assert message["medical"]["pathology"] in codes
        assert ("ald_number" in message) == (message["nature"] != "first")


def test_documents_hold_the_bytes_that_their_hash_and_type_announce(messages):
    documents = [one for message in messages for one in message.get("documents", ())]
    stored = [one for one in documents if "content_base64" in one]

    assert 0 < len(stored) < len(documents)
    assert len({one["sha256"] for one in stored}) > 10
    for one in stored:
        content = base64.b64decode(one["content_base64"], validate=True)
        assert hashlib.sha256(content).hexdigest() == one["sha256"]
        assert len(content) == one["size"]
        assert puremagic.from_string(content, mime=True) == one["media_type"]


def test_cross_references_of_a_pdf_point_at_its_objects():
    content = make_pdf("Titre (1)", "Texte")
    table = content[int(content.split(b"startxref\n")[1].split(b"\n")[0]) :]
    offsets = [int(row[:10]) for row in table.split(b"\n")[3:8]]

    assert table.startswith(b"xref\n0 6\n")
    assert [content[at : at + 7] for at in offsets] == [b"%d 0 obj" % n for n in range(1, 6)]


def test_catalogue_knows_every_code_that_it_uses():
    acts = {code for one in SERVICES for code in one.lead + one.rest} - {"@"}
    icds = {code for one in SERVICES for code in one.icds + one.icds_child}

    assert acts <= INDEX.keys()
    assert {code for one in PATHOLOGIES for code in one.medicines} <= INDEX.keys()
    assert icds <= LABELS.keys()
    assert [one.number for one in PATHOLOGIES] == list(range(1, 42))


def test_summaries_are_filled_in_completely():
    flows = {service.flow for service in SERVICES}

    texts = [summary(name, "E11.9", bits << 7 | bits) for name in flows for bits in range(3000)]

    assert not any("{" in text or "}" in text for text in texts)


# -- stories over several days -------------------------------------------------------------------


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


# -- planted anomalies and faults ----------------------------------------------------------------


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


# -- staff ---------------------------------------------------------------------------------------


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
    assert len({user.login for user in staff.users}) == len(staff.users)
    agents = {user.unit_code for user in staff.users if user.role is Role.AGENT}
    assert agents == {code for code, _ in AGENCIES}


# -- history and rights --------------------------------------------------------------------------


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


# -- refusals ------------------------------------------------------------------------------------


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
