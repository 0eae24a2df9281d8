"""Second readings on the real database: held, read, released or given back, and never lost."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from assignment import readers
from assignment.readers import readers_for
from medcontrol import journal, outbox
from medcontrol.errors import AlreadyDone, Forbidden, InvalidInput
from medcontrol.ids import new_id
from medcontrol.model import (
    AccessLog,
    ControlFile,
    Deadline,
    DoctorSuperior,
    Document,
    HumanTask,
    Letter,
    MedicalRecord,
    Message,
    OutboxMessage,
    SecondReading,
)
from medcontrol.ports import Post
from medcontrol.services.letters import send_letter
from medcontrol.vocabulary import (
    ControlFileStatus,
    DeadlineStatus,
    HoldEnd,
    LetterStatus,
    MedicalRecordKind,
    ProposalStatus,
    ReadingFinding,
    ReadingStatus,
    Role,
)
from tests.factories import NOW, make_principal
from tests.quality.worlds import LATER, Readers, make_reader, make_readers
from workflows.commands import undo_decision
from workflows.linked import quality
from workflows.tools import Tools


class Carrier(Post):
    """Takes every letter and counts them."""

    def __init__(self) -> None:
        self.taken: list[UUID] = []

    def send(self, letter_id: UUID, pdf: bytes, *, idempotency_key: str, recipient: str) -> str:  # noqa: ARG002 - the port's
        self.taken.append(letter_id)
        return f"R-{len(self.taken)}"


@pytest.fixture
def fund(db: Session, tools: Tools) -> Readers:
    return make_readers(db, tools)


def refusal_letter(fund: Readers, file: ControlFile) -> Letter:
    return fund.session.exec(
        select(Letter)
        .where(Letter.control_file_id == file.id, Letter.code == "refusal")
        .execution_options(populate_existing=True)
    ).one()


def message_of(fund: Readers, letter: Letter) -> OutboxMessage:
    return fund.session.exec(
        select(OutboxMessage)
        .where(OutboxMessage.key == f"letter:{letter.id}")
        .execution_options(populate_existing=True)
    ).one()


def due(fund: Readers, at: Any) -> set[str]:
    """Keys of what the relay would hand over at an instant, without handing it over."""
    savepoint = fund.session.begin_nested()
    found = {each.key for each in outbox.take_due(fund.session, now=at)}
    savepoint.rollback()
    fund.session.expire_all()
    return found


def deliver(fund: Readers, letter: Letter) -> LetterStatus | None:
    return send_letter(
        fund.session, message_of(fund, letter).id, render=lambda *_: b"%PDF-1.7 x",
        documents=fund.world.tools.documents, post=Carrier(), now=lambda: LATER,
    )  # fmt: skip


def test_a_refusal_of_high_risk_leaves_when_its_reader_finds_nothing_major(fund: Readers) -> None:
    file = fund.refused()
    letter = refusal_letter(fund, file)
    reading = fund.opened(file)
    assert message_of(fund, letter).key not in due(fund, LATER + timedelta(hours=1))

    fund.end(reading, "refused_medical", motive_code="med.not_justified")
    fund.end(reading, "conform")

    assert (reading.finding, reading.hold_end) == (ReadingFinding.CONFORM, HoldEnd.READ)
    assert reading.is_same_outcome is True
    assert due(fund, LATER) >= {f"letter:{letter.id}", *reading.held_keys}
    assert deliver(fund, letter) is LetterStatus.SENT
    assert journal.verify(fund.session)[1] == []


def test_a_letter_waits_no_longer_than_its_own_clock_allows(fund: Readers) -> None:
    long = fund.reading_of(fund.refused())
    assert long.held_until is not None
    assert long.held_until <= NOW + timedelta(days=4)
    taken = fund.world.take(
        external_id="Q-2", flow="care_abroad", nature="authorisation", form=None
    )
    file = fund.world.file(taken)
    fund.session.execute(
        sa.update(ControlFile)
        .where(ControlFile.id == file.id)
        .values(due_at=NOW + timedelta(hours=2))  # type: ignore[arg-type]
    )

    fund.session.expire_all()
    fund.world.walk(file, ("refused_medical", {"motive_code": "med.not_justified"}), "agreed")

    assert fund.reading_of(file).held_until == NOW + timedelta(hours=2)


def test_a_wait_that_is_over_ends_by_itself_and_is_reported(fund: Readers) -> None:
    file = fund.refused()
    reading = fund.opened(file)
    letter = refusal_letter(fund, file)
    assert reading.held_until is not None
    over = reading.held_until

    # Nobody has to do anything for it to leave.
    assert f"letter:{letter.id}" in due(fund, over)
    quality._report_limit(fund.session, reading.id, over)

    assert reading.hold_end is HoldEnd.LIMIT
    said = fund.session.execute(
        sa.text("SELECT action FROM journal_entry WHERE control_file_id = :id"), {"id": file.id}
    ).scalars()
    assert "quality.limit_passed" in set(said)


def test_a_major_finding_gives_the_file_back_before_anything_left(fund: Readers) -> None:
    file = fund.refused()
    reading = fund.opened(file)
    letter = refusal_letter(fund, file)
    fund.end(reading, "granted", reasoning="Indication évidente.")

    fund.end(reading, "major", form={"words": "Le soin n’existe pas au Maroc.",
                                     "criteria_applied": "no"})  # fmt: skip

    fund.session.refresh(file)
    task = fund.world.task(file)
    assert file.status is not ControlFileStatus.CLOSED
    assert (file.outcome, file.closed_at) == (None, None)
    assert "returned" in task.signals
    assert refusal_letter(fund, file).status is LetterStatus.CANCELLED
    assert deliver(fund, letter) is None
    assert fund.decision(file).undone_at == LATER
    assert reading.hold_end is HoldEnd.RETURNED
    words = fund.session.exec(select(Message).where(Message.control_file_id == file.id)).one()
    assert words.author_name == "Contrôle qualité"
    clocks = fund.session.exec(
        select(Deadline).where(Deadline.control_file_id == file.id, Deadline.name == "answer")
    ).all()
    assert {clock.status for clock in clocks} == {DeadlineStatus.RUNNING}
    assert journal.verify(fund.session)[1] == []
    # The doctor decides anew, and the new decision is drawn and held anew.
    fund.world.end(file, "disagreed")
    assert fund.decision(file).undone_at == LATER


def test_a_letter_that_is_being_sent_is_not_called_back(fund: Readers) -> None:
    file = fund.refused()
    reading = fund.opened(file)
    letter = refusal_letter(fund, file)
    fund.end(reading, "granted")
    assert reading.held_until is not None
    quality._report_limit(fund.session, reading.id, reading.held_until)
    assert deliver(fund, letter) is LetterStatus.SENT

    fund.end(reading, "major")

    fund.session.refresh(file)
    assert file.status is ControlFileStatus.CLOSED
    assert reading.returned_at is None
    assert reading.proposal is ProposalStatus.OPEN


def test_a_coordinator_answers_a_major_finding_after_notification(fund: Readers) -> None:
    file = fund.refused()
    document = Document.model_validate(
        {"received_file_id": file.received_file_id, "kind": "report", "title": "Compte rendu",
         "document_class": "medical", "media_type": "application/pdf", "sha256": "0" * 64,
         "size": 3, "is_stored": True, "added_at": NOW}
    )  # fmt: skip
    fund.session.add(document)
    reading = fund.opened(file)
    fund.end(reading, "granted")
    assert deliver(fund, refusal_letter(fund, file)) is LetterStatus.SENT
    fund.end(reading, "major")
    coordinator = fund.world.by_doctor[fund.world.regional.id]
    stranger = make_principal(fund.session, Role.COORDINATOR, "MA-04")

    with pytest.raises(Forbidden):
        quality.accept_correction(
            fund.session, fund.world.tools, reading.id, principal=stranger, now=LATER
        )
    again = quality.accept_correction(
        fund.session, fund.world.tools, reading.id, principal=coordinator, now=LATER
    )

    assert again.parent_id == file.id
    assert again.flow == "care_abroad"
    assert again.assigned_doctor_id != fund.world.doctor.id
    copied = fund.session.exec(
        select(Document).where(Document.received_file_id == again.received_file_id)
    ).one()
    assert copied.sha256 == document.sha256
    kinds = fund.session.exec(
        select(MedicalRecord.kind).where(MedicalRecord.control_file_id == again.id)
    ).all()
    assert kinds == [MedicalRecordKind.INTAKE]
    with pytest.raises(AlreadyDone):
        quality.dismiss_correction(
            fund.session, reading.id, "Trop tard", principal=coordinator, now=LATER
        )


def test_a_decision_stays_with_a_reason_only(fund: Readers) -> None:
    file = fund.refused()
    reading = fund.opened(file)
    fund.end(reading, "granted")
    assert deliver(fund, refusal_letter(fund, file)) is LetterStatus.SENT
    fund.end(reading, "major")
    coordinator = fund.world.by_doctor[fund.world.regional.id]

    with pytest.raises(InvalidInput):
        quality.dismiss_correction(fund.session, reading.id, " ", principal=coordinator, now=LATER)
    quality.dismiss_correction(
        fund.session, reading.id, "Avis du collège", principal=coordinator, now=LATER
    )

    assert reading.proposal is ProposalStatus.DISMISSED


def test_a_decision_taken_back_by_its_doctor_is_not_read(fund: Readers) -> None:
    file = fund.refused()
    central = fund.world.by_doctor[fund.world.central.id]

    undo_decision(
        fund.session, fund.world.tools, file.id, expected_version=None, principal=central,
        now=NOW + timedelta(seconds=20),
    )  # fmt: skip

    reading = fund.reading_of(file)
    fund.session.refresh(reading)
    assert (reading.status, reading.unread_reason) == (ReadingStatus.UNREAD, "undone")
    held = fund.session.exec(
        select(OutboxMessage.last_error).where(col(OutboxMessage.key).in_(reading.held_keys))
    ).all()
    assert set(held) == {"withdrawn"}


def test_without_a_reader_the_letter_leaves_at_once_and_it_is_said(
    db: Session, tools: Tools
) -> None:
    fund = make_readers(db, tools, count=0)
    file = fund.refused()

    reading = fund.opened(file)

    assert (reading.status, reading.unread_reason) == (ReadingStatus.UNREAD, "no_reader")
    assert reading.hold_end is HoldEnd.UNREAD
    assert f"letter:{refusal_letter(fund, file).id}" in due(fund, LATER)


def test_who_had_the_file_answers_for_its_author_or_opened_it_never_reads_it(
    fund: Readers,
) -> None:
    file = fund.refused()
    (first,) = fund.readers
    written_by = fund.reading_of(file).author_doctor_id
    for relation in ("opened", "superior"):
        doctor, principal = make_reader(fund.session)
        fund.readers[doctor.id] = principal
        if relation == "superior":
            fund.session.add(
                DoctorSuperior(
                    doctor_id=written_by, superior_id=doctor.id,
                    valid_from=NOW.date() - timedelta(days=400),
                )
            )  # fmt: skip
        else:
            fund.session.add(
                AccessLog(id=new_id(), at=NOW, user_id=principal.id, control_file_id=file.id,
                          what="intake", purpose="file_page")
            )  # fmt: skip
    took_part = {
        task.done_by_doctor_id
        for task in fund.session.exec(
            select(HumanTask).where(HumanTask.control_file_id == file.id, HumanTask.is_medical)
        )
    }
    for each in (fund.world.regional, fund.world.central, fund.world.doctor):
        make_principal(fund.session, Role.QUALITY_READER, "MA-CENTRAL", each)
    fund.session.flush()

    found = readers_for(fund.session, file.id, "ma", day=NOW.date())

    assert written_by in took_part
    assert not took_part & set(found)
    others = {fund.world.regional.id, fund.world.central.id, fund.world.doctor.id} - took_part
    assert set(found) == {first, *others}


def test_who_declines_hands_the_reading_to_another_reader(db: Session, tools: Tools) -> None:
    fund = make_readers(db, tools, count=2)
    reading = fund.opened(fund.refused())
    before = fund.task(reading).assigned_doctor_id

    fund.end(reading, "recused")

    after = fund.task(reading).assigned_doctor_id
    assert after is not None
    assert after != before
    fund.end(reading, "refused_medical", motive_code="med.not_justified")
    assert fund.task(reading).assigned_doctor_id == after  # the grid stays with who decided


def test_a_reader_has_so_many_readings_a_month_and_no_more(
    fund: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "CAP", "quality.newcomer_months")  # a law that says three
    rows = [fund.refused(external_id=f"Q-{n}") for n in range(4)]

    opened = [fund.opened(file) for file in rows]

    assert [each.status for each in opened].count(ReadingStatus.READING) == 3
    assert opened[3].unread_reason == "no_reader"


def test_a_run_that_died_is_taken_up_by_the_next_one(fund: Readers) -> None:
    reading = fund.reading_of(fund.refused())
    savepoint = fund.session.begin_nested()
    quality.open_reading(fund.session, fund.world.tools, reading.id, now=LATER)
    savepoint.rollback()  # the worker dies before its transaction ends
    fund.session.expire_all()
    assert fund.session.get_one(SecondReading, reading.id).status is ReadingStatus.DRAWN

    for _ in range(2):  # and twice at once does it once
        quality.open_reading(fund.session, fund.world.tools, reading.id, now=LATER)

    children = fund.session.exec(
        select(ControlFile).where(ControlFile.parent_id == reading.control_file_id)
    ).all()
    assert [child.flow for child in children] == ["quality"]


def test_a_reading_set_aside_lets_the_letter_leave(fund: Readers) -> None:
    file = fund.refused()
    reading = fund.opened(file)
    coordinator = fund.world.by_doctor[fund.world.regional.id]

    quality.set_aside(fund.session, fund.world.tools, reading.id, principal=coordinator, now=LATER)

    fund.session.refresh(reading)
    assert (reading.status, reading.hold_end) == (ReadingStatus.CANCELLED, HoldEnd.UNREAD)
    assert f"letter:{refusal_letter(fund, file).id}" in due(fund, LATER)


def test_a_reading_that_fails_costs_no_other_one_and_is_tried_again(
    fund: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other = fund.refused(), fund.refused("Q-2")
    fund.session.commit()
    bad, real = fund.reading_of(file).id, quality.open_reading

    def failing(session: Any, tools: Any, reading_id: Any, *, now: Any) -> ReadingStatus:
        if reading_id == bad:
            raise RuntimeError("a bug")
        return real(session, tools, reading_id, now=now)

    monkeypatch.setattr(quality, "open_reading", failing)
    first = quality.move_readings(fund.world.tools, "ma", now=lambda: LATER)
    assert (first.opened, first.failed) == (1, 1)
    assert fund.reading_of(other).status is ReadingStatus.READING

    monkeypatch.setattr(quality, "open_reading", real)
    again = quality.move_readings(fund.world.tools, "ma", now=lambda: LATER)
    assert (again.opened, again.failed) == (1, 0)


def test_a_run_opens_what_is_drawn_and_reports_what_waited_too_long(fund: Readers) -> None:
    file = fund.refused()
    fund.session.commit()
    tools = fund.world.tools

    too_soon = quality.move_readings(tools, "ma", now=lambda: NOW)
    opened = quality.move_readings(tools, "ma", now=lambda: LATER)
    reading = fund.reading_of(file)
    over = reading.held_until
    assert over is not None
    passed = quality.move_readings(tools, "ma", now=lambda: over)
    nothing = quality.move_readings(tools, "ma", now=lambda: over)

    assert (too_soon.opened, opened.opened) == (0, 1)
    assert (passed.limits_passed, nothing.limits_passed) == (1, 0)
    assert fund.reading_of(file).hold_end is HoldEnd.LIMIT
