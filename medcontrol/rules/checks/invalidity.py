"""Invalidity pension (pension d'invalidité): stage, age, rate, effective date, third person."""

from datetime import date, timedelta
from typing import Final

from medcontrol.rules import reviews
from medcontrol.rules.calendar import add_months, whole_years
from medcontrol.rules.checks.case import Case, Figure, Found, Verdict, check
from medcontrol.rules.checks.reading import day, whole

MINER: Final = "pi.miners_pension_age_years"
_PER_CENT: Final = 100  # ten-thousandths
ACTS: Final = ("feeding", "washing", "dressing", "toileting", "transfers", "moving")
_REVIEW: Final = (
    "pi.pension_age_years", "pi.review_first_months", "pi.review_first_period_months",
    "pi.review_later_months", "pi.no_review_before_pension_months", "pi.review_open_days_before",
)  # fmt: skip


def pension_rate(
    days: int, *, base: int, step: int, step_days: int, full_days: int, cap: int
) -> int:
    """Return the rate of a pension without third-person aid, in ten-thousandths.

    >>> pension_rate(3456, base=5000, step=100, step_days=216, full_days=3240, cap=7000)
    5100
    """
    return min(cap, base + step * (max(0, days - full_days) // step_days))


def incapacity_from(case: Case) -> date | None:
    """Return the start of the incapacity: as the doctor found it, else as the person says."""
    typed = day(case.typed.get("incapacity_from"))
    return typed or day(case.answers.get("incapacity_since")) or case.care_from


def pension_age(case: Case) -> int:
    """Return the age of the old-age pension: a miner's comes earlier."""
    return case.number(MINER if case.answers.get("miner") is True else "pi.pension_age_years")


@check("pi_stage", parameters=("pi.contrib_days", "pi.last12m", "pi.last_months"))
def pi_stage(case: Case) -> Found:
    """1,080 days of contributions, 108 of them in the 12 civil months before the incapacity.

    None after an accident of somebody who was insured that day. Source: CNSS.
    """
    if case.answers.get("accident") is True:
        return Found(Verdict.FITS, (Figure("needed_days", 0, "days"),))
    needed, needed_last = case.number("pi.contrib_days"), case.number("pi.last12m")
    start = incapacity_from(case)
    figures = [
        Figure("needed_days", needed, "days"),
        Figure("needed_last_days", needed_last, "days"),
    ]
    if start is not None:
        figures.append(Figure("year_from", _civil_months_before(start, case), "date"))
    days = whole(case.answers.get("insured_days"))
    last = whole(case.answers.get("insured_days_last_year"))
    if days is None or last is None:
        return Found(Verdict.UNKNOWN, tuple(figures))
    figures += [Figure("insured_days", days, "days"), Figure("insured_last_days", last, "days")]
    met = days >= needed and last >= needed_last
    return Found(Verdict.FITS if met else Verdict.EXCEEDS, tuple(figures))


def _civil_months_before(start: date, case: Case) -> date:
    return add_months(start.replace(day=1), -case.number("pi.last_months"))


@check("pi_age", parameters=("pi.pension_age_years", MINER, "pi.no_review_before_pension_months"))
def pi_age(case: Case) -> Found:
    """Below the age of the old-age pension, 60 years, 55 for miners. Source: CNSS."""
    age = pension_age(case)
    pension_on = add_months(case.birth_date, 12 * age)
    figures = (
        Figure("age", whole_years(case.birth_date, case.received_on), "years"),
        Figure("pension_on", pension_on, "date"),
    )
    if (incapacity_from(case) or case.received_on) >= pension_on:
        return Found(Verdict.EXCEEDS, figures)
    near = add_months(pension_on, -case.number("pi.no_review_before_pension_months"))
    return Found(Verdict.ATTENTION if case.received_on >= near else Verdict.FITS, figures)


@check(
    "pi_rate",
    parameters=(
        "pi.contrib_days", "pi.base", "pi.step", "pi.step_days", "pi.full_days", "pi.cap",
        "pi.third_person",
    ),
)  # fmt: skip
def pi_rate(case: Case) -> Found:
    """50 % from 1,080 days, 1 % more for each 216 days beyond 3,240, at most 70 %; 10 % for aid.

    The supplement is a share of the reference wage of its own, above the cap. Source: CNSS.
    """
    days = whole(case.typed.get("contribution_days"))
    days = whole(case.answers.get("insured_days")) if days is None else days
    if days is None:
        return Found(Verdict.UNKNOWN)
    rate = pension_rate(
        days,
        base=case.number("pi.base"), step=case.number("pi.step"),
        step_days=case.number("pi.step_days"), full_days=case.number("pi.full_days"),
        cap=case.number("pi.cap"),
    )  # fmt: skip
    figures = [Figure("insured_days", days, "days"), Figure("rate", rate, "rate")]
    if _needs_aid(case):
        supplement = case.number("pi.third_person")
        figures += [Figure("supplement", supplement, "rate"),
                    Figure("total_rate", rate + supplement, "rate")]  # fmt: skip
    if days < case.number("pi.contrib_days"):
        return Found(Verdict.EXCEEDS, tuple(figures))
    typed = whole(case.typed.get("rate_percent"))
    if typed is not None and typed * _PER_CENT != rate:
        typed_rate = Figure("typed_rate", typed * _PER_CENT, "rate")
        return Found(Verdict.ATTENTION, (*figures, typed_rate))
    return Found(Verdict.FITS, tuple(figures))


def _needs_aid(case: Case) -> bool:
    return any(
        case.typed.get(name) is True for name in ("third_person_supplement", "third_person_aid")
    )


@check("pi_effective", parameters=("clocks.pi_claim_months_for_retroactivity",))
def pi_effective(case: Case) -> Found:
    """Claimed within 6 months, the pension starts with the invalidity; later, the month after.

    Source: Protection sociale : Pension d'invalidité (2018); the later start is to be confirmed.
    """
    start = incapacity_from(case)
    if start is None:
        return Found(Verdict.UNKNOWN)
    last = add_months(start, case.number("clocks.pi_claim_months_for_retroactivity"))
    in_time = case.received_on <= last
    effect = start if in_time else add_months(case.received_on.replace(day=1), 1)
    figures = (
        Figure("incapacity_from", start, "date"),
        Figure("last_day", last, "date"),
        Figure("received", case.received_on, "date"),
        Figure("effect_from", effect, "date"),
    )
    return Found(Verdict.FITS if in_time else Verdict.ATTENTION, figures)


@check("pi_third_person", medical=True, parameters=("pi.adl_third_person_count",))
def pi_third_person(case: Case) -> Found:
    """How many acts of daily life are not done alone, against what was ticked. Project default."""
    grid = case.typed.get("daily_acts")
    answers = grid if isinstance(grid, dict) else {}
    given = [answers[act] for act in ACTS if act in answers]
    if not given:
        return Found(Verdict.UNKNOWN)
    needed = case.number("pi.adl_third_person_count")
    not_alone = sum(answer != "alone" for answer in given)
    figures = (
        Figure("answered", len(given), "count"),
        Figure("helped", given.count("helped"), "count"),
        Figure("dependent", given.count("dependent"), "count"),
        Figure("needed", needed, "count"),
    )
    agrees = (not_alone >= needed) == _needs_aid(case)
    return Found(Verdict.FITS if agrees else Verdict.ATTENTION, figures)


@check("pi_review", parameters=_REVIEW)
def pi_review(case: Case) -> Found:
    """When the pension is looked at again: 12 months at first, 30 later, none near pension age."""
    start = day(case.typed.get("valid_from")) or case.received_on
    firsts = [right.valid_from for right in case.rights if right.kind == "invalidity"]
    rule = reviews.InvalidityRule(*(case.number(path) for path in _REVIEW))
    try:
        grant = reviews.grant_invalidity(
            rule, birth_date=case.birth_date, first_granted_on=min([start, *firsts]),
            valid_from=start,
        )  # fmt: skip
    except reviews.PensionAgeReached:
        return Found(Verdict.EXCEEDS)
    figures = [Figure("first_granted_on", min([start, *firsts]), "date")]
    if grant.next_review_on is None:
        until = grant.valid_to or start
        return Found(Verdict.ATTENTION, (*figures, Figure("until", until, "date")))
    figures.append(Figure("review_on", grant.next_review_on, "date"))
    proposed = day(case.typed.get("proposed_review_on")) or day(case.typed.get("next_review_on"))
    is_far = proposed is not None and proposed > grant.next_review_on + timedelta(days=31)
    return Found(Verdict.ATTENTION if is_far else Verdict.FITS, tuple(figures))
