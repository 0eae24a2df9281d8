"""The ranking of the night: the best of what came in yesterday and is paid the day after."""

from dataclasses import asdict
from datetime import date, timedelta

from celery import shared_task

from medcontrol.clock import civil_date, utc_now
from medcontrol.db import read_only
from medcontrol.services import schedule
from medcontrol.settings import settings
from runtime import wiring
from runtime.tasks.periodic import NIGHT, Result, alone
from workflows.gate.ranking import active_scorer, rank_night

NAME = "selectivity.rank"
_CATCH_UP = 3  # days: one that nobody ranked by then was paid long ago


@shared_task(name=NAME)
def rank() -> None:
    """Rank the days before today, once each; a night slept through is caught up."""
    now, place = utc_now(), settings().jurisdiction
    if not settings().selectivity_valve:
        return
    with read_only() as session:
        if not schedule.is_due_daily(session, NAME, at=NIGHT, now=now, jurisdiction=place):
            return
    today = civil_date(now, place)
    alone(NAME, lambda: _rank_days([today - timedelta(days=n) for n in range(_CATCH_UP, 0, -1)]))


def _rank_days(days: list[date]) -> Result:
    place, tools = settings().jurisdiction, wiring.tools()
    scorer = active_scorer(tools, place) if settings().selectivity_score else None
    return {
        day.isoformat(): asdict(rank_night(tools, place, day, now=utc_now(), scorer=scorer))
        for day in days
    }
