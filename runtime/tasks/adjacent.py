"""Opinions asked outside: reminders by day, and what no flow waits for any more."""

from celery import shared_task

from medcontrol.clock import utc_now
from medcontrol.db import transaction
from medcontrol.settings import settings
from runtime.tasks.periodic import Result, alone
from workflows.linked.opinion_reminders import give_up_stale, remind_due


@shared_task(name="opinions.remind")
def remind_opinions() -> None:
    """Remind who was asked for an opinion: ahead of the day, on it, and after it."""
    alone("opinions.remind.run", _remind)


def _remind() -> Result:
    now = utc_now()
    with transaction() as session:
        ended = give_up_stale(session, now=now)
    reminded = 0
    while True:
        with transaction() as session:
            sent = remind_due(session, jurisdiction=settings().jurisdiction, now=now)
        reminded += sent
        if not sent:
            return {"reminded": reminded, "ended": ended}
