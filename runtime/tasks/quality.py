"""Second readings and steering, on time."""

from datetime import time, timedelta

from celery import shared_task

from medcontrol.clock import civil_date, utc_now
from medcontrol.db import transaction
from medcontrol.queries.steering import LONGEST_MONTHS
from medcontrol.reference.strata import strata
from medcontrol.services import schedule, steering
from medcontrol.settings import settings
from runtime import wiring
from runtime.tasks.periodic import alone
from workflows.linked import quality
from workflows.linked.quality_draws import draw_campaign

NIGHT = time(1, 30)


@shared_task(name="quality.move")
def move_readings() -> None:
    """Report waits that are over, and open the readings that are drawn."""
    place = settings().jurisdiction
    if strata(place):
        tools = wiring.tools()
        alone("quality.move", lambda: quality.move_readings(tools, place, now=utc_now).as_json())


@shared_task(name="quality.draw")
def draw_readings() -> None:
    """Once a night, draw what was decided without a draw: imported decisions."""
    name, now, place = "quality.draw", utc_now(), settings().jurisdiction
    if not strata(place):
        return
    with transaction() as session:
        if not schedule.is_due_daily(session, name, at=NIGHT, now=now, jurisdiction=place):
            return
    alone(name, lambda: _drawn(place))


def _drawn(place: str) -> dict[str, int]:
    now = utc_now()
    today = civil_date(now, place)
    found: dict[str, int] = {}
    # The month before too, while its last days are new.
    for day in {today.replace(day=1), (today - timedelta(days=3)).replace(day=1)}:
        campaign = day.isoformat()[:7]
        with transaction() as session:
            done = draw_campaign(session, wiring.keys(), place, campaign, now=now)
        found[campaign] = done.new
    return found


@shared_task(name="steering.count")
def count_months() -> None:
    """Once a night, count the last months of steering, and earlier ones that nobody counted."""
    name, now, place = "steering.count", utc_now(), settings().jurisdiction
    with transaction() as session:
        if not schedule.is_due_daily(session, name, at=NIGHT, now=now, jurisdiction=place):
            return
    alone(name, lambda: _counted(place))


def _counted(place: str) -> dict[str, int]:
    now = utc_now()
    today = civil_date(now, place)
    with transaction() as session:
        months = steering.months_to_count(session, place, today=today, back=LONGEST_MONTHS)
    found: dict[str, int] = {}
    for month in months:
        with transaction() as session:
            cells = steering.count_month(session, place, month, today=today, now=now)
        found[month.isoformat()[:7]] = cells
    return found
