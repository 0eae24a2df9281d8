"""Recognised disability (handicap): the ages that matter, the national card."""

from datetime import date, timedelta

from medcontrol.rules.calendar import add_months, whole_years
from medcontrol.rules.checks.case import Case, Figure, Found, Verdict, check
from medcontrol.rules.checks.reading import day
from medcontrol.vocabulary import Relation


def card_last_day(issued_on: date, years: int) -> date:
    """Return the last day on which a card is valid.

    >>> card_last_day(date(2020, 2, 29), 7)
    datetime.date(2027, 2, 27)
    """
    return add_months(issued_on, 12 * years) - timedelta(days=1)


@check("disability_age", parameters=("psh.alert_age_months", "psh.rights_end_age_years"))
def disability_age(case: Case) -> Found:
    """The rights of a child end at 21 unless a disability is recognised; alert at 20 and a half.

    Nobody else's rights hang on an age. A recognition has no age limit: beyond 21 a child's rights
    rest on it alone, and nothing is exceeded. Source: ACAPS, Couverture médicale de base; the
    alert is a project default.
    """
    if case.relation is not Relation.CHILD:
        return Found(
            Verdict.FITS, (Figure("age", whole_years(case.birth_date, case.received_on), "years"),)
        )
    alert_on = add_months(case.birth_date, case.number("psh.alert_age_months"))
    ends_on = add_months(case.birth_date, 12 * case.number("psh.rights_end_age_years"))
    figures = (
        Figure("age", whole_years(case.birth_date, case.received_on), "years"),
        Figure("alert_on", alert_on, "date"),
        Figure("rights_end_on", ends_on, "date"),
    )
    return Found(Verdict.FITS if case.received_on < alert_on else Verdict.ATTENTION, figures)


@check("disability_card", parameters=("psh.card_years", "psh.review_open_days_before"))
def disability_card(case: Case) -> Found:
    """The national card is valid for seven years from its issue. Source: décret 2-22-1075."""
    issued = day(case.typed.get("card_issued_on")) or day(case.answers.get("card_issued_on"))
    if issued is None:
        return Found(Verdict.UNKNOWN)
    last = card_last_day(issued, case.number("psh.card_years"))
    figures = (Figure("issued_on", issued, "date"), Figure("last_day", last, "date"))
    if not issued <= case.received_on <= last:
        return Found(Verdict.EXCEEDS, figures)
    near = last - timedelta(days=case.number("psh.review_open_days_before"))
    return Found(Verdict.ATTENTION if case.received_on >= near else Verdict.FITS, figures)
