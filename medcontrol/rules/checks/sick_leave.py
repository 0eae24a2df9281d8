"""Daily sickness allowances (IJM): notice, claim, contributions, days used, milestones."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from medcontrol.rules.calendar import add_months
from medcontrol.rules.checks.case import Case, Figure, Found, PastFile, Verdict, check
from medcontrol.rules.checks.filing import limited
from medcontrol.rules.checks.incapacity import LeaveLaw, Stop, spells, use_of
from medcontrol.rules.checks.reading import day, whole
from medcontrol.vocabulary import DecisionOutcome

FLOW: Final = "sick_leave"
WEEK: Final = 7
_NOTHING: Final = frozenset(
    {DecisionOutcome.REFUSED_MEDICAL, DecisionOutcome.REFUSED_ADMINISTRATIVE,
     DecisionOutcome.WITHDRAWN, DecisionOutcome.ADJOURNED}
)  # fmt: skip
_RECONTROLS: Final = tuple(f"ijm.recontrol_{n}_days" for n in range(1, 5))
_SWITCH: Final = "ijm.invalidity_switch_days"


def stopped_on(case: Case) -> date | None:
    """Return the first day of the leave: as the doctor typed it, else as it was asked for."""
    return day(case.typed.get("stopped_on")) or case.care_from


def asked(case: Case) -> Stop | None:
    """Return the leave that is asked for, or what the doctor is about to grant of it."""
    first = stopped_on(case)
    last = day(case.typed.get("valid_to")) or case.care_to
    return Stop(first, last) if first and last and first <= last else None


def earlier_stops(case: Case) -> list[Stop]:
    """Return the days off work that were paid before: rights, and files that had no control.

    A controlled file counts by the right that it opened; one that is still open counts whole.
    """
    return [*_rights(case), *_files(case)]


def _rights(case: Case) -> Iterator[Stop]:
    for right in case.rights:
        last = right.valid_to or case.received_on
        if right.kind == FLOW and right.code != "maternity" and right.valid_from <= last:
            yield Stop(right.valid_from, last)


def _files(case: Case) -> Iterator[Stop]:
    for file in case.past:
        is_leave = file.flow == FLOW and file.nature != "maternity" and file.outcome is None
        if is_leave and file.care_from and file.care_to and file.care_from <= file.care_to:
            yield Stop(file.care_from, file.care_to)


def incapacity_from(case: Case) -> date | None:
    """Return the first day of the unbroken spell of leave, as typed or as the past shows it."""
    typed = day(case.typed.get("incapacity_from"))
    stop = asked(case)
    if typed or stop is None:
        return typed or stopped_on(case)
    joined = spells([*(s for s in earlier_stops(case) if s.first < stop.first), stop])
    return next(s.first for s in joined if s.first <= stop.first <= s.last)


@check("ijm_notice", parameters=("clocks.ijm_notice_days",))
def ijm_notice(case: Case) -> Found:
    """The notice of a stop, or of its prolongation, comes within 30 days. Source: CNSS advice."""
    days = case.number("clocks.ijm_notice_days")
    return limited(stopped_on(case), case.received_on, days, start="stopped_on")


@check("ijm_claim", parameters=("clocks.ijm_claim_months", "ijm.maternity_claim_months"))
def ijm_claim(case: Case) -> Found:
    """The claim comes less than 6 months after the stop, 9 for maternity. Source: CNSS advice."""
    start = stopped_on(case)
    if start is None:
        return Found(Verdict.UNKNOWN)
    maternity = case.nature == "maternity"
    months = case.number("ijm.maternity_claim_months" if maternity else "clocks.ijm_claim_months")
    days = (add_months(start, months) - start).days - 1
    return limited(start, case.received_on, days, start="stopped_on")


@check(
    "ijm_contributions",
    parameters=(
        "ijm.contrib_days", "ijm.in_months", "ijm.reopen_days",
        "ijm.maternity_contrib_days", "ijm.maternity_in_months",
    ),
)  # fmt: skip
def ijm_contributions(case: Case) -> Found:
    """54 days in the 6 months before, 10 months for maternity; 6 after a first compensation.

    None after an accident that is not one of work. Source: CNSS, Espace assuré – Santé.
    """
    start = stopped_on(case)
    if start is None:
        return Found(Verdict.UNKNOWN)
    if case.answers.get("accident") is True or case.typed.get("third_party") is True:
        return Found(Verdict.FITS, (Figure("needed_days", 0, "days"),))
    maternity = case.nature == "maternity"
    needed = case.number("ijm.maternity_contrib_days" if maternity else "ijm.contrib_days")
    months = case.number("ijm.maternity_in_months" if maternity else "ijm.in_months")
    if not maternity and _was_compensated(case, add_months(start, -months), start):
        needed = case.number("ijm.reopen_days")
    counted = whole(case.answers.get("contribution_days"))
    figures = (
        Figure("window_from", add_months(start, -months), "date"),
        Figure("needed_days", needed, "days"),
    )
    if counted is None:
        return Found(Verdict.UNKNOWN, figures)
    verdict = Verdict.FITS if counted >= needed else Verdict.EXCEEDS
    return Found(verdict, (*figures, Figure("contribution_days", counted, "days")))


def _was_compensated(case: Case, since: date, before: date) -> bool:
    return any(s.first < before and s.last >= since for s in earlier_stops(case)) or any(
        _paid(file) and file.care_to and since <= file.care_to < before for file in case.past
    )


def _paid(file: PastFile) -> bool:
    return file.flow == FLOW and file.outcome not in _NOTHING


@check(
    "ijm_used",
    parameters=(
        "clocks.ijm_waiting_days", "clocks.ijm_max_weeks", "clocks.ijm_max_weeks_within_months",
    ),
)  # fmt: skip
def ijm_used(case: Case) -> Found:
    """Paid from the 4th day, at most 52 weeks within 24 months of the start of incapacity.

    Overlapping stops count once. Source: CNSS advice (Conseils pratiques, 24 June 2018).
    """
    stop = asked(case)
    if stop is None:
        return Found(Verdict.UNKNOWN)
    most = case.number("clocks.ijm_max_weeks") * WEEK
    law = LeaveLaw(
        waiting_days=case.number("clocks.ijm_waiting_days"),
        max_days=most,
        within_months=case.number("clocks.ijm_max_weeks_within_months"),
    )
    use = use_of(earlier_stops(case), stop, law)
    figures = [
        Figure("period_from", use.period_from, "date"),
        Figure("period_before", use.period_before, "date"),
        Figure("used_days", use.used, "days"),
        Figure("used_weeks", use.used // WEEK, "weeks"),
        Figure("left_days", use.left, "days"),
        Figure("first_paid", use.first_paid, "date"),
    ]
    if use.last_payable is None:
        return Found(Verdict.EXCEEDS, tuple(figures))
    figures.append(Figure("last_payable", use.last_payable, "date"))
    if stop.last <= use.last_payable:
        near = use.last_payable - timedelta(weeks=4) < stop.last
        return Found(Verdict.ATTENTION if near else Verdict.FITS, tuple(figures))
    beyond = (stop.last - max(use.last_payable, stop.first - timedelta(days=1))).days
    return Found(Verdict.EXCEEDS, (*figures, Figure("beyond_days", beyond, "days")))


@check("ijm_milestones", parameters=(*_RECONTROLS, _SWITCH))
def ijm_milestones(case: Case) -> Found:
    """Days 45, 90, 180 and week 40 of an unbroken leave are controls; invalidity from week 48.

    Project defaults: France controls from day 45, Belgium sees the person again after 9 months.
    """
    start, stop = incapacity_from(case), asked(case)
    if start is None or stop is None:
        return Found(Verdict.UNKNOWN)
    length = (stop.last - start).days + 1
    days = [case.number(path) for path in _RECONTROLS]
    switch = case.number(_SWITCH)
    passed = [n for n in days if length >= n]
    coming = next((n for n in (*days, switch) if length < n), None)
    figures = [
        Figure("incapacity_from", start, "date"),
        Figure("length", length, "days"),
        Figure("passed", len(passed), "count"),
    ]
    if coming is not None:
        figures.append(Figure("next_control", start + timedelta(days=coming - 1), "date"))
    figures.append(Figure("switch_on", start + timedelta(days=switch - 1), "date"))
    if length >= switch:
        return Found(Verdict.EXCEEDS, tuple(figures))
    return Found(Verdict.ATTENTION if passed else Verdict.FITS, tuple(figures))


@check("ijm_maternity", parameters=("ijm.maternity_days",))
def ijm_maternity(case: Case) -> Found:
    """Maternity is paid for 14 weeks, 98 days. Source: CNSS, Espace assuré – Santé."""
    stop = asked(case)
    if stop is None:
        return Found(Verdict.UNKNOWN)
    most = case.number("ijm.maternity_days")
    figures = (
        Figure("asked_days", stop.days, "days"),
        Figure("most_days", most, "days"),
        Figure("last_payable", stop.first + timedelta(days=most - 1), "date"),
    )
    if stop.days <= most:
        return Found(Verdict.FITS, figures)
    return Found(Verdict.EXCEEDS, (*figures, Figure("beyond_days", stop.days - most, "days")))
