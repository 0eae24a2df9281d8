"""Clocks and agendas: alerts, reminders, and deadlines counted again after the calendar changed."""

from dataclasses import asdict
from uuid import UUID

from celery import shared_task

from medcontrol.clock import utc_now
from medcontrol.errors import Unavailable
from medcontrol.settings import settings
from runtime import wiring
from runtime.tasks.asked import carry_out
from runtime.tasks.periodic import alone
from workflows import sweeping
from workflows.steps.calendar_changes import TOPIC
from workflows.steps.recounting import run


@shared_task(name="deadlines.warn")
def warn_of_deadlines() -> None:
    """Tell supervisors of the legal deadlines that near."""
    alone("deadlines.warn", lambda: asdict(sweeping.warn_of_deadlines(wiring.tools(), now=utc_now)))


@shared_task(name="appointments.remind")
def remind_of_appointments() -> None:
    """Tell other systems of appointments that near, so that the people are reminded."""
    place = settings().jurisdiction
    name = "appointments.remind"
    alone(
        name,
        lambda: asdict(sweeping.remind_of_appointments(wiring.tools(), place, now=utc_now)),
    )


@shared_task(name=TOPIC)
def recount(message_id: str) -> None:
    """Count deadlines again after a change of the calendar; one that was killed goes on."""
    carry_out(message_id, lambda asked: _recounted(UUID(asked["id"])))


def _recounted(change_id: UUID) -> None:
    done = run(wiring.tools(), change_id, now=utc_now)
    if done.failed:
        raise Unavailable(f"{done.failed} files could not be counted again")
