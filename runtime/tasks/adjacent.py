"""Opinions asked outside: reminders by day; files that follow from a decision."""

from uuid import UUID

from celery import shared_task

from medcontrol.clock import utc_now
from medcontrol.db import transaction
from medcontrol.settings import settings
from runtime import wiring
from runtime.tasks.failing import noted
from runtime.tasks.periodic import Result, alone
from workflows.effects.successions import TOPIC
from workflows.linked.opinion_reminders import give_up_stale, remind_due
from workflows.linked.successions import open_asked


@shared_task(name=TOPIC)
def open_file(message_id: str) -> None:
    """Open the file that a decision asked for; called again, it finds that done."""
    key = UUID(message_id)
    with noted(key), transaction() as session:
        open_asked(session, wiring.tools(), key, now=utc_now())


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
