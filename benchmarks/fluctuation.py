"""A month of overruns for every beneficiary: the engine alone, on one core.

``python -m benchmarks.fluctuation [--files 14000] [--json]``
"""

import random
import resource
import time
from datetime import date, timedelta
from fractions import Fraction

from benchmarks._fund import arguments, show
from medcontrol.rules.long_term_care.billing import BilledPeriod, check_bill
from medcontrol.rules.long_term_care.facts import Plan, PlannedAct, Span, Stay
from medcontrol.rules.long_term_care.overrun import overrun, overrun_as_given
from medcontrol.rules.long_term_care.terms import Rounding
from medcontrol.services.long_term_care import right_terms, weekly_limits

MONTH = Span(date(2016, 3, 1), date(2016, 3, 31))
DAY = timedelta(days=1)
_KIB_PER_MIB = 1024

Person = tuple[list[tuple[Span, tuple[PlannedAct, ...]]], list[Stay], Fraction]


def main() -> None:
    """Work the month out and print seconds, periods and minutes."""
    parser = arguments(__doc__ or "", 14_000)
    given = parser.parse_args()
    people = make_people(given.files)
    begun = time.perf_counter()
    periods = sum(one(person) for person in people)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_MIB
    show(
        {
            "beneficiaries": len(people),
            "seconds": round(seconds, 2),
            "us_each": round(seconds / len(people) * 1e6),
            "periods": periods,
            "peak_mib": round(peak),
        },
        as_json=given.json,
    )


def make_people(count: int) -> list[Person]:
    """Return invented people: eight acts, some with a change of plan, a third with a stay."""
    draw = random.Random(1)  # noqa: S311 - the same people each time
    return [_person(draw) for _ in range(count)]


def one(person: Person) -> int:
    """Check one person's bill of the month, overrun and ceiling; return its periods."""
    acts, stays, billed = person
    plans = [Plan(span, planned) for span, planned in acts]
    terms, limits = right_terms(MONTH.last), weekly_limits()
    right = overrun(plans, stays, need=None, period=MONTH, terms=terms, limits=limits)
    whole = overrun_as_given(plans, MONTH, readings=terms.readings, limits=limits)
    checked = check_bill(
        [BilledPeriod(MONTH, billed)], whole.periods, right.periods, rounding=Rounding.HALF_UP
    )
    return len(right.periods) + len(whole.periods) + len(checked)


def _person(draw: random.Random) -> Person:
    acts = tuple(
        PlannedAct(f"AEV{n}", Fraction(draw.randint(20, 240)), Fraction(1),
                   Fraction(draw.choice((0, 1, 1, 2)), 2))
        for n in range(8)
    )  # fmt: skip
    change = date(2016, 3, draw.randint(2, 30)) if draw.random() < 0.2 else None
    plans = [(Span(date(2015, 1, 1), change - DAY if change else date.max), acts)]
    if change:
        plans.append((Span(change, date.max), acts[:6]))
    stays = []
    if draw.random() < 0.35:
        admitted = date(2016, 2, 1) + draw.randint(0, 40) * DAY
        stays.append(Stay(admitted, admitted + draw.randint(0, 20) * DAY, draw.random() < 0.8))
    return plans, stays, Fraction(draw.randint(0, 9000))


if __name__ == "__main__":
    main()
