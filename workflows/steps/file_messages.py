"""Messages between the people of a file (messagerie): encrypted, for everybody or for doctors."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from medcontrol.crypto import bind
from medcontrol.db import transaction
from medcontrol.errors import Forbidden, InvalidInput
from medcontrol.ids import new_id
from medcontrol.model import Message
from medcontrol.policy import Action, Principal, may
from medcontrol.services import medical
from medcontrol.vocabulary import MessageAudience
from workflows.steps import moving, signals
from workflows.steps.ending import actor_of
from workflows.tools import Tools


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message of a file, decrypted for somebody who may read it."""

    id: UUID
    author_name: str
    audience: MessageAudience
    sent_at: datetime
    text: str


def write_message(
    session: Session,
    tools: Tools,
    file_id: UUID,
    text: str,
    audience: MessageAudience,
    *,
    principal: Principal,
    now: datetime,
) -> UUID:
    """Write a message to the others who work on the file; encrypted.

    Raises:
        InvalidInput: empty, or longer than 4,000 characters.
        Forbidden: the file, or messages among doctors, are not for this person.
    """
    body = text.strip()
    if not 0 < len(body) <= 4000:
        raise InvalidInput("a message has 1 to 4,000 characters", field="text")
    wanted = Action.READ_MEDICAL if audience is MessageAudience.DOCTORS else Action.SEE
    if not may(session, principal, file_id, wanted):
        raise Forbidden("this file is not yours to write about")
    move = moving.begin(session, tools, file_id, actor=actor_of(principal), now=now)
    message_id = new_id()
    key_id, sealed = tools.keys.encrypt(body.encode(), bind("message", message_id))
    session.add(
        Message(
            id=message_id, control_file_id=file_id, author_id=principal.id,
            author_name=principal.name, audience=audience, sent_at=now, key_id=key_id,
            content=sealed,
        )
    )  # fmt: skip
    for task in move.tasks:
        if task.assigned_doctor_id != principal.doctor_id or principal.doctor_id is None:
            signals.add(task, signals.MESSAGE)
    move.tell("message.written", message=str(message_id), audience=audience.value)
    moving.save(move)
    return message_id


def read_messages(
    principal: Principal, tools: Tools, file_id: UUID, *, now: datetime
) -> list[ReadMessage]:
    """Return the messages of a file that this person may read, oldest first.

    Those among doctors are medical content: reading them is logged first.

    Raises:
        Forbidden: the file is not for this person.
    """
    with transaction() as session:
        if not may(session, principal, file_id, Action.SEE):
            raise Forbidden("this file is not yours to read")
        rows = session.exec(
            select(Message).where(Message.control_file_id == file_id).order_by(col(Message.sent_at))
        ).all()
        reads_medical = may(session, principal, file_id, Action.READ_MEDICAL)
    if not reads_medical:
        rows = [row for row in rows if row.audience is MessageAudience.EVERYONE]
    elif any(row.audience is MessageAudience.DOCTORS for row in rows):
        medical.log_reading(principal, file_id, "messages", "file_page", now=lambda: now)
    return [
        ReadMessage(
            row.id, row.author_name, row.audience, row.sent_at,
            tools.keys.decrypt(row.key_id, row.content, bind("message", row.id)).decode(),
        )
        for row in rows
    ]  # fmt: skip
