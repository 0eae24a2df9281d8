"""Letters leave."""

from uuid import UUID

from celery import shared_task

from medcontrol.clock import utc_now
from medcontrol.db import transaction
from medcontrol.model import ControlFile, Letter
from medcontrol.services.letters import send_letter
from runtime import wiring
from runtime.tasks.failing import noted
from workflows.letter_copies import render_letter


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
