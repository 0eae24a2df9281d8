"""What controls teach, on time: measures of the night, blue files of the week, probe rounds."""

from datetime import time
from uuid import UUID

from celery import shared_task

from medcontrol.clock import civil_date, utc_now
from medcontrol.db import transaction
from medcontrol.services import schedule
from medcontrol.settings import settings
from runtime import wiring
from runtime.tasks.failing import noted
from runtime.tasks.periodic import alone
from selectivity.outcomes import night
from workflows.gate import blue, probe_rounds
from workflows.letters import provider as provider_letters

NIGHT = time(3, 0)


@shared_task(name="selectivity.measure")
def measure() -> None:
    """Once a night, measure rows, drift and fairness, and search for new schemes."""
    name, now, place = "selectivity.measure", utc_now(), settings().jurisdiction
    with transaction() as session:
        if not schedule.is_due_daily(session, name, at=NIGHT, now=now, jurisdiction=place):
            return
    alone(name, lambda: _measured(place))


def _measured(place: str) -> dict[str, int]:
    now = utc_now()
    with transaction() as session:
        return night.measure_all(
            session, wiring.keys(), place, today=civil_date(now, place), now=now
        )


@shared_task(name="blue.draw")
def draw_blue() -> None:
    """Draw this week's paid files for later control, once, and open them."""
    place = settings().jurisdiction

    def work() -> dict[str, object]:
        done = blue.draw_week(wiring.tools(), place, now=utc_now)
        return done.as_json() if done is not None else {}

    alone("blue.draw", work)


@shared_task(name="probes.move")
def move_probes() -> None:
    """Count probe rounds whose controls ended, write their letters, open the next ones."""
    alone("probes.move", lambda: probe_rounds.move_probes(wiring.tools(), now=utc_now))


@shared_task(name="provider_letters.send")
def send_provider_letter(message_id: str) -> None:
    """Send the letter to a provider that an outbox message asks for."""
    key = UUID(message_id)
    tools = wiring.tools()
    with noted(key), transaction() as session:
        provider_letters.send(
            session, key, fonts=tools.fonts, documents=tools.documents, post=wiring.post(),
            now=utc_now,
        )  # fmt: skip
