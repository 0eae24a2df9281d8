"""What a night leaves behind, before the first visitor comes: measures, months, warnings."""

from datetime import datetime

from medcontrol.clock import civil_date
from medcontrol.db import transaction
from medcontrol.queries.steering import LONGEST_MONTHS
from medcontrol.services import steering
from medcontrol.services.calendar import working_calendar
from medcontrol.services.paper_reception import warn_of_overdue
from selectivity.outcomes import night
from workflows.sweeping import warn_of_deadlines
from workflows.tools import Tools

_OVERDUE_DAYS = 5


def work_the_night(tools: Tools, now: datetime) -> dict[str, int]:
    """Measure rows, drift and fairness, count the months of steering, warn of what nears.

    Returns:
        Figures of the measures, as the nightly job notes them.
    """
    today = civil_date(now, "ma")
    with transaction() as session:
        found = night.measure_all(session, tools.keys, "ma", today=today, now=now)
    with transaction() as session:
        for month in steering.months_to_count(session, "ma", today=today, back=LONGEST_MONTHS):
            steering.count_month(session, "ma", month, today=today, now=now)
        calendar = working_calendar(session, "ma")
        warn_of_overdue(session, calendar, after_days=_OVERDUE_DAYS, now=now)
    warn_of_deadlines(tools, now=lambda: now)
    return found
