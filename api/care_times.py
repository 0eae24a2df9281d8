"""How long files of long-term care take, for whoever steers them."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.auth import Caller, Permission
from api.deps import Now, ReadDb
from medcontrol.clock import civil_date
from medcontrol.queries.agreement import WATCHERS
from medcontrol.queries.care_times import LONGEST_MONTHS, CareTimes, Times, care_times
from medcontrol.queries.steering import regions_of
from medcontrol.rules.calendar import add_months

router = APIRouter(tags=["steering"])

Watcher = Annotated[Caller, Depends(Permission(None, WATCHERS))]
Months = Annotated[int, Query(ge=1, le=LONGEST_MONTHS, description="How many, with this one")]


@dataclass(frozen=True, slots=True)
class TimesLine:
    """A month, a flow and who assessed; days are calendar days, null where none is known."""

    month: str
    flow: str
    channel: str
    files: int
    assessment_median_days: int | None
    assessment_p90_days: int | None
    decision_median_days: int | None
    decision_p90_days: int | None
    asked: int
    answered: int
    answer_median_days: int | None
    answer_p90_days: int | None
    within_target: int
    within_target_share: float | None


@dataclass(frozen=True, slots=True)
class TimesOut:
    """Lines by month, and totals by flow and by who assessed."""

    first: date
    last: date
    lines: list[TimesLine]
    totals: list[TimesLine]


@router.get("/care/times", response_model=TimesOut)
def get_times(caller: Watcher, db: ReadDb, now: Now, months: Months = 12) -> TimesOut:
    """Return how long reassessments and controls of long-term care took, by month of decision."""
    last = civil_date(now, "lu").replace(day=1)
    first = add_months(last, 1 - months)
    found: CareTimes = care_times(db, first, last, regions=regions_of(caller.principal))
    return TimesOut(first, last, _lines(found.lines), _lines(found.totals))


def _lines(lines: tuple[Times, ...]) -> list[TimesLine]:
    return [TimesLine(**line.as_json()) for line in lines]
