"""When a reassessment of long-term care may be asked for or made (recevabilité, délais).

Source: Code de la sécurité sociale (Luxembourg), art. 351 and 366.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from medcontrol.rules.checks.case import Case, Figure, Found, Notice, Verdict, check
from medcontrol.rules.long_term_care.reassessment import (
    Benefit,
    Earliest,
    Ground,
    ReassessmentTerms,
    Situation,
    earliest,
)
from medcontrol.vocabulary import DecisionOutcome, EntitlementStatus

FLOW: Final = "care_reassessment"
KIND: Final = "care"
#: Kind of the document that shows a fundamental change: the treating doctor's report.
REPORT: Final = "medical_report"
ENTRY: Final = "establishment"
_DECIDES = frozenset(
    {DecisionOutcome.GRANTED, DecisionOutcome.PARTIALLY_GRANTED, DecisionOutcome.REFUSED_MEDICAL}
)
_BLOCK = "reassessment.reapplication_years"
_AGAIN = "reassessment.request_months"
_IN_KIND, _CARER = "reassessment.in_kind_months", "reassessment.carer_months"
_ENTRY_DAYS = "reassessment.establishment_days"


@check("care_block", parameters=(_BLOCK,))
def care_block(case: Case) -> Found:
    """A refusal below the threshold blocks new requests for a year (art. 351).

    Unless the treating doctor's report shows a fundamental change: somebody says so, and the
    report is in the file. The last decision counts: a right granted since lifts the block.
    """
    last, said = last_notice(case), day(case.typed, "last_refusal_on")
    if said is not None and said > case.received_on:
        return Found(Verdict.UNKNOWN, (_day("refused", said), _day("received", case.received_on)))
    known = last.on if last and last.outcome is DecisionOutcome.REFUSED_MEDICAL else None
    refused = max(filter(None, (said, known)), default=None)
    if refused is None or (last and last.outcome in _DECIDES and last.on > refused):
        return Found(Verdict.FITS, tuple(_told(last)))
    shows = case.typed.get("fundamental_change") is True
    first = _earliest(case, Ground.REQUEST, refused, refused_on=refused).day
    figures = [
        _day("refused", refused),
        _day("possible", first),
        _day("received", case.received_on),
    ]
    if refused == known and last is not None:
        figures.insert(0, Figure("decision", last.reference, "text"))
    if case.received_on >= first:
        return Found(Verdict.FITS, tuple(figures))
    figures.append(Figure("days_early", (first - case.received_on).days, "days"))
    is_shown = shows and REPORT in case.pieces
    return Found(Verdict.ATTENTION if is_shown else Verdict.EXCEEDS, tuple(figures))


@check("care_request_wait", parameters=(_AGAIN,))
def care_request_wait(case: Case) -> Found:
    """Two requests of one person lie some months apart; a text that was not read whole."""
    asked = [
        past.received_on
        for past in case.past
        if past.flow == FLOW
        and past.nature == "requested"
        and past.outcome is not DecisionOutcome.WITHDRAWN
    ]
    if not asked:
        return Found(Verdict.FITS)
    shows = case.typed.get("fundamental_change") is True
    first = _earliest(
        case, Ground.REQUEST, max(asked), requested_on=max(asked), shows_change=shows
    ).day
    figures = (
        _day("asked", max(asked)),
        _day("possible", first),
        _day("received", case.received_on),
    )
    return Found(Verdict.FITS if case.received_on >= first else Verdict.ATTENTION, figures)


@check("care_entry", parameters=(_ENTRY_DAYS,))
def care_entry(case: Case) -> Found:
    """An entry into an establishment since the last decision allows a reassessment (art. 366)."""
    said, last = day(case.typed, "entered_on"), last_notice(case)
    entered = said or case.entered_on
    if entered is None:
        return Found(Verdict.FITS)
    figures = [_day("entered", entered), *_told(last)]
    if entered > case.received_on or (last is not None and entered < last.on):
        return Found(Verdict.EXCEEDS if said else Verdict.FITS, tuple(figures))
    first = _earliest(case, Ground.ESTABLISHMENT, entered, entered_on=entered).day
    figures.append(_day("possible", first))
    return Found(Verdict.FITS, tuple(figures))


@check("care_earliest", parameters=(_IN_KIND, _CARER, _ENTRY_DAYS))
def care_earliest(case: Case) -> Found:
    """The administration reassesses at the earliest so long after the last decision (art. 366).

    Two years with services alone, one with a carer at home; an entry into an establishment has a
    rule of its own. The day of the visit counts where one is typed, today otherwise.
    """
    last, on = last_notice(case), day(case.typed, "visited_on") or case.today
    right = next((r for r in case.rights if r.kind == KIND), None)
    notified = last.on if last else right.granted_on if right else None
    if notified is None or on is None:
        return Found(Verdict.UNKNOWN)
    entered = case.entered_on
    is_entry = entered is not None and entered >= notified
    if is_entry:
        found = _earliest(case, Ground.ESTABLISHMENT, notified, entered_on=entered)
    else:
        found = _earliest(case, Ground.PERIODIC, notified, has_carer=_has_carer(case))
    figures = [_day("notified", notified)]
    if is_entry and entered is not None:
        figures.append(_day("entered", entered))
    figures += [
        Figure("rests_on", found.rests_on, "text"),
        _day("possible", found.day),
        _day("on", on),
    ]
    return Found(Verdict.FITS if on >= found.day else Verdict.EXCEEDS, tuple(figures))


def last_notice(case: Case) -> Notice | None:
    """Return the last decision on the person's care that they were told of, if there is one."""
    told = [past.notice for past in case.past if past.flow == FLOW and past.notice]
    return max(
        (each for each in told if each.outcome in _DECIDES), key=lambda each: each.on, default=None
    )


def day(typed: Mapping[str, Any], name: str) -> date | None:
    """Return a day that a step's form holds; none when it holds none, or what is no day."""
    try:
        return date.fromisoformat(str(typed[name])) if typed.get(name) else None
    except ValueError:
        return None


def _has_carer(case: Case) -> bool:
    """Whether somebody at home does part of the care: as the right says, else as was sent."""
    right = next(
        (r for r in case.rights if r.kind == KIND and r.status is not EntitlementStatus.ENDED), None
    )
    if right is not None and right.code is not None:
        return right.code != Benefit.IN_KIND.value
    return case.answers.get("has_carer") is True


def _earliest(case: Case, ground: Ground, notified: date, **known: Any) -> Earliest:
    has_carer = bool(known.pop("has_carer", False))
    benefit = Benefit.MIXED if has_carer else Benefit.IN_KIND
    situation = Situation(benefit=benefit, has_carer=has_carer, notified_on=notified, **known)
    terms = ReassessmentTerms(
        in_kind_months=case.number(_IN_KIND),
        carer_months=case.number(_CARER),
        establishment_days=case.number(_ENTRY_DAYS),
        request_months=case.number(_AGAIN),
        reapplication_years=case.number(_BLOCK),
    )
    return earliest(situation, ground, terms)


def _told(last: Notice | None) -> Iterable[Figure]:
    if last is not None:
        yield Figure("decision", last.reference, "text")
        yield _day("notified", last.on)


def _day(name: str, value: date) -> Figure:
    return Figure(name, value, "date")
