"""Whether a request came in time, and its agreement before the care (forclusion, antériorité)."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from medcontrol.rules.checks.case import Case, CaseLine, Figure, Found, PastRight, Verdict, check

AUTHORISATION: Final = "authorisation"
#: Codes of the agreements that each flow gives.
AGREEMENTS: Final[dict[str, tuple[str, ...]]] = {
    "ambulatory": ("sessions",),
    "dental": ("authorisation", "orthodontics"),
    "hospital": ("stay", "programme"),
}
PROSTHESIS: Final = "DP"


def first_day(case: Case) -> date | None:
    """Return the first day of care, that of the earliest line when the care has none."""
    days = [line.day for line in case.lines if line.day]
    return case.care_from or (min(days) if days else None)


def last_day(case: Case) -> date | None:
    """Return the last day of care."""
    days = [line.day for line in case.lines if line.day]
    return case.care_to or (max(days) if days else None) or case.care_from


def covering(case: Case, on: date, codes: Iterable[str]) -> PastRight | None:
    """Return the agreement of one of these codes that runs on a day, the newest first."""
    allowed = set(codes)
    return next(
        (
            right
            for right in case.rights
            if right.kind == AUTHORISATION and right.code in allowed and runs(right, on)
        ),
        None,
    )


def runs(right: PastRight, on: date) -> bool:
    """Whether a right runs on a day; both of its days count."""
    return right.valid_from <= on and (right.valid_to is None or on <= right.valid_to)


def limited(
    since: date | None, received: date, days: int, *, start: str, lenient: bool = False
) -> Found:
    """Return whether something came within so many days after a day; the last one is in time.

    Args:
        since: the day from which the time runs; none: not known.
        received: when it came.
        days: the law's.
        start: name of the figure that shows ``since``.
        lenient: a person has to look before it is too late.
    """
    if since is None:
        return Found(Verdict.UNKNOWN)
    last = since + timedelta(days=days)
    figures = (
        Figure(start, since, "date"),
        Figure("last_day", last, "date"),
        Figure("received", received, "date"),
    )
    if received <= last:
        return Found(Verdict.FITS, figures)
    late = Figure("days_late", (received - last).days, "days")
    return Found(Verdict.ATTENTION if lenient else Verdict.EXCEEDS, (*figures, late))


@check("filing_limit", parameters=("clocks.reimbursement_filing_days",))
def filing_limit(case: Case) -> Found:
    """Filing within 60 days of the first act, or of the end of a continuous treatment.

    Source: CNSS claim form (feuille de soins ALD). A treatment that the sender calls continuous
    counts from its end; where only that end is in time and the sender says nothing, a person looks.
    """
    days = case.number("clocks.reimbursement_filing_days")
    begun, ended = first_day(case), last_day(case)
    if case.answers.get("continuous") is True:
        return limited(ended, case.received_on, days, start="treatment_end")
    in_time_from_end = ended is not None and case.received_on <= ended + timedelta(days=days)
    return limited(begun, case.received_on, days, start="first_act", lenient=in_time_from_end)


@check("invoice_limit", parameters=("clocks.provider_invoice_days",))
def invoice_limit(case: Case) -> Found:
    """Invoice of a provider within 90 days of the end of the stay. Source: CNSS."""
    days = case.number("clocks.provider_invoice_days")
    return limited(last_day(case), case.received_on, days, start="stay_end")


@check("agreement_before_start")
def agreement_before_start(case: Case) -> Found:
    """A prior agreement is asked for before the care starts (entente préalable)."""
    start = first_day(case)
    if start is None:
        return Found(Verdict.UNKNOWN)
    figures = (Figure("start", start, "date"), Figure("received", case.received_on, "date"))
    if start > case.received_on:
        return Found(Verdict.FITS, figures)
    begun = Figure("days_begun", (case.received_on - start).days, "days")
    verdict = Verdict.ATTENTION if start == case.received_on else Verdict.EXCEEDS
    return Found(verdict, (*figures, begun))


@check("agreement_first", parameters=("ambulatory.agreement_from_sessions",))
def agreement_first(case: Case) -> Found:
    """Care that needs a prior agreement has one that ran on the day of the act.

    Prostheses, and acts given several times, need one. An agreement that the person names but
    that is not among the rights has to be looked up.
    """
    lines = [line for line in case.lines if _needs_agreement(case, line)]
    count = Figure("lines", len(lines), "count")
    if not lines:
        return Found(Verdict.FITS, (count,))
    codes = AGREEMENTS.get(case.flow, ())
    days = [line.day or first_day(case) for line in lines]
    if any(day is None for day in days):
        return Found(Verdict.UNKNOWN, (count,))
    without = sorted(day for day in days if day and covering(case, day, codes) is None)
    if not without:
        return Found(Verdict.FITS, (count,))
    figures = (
        count, Figure("without", len(without), "count"), Figure("first_without", without[0], "date")
    )  # fmt: skip
    named = case.typed.get("agreement_number") or case.authorisation
    return Found(Verdict.ATTENTION if named else Verdict.EXCEEDS, figures)


def _needs_agreement(case: Case, line: CaseLine) -> bool:
    if line.act.upper().startswith(PROSTHESIS):
        return True
    times = case.number("ambulatory.agreement_from_sessions")
    return case.flow == "ambulatory" and (line.quantity or Decimal(1)) >= times
