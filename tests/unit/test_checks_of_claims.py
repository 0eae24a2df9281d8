"""Computed checks of claims, stays, teeth and medicines: worked values and the days at the edge."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medcontrol.legal.loading import law
from medcontrol.rules.calendar import add_months
from medcontrol.rules.checks import CHECKS
from medcontrol.rules.checks.case import Case, CaseLine, Found, PastFile, PastRight, Verdict
from medcontrol.rules.checks.dental import paid_for_prostheses, semester_on
from medcontrol.rules.checks.medicines import boxes_needed
from medcontrol.rules.checks.reading import day, decimal, rows, whole
from medcontrol.vocabulary import DecisionOutcome, EntitlementStatus

DAY = date(2026, 11, 20)
FITS, ATTENTION, EXCEEDS, UNKNOWN = (
    Verdict.FITS, Verdict.ATTENTION, Verdict.EXCEEDS, Verdict.UNKNOWN,
)  # fmt: skip


def number(path: str) -> int:
    return law("ma").number(path, DAY).value


def case(**known: Any) -> Case:
    given = {
        "flow": "ambulatory", "nature": "reimbursement", "channel": "portal",
        "received_on": DAY, "birth_date": date(1990, 1, 1), "number": number,
    }  # fmt: skip
    return Case(**(given | known))


def line(act: str, amount: int = 0, **known: Any) -> CaseLine:
    return CaseLine(no=known.pop("no", 1), act=act, amount_cents=amount, **known)


def right(kind: str, code: str | None, start: date, end: date | None) -> PastRight:
    return PastRight(kind, code, start, end, EntitlementStatus.ACTIVE)


def run(name: str, given: Case) -> Found:
    return CHECKS[name].compute(given)


def figures(found: Found) -> dict[str, Any]:
    return {each.name: each.value for each in found.figures}


def verdict(name: str, **known: Any) -> Verdict:
    return run(name, case(**known)).verdict


# Filing


@pytest.mark.parametrize(
    ("days_since", "expected"), [(0, FITS), (60, FITS), (61, EXCEEDS), (365, EXCEEDS)]
)
def test_a_claim_is_in_time_until_the_sixtieth_day_after_the_first_act(days_since, expected):
    assert verdict("filing_limit", care_from=DAY - timedelta(days=days_since)) is expected


def test_a_late_claim_says_since_when_and_by_how_much():
    found = run("filing_limit", case(lines=(line("C", day=date(2026, 9, 1)),)))

    assert found.verdict is EXCEEDS
    assert figures(found) == {
        "first_act": date(2026, 9, 1), "last_day": date(2026, 10, 31), "received": DAY,
        "days_late": 20,
    }  # fmt: skip


def test_a_continuous_treatment_counts_from_its_end_and_an_unsaid_one_is_pointed_out():
    long = {"care_from": date(2026, 6, 1), "care_to": date(2026, 10, 1)}

    assert verdict("filing_limit", **long, answers={"continuous": True}) is FITS
    assert verdict("filing_limit", **long) is ATTENTION
    assert verdict("filing_limit") is UNKNOWN


@pytest.mark.parametrize(("days_since", "expected"), [(90, FITS), (91, EXCEEDS)])
def test_an_invoice_is_in_time_until_the_ninetieth_day_after_the_stay(days_since, expected):
    end = DAY - timedelta(days=days_since)

    assert verdict("invoice_limit", care_from=end - timedelta(days=5), care_to=end) is expected


@pytest.mark.parametrize(
    ("start", "expected"), [(1, FITS), (0, ATTENTION), (-1, EXCEEDS), (None, UNKNOWN)]
)
def test_an_agreement_is_asked_for_before_the_care_starts(start, expected):
    begins = None if start is None else DAY + timedelta(days=start)

    assert verdict("agreement_before_start", care_from=begins) is expected


def test_a_prosthesis_needs_an_agreement_that_ran_on_the_day_of_the_act():
    done = {"flow": "dental", "lines": (line("DP60", 90_000, day=date(2026, 11, 2)),)}
    agreed = right("authorisation", "authorisation", date(2026, 11, 2), date(2027, 5, 1))
    ended = right("authorisation", "authorisation", date(2026, 1, 2), date(2026, 11, 1))
    other = right("authorisation", "sessions", date(2026, 1, 2), None)

    assert verdict("agreement_first", **done, rights=(agreed,)) is FITS
    assert verdict("agreement_first", **done, rights=(ended, other)) is EXCEEDS
    assert verdict("agreement_first", **done, typed={"agreement_number": "EP-7"}) is ATTENTION
    assert verdict("agreement_first", **done, authorisation="EP-7") is ATTENTION


def test_an_act_given_once_needs_no_agreement_and_one_given_twice_does():
    once = (line("AMI4", 5_000, quantity=Decimal(1), day=DAY),)
    twice = (line("AMI4", 5_000, quantity=Decimal(2), day=DAY),)

    assert verdict("agreement_first", lines=once) is FITS
    assert verdict("agreement_first", lines=twice) is EXCEEDS
    assert verdict("agreement_first", lines=(line("AMI4", quantity=Decimal(2)),)) is UNKNOWN


# Ambulatory care


@pytest.mark.parametrize(
    ("granted", "expected"), [(20, FITS), (21, EXCEEDS), (0, FITS), (None, UNKNOWN)]
)
def test_no_more_sessions_are_granted_than_asked_for(granted, expected):
    asked = (line("AMM", quantity=Decimal(12)), line("AMM", no=2, quantity=Decimal(8)))

    assert verdict("sessions_granted", lines=asked, typed={"sessions_granted": granted}) is expected


def test_more_sessions_than_the_threshold_of_one_agreement_are_pointed_out():
    typed = {"sessions_requested": "40", "sessions_granted": "31"}

    assert verdict("sessions_granted", typed=typed) is ATTENTION
    assert verdict("sessions_granted", typed=typed | {"sessions_granted": 30}) is FITS


def test_care_for_a_recognised_illness_needs_a_recognition_of_that_day():
    exempt = right("ald", "ma-ald-09", date(2026, 1, 1), date(2026, 11, 19))
    claimed = {"typed": {"ald_link": "linked"}, "rights": (exempt,)}

    assert verdict("ald_link", **claimed, care_from=date(2026, 11, 19)) is FITS
    assert verdict("ald_link", **claimed, care_from=date(2026, 11, 20)) is EXCEEDS
    assert verdict("ald_link", rights=(exempt,), care_from=date(2026, 5, 1)) is ATTENTION
    assert verdict("ald_link", care_from=DAY) is FITS
    assert verdict("ald_link", care_from=DAY, ald_number="ETM-1") is EXCEEDS
    not_linked = {"ald_number": "ETM-1", "typed": {"ald_link": "not_linked"}}
    assert verdict("ald_link", care_from=DAY, **not_linked) is FITS


def test_the_link_with_an_illness_never_says_which_one():
    exempt = right("ald", "ma-ald-09", date(2026, 1, 1), None)
    found = run("ald_link", case(care_from=DAY, rights=(exempt,)))

    assert "ma-ald-09" not in repr(found)


def test_the_same_act_within_thirty_days_is_shown():
    before = PastFile("ambulatory", "reimbursement", DAY, lines=(line("Z15", day=DAY),))
    far = PastFile("ambulatory", "reimbursement", DAY, lines=(line("Z15", day=date(2026, 10, 20)),))
    now = {"lines": (line("Z15"),), "care_from": DAY}

    found = run("frequency", case(**now, past=(before, far)))

    assert found.verdict is ATTENTION
    assert figures(found) == {"times": 1, "act": "Z15", "last_time": DAY}
    assert verdict("frequency", **now, past=(far,)) is FITS


# Hospital


@pytest.mark.parametrize(
    ("admission", "entered", "expected"),
    [("planned", 0, FITS), ("planned", 1, EXCEEDS), ("emergency", 2, FITS),
     ("emergency", 3, EXCEEDS)],
)  # fmt: skip
def test_cover_is_asked_for_before_admission_or_within_two_days_of_an_emergency(
    admission, entered, expected
):
    entry = DAY - timedelta(days=entered)

    assert verdict("request_in_time", care_from=entry, answers={"admission": admission}) is expected


@pytest.mark.parametrize(
    ("granted", "expected"), [(15, FITS), (16, ATTENTION), (21, EXCEEDS), (None, UNKNOWN)]
)
def test_days_granted_stay_within_those_asked_for_and_the_regional_threshold(granted, expected):
    stay = {"care_from": date(2026, 12, 1), "care_to": date(2026, 12, 20)}

    assert verdict("stay_granted", **stay, typed={"days_granted": granted}) is expected


COVER = PastFile(
    "hospital", "authorisation", date(2026, 9, 1), outcome=DecisionOutcome.PARTIALLY_GRANTED,
    care_from=date(2026, 10, 1), care_to=date(2026, 10, 5), amount_cents=2_000_000,
    granted_cents=1_500_000, lines=(line("HOSP-CHIR", quantity=Decimal(1)),),
)  # fmt: skip
MORE = PastFile(
    "hospital", "prolongation", date(2026, 10, 5), outcome=DecisionOutcome.GRANTED,
    care_from=date(2026, 10, 6), care_to=date(2026, 10, 8), amount_cents=300_000,
    granted_cents=300_000, lines=(line("HOSP-MED", quantity=Decimal(3)),),
)  # fmt: skip
STAY = {
    "flow": "hospital", "nature": "invoice", "care_from": date(2026, 10, 1),
    "care_to": date(2026, 10, 8),
}  # fmt: skip


@pytest.mark.parametrize(("invoiced", "expected"), [(1_800_000, FITS), (1_800_001, EXCEEDS)])
def test_an_invoice_is_held_against_the_cover_and_its_prolongations(invoiced, expected):
    found = run("invoice_within_cover", case(**STAY, amount_cents=invoiced, past=(MORE, COVER)))

    assert (found.verdict, figures(found)["agreed"]) == (expected, 1_800_000)


def test_covers_of_other_days_or_refused_ones_do_not_count():
    refused = PastFile(**{f: getattr(COVER, f) for f in ("flow", "nature", "received_on",
        "care_from", "care_to")}, outcome=DecisionOutcome.REFUSED_MEDICAL)  # fmt: skip
    later = case(**STAY | {"care_from": date(2026, 10, 9), "care_to": None},
                 amount_cents=1, past=(MORE, COVER))  # fmt: skip

    assert run("invoice_within_cover", later).verdict is UNKNOWN
    assert verdict("invoice_within_cover", **STAY, amount_cents=1, past=(refused,)) is UNKNOWN


def test_acts_that_were_not_agreed_to_are_named():
    agreed, often = line("HOSP-CHIR"), line("HOSP-MED", no=2, quantity=Decimal(4))
    other = line("CHIMIO", no=3)

    assert verdict("invoice_lines", **STAY, lines=(agreed,), past=(MORE, COVER)) is FITS
    assert verdict("invoice_lines", **STAY, lines=(agreed, often), past=(MORE, COVER)) is ATTENTION
    found = run("invoice_lines", case(**STAY, lines=(agreed, often, other), past=(MORE, COVER)))
    assert found.verdict is EXCEEDS
    assert figures(found)["not_agreed"] == "CHIMIO"


def test_a_stay_lies_within_its_cover_and_a_prolongation_follows_without_a_gap():
    cover = right("authorisation", "stay", date(2026, 10, 1), date(2026, 10, 5))
    at = {"flow": "hospital", "rights": (cover,)}

    assert verdict("cover_running", **at, nature="invoice", care_from=date(2026, 10, 5)) is FITS
    assert verdict("cover_running", **at, nature="invoice", care_from=date(2026, 10, 6)) is EXCEEDS
    more = {**at, "nature": "prolongation"}
    assert verdict("cover_running", **more, care_from=date(2026, 10, 6)) is FITS
    assert verdict("cover_running", **more, care_from=date(2026, 10, 7)) is EXCEEDS
    unknown = {"flow": "hospital", "nature": "invoice", "typed": {"pec_number": "PEC-1"}}
    assert verdict("cover_running", **unknown, care_from=DAY) is ATTENTION


# Dental


def claim(on: date, amount: int, granted: int | None, *others: CaseLine) -> PastFile:
    lines = (line("DP60", amount, day=on, tooth="26"), *others)
    total = sum(each.amount_cents or 0 for each in lines)
    return PastFile("dental", "reimbursement", on, care_from=on, amount_cents=total,
                    granted_cents=granted, lines=lines)  # fmt: skip


def prosthesis(amount: int, *past: PastFile, on: date = DAY, tooth: str = "11") -> Case:
    asked = (line("DP60", amount, day=on, tooth=tooth),)
    return case(flow="dental", care_from=on, lines=asked, past=past)


@pytest.mark.parametrize(("asked", "expected"), [(100_000, FITS), (100_001, EXCEEDS)])
def test_prostheses_reach_the_ceiling_and_do_not_pass_it(asked, expected):
    found = run("prosthesis_ceiling", prosthesis(asked, claim(date(2025, 6, 1), 200_000, 200_000)))

    assert found.verdict is expected
    assert figures(found) | {"beyond": 0} == {
        "ceiling": 300_000, "since": date(2024, 11, 20), "used": 200_000, "left": 100_000,
        "asked": asked, "beyond": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("before", "expected"), [(date(2024, 11, 20), FITS), (date(2024, 11, 21), EXCEEDS)]
)
def test_what_was_paid_two_years_before_no_longer_counts(before, expected):
    found = run("prosthesis_ceiling", prosthesis(150_000, claim(before, 200_000, 200_000)))

    assert found.verdict is expected


def test_only_the_prostheses_of_a_claim_count_and_only_what_was_granted():
    care = line("D20", 50_000, no=2)
    half = claim(date(2026, 1, 10), 150_000, 100_000, care)

    assert paid_for_prostheses(half) == 75_000
    assert paid_for_prostheses(claim(date(2026, 1, 10), 150_000, None, care)) == 150_000
    assert paid_for_prostheses(claim(date(2026, 1, 10), 150_000, 0, care)) == 0


def test_a_claim_that_is_still_open_counts_in_full_and_is_pointed_out():
    found = run("prosthesis_ceiling", prosthesis(100_000, claim(date(2026, 11, 1), 200_000, None)))

    assert found.verdict is ATTENTION


@given(
    asked=st.integers(0, 600_000),
    past=st.lists(st.tuples(st.integers(0, 400_000), st.integers(0, 1500)), max_size=5),
)
def test_within_the_ceiling_means_that_both_years_together_are_not_above_it(asked, past):
    claims = [claim(DAY - timedelta(days=ago), amount, amount) for amount, ago in past]
    found = run("prosthesis_ceiling", prosthesis(asked, *claims))
    window = add_months(DAY, -24)
    used = sum(amount for amount, ago in past if DAY - timedelta(days=ago) > window)

    fits = asked <= max(0, 300_000 - used)
    assert found.verdict is (FITS if fits else EXCEEDS)
    if not fits:
        assert figures(found)["beyond"] == asked - figures(found)["left"]


def test_a_tooth_gets_no_second_prosthesis_within_two_years():
    made = claim(date(2025, 3, 1), 90_000, 90_000)

    found = run("tooth_again", prosthesis(90_000, made, tooth="26"))

    assert found.verdict is EXCEEDS
    assert figures(found) == {
        "tooth": "26", "last_prosthesis": date(2025, 3, 1), "again_from": date(2027, 3, 1),
    }  # fmt: skip
    assert run("tooth_again", prosthesis(90_000, made, tooth="27")).verdict is FITS
    late = prosthesis(90_000, made, tooth="26", on=date(2027, 3, 1))
    assert run("tooth_again", late).verdict is FITS


@pytest.mark.parametrize(
    ("start", "expected"), [(date(2026, 3, 4), FITS), (date(2026, 3, 5), EXCEEDS)]
)
def test_orthodontics_start_before_the_sixteenth_birthday(start, expected):
    child = {"flow": "dental", "nature": "orthodontics", "birth_date": date(2010, 3, 5)}

    assert verdict("orthodontics_age", **child, care_from=start) is expected


def test_a_semester_later_in_the_treatment_keeps_the_age_at_its_start():
    child = {"flow": "dental", "nature": "orthodontics", "birth_date": date(2010, 3, 5)}
    typed = {"treatment_started_on": "2025-10-01"}

    assert verdict("orthodontics_age", **child, care_from=DAY, typed=typed) is FITS


@pytest.mark.parametrize(
    ("semester", "expected"), [("3", FITS), ("4", ATTENTION), ("7", EXCEEDS), ("", UNKNOWN)]
)
def test_the_semester_follows_from_the_start_and_is_within_the_plan(semester, expected):
    typed = {"semester": semester, "treatment_started_on": "2025-11-20"}

    assert verdict("orthodontics_semester", care_from=DAY, typed=typed) is expected


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(0, 4000))
def test_semesters_follow_one_another_without_gap_or_overlap(begun, later):
    on = begun + timedelta(days=later)
    found = semester_on(begun, on)

    assert add_months(begun, 6 * (found - 1)) <= on < add_months(begun, 6 * found)


# Medicines


def test_costly_medicines_are_for_people_with_an_exemption_in_force():
    exempt = right("ald", "ma-ald-09", date(2026, 1, 1), DAY)
    ended = right("ald", "ma-ald-09", date(2020, 1, 1), DAY - timedelta(days=1))
    named = {"typed": {"etm_number": "ETM-1"}}

    assert verdict("exemption_valid", rights=(exempt,)) is FITS
    assert verdict("exemption_valid", rights=(ended,), **named) is EXCEEDS
    assert verdict("exemption_valid", **named) is ATTENTION
    assert verdict("exemption_valid", ald_number="ETM-1") is ATTENTION
    assert verdict("exemption_valid") is EXCEEDS


@pytest.mark.parametrize(
    ("valid_to", "expected"), [("2027-01-31", FITS), ("2027-02-01", EXCEEDS), ("", EXCEEDS)]
)
def test_an_agreement_ends_with_the_exemption(valid_to, expected):
    exempt = right("ald", None, date(2026, 1, 1), date(2027, 1, 31))
    typed = {"valid_from": "2026-11-20", "valid_to": valid_to}

    assert verdict("cover_within_exemption", rights=(exempt,), typed=typed) is expected


@pytest.mark.parametrize(("price", "expected"), [(100_000, ATTENTION), (100_001, FITS)])
def test_only_medicines_above_the_threshold_need_an_agreement(price, expected):
    lines = (line("MED-2201", 3 * price, quantity=Decimal(3)),)

    assert verdict("price_threshold", lines=lines) is expected


@pytest.mark.parametrize(
    ("boxes", "expected"), [("2", ATTENTION), ("3", FITS), ("4", EXCEEDS), ("", UNKNOWN)]
)
def test_boxes_are_those_that_the_posology_needs(boxes, expected):
    treatment = {"dci": "imatinib", "units_per_day": "2,5", "days": 30, "units_per_box": 28}
    typed = {"treatments": [treatment | {"boxes": boxes}]}

    assert verdict("boxes_for_posology", typed=typed) is expected


def test_the_treatment_with_too_many_boxes_is_the_one_that_is_shown():
    one = {"units_per_day": 1, "days": 30, "units_per_box": 30}
    typed = {"treatments": [one | {"dci": "a", "boxes": 1}, one | {"dci": "b", "boxes": 3}]}

    assert figures(run("boxes_for_posology", case(typed=typed)))["medicine"] == "b"


@given(
    daily=st.decimals("0.25", "20", places=2),
    days=st.integers(1, 366),
    in_box=st.integers(1, 200),
)
def test_boxes_are_enough_and_one_less_would_not_be(daily, days, in_box):
    need = boxes_needed({"units_per_day": str(daily), "days": days, "units_per_box": in_box})

    assert need is not None
    assert need * in_box >= daily * days > (need - 1) * in_box


@pytest.mark.parametrize(
    ("received", "expected"),
    [(date(2026, 11, 30), EXCEEDS), (date(2026, 12, 1), FITS), (date(2026, 12, 31), FITS),
     (date(2027, 1, 1), ATTENTION)],
)  # fmt: skip
def test_a_renewal_comes_in_the_last_month_of_the_agreement(received, expected):
    running = right("medicines", None, date(2026, 7, 1), date(2026, 12, 31))

    assert verdict("renewal_interval", rights=(running,), received_on=received) is expected


def test_a_renewal_that_opened_by_itself_is_never_too_early():
    running = right("medicines", None, date(2026, 7, 1), date(2027, 12, 31))

    assert verdict("renewal_interval", rights=(running,), channel="periodic") is FITS
    assert verdict("renewal_interval") is UNKNOWN


@pytest.mark.parametrize(
    ("prescriber", "expected"), [("specialist", FITS), ("general", EXCEEDS), (None, UNKNOWN)]
)
def test_restricted_medicines_come_from_a_specialist(prescriber, expected):
    typed = {"restricted": True, "prescriber_specialty": prescriber}

    assert verdict("restricted_prescriber", typed=typed) is expected
    assert verdict("restricted_prescriber", typed=typed | {"restricted": False}) is FITS
    sent = "cardiology" if prescriber is None else "general"
    by_sender = verdict("restricted_prescriber", typed=typed, prescriber_specialty=sent)
    assert by_sender is (FITS if prescriber is None else expected)


# What is typed


def test_numbers_and_days_are_read_as_typed_or_as_stored():
    assert (whole("12"), whole(12), whole("1,5"), whole(True), whole("x")) == (
        12, 12, None, None, None,
    )  # fmt: skip
    assert (decimal("1,5"), decimal("NaN"), decimal("")) == (Decimal("1.5"), None, None)
    assert (day("2026-02-30"), day(7), day("2026-02-28")) == (None, None, date(2026, 2, 28))
    assert rows([{"a": 1}, "b", None]) == [{"a": 1}]
