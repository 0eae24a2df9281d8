"""Long-term illness (ALD): criteria counted, validity by pathology, for life, rights held."""

from datetime import date, timedelta
from typing import Final

from medcontrol.rules import reviews
from medcontrol.rules.calendar import add_months
from medcontrol.rules.checks.case import Case, Figure, Found, PastRight, Verdict, check
from medcontrol.rules.checks.filing import runs
from medcontrol.rules.checks.reading import day, whole

FLOW: Final = "ald"
_WHOLE: Final = 10_000  # ten-thousandths


def held(case: Case) -> PastRight | None:
    """Return the exemption that runs on the day of receipt, else the last one that ended."""
    mine = [right for right in case.rights if right.kind == FLOW]
    running = [right for right in mine if runs(right, case.received_on)]
    return next(iter(running or mine), None)


@check("ald_criteria", medical=True, parameters=("ald.criteria_met_share",))
def ald_criteria(case: Case) -> Found:
    """How many criteria of the pathology are met. They are project defaults, not official ones."""
    listed = case.medical.get("criteria") or ()
    grid = case.typed.get("criteria")
    answers = grid if isinstance(grid, dict) else {}
    given = [answers.get(code, "unknown") for code in listed]
    figures = (
        Figure("listed", len(listed), "count"),
        Figure("met", given.count("met"), "count"),
        Figure("not_met", given.count("not_met"), "count"),
        Figure("not_known", given.count("unknown"), "count"),
    )
    if not listed or given.count("unknown") == len(given):
        return Found(Verdict.UNKNOWN, figures)
    if given.count("met") == len(given):
        return Found(Verdict.FITS, figures)
    enough = given.count("met") * _WHOLE >= case.number("ald.criteria_met_share") * len(given)
    return Found(Verdict.ATTENTION if enough else Verdict.EXCEEDS, figures)


@check("ald_validity", medical=True, parameters=("ald.default_validity_months",))
def ald_validity(case: Case) -> Found:
    """The validity typed against the longest of the pathology: first, renewed, by ICD-10 form."""
    validity = case.medical.get("validity")
    if not isinstance(validity, reviews.Validity):
        return Found(Verdict.UNKNOWN)
    longest = reviews.longest_validity(
        validity,
        is_renewal=case.nature == "renewal",
        default_months=case.number("ald.default_validity_months"),
        icd10=_main_code(case),
    )
    start = day(case.typed.get("valid_from")) or case.received_on
    last = add_months(start, longest) - timedelta(days=1)
    figures = [
        Figure("longest", longest, "months"),
        Figure("valid_from", start, "date"),
        Figure("last_day", last, "date"),
    ]
    asked = whole(case.typed.get("requested_months"))
    if asked is not None:
        figures.append(Figure("asked_months", asked, "months"))
    end = day(case.typed.get("valid_to"))
    if end is not None and not start <= end <= last:
        return Found(Verdict.EXCEEDS, (*figures, Figure("typed_last_day", end, "date")))
    too_long = asked is not None and asked > longest
    return Found(Verdict.ATTENTION if too_long else Verdict.FITS, tuple(figures))


def _main_code(case: Case) -> str | None:
    """Return the ICD-10 code of the main diagnosis, else of the first."""
    given = [each for each in case.medical.get("diagnoses") or () if each.get("icd10")]
    main = next((each for each in given if each.get("main")), next(iter(given), None))
    return str(main["icd10"]) if main else None


@check("ald_lifetime", medical=True)
def ald_lifetime(case: Case) -> Found:
    """For life only for some pathologies, and after an examination in person. Source: CNOPS."""
    validity = case.medical.get("validity")
    wanted = case.typed.get("lifetime") is True
    if not isinstance(validity, reviews.Validity):
        return Found(Verdict.UNKNOWN)
    if not wanted:
        return Found(Verdict.FITS)
    allowed = validity.lifetime_after_examination
    return Found(Verdict.ATTENTION if allowed else Verdict.EXCEEDS)


@check("ald_held", parameters=("ald.renewal_open_days_before",))
def ald_held(case: Case) -> Found:
    """What the person holds already: a first request beside a right, a renewal without one."""
    right = held(case)
    if right is None:
        return Found(Verdict.FITS if case.nature == "first" else Verdict.ATTENTION)
    figures = [Figure("held_from", right.valid_from, "date")]
    if right.valid_to is not None:
        figures.append(Figure("held_to", right.valid_to, "date"))
    if case.nature == "first":
        return Found(Verdict.ATTENTION if runs(right, case.received_on) else Verdict.FITS,
                     tuple(figures))  # fmt: skip
    return Found(_renewed_in_time(case, right, case.received_on), tuple(figures))


def _renewed_in_time(case: Case, right: PastRight, on: date) -> Verdict:
    if right.valid_to is None or on > right.valid_to:
        return Verdict.ATTENTION
    earliest = right.valid_to - timedelta(days=case.number("ald.renewal_open_days_before"))
    is_early = case.nature == "renewal" and on < earliest
    return Verdict.ATTENTION if is_early else Verdict.FITS
