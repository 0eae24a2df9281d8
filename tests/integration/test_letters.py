"""A letter leaves once, under one key, however often and by however many it is asked for."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol import db as database
from medcontrol import journal, outbox
from medcontrol.crypto import KeyRing
from medcontrol.documents import FolderStore
from medcontrol.errors import NotFound, Unavailable
from medcontrol.ids import new_id
from medcontrol.model import ControlFile, JournalEntry, Letter, OutboxMessage
from medcontrol.outbox import NewMessage
from medcontrol.ports import Post
from medcontrol.services.letters import send_letter
from medcontrol.vocabulary import LetterStatus
from tests.factories import NOW, make_control_file
from tests.flow_world import make_world
from tests.post_receiver import RecordingPost
from workflows.letters.rendering import render
from workflows.tools import Tools


@pytest.fixture
def store(tmp_path: Path, keys: KeyRing) -> FolderStore:
    return FolderStore(tmp_path / "documents", keys)


def write_letter(session: Session, **changes: object) -> tuple[Letter, UUID]:
    """A letter that waits, and the id of the message that sends it."""
    file = make_control_file(session)
    letter = Letter.model_validate(
        {
            "id": new_id(), "control_file_id": file.id, "occasion": "step:1:0", "code": "grant",
            "pack": "ma/ald/1", "language": "fr", "recipient": "insured", "context": {},
            "written_at": NOW, **changes,
        }
    )  # fmt: skip
    session.add(letter)
    key = f"letter:{letter.id}"
    payload = {"letter_id": str(letter.id)}
    session.flush()
    asked = NewMessage(topic="letters.send", key=key, payload=payload)
    outbox.publish(session, [asked], now=NOW)
    session.commit()
    found = session.exec(select(OutboxMessage).where(OutboxMessage.key == key)).one()
    return letter, found.id


def fake_pdf(letter: Letter, file: ControlFile) -> bytes:
    return f"%PDF {letter.code} {file.reference}".encode()


def send(session: Session, message_id: UUID, post: Post, store: FolderStore) -> LetterStatus | None:
    return send_letter(
        session, message_id, render=fake_pdf, documents=store, post=post, now=lambda: NOW
    )


def test_a_letter_is_handed_over_kept_and_journaled_and_its_message_done(
    db: Session, store: FolderStore
) -> None:
    letter, message_id = write_letter(db)
    post = RecordingPost()

    status = send(db, message_id, post, store)

    assert status is LetterStatus.SENT
    assert post.keys == [f"letter:{letter.id}"]
    assert (letter.sent_at, letter.carrier_reference) == (NOW, f"R-{letter.id}")
    assert letter.pdf_sha256 is not None
    assert store.get(letter.pdf_sha256) == post.pdfs[0]
    assert db.get_one(OutboxMessage, message_id).done_at == NOW
    assert [entry.action for entry in db.exec(select(JournalEntry)).all()] == ["letter.sent"]
    assert journal.verify(db)[1] == []


def test_a_letter_that_was_sent_is_not_sent_again(db: Session, store: FolderStore) -> None:
    _, message_id = write_letter(db)
    post = RecordingPost()

    statuses = [send(db, message_id, post, store) for _ in range(3)]

    assert statuses == [LetterStatus.SENT, None, None]
    assert len(post.keys) == 1


def test_a_cancelled_letter_never_leaves_and_its_message_is_done(
    db: Session, store: FolderStore
) -> None:
    _, message_id = write_letter(db, status=LetterStatus.CANCELLED)
    post = RecordingPost()

    status = send(db, message_id, post, store)

    assert (status, post.keys) == (LetterStatus.CANCELLED, [])
    assert db.get_one(OutboxMessage, message_id).done_at == NOW


def test_a_carrier_that_takes_nothing_leaves_the_letter_waiting_for_the_same_key(
    db: Session, store: FolderStore
) -> None:
    letter, message_id = write_letter(db)
    post = RecordingPost(refusals=1)

    with pytest.raises(Unavailable), database.transaction() as session:
        send(session, message_id, post, store)
    with database.transaction() as session:
        send(session, message_id, post, store)

    db.refresh(letter)
    assert letter.status is LetterStatus.SENT
    assert post.keys == [f"letter:{letter.id}"]


def test_a_message_without_its_letter_is_an_error_that_stays_visible(
    db: Session, store: FolderStore
) -> None:
    wrong = NewMessage(topic="letters.send", key="x", payload={"letter_id": str(new_id())})
    outbox.publish(db, [wrong], now=NOW)
    message_id = db.exec(select(OutboxMessage.id)).one()

    with pytest.raises(NotFound):
        send(db, message_id, RecordingPost(), store)

    assert db.get_one(OutboxMessage, message_id).done_at is None


def test_a_letter_asked_for_four_times_at_once_leaves_once(
    committed: sa.Engine, store: FolderStore
) -> None:
    with database.transaction() as session:
        letter, message_id = write_letter(session)
    post = RecordingPost()
    together = threading.Barrier(4, timeout=60)

    def run(_: int) -> None:
        with database.using(committed):
            together.wait()
            with database.transaction() as session:
                send(session, message_id, post, store)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(run, range(4)))

    assert post.keys == [f"letter:{letter.id}"]


def test_after_a_crash_between_the_carrier_and_the_commit_the_same_key_is_used(
    committed: sa.Engine, store: FolderStore
) -> None:
    with database.transaction() as session:
        letter, message_id = write_letter(session)
    post = RecordingPost()

    def die_before_the_commit() -> None:
        with database.transaction() as session:
            send(session, message_id, post, store)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die_before_the_commit()
    with database.transaction() as session:
        send(session, message_id, post, store)

    assert post.keys == [f"letter:{letter.id}"] * 2
    assert post.pdfs[0] == post.pdfs[1]


def test_the_letters_of_a_real_file_leave_as_pdf(db: Session, tools: Tools) -> None:
    world = make_world(db, tools)
    file = world.file(world.take())
    letter = db.exec(select(Letter).where(Letter.control_file_id == file.id)).one()
    key = f"letter:{letter.id}"
    message_id = db.exec(select(OutboxMessage.id).where(OutboxMessage.key == key)).one()
    post = RecordingPost()

    def rendered(letter: Letter, file: ControlFile) -> bytes:
        pack = tools.catalog.get(letter.pack, file.flow)
        return render(pack, letter.code, letter.language, letter.context, fonts=tools.fonts)

    send_letter(
        db, message_id, render=rendered, documents=tools.documents, post=post, now=lambda: NOW
    )

    assert post.keys == [key]
    assert post.pdfs[0].startswith(b"%PDF")
    assert journal.verify(db)[1] == []
