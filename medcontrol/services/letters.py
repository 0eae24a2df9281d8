"""Sending a letter that was written: rendered, kept, handed to the post, journaled (courriers)."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from medcontrol import journal, outbox
from medcontrol.clock import Clock, civil_date
from medcontrol.documents import DocumentStore, StoredDocument
from medcontrol.errors import NotFound, Unavailable
from medcontrol.model import ControlFile, Letter, OutboxMessage
from medcontrol.ports import AccountLetter, Accounts, Post
from medcontrol.services import files
from medcontrol.vocabulary import LetterStatus, LetterWay

#: Gives the PDF of a letter of a file, from what is frozen in the letter alone.
Render = Callable[[Letter, ControlFile], bytes]


def send_letter(
    session: Session,
    message_id: UUID,
    *,
    render: Render,
    documents: DocumentStore,
    post: Post,
    accounts: Accounts | None = None,
    now: Clock,
) -> LetterStatus | None:
    """Send one letter, however often and by however many this is called.

    A second caller waits for the file's lock and then finds the message done. If the process
    dies between the carrier's answer and the commit, the next call repeats the same idempotency
    key. What takes time is done before the lock, but for the post itself, whose time-out is
    shorter than anybody's patience for a lock.

    Args:
        session: a transaction of this call's own.
        message_id: the outbox message that asks for it.
        render: makes the PDF; the same bytes for the same letter.
        documents: where the PDF is kept.
        post: the carrier.
        accounts: where letters of people who chose it are delivered.
        now: the clock.

    Returns:
        The letter's status now; None when the message was done or withdrawn before.

    Raises:
        Unavailable: nobody took the letter; call again later.
        NotFound: the message tells of a letter that does not exist.
    """
    message = session.get(OutboxMessage, message_id)
    if message is None or message.done_at is not None or message.dead_at is not None:
        return None
    letter = session.get(Letter, UUID(message.payload["letter_id"]))
    if letter is None:
        raise NotFound("there is no such letter", field="letter_id")
    pdf = _pdf(session, letter, render)
    kept = documents.put(pdf) if pdf is not None else None
    # The order of every command: file, message, letter; an undone decision takes them so too.
    file = files.lock(session, letter.control_file_id)
    if outbox.begin(session, message_id) is None:
        return None
    session.refresh(letter, with_for_update=True)
    if letter.status is LetterStatus.WAITING and pdf is not None and kept is not None:
        letter.carrier_reference = _hand_over(letter, file, pdf, post, accounts)
        _note_sent(session, letter, kept, now())
    outbox.finish(message, now=now())
    return letter.status


def _pdf(session: Session, letter: Letter, render: Render) -> bytes | None:
    """Return the PDF of a letter that is to be sent; None for one that was sent or cancelled."""
    if letter.status is not LetterStatus.WAITING:
        return None
    return render(letter, session.get_one(ControlFile, letter.control_file_id))


def _hand_over(
    letter: Letter, file: ControlFile, pdf: bytes, post: Post, accounts: Accounts | None
) -> str:
    """Give a letter to whoever carries it, under its one key; return their reference."""
    key = f"letter:{letter.id}"
    if letter.way is not LetterWay.DIGITAL:
        return post.send(letter.id, pdf, idempotency_key=key, recipient=letter.recipient)
    if accounts is None:
        raise Unavailable("MEDCONTROL_ACCOUNTS_URL is not set any more", field="accounts_url")
    told = AccountLetter(
        id=letter.id,
        registration_number=file.registration_number,
        language=letter.language,
        written_on=civil_date(letter.written_at, file.jurisdiction),
    )
    return accounts.deliver(told, pdf, idempotency_key=key)


def _note_sent(session: Session, letter: Letter, kept: StoredDocument, now: datetime) -> None:
    letter.status = LetterStatus.SENT
    letter.sent_at = now
    letter.pdf_sha256 = kept.sha256
    journal.record(
        session,
        letter.control_file_id,
        "letter.sent",
        {"letter": str(letter.id), "code": letter.code, "pdf": kept.sha256},
        actor=journal.SYSTEM,
        now=now,
    )
