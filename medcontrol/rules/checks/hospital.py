"""Cover of a stay and the invoice that follows (prise en charge hospitalière)."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

from medcontrol.rules.checks.case import Case, Figure, Found, PastFile, Verdict, check
from medcontrol.rules.checks.filing import AGREEMENTS, AUTHORISATION, first_day, last_day, runs
from medcontrol.rules.checks.granting import granted_within
from medcontrol.rules.checks.reading import whole
from medcontrol.vocabulary import DecisionOutcome

_GRANTED = (DecisionOutcome.GRANTED, DecisionOutcome.PARTIALLY_GRANTED)
_AGREED = ("authorisation", "prolongation")


@check("request_in_time", parameters=("clocks.emergency_request_hours",))
def request_in_time(case: Case) -> Found:
    """Cover is asked for before the admission, or within 48 hours of an emergency."""
    entry = case.care_from
    if entry is None:
        return Found(Verdict.UNKNOWN)
    hours = case.number("clocks.emergency_request_hours")
    is_emergency = case.answers.get("admission") == "emergency"
    last = entry + timedelta(days=-(-hours // 24)) if is_emergency else entry
    figures = (
        Figure("entry", entry, "date"),
        Figure("last_day", last, "date"),
        Figure("received", case.received_on, "date"),
    )
    if case.received_on <= last:
        return Found(Verdict.FITS, figures)
    late = Figure("days_late", (case.received_on - last).days, "days")
    return Found(Verdict.EXCEEDS, (*figures, late))


@check("stay_granted", parameters=("levels.hospital_regional_days",))
def stay_granted(case: Case) -> Found:
    """No more days are granted than asked for; above the threshold the region has to agree."""
    asked = whole(case.typed.get("days_requested"))
    if asked is None and case.care_from and case.care_to:
        asked = (case.care_to - case.care_from).days + 1
    granted = whole(case.typed.get("days_granted"))
    most = case.number("levels.hospital_regional_days")
    return granted_within(asked, granted, most, unit="days", threshold="threshold")


@check("cover_running", parameters=("hospital.authorisation_days",))
def cover_running(case: Case) -> Found:
    """The stay lies within a cover that was agreed to; a prolongation follows it without a gap."""
    entry = first_day(case)
    if entry is None:
        return Found(Verdict.UNKNOWN)
    day = entry - timedelta(days=1) if case.nature == "prolongation" else entry
    rights = [
        right
        for right in case.rights
        if right.kind == AUTHORISATION and right.code in AGREEMENTS["hospital"]
    ]
    found = next((right for right in rights if runs(right, day) or runs(right, entry)), None)
    figures = [Figure("entry", entry, "date")]
    shown = found or (rights[0] if rights else None)
    if shown is not None:
        figures.append(Figure("cover_from", shown.valid_from, "date"))
        if shown.valid_to is not None:
            figures.append(Figure("cover_to", shown.valid_to, "date"))
    if found is not None:
        return Found(Verdict.FITS, tuple(figures))
    named = case.typed.get("pec_number") or case.authorisation
    return Found(Verdict.ATTENTION if named and not rights else Verdict.EXCEEDS, tuple(figures))


@check("invoice_within_cover")
def invoice_within_cover(case: Case) -> Found:
    """The invoice is not above what the cover of this stay and its prolongations agreed to."""
    agreed = covers(case)
    if case.amount_cents is None or not agreed:
        return Found(Verdict.UNKNOWN, (Figure("covers", len(agreed), "count"),))
    most = sum(file.granted_cents or 0 for file in agreed)
    figures = (
        Figure("covers", len(agreed), "count"),
        Figure("agreed", most, "cents"),
        Figure("invoiced", case.amount_cents, "cents"),
    )
    if case.amount_cents <= most:
        return Found(Verdict.FITS, figures)
    return Found(Verdict.EXCEEDS, (*figures, Figure("beyond", case.amount_cents - most, "cents")))


@check("invoice_lines")
def invoice_lines(case: Case) -> Found:
    """Every act of the invoice was agreed to, and not more often than agreed."""
    agreed = covers(case)
    if not agreed or not case.lines:
        return Found(Verdict.UNKNOWN, (Figure("covers", len(agreed), "count"),))
    allowed: Counter[str] = Counter()
    billed: Counter[str] = Counter()
    for file in agreed:
        for line in file.lines:
            allowed[line.act] += _times(line.quantity)
    for line in case.lines:
        billed[line.act] += _times(line.quantity)
    others = sorted(act for act in billed if act not in allowed)
    more = sorted(act for act in billed if act in allowed and billed[act] > allowed[act])
    figures = [Figure("acts", len(billed), "count")]
    if others:
        figures.append(Figure("not_agreed", ", ".join(others), "text"))
    if more:
        figures.append(Figure("more_often", ", ".join(more), "text"))
    verdict = Verdict.EXCEEDS if others else Verdict.ATTENTION if more else Verdict.FITS
    return Found(verdict, tuple(figures))


def _times(quantity: Decimal | None) -> int:
    """Return how often in thousandths, so that sums of counters stay whole numbers."""
    return int((Decimal(1) if quantity is None else quantity) * 1000)


def covers(case: Case) -> list[PastFile]:
    """Return the covers that were granted for the days of this stay, and their prolongations."""
    start, end = first_day(case), last_day(case)
    if start is None or end is None:
        return []
    return [
        file
        for file in case.past
        if file.flow == "hospital"
        and file.nature in _AGREED
        and file.outcome in _GRANTED
        and _meet(file, start, end)
    ]


def _meet(file: PastFile, start: date, end: date) -> bool:
    begins = file.care_from or file.received_on
    ends = file.care_to or begins
    return begins <= end and start <= ends
