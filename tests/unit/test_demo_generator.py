"""The invented fund: sane people, and files that are valid and coherent."""

import base64
import hashlib
from collections import Counter
from datetime import date, datetime
from decimal import Decimal

import jsonschema_rs
import orjson
import puremagic
import pytest

from runtime.demo.generator import Fund
from runtime.demo.generator.acts import INDEX
from runtime.demo.generator.diagnoses import LABELS, PATHOLOGIES
from runtime.demo.generator.documents import make_pdf
from runtime.demo.generator.people import CHILD, INSURED, SPOUSE, YEAR
from runtime.demo.generator.services import SERVICES
from runtime.demo.generator.texts import summary
from tests.demo_fund import (
    AGENCIES,
    AS_OF,
    ROOT,
    TOTAL,
    YEAR_LENGTH,
    a_day,
    messages_of_the_day,
    small_fund,
    some_past,
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
def past():
    return some_past()


def age(message, day=None):
    person = message.get("beneficiary", message["insured"])
    care = message.get("care", {}).get("from")
    on = day or min(date.fromisoformat(care), AS_OF) if care else AS_OF
    return (on - date.fromisoformat(person["birth_date"])) / YEAR_LENGTH


def flow(messages, name):
    return [message for message in messages if message["flow"] == name]


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

    texts = [
        summary(name, icd10, bits << 7 | bits)
        for name in flows
        for icd10 in LABELS
        for bits in range(40)
    ]

    assert not any("{" in text or "}" in text for text in texts)
