"""Invalidity, long-term illness, disability, care abroad: figures to the day and the percent."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medcontrol.legal.loading import law
from medcontrol.reference.criteria import criteria
from medcontrol.reference.pathologies import pathologies
from medcontrol.rules.checks import CHECKS
from medcontrol.rules.checks.case import Case, PastRight, Verdict
from medcontrol.rules.checks.invalidity import ACTS, pension_rate
from medcontrol.vocabulary import EntitlementStatus, Relation

RECEIVED = date(2026, 3, 2)
RATE = {"base": 5000, "step": 100, "step_days": 216, "full_days": 3240, "cap": 7000}


def case(flow: str, **known: Any) -> Case:
    wanted: dict[str, Any] = {
        "flow": flow, "nature": "first", "channel": "portal", "received_on": RECEIVED,
        "birth_date": date(1980, 5, 1),
        "number": lambda path: law("ma").counted(path, RECEIVED),
    }  # fmt: skip
    return Case(**(wanted | known))


def found(name: str, asked: Case) -> tuple[Verdict, dict[str, Any]]:
    result = CHECKS[name].compute(asked)
    return result.verdict, {figure.name: figure.value for figure in result.figures}


# --- invalidity


@pytest.mark.parametrize(
    ("days", "percent"),
    [(1080, 50), (3240, 50), (3455, 50), (3456, 51), (3671, 51), (3672, 52), (7559, 69),
     (7560, 70), (20_000, 70)],
)  # fmt: skip
def test_the_rate_grows_by_one_percent_per_216_days_beyond_3240(days: int, percent: int) -> None:
    verdict, figures = found("pi_rate", case("invalidity", answers={"insured_days": days}))

    assert (verdict, figures["rate"]) == (Verdict.FITS, percent * 100)


@given(st.integers(0, 30_000), st.integers(0, 30_000))
def test_more_days_never_give_less_and_never_more_than_the_cap(a: int, b: int) -> None:
    low, high = sorted((a, b))

    assert 5000 <= pension_rate(low, **RATE) <= pension_rate(high, **RATE) <= 7000


def test_third_person_aid_adds_ten_percent_above_the_cap() -> None:
    typed = {"contribution_days": 7560, "third_person_supplement": True, "rate_percent": 70}

    verdict, figures = found("pi_rate", case("invalidity", typed=typed))

    assert (verdict, figures["supplement"], figures["total_rate"]) == (Verdict.FITS, 1000, 8000)


def test_a_rate_that_is_not_the_computed_one_is_pointed_out() -> None:
    typed = {"contribution_days": 3456, "rate_percent": 52}

    verdict, figures = found("pi_rate", case("invalidity", typed=typed))

    assert (verdict, figures["rate"], figures["typed_rate"]) == (Verdict.ATTENTION, 5100, 5200)


@pytest.mark.parametrize(
    ("days", "last", "verdict"),
    [(1080, 108, Verdict.FITS), (1079, 108, Verdict.EXCEEDS), (1080, 107, Verdict.EXCEEDS),
     (None, 108, Verdict.UNKNOWN)],
)  # fmt: skip
def test_the_stage_is_1080_days_and_108_of_the_last_year(
    days: int | None, last: int, verdict: Verdict
) -> None:
    answers = {"insured_days": days, "insured_days_last_year": last,
               "incapacity_since": "2026-02-28"}  # fmt: skip

    result, figures = found("pi_stage", case("invalidity", answers=answers))

    assert (result, figures["year_from"]) == (verdict, date(2025, 2, 1))


def test_an_accident_needs_no_stage() -> None:
    answers = {"accident": True, "insured_days": 3}

    assert found("pi_stage", case("invalidity", answers=answers))[0] is Verdict.FITS


@pytest.mark.parametrize(
    ("born", "answers", "verdict"),
    [
        (date(1968, 3, 3), {}, Verdict.FITS),
        (date(1968, 3, 2), {}, Verdict.ATTENTION),  # 24 months before 60
        (date(1966, 3, 3), {}, Verdict.ATTENTION),
        (date(1966, 3, 2), {}, Verdict.EXCEEDS),  # 60 that day
        (date(1966, 3, 2), {"incapacity_since": "2026-03-01"}, Verdict.ATTENTION),
        (date(1971, 3, 2), {"miner": True}, Verdict.EXCEEDS),  # 55
    ],
)
def test_the_pension_ends_where_old_age_begins(
    born: date, answers: dict[str, Any], verdict: Verdict
) -> None:
    assert found("pi_age", case("invalidity", birth_date=born, answers=answers))[0] is verdict


@pytest.mark.parametrize(
    ("since", "effect", "verdict"),
    [
        ("2025-09-02", date(2025, 9, 2), Verdict.FITS),
        ("2025-09-01", date(2026, 4, 1), Verdict.ATTENTION),
    ],
)
def test_a_claim_within_six_months_counts_from_the_start(
    since: str, effect: date, verdict: Verdict
) -> None:
    answers = {"incapacity_since": since}

    result, figures = found("pi_effective", case("invalidity", answers=answers))

    assert (result, figures["effect_from"]) == (verdict, effect)


def test_the_grid_of_daily_acts_is_compared_with_what_was_ticked() -> None:
    grid = dict.fromkeys(ACTS, "alone") | {"feeding": "helped", "washing": "dependent"}
    two = case("invalidity", typed={"daily_acts": grid})
    three = case("invalidity", typed={"daily_acts": grid | {"moving": "dependent"}})
    ticked = case("invalidity", typed={**three.typed, "third_person_aid": True})

    assert found("pi_third_person", two)[0] is Verdict.FITS
    assert found("pi_third_person", three)[0] is Verdict.ATTENTION
    assert found("pi_third_person", ticked)[0] is Verdict.FITS
    assert found("pi_third_person", case("invalidity"))[0] is Verdict.UNKNOWN
    assert CHECKS["pi_third_person"].is_medical


def test_reviews_are_close_together_at_first_and_stop_near_pension_age() -> None:
    held = PastRight("invalidity", None, date(2023, 1, 1), None, EntitlementStatus.ACTIVE)
    typed = {"valid_from": "2026-04-01"}

    first = found("pi_review", case("invalidity", typed=typed))
    later = found("pi_review", case("invalidity", typed=typed, rights=(held,)))
    near = found("pi_review", case("invalidity", typed=typed, birth_date=date(1968, 1, 1)))
    far = case("invalidity", typed=typed | {"proposed_review_on": "2027-06-01"})

    assert first == (Verdict.FITS, {"first_granted_on": date(2026, 4, 1),
                                    "review_on": date(2027, 4, 1)})  # fmt: skip
    assert later[1]["review_on"] == date(2028, 10, 1)  # thirty months
    assert near == (Verdict.ATTENTION, {"first_granted_on": date(2026, 4, 1),
                                        "until": date(2027, 12, 31)})  # fmt: skip
    assert found("pi_review", far)[0] is Verdict.ATTENTION


# --- long-term illness


def ald(number: int, **known: Any) -> Case:
    listed = pathologies("ma")[f"ma-ald-{number:02d}"]
    codes = tuple(one.code for one in criteria("ma")[listed.code])
    medical = {"validity": listed.validity, "criteria": codes} | known.pop("medical", {})
    return case("ald", medical=medical, **known)


def test_every_listed_illness_has_three_to_five_criteria_in_three_languages() -> None:
    assert criteria("ma").keys() == pathologies("ma").keys()
    for found_criteria in criteria("ma").values():
        assert 3 <= len(found_criteria) <= 5
        assert len({one.code for one in found_criteria}) == len(found_criteria)
        for one in found_criteria:
            assert "\u0600" <= max(one.ar) <= "\u06ff"


def test_criteria_are_counted() -> None:
    codes = [one.code for one in criteria("ma")["ma-ald-09"]]
    met = dict.fromkeys(codes, "met")

    all_met = found("ald_criteria", ald(9, typed={"criteria": met}))
    half = found(
        "ald_criteria", ald(9, typed={"criteria": met | dict.fromkeys(codes[:2], "not_met")})
    )
    few = found("ald_criteria", ald(9, typed={"criteria": {codes[0]: "met", codes[1]: "not_met"}}))

    assert all_met == (Verdict.FITS, {"listed": 4, "met": 4, "not_met": 0, "not_known": 0})
    assert half[0] is Verdict.ATTENTION
    assert few == (Verdict.EXCEEDS, {"listed": 4, "met": 1, "not_met": 1, "not_known": 2})
    assert found("ald_criteria", ald(9))[0] is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("number", "nature", "typed", "medical", "verdict", "last"),
    [
        (9, "first", {}, {}, Verdict.FITS, date(2031, 3, 1)),
        (1, "first", {}, {}, Verdict.FITS, date(2029, 3, 1)),  # three years at first
        (1, "renewal", {}, {}, Verdict.FITS, date(2031, 3, 1)),  # five afterwards
        (9, "first", {"valid_to": "2031-03-01"}, {}, Verdict.FITS, date(2031, 3, 1)),
        (9, "first", {"valid_to": "2031-03-02"}, {}, Verdict.EXCEEDS, date(2031, 3, 1)),
        (9, "first", {"requested_months": 61}, {}, Verdict.ATTENTION, date(2031, 3, 1)),
        (9, "first", {"valid_from": "2024-02-29"}, {}, Verdict.FITS, date(2029, 2, 27)),
        (23, "first", {}, {"diagnoses": [{"icd10": "B18.2", "main": True}]}, Verdict.FITS,
         date(2028, 3, 1)),  # hepatitis C: two years
    ],
)  # fmt: skip
def test_validity_is_the_one_of_the_pathology(
    number: int, nature: str, typed: dict[str, Any], medical: dict[str, Any], verdict: Verdict,
    last: date,
) -> None:  # fmt: skip
    asked = ald(number, nature=nature, typed=typed, medical=medical)

    result, figures = found("ald_validity", asked)

    assert (result, figures["last_day"]) == (verdict, last)


def test_for_life_is_for_some_illnesses_and_after_an_examination() -> None:
    wanted = {"lifetime": True}

    assert found("ald_lifetime", ald(9, typed=wanted))[0] is Verdict.ATTENTION
    assert found("ald_lifetime", ald(10, typed=wanted))[0] is Verdict.EXCEEDS
    assert found("ald_lifetime", ald(10))[0] is Verdict.FITS
    assert found("ald_lifetime", case("ald", typed=wanted))[0] is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("nature", "ends", "verdict"),
    [
        ("first", None, Verdict.FITS),
        ("renewal", None, Verdict.ATTENTION),
        ("first", date(2026, 3, 2), Verdict.ATTENTION),  # one runs already
        ("first", date(2026, 3, 1), Verdict.FITS),
        ("renewal", date(2026, 5, 31), Verdict.FITS),  # 90 days before
        ("renewal", date(2026, 6, 1), Verdict.ATTENTION),  # too early
        ("renewal", date(2026, 3, 1), Verdict.ATTENTION),  # ended
        ("aggravation", date(2027, 1, 1), Verdict.FITS),
    ],
)
def test_what_is_held_is_compared_with_what_is_asked(
    nature: str, ends: date | None, verdict: Verdict
) -> None:
    right = PastRight("ald", "ma-ald-09", date(2021, 3, 1), ends, EntitlementStatus.ACTIVE)
    asked = case("ald", nature=nature, rights=(right,) if ends else ())

    assert found("ald_held", asked)[0] is verdict


# --- disability


@pytest.mark.parametrize(
    ("born", "verdict"),
    [
        (date(2005, 9, 3), Verdict.FITS),
        (date(2005, 9, 2), Verdict.ATTENTION),  # twenty years and six months
        (date(2005, 3, 3), Verdict.ATTENTION),
        (date(2005, 3, 2), Verdict.ATTENTION),  # twenty-one: a recognition has no age limit
    ],
)
def test_a_childs_rights_end_at_21_with_an_alert_before(born: date, verdict: Verdict) -> None:
    child = case("disability", birth_date=born, relation=Relation.CHILD)
    assert found("disability_age", child)[0] is verdict


@pytest.mark.parametrize("relation", [None, Relation.SPOUSE, Relation.PARENT])
def test_an_adults_rights_hang_on_no_age(relation: Relation | None) -> None:
    adult = case("disability", birth_date=date(1980, 5, 1), relation=relation)
    assert found("disability_age", adult) == (Verdict.FITS, {"age": 45})


@pytest.mark.parametrize(
    ("issued", "verdict"),
    [
        ("2019-03-02", Verdict.EXCEEDS),
        ("2019-03-03", Verdict.ATTENTION),  # its last day
        ("2019-06-01", Verdict.ATTENTION),  # ends in 90 days
        ("2019-06-02", Verdict.FITS),
        ("2026-03-03", Verdict.EXCEEDS),  # not issued yet
        (None, Verdict.UNKNOWN),
        ("2020-02-30", Verdict.UNKNOWN),
    ],
)
def test_a_card_is_valid_for_seven_years(issued: str | None, verdict: Verdict) -> None:
    asked = case("disability", answers={"card_issued_on": issued})

    assert found("disability_card", asked)[0] is verdict


def test_what_the_agent_saw_on_the_card_counts_more_than_what_was_sent() -> None:
    asked = case("disability", answers={"card_issued_on": "2010-01-01"},
                 typed={"card_issued_on": "2025-01-01"})  # fmt: skip

    assert found("disability_card", asked) == (
        Verdict.FITS,
        {"issued_on": date(2025, 1, 1), "last_day": date(2031, 12, 31)},
    )


# --- care abroad and conventions


def test_care_abroad_is_claimed_within_60_days_of_the_return() -> None:
    in_time = case("care_abroad", answers={"returned_on": "2026-01-01"})
    late = case("care_abroad", care_to=date(2025, 12, 31))

    assert found("abroad_filing", in_time)[0] is Verdict.FITS
    assert found("abroad_filing", late)[1]["days_late"] == 1


def test_two_different_specialists_attest() -> None:
    def with_names(*names: str) -> Case:
        return case("care_abroad", typed={"certificates": [{"specialist": n} for n in names]})

    assert found("abroad_certificates", with_names("Pr A", "Pr B"))[0] is Verdict.FITS
    assert found("abroad_certificates", with_names("Pr A", "pr a "))[0] is Verdict.ATTENTION
    assert found("abroad_certificates", with_names())[0] is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("born", "verdict"),
    [(date(2014, 3, 3), Verdict.FITS), (date(2014, 3, 2), Verdict.ATTENTION)],
)
def test_a_companion_goes_with_a_child_below_twelve(born: date, verdict: Verdict) -> None:
    asked = case("care_abroad", birth_date=born, answers={"needs_companion": True})

    assert found("abroad_companion", asked)[0] is verdict


def test_an_agreement_and_a_form_run_for_three_months() -> None:
    stay = {"care_from": date(2025, 11, 30), "care_to": date(2026, 2, 27)}
    longer = stay | {"care_to": date(2026, 2, 28)}

    assert found("form_validity", case("conventional", **stay))[0] is Verdict.FITS
    assert found("form_validity", case("conventional", **longer))[0] is Verdict.EXCEEDS
    assert found("abroad_stay", case("care_abroad", **stay))[0] is Verdict.FITS
    assert found("abroad_stay", case("care_abroad", **longer))[0] is Verdict.EXCEEDS
    fewer = case("care_abroad", **stay, typed={"justified_days": 89})
    assert found("abroad_stay", fewer) == (
        Verdict.ATTENTION,
        {"asked_days": 90, "last_day": date(2026, 2, 27), "justified_days": 89},
    )


def test_more_than_90_days_under_a_convention_are_for_the_region() -> None:
    stay = {"care_from": date(2026, 1, 1), "care_to": date(2026, 3, 31)}

    assert found("convention_days", case("conventional", **stay))[0] is Verdict.FITS
    longer = stay | {"care_to": date(2026, 4, 1)}
    assert found("convention_days", case("conventional", **longer))[0] is Verdict.ATTENTION
