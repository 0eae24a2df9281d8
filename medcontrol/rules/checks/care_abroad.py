"""Care abroad and conventions (soins à l'étranger): filing, certificates, companion, stay."""

from datetime import date, timedelta

from medcontrol.rules.calendar import add_months, whole_years
from medcontrol.rules.checks.case import Case, Figure, Found, Verdict, check
from medcontrol.rules.checks.filing import limited
from medcontrol.rules.checks.reading import day, rows, whole


def _stay(case: Case) -> tuple[date, date] | None:
    """Return the days that are asked for, or that the doctor is about to grant."""
    first = day(case.typed.get("valid_from")) or case.care_from
    last = day(case.typed.get("valid_to")) or case.care_to
    return (first, last) if first and last and first <= last else None


@check("abroad_filing", parameters=("care_abroad.filing_days",))
def abroad_filing(case: Case) -> Found:
    """Care received abroad is claimed within 60 days of the return. Project default."""
    returned = day(case.typed.get("returned_on")) or day(case.answers.get("returned_on"))
    days = case.number("care_abroad.filing_days")
    return limited(returned or case.care_to, case.received_on, days, start="returned_on")


@check("abroad_certificates", parameters=("care_abroad.specialist_certificates",))
def abroad_certificates(case: Case) -> Found:
    """Two Moroccan university specialists attest non-availability. Project default."""
    needed = case.number("care_abroad.specialist_certificates")
    given = [row for row in rows(case.typed.get("certificates")) if row.get("specialist")]
    found = len({str(row["specialist"]).strip().casefold() for row in given})
    figures = (Figure("needed", needed, "count"), Figure("given", found, "count"))
    if found >= needed:
        return Found(Verdict.FITS, figures)
    return Found(Verdict.ATTENTION if found else Verdict.UNKNOWN, figures)


@check("abroad_companion", parameters=("care_abroad.companion_age_years",))
def abroad_companion(case: Case) -> Found:
    """A child below 12 travels with a companion at the fund's cost. Source: CNOPS leaflet."""
    below = case.number("care_abroad.companion_age_years")
    start = case.care_from or case.received_on
    age = whole_years(case.birth_date, start)
    figures = (Figure("age", age, "years"), Figure("below", below, "years"))
    asked = case.answers.get("needs_companion") is True or case.typed.get("companion") is True
    return Found(Verdict.ATTENTION if asked and age >= below else Verdict.FITS, figures)


@check("abroad_stay", parameters=("care_abroad.authorisation_months",))
def abroad_stay(case: Case) -> Found:
    """The days of care against those that are justified and the validity of an agreement."""
    stay = _stay(case)
    if stay is None:
        return Found(Verdict.UNKNOWN)
    days = (stay[1] - stay[0]).days + 1
    last = add_months(stay[0], case.number("care_abroad.authorisation_months")) - timedelta(days=1)
    figures = [Figure("asked_days", days, "days"), Figure("last_day", last, "date")]
    justified = whole(case.typed.get("justified_days"))
    if justified is not None:
        figures.append(Figure("justified_days", justified, "days"))
    if stay[1] > last:
        return Found(Verdict.EXCEEDS, tuple(figures))
    longer = justified is not None and days > justified
    return Found(Verdict.ATTENTION if longer else Verdict.FITS, tuple(figures))


@check("form_validity", parameters=("conventional.form_months",))
def form_validity(case: Case) -> Found:
    """The form that opens a right under a convention is valid for three months. Project default."""
    stay = _stay(case)
    if stay is None:
        return Found(Verdict.UNKNOWN)
    last = add_months(stay[0], case.number("conventional.form_months")) - timedelta(days=1)
    figures = (
        Figure("valid_from", stay[0], "date"),
        Figure("last_day", last, "date"),
        Figure("asked_to", stay[1], "date"),
    )
    return Found(Verdict.FITS if stay[1] <= last else Verdict.EXCEEDS, figures)


@check("convention_days", parameters=("levels.conventional_regional_days",))
def convention_days(case: Case) -> Found:
    """Days of care under a convention, above which a regional doctor sees the file."""
    stay = _stay(case)
    if stay is None:
        return Found(Verdict.UNKNOWN)
    days = (stay[1] - stay[0]).days + 1
    most = case.number("levels.conventional_regional_days")
    justified = whole(case.typed.get("justified_days"))
    figures = [Figure("asked_days", days, "days"), Figure("most_days", most, "days")]
    if justified is not None:
        figures.append(Figure("justified_days", justified, "days"))
    return Found(Verdict.FITS if days <= most else Verdict.ATTENTION, tuple(figures))
