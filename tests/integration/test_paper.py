"""Physical files travel on slips, are looked for at the other end, and have a history."""

from datetime import timedelta
from itertools import count
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol import journal
from medcontrol.errors import Forbidden, InvalidInput, NotFound
from medcontrol.model import (
    AccessLog,
    ControlFile,
    JournalEntry,
    PaperSlip,
    PaperSlipFile,
    SealedEnvelope,
)
from medcontrol.policy import Principal
from medcontrol.rules.references import make_reference
from medcontrol.services import envelopes, paper, paper_moves, paper_reception
from medcontrol.services.calendar import working_calendar
from medcontrol.services.paper_moves import Desk, UnreadableCode
from medcontrol.services.paper_reception import Scan
from medcontrol.vocabulary import PaperFileState, PaperMove, Role, SlipStatus
from tests.factories import NOW, make_control_file, make_doctor, make_principal
from tests.flow_world import make_world
from workflows.tools import Tools

_serial = count(1)


def make_file(db: Session, **changes: object) -> ControlFile:
    reference = make_reference("ALD", 2026, next(_serial))
    return make_control_file(db, reference=reference, **changes)


def desk(db: Session, unit: str = "CASA-1", *, later: timedelta = timedelta()) -> Desk:
    return Desk(make_principal(db, Role.AGENT, unit), NOW + later)


def dispatched(db: Session, *files: ControlFile) -> PaperSlip:
    """A slip with these files on its way from the agency to the region."""
    here = desk(db)
    slip = paper.create(db, here, "CASA-1", "MA-06")
    for file in files:
        paper.add(db, here, slip.id, file.reference)
    paper.seal(db, here, slip.id)
    return paper.dispatch(db, here, slip.id, "Navette du mardi")


def moves(db: Session, file: ControlFile) -> list[str]:
    rows = db.execute(
        sa.text("SELECT what FROM paper_movement WHERE control_file_id = :id ORDER BY id"),
        {"id": file.id},
    )
    return [PaperMove(row[0]) for row in rows]


def states(db: Session, slip: PaperSlip) -> dict[str, PaperFileState]:
    rows = db.execute(
        sa.text(
            "SELECT f.reference, s.state FROM paper_slip_file s"
            " JOIN control_file f ON f.id = s.control_file_id WHERE s.slip_id = :id"
        ),
        {"id": slip.id},
    )
    return {row[0]: PaperFileState(row[1]) for row in rows}


def test_a_slip_takes_files_by_scan_and_arrives_file_by_file(db: Session) -> None:
    one, two = make_file(db), make_file(db)
    slip = dispatched(db, one, two)
    there = desk(db, "MA-06", later=timedelta(days=1))
    db.refresh(one)
    on_the_way = one.paper_location

    first = paper_reception.scan(db, there, slip.id, one.reference, "Armoire 2")
    again = paper_reception.scan(db, there, slip.id, one.reference)
    missing = paper_reception.finish(db, there, slip.id)

    db.refresh(one)
    db.refresh(two)
    assert slip.number.startswith("BRD-2026-")
    assert "→" in (on_the_way or "")
    assert (first.result, again.result, missing) == (Scan.FOUND, Scan.AGAIN, 1)
    assert (one.paper_location or "").endswith("· Armoire 2")
    assert one.paper_slip == two.paper_slip == slip.number
    assert slip.status is SlipStatus.RECEIVED
    assert states(db, slip) == {
        one.reference: PaperFileState.FOUND, two.reference: PaperFileState.MISSING
    }  # fmt: skip
    assert moves(db, one) == [PaperMove.DISPATCHED, PaperMove.ARRIVED]
    assert moves(db, two) == [PaperMove.DISPATCHED, PaperMove.MISSING]
    assert journal.verify(db)[1] == []


def test_a_missing_file_that_turns_up_anywhere_is_missing_no_longer(db: Session) -> None:
    late, stray = make_file(db), make_file(db)
    slip = dispatched(db, late, stray)
    there = desk(db, "MA-06")
    paper_reception.finish(db, there, slip.id)

    found = paper_reception.scan(db, there, slip.id, late.reference)
    paper.place(db, desk(db), "CASA-1", stray.reference, "Bac du bas")

    assert found.result is Scan.FOUND
    assert set(states(db, slip).values()) == {PaperFileState.FOUND}
    assert moves(db, late)[-1] is PaperMove.FOUND
    assert moves(db, stray)[-1] is PaperMove.PLACED


def test_what_comes_out_of_another_parcel_meanwhile_is_not_missing(
    db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make_file(db)
    slip = dispatched(db, file)
    real = paper_moves.lock_files

    def found_elsewhere(session: Session, ids: list[UUID]) -> list[ControlFile]:
        """Another desk scans the file while its lock is awaited."""
        db.execute(
            sa.text(
                "UPDATE paper_slip_file SET state = 'found', travels = false, checked_at = :now"
                " WHERE control_file_id = :id"
            ),
            {"id": file.id, "now": NOW},
        )
        return real(session, ids)

    monkeypatch.setattr(paper_moves, "lock_files", found_elsewhere)
    missing = paper_reception.finish(db, desk(db, "MA-06"), slip.id)

    assert missing == 0
    assert states(db, slip) == {file.reference: PaperFileState.FOUND}
    assert moves(db, file) == [PaperMove.DISPATCHED]


def test_what_nobody_announced_is_unexpected_and_written_down_where_it_is(db: Session) -> None:
    announced, other = make_file(db), make_file(db)
    slip, theirs = dispatched(db, announced), dispatched(db, other)
    there = desk(db, "MA-06")
    nowhere = make_reference("ALD", 2026, 9_999_998)

    results = [
        paper_reception.scan(db, there, slip.id, text)
        for text in (other.reference, nowhere, "3017620422003", slip.number)
    ]

    assert [each.result for each in results] == [
        Scan.UNEXPECTED, Scan.UNKNOWN, Scan.UNREADABLE, Scan.SLIP
    ]  # fmt: skip
    assert results[0].other_slip == theirs.number
    db.refresh(other)
    assert other.paper_slip == slip.number
    assert states(db, theirs) == {other.reference: PaperFileState.FOUND}
    assert states(db, slip)[other.reference] is PaperFileState.UNEXPECTED


def test_paper_is_on_one_slip_at_a_time(db: Session) -> None:
    file, here = make_file(db), desk(db)
    first = paper.create(db, here, "CASA-1", "MA-06")
    second = paper.create(db, here, "CASA-1", "MA-CENTRAL")
    paper.add(db, here, first.id, file.reference)

    with pytest.raises(paper.AlreadyOnSlip):
        paper.add(db, here, first.id, file.reference)
    with pytest.raises(paper.OnOtherSlip):
        paper.add(db, here, second.id, file.reference)
    paper.cancel(db, here, first.id)
    paper.add(db, here, second.id, file.reference)

    db.refresh(file)
    assert file.paper_slip == second.number
    with pytest.raises(paper.SlipNotOpen):
        paper.add(db, here, first.id, make_file(db).reference)


def test_nothing_joins_or_leaves_a_sealed_slip_and_an_empty_one_is_not_sealed(db: Session) -> None:
    file, here = make_file(db), desk(db)
    slip = paper.create(db, here, "CASA-1", "MA-06")
    with pytest.raises(paper.SlipEmpty):
        paper.seal(db, here, slip.id)
    paper.add(db, here, slip.id, file.reference)
    paper.seal(db, here, slip.id)

    for command in (
        lambda: paper.add(db, here, slip.id, make_file(db).reference),
        lambda: paper.remove(db, here, slip.id, file.id),
    ):
        with pytest.raises(paper.SlipNotOpen):
            command()
    paper.reopen(db, here, slip.id)
    paper.remove(db, here, slip.id, file.id)

    db.refresh(file)
    assert file.paper_slip is None


def test_only_agents_of_the_two_units_handle_a_slip(db: Session) -> None:
    file = make_file(db)
    slip = dispatched(db, file)
    strangers = [
        desk(db, "RABAT-1"), desk(db, "CASA-1"),
        Desk(make_principal(db, Role.SUPERVISOR, "MA-06"), NOW),
    ]  # fmt: skip

    for stranger in strangers:
        with pytest.raises(Forbidden):
            paper_reception.scan(db, stranger, slip.id, file.reference)
    with pytest.raises(Forbidden):
        paper.create(db, desk(db, "RABAT-1"), "CASA-1", "MA-06")
    with pytest.raises(InvalidInput):
        paper.create(db, desk(db), "CASA-1", "CASA-1")


def test_another_agency_s_file_can_t_be_put_on_a_slip(db: Session) -> None:
    here = desk(db)
    slip = paper.create(db, here, "CASA-1", "MA-06")
    foreign = make_file(db, agency_code="RABAT-1", region_code="MA-04")

    with pytest.raises(NotFound):
        paper.add(db, here, slip.id, foreign.reference)
    with pytest.raises(UnreadableCode):
        paper.add(db, here, slip.id, "ALD-2026-0000001-9")


def test_a_slip_that_does_not_arrive_is_reported_once_after_working_days(db: Session) -> None:
    file = make_file(db)
    slip = dispatched(db, file)
    calendar = working_calendar(db, "ma")
    soon, late = NOW + timedelta(days=6), NOW + timedelta(days=7)  # Thursday, Friday after

    counts = [
        paper_reception.warn_of_overdue(db, calendar, after_days=5, now=at)
        for at in (soon, late, late)
    ]

    db.refresh(slip)
    assert counts == [0, 1, 0]
    assert slip.overdue_at == late
    assert moves(db, file) == [PaperMove.DISPATCHED, PaperMove.OVERDUE]
    assert journal.verify(db)[1] == []


def test_the_history_of_a_file_is_only_added_to(db: Session) -> None:
    file = make_file(db)
    dispatched(db, file)

    for statement in ("UPDATE paper_movement SET by_name = 'x'", "DELETE FROM paper_movement"):
        with pytest.raises(sa.exc.DBAPIError, match="only added"), db.begin_nested():
            db.execute(sa.text(statement))


def test_a_sealed_envelope_is_opened_once_by_a_doctor_who_is_on_record(db: Session) -> None:
    doctor = make_doctor(db)
    file = make_file(db, assigned_doctor_id=doctor.id)
    agent = make_principal(db, Role.AGENT)
    reader = make_principal(db, Role.DOCTOR, doctor=doctor)
    envelope_id = envelopes.register(db, agent, file.id, now=NOW)
    db.commit()

    envelopes.open_envelope(reader, file.id, envelope_id, now=lambda: NOW)

    db.expire_all()
    envelope = db.get_one(SealedEnvelope, envelope_id)
    assert (envelope.opened_at, envelope.opened_by) == (NOW, reader.id)
    logged = db.exec(select(AccessLog)).all()
    assert [(each.user_id, each.what) for each in logged] == [
        (reader.id, f"envelope:{envelope_id}")
    ]
    actions = db.exec(select(JournalEntry.action).order_by(col(JournalEntry.number))).all()
    assert list(actions) == ["envelope.registered", "envelope.opened"]
    with pytest.raises(envelopes.EnvelopeOpen):
        envelopes.open_envelope(reader, file.id, envelope_id, now=lambda: NOW)


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.COORDINATOR])
def test_nobody_but_a_doctor_of_the_file_opens_an_envelope(db: Session, role: Role) -> None:
    file = make_file(db)
    agent = make_principal(db, Role.AGENT)
    envelope_id = envelopes.register(db, agent, file.id, now=NOW)
    db.commit()
    others: list[Principal] = [
        make_principal(db, role, "CASA-1"),
        make_principal(db, Role.DOCTOR, doctor=make_doctor(db)),
    ]

    for person in others:
        with pytest.raises(Forbidden):
            envelopes.open_envelope(person, file.id, envelope_id, now=lambda: NOW)
    assert db.exec(select(AccessLog)).all() == []


def test_a_paper_file_begins_its_history_at_the_counter_with_its_envelope(
    db: Session, tools: Tools
) -> None:
    world = make_world(db, tools)
    given = {"location": "Armoire 3", "slip": "B-1", "pages": 4, "sealed_envelope": True}

    file = world.file(world.take(channel="paper", paper=given, form=None))
    digital = world.file(world.take(external_id="W-2"))

    assert moves(db, file) == [PaperMove.REGISTERED]
    assert db.exec(select(SealedEnvelope.control_file_id)).all() == [file.id]
    assert moves(db, digital) == []
    assert journal.verify(db)[1] == []


def test_the_envelope_is_announced_on_the_slip(db: Session) -> None:
    sealed, plain = make_file(db), make_file(db)
    envelopes.register(db, make_principal(db, Role.AGENT), sealed.id, now=NOW)
    slip = dispatched(db, sealed, plain)

    rows = db.exec(
        select(PaperSlipFile.has_envelope)
        .where(PaperSlipFile.slip_id == slip.id)
        .order_by(col(PaperSlipFile.position))
    ).all()

    assert list(rows) == [True, False]
