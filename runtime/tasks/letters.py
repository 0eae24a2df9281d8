"""Letters leave; slips of paper files that do not arrive are reported."""

from collections.abc import Mapping
from uuid import UUID

from celery import shared_task

from medcontrol.clock import utc_now
from medcontrol.db import transaction
from medcontrol.model import ControlFile, Letter
from medcontrol.services.calendar import working_calendar
from medcontrol.services.letters import send_letter
from medcontrol.services.paper_reception import warn_of_overdue
from medcontrol.settings import settings
from runtime import wiring
from runtime.tasks.failing import noted
from runtime.tasks.periodic import alone
from workflows.letters.copies import render_letter


def rendered(letter: Letter, file: ControlFile) -> bytes:
    """Return a letter's PDF."""
    return render_letter(wiring.tools(), letter, file)


@shared_task(name="letters.send")
def send(message_id: str) -> None:
    """Send the letter that an outbox message asks for."""
    key = UUID(message_id)
    with noted(key), transaction() as session:
        send_letter(
            session,
            key,
            render=rendered,
            documents=wiring.tools().documents,
            post=wiring.post(),
            accounts=wiring.accounts(),
            now=utc_now,
        )


@shared_task(name="paper.watch")
def watch_paper() -> None:
    """Report slips of paper files that should have arrived, each once."""

    def work() -> Mapping[str, int]:
        configured = settings()
        with transaction() as session:
            calendar = working_calendar(session, configured.jurisdiction)
            late = warn_of_overdue(
                session, calendar, after_days=configured.paper_missing_days, now=utc_now()
            )
        return {"overdue": late}

    alone("paper.watch", work)
