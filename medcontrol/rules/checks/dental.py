"""Prostheses and orthodontics (prothèses dentaires, ODF)."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from medcontrol.rules.calendar import add_months, whole_years
from medcontrol.rules.checks.case import Case, CaseLine, Figure, Found, PastFile, Verdict, check
from medcontrol.rules.checks.filing import PROSTHESIS, first_day
from medcontrol.rules.checks.reading import day as day_of
from medcontrol.rules.checks.reading import whole


def _is_prosthesis(line: CaseLine) -> bool:
    return line.act.upper().startswith(PROSTHESIS)


def _sum(lines: tuple[CaseLine, ...]) -> int:
    return sum(line.amount_cents or 0 for line in lines if _is_prosthesis(line))


def paid_for_prostheses(file: PastFile) -> int:
    """Return what a past claim was paid for prostheses, in centimes, at most what it asked for.

    What was granted counts for the prostheses as much as they weigh in what was asked for.
    """
    asked = _sum(file.lines)
    total = sum(line.amount_cents or 0 for line in file.lines)
    if file.granted_cents is None or not total:
        return asked
    share = Decimal(file.granted_cents) * asked / total
    return min(asked, int(share.quantize(Decimal(1), ROUND_HALF_UP)))


def _care_day(file: PastFile) -> date:
    days = [line.day for line in file.lines if line.day]
    return file.care_from or (min(days) if days else file.received_on)


@check(
    "prosthesis_ceiling",
    parameters=("dental.prosthesis_ceiling_cents", "dental.window_months"),
)
def prosthesis_ceiling(case: Case) -> Found:
    """Prostheses are covered up to 3,000 dirhams every two years.

    Adds what was paid for prostheses in the 24 months up to the care to what is asked for now; a
    claim that is still open counts in full and is pointed out. Source: press, value of 2015.
    """
    asked = _sum(case.lines)
    ceiling = case.number("dental.prosthesis_ceiling_cents")
    day = first_day(case) or case.received_on
    since = add_months(day, -case.number("dental.window_months"))
    claims = [
        file
        for file in case.past
        if file.flow == "dental" and file.nature == "reimbursement" and since < _care_day(file)
    ]
    used = sum(paid_for_prostheses(file) for file in claims)
    left = max(0, ceiling - used)
    figures = (
        Figure("ceiling", ceiling, "cents"),
        Figure("since", since, "date"),
        Figure("used", used, "cents"),
        Figure("left", left, "cents"),
        Figure("asked", asked, "cents"),
    )
    if asked > left:
        return Found(Verdict.EXCEEDS, (*figures, Figure("beyond", asked - left, "cents")))
    still_open = any(file.granted_cents is None and _sum(file.lines) for file in claims)
    return Found(Verdict.ATTENTION if asked and still_open else Verdict.FITS, figures)


@check("tooth_again", parameters=("dental.prosthesis_renewal_months",))
def tooth_again(case: Case) -> Found:
    """A prosthesis is not made again on the same tooth before so many months."""
    months = case.number("dental.prosthesis_renewal_months")
    teeth = {line.tooth for line in case.lines if _is_prosthesis(line) and line.tooth}
    day = first_day(case) or case.received_on
    since = add_months(day, -months)
    made = [
        (line.day or _care_day(file), str(line.tooth))
        for file in case.past
        if file.flow == "dental" and file.nature == "reimbursement"
        for line in file.lines
        if _is_prosthesis(line) and line.tooth in teeth
    ]
    typed = day_of(case.typed.get("last_prosthesis_on"))
    if typed is not None:
        made.append((typed, ", ".join(sorted(teeth)) or "–"))
    recent = [each for each in made if since < each[0] <= day]
    if not recent:
        return Found(Verdict.FITS, (Figure("since", since, "date"),) if teeth else ())
    last, tooth = max(recent)
    figures = (
        Figure("tooth", tooth, "text"),
        Figure("last_prosthesis", last, "date"),
        Figure("again_from", add_months(last, months), "date"),
    )
    return Found(Verdict.EXCEEDS, figures)


def _treatment_start(case: Case) -> date:
    typed = day_of(case.typed.get("treatment_started_on"))
    return typed or day_of(case.answers.get("started_on")) or first_day(case) or case.received_on


@check("orthodontics_age", parameters=("dental.odf_max_age",))
def orthodontics_age(case: Case) -> Found:
    """Orthodontics are covered when they start before the sixteenth birthday."""
    start, limit = _treatment_start(case), case.number("dental.odf_max_age")
    last = add_months(case.birth_date, 12 * limit)
    figures = (
        Figure("start", start, "date"),
        Figure("age", whole_years(case.birth_date, start), "years"),
        Figure("before", last, "date"),
    )
    return Found(Verdict.FITS if start < last else Verdict.EXCEEDS, figures)


@check("orthodontics_semester", parameters=("dental.orthodontics_semesters",))
def orthodontics_semester(case: Case) -> Found:
    """The semester asked for follows from the start of the treatment and is within the plan."""
    most = case.number("dental.orthodontics_semesters")
    semester = whole(case.typed.get("semester")) or whole(case.answers.get("semester"))
    begun = day_of(case.typed.get("treatment_started_on"))
    begun = begun or day_of(case.answers.get("started_on"))
    if semester is None:
        return Found(Verdict.UNKNOWN, (Figure("most", most, "count"),))
    figures = [Figure("semester", semester, "count"), Figure("most", most, "count")]
    if begun is not None:
        expected = semester_on(begun, first_day(case) or case.received_on)
        figures.append(Figure("expected", expected, "count"))
        if semester <= most and semester != expected:
            return Found(Verdict.ATTENTION, tuple(figures))
    return Found(Verdict.EXCEEDS if semester > most else Verdict.FITS, tuple(figures))


def semester_on(begun: date, on: date) -> int:
    """Return which half-year of a treatment a day is in, from 1; 1 before it begins.

    >>> semester_on(date(2026, 1, 31), date(2026, 7, 30)), semester_on(
    ...     date(2026, 1, 31), date(2026, 7, 31)
    ... )
    (1, 2)
    """
    number = 1
    while add_months(begun, 6 * number) <= on:
        number += 1
    return number
