"""The night's work on history: one row for each bucket, then counted again and compared."""

from celery import shared_task

from medcontrol.clock import civil_date, utc_now
from medcontrol.db import read_only, transaction
from medcontrol.services import schedule
from medcontrol.settings import settings
from runtime import wiring
from runtime.tasks.periodic import NIGHT, Result, alone
from selectivity.history.checking import check_counters, merge_buckets
from selectivity.history.status import CHECK

_DAYS = 40  # a control closes, and late files arrive, well within; all of it: the command line


@shared_task(name=CHECK)
def check_history() -> None:
    """Merge and check the counters, once a night; a difference is logged as an error."""
    now, place = utc_now(), settings().jurisdiction
    with read_only() as session:
        if not schedule.is_due_daily(session, CHECK, at=NIGHT, now=now, jurisdiction=place):
            return
    alone(CHECK, _merge_and_check)


def _merge_and_check() -> Result:
    today = civil_date(utc_now(), settings().jurisdiction)
    with transaction() as session:
        merged = merge_buckets(session, today=today, days=_DAYS)
    found = check_counters(wiring.tools().keys, today=today, days=_DAYS)
    found.merged = merged
    return found.as_json()
