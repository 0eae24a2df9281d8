"""Sessions, the same act again, and what an act has to do with an illness (soins ambulatoires)."""

from datetime import timedelta
from decimal import Decimal

from medcontrol.rules.checks.case import Case, Figure, Found, Verdict, check
from medcontrol.rules.checks.filing import first_day, runs
from medcontrol.rules.checks.granting import granted_within
from medcontrol.rules.checks.reading import whole


@check("sessions_granted", parameters=("ambulatory.sessions_per_agreement",))
def sessions_granted(case: Case) -> Found:
    """No more sessions are granted than were asked for; many ask for a new assessment."""
    asked = whole(case.typed.get("sessions_requested"))
    if asked is None:
        asked = int(sum((line.quantity or Decimal(0) for line in case.lines), Decimal(0))) or None
    granted = whole(case.typed.get("sessions_granted"))
    most = case.number("ambulatory.sessions_per_agreement")
    return granted_within(asked, granted, most, unit="count", threshold="most")


@check("ald_link")
def ald_link(case: Case) -> Found:
    """Care that is said to go with a recognised illness needs a recognition that runs that day.

    Reads that there is a recognition (exonération du ticket modérateur), never of what.
    """
    day = first_day(case)
    if day is None:
        return Found(Verdict.UNKNOWN)
    right = next((r for r in case.rights if r.kind == "ald" and runs(r, day)), None)
    said = case.typed.get("ald_link")
    claimed = said == "linked" or (not said and case.ald_number is not None)
    figures = [Figure("care_day", day, "date")]
    if right is not None:
        figures.append(Figure("recognised_from", right.valid_from, "date"))
        if right.valid_to is not None:
            figures.append(Figure("recognised_to", right.valid_to, "date"))
    if claimed:
        return Found(Verdict.FITS if right else Verdict.EXCEEDS, tuple(figures))
    open_question = right is not None and not said
    return Found(Verdict.ATTENTION if open_question else Verdict.FITS, tuple(figures))


@check("frequency", parameters=("ambulatory.same_act_days",))
def frequency(case: Case) -> Found:
    """The same act again within so many days is shown; a doctor says whether it is too often."""
    day = first_day(case)
    if day is None or not case.lines:
        return Found(Verdict.UNKNOWN)
    since = day - timedelta(days=case.number("ambulatory.same_act_days"))
    acts = {line.act for line in case.lines}
    found = [
        (when, line.act)
        for file in case.past
        if file.flow == case.flow and file.nature == "reimbursement"
        for line in file.lines
        if line.act in acts and (when := line.day or file.care_from) and since <= when <= day
    ]
    if not found:
        return Found(Verdict.FITS, (Figure("times", 0, "count"),))
    last, act = max(found)
    return Found(
        Verdict.ATTENTION,
        (
            Figure("times", len(found), "count"),
            Figure("act", act, "text"),
            Figure("last_time", last, "date"),
        ),
    )
