"""Appeals: registered once, frozen, decided by other eyes, and what follows."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from assignment.exclusions import excluded_from
from medcontrol.errors import AlreadyDone, ConflictOfInterest, Forbidden, InvalidInput
from medcontrol.model import (
    Appointment,
    CommissionMember,
    ControlFile,
    ControlOutcome,
    Doctor,
    DoctorSuperior,
    Entitlement,
    MedicalRecord,
)
from medcontrol.services import medical
from medcontrol.vocabulary import ControlLevel, DecisionOutcome, MedicalRecordKind, Role
from tests.adjacent_world import AdjacentWorld, make_adjacent_world
from tests.flow_world import MESSAGE
from workflows.linked.appeal_snapshot import is_intact
from workflows.linked.appeals import AppealPending, NothingToContest
from workflows.linked.hearings import MemberBusy
from workflows.tools import Tools


@pytest.fixture
def world(db: Session, tools: Tools) -> AdjacentWorld:
    return make_adjacent_world(db, tools)


def letters(world: AdjacentWorld, file: ControlFile) -> list[str]:
    """The letters of a file in the order of its journal."""
    found = world.session.execute(
        sa.text(
            "SELECT facts::json->>'code' FROM journal_entry"
            " WHERE control_file_id = :id AND action = 'letter.written' ORDER BY number"
        ),
        {"id": file.id},
    )
    return list(found.scalars())


def test_an_overturned_refusal_becomes_a_grant_with_its_right_its_letter_and_its_event(world):
    file = world.refused()
    appeal = world.appeal(file)
    world.admit(appeal)
    assert world.task(appeal).assigned_doctor_id == world.regional.id

    world.end(appeal, "overturned", reasoning="Critères réunis.")

    first, second = world.decisions(file)
    world.session.refresh(file)
    assert (first.outcome, first.undone_at) == (DecisionOutcome.REFUSED_MEDICAL, None)
    assert second.outcome is DecisionOutcome.GRANTED is file.outcome
    assert second.decided_with["corrects"] == str(first.id)
    assert second.decided_with["appeal"] == str(appeal.id)
    assert world.row(appeal).correction_id == second.id
    right = world.session.get_one(Entitlement, file.entitlement_id)
    assert (right.control_file_id, right.right_code) == (file.id, "ma-ald-09")
    assert letters(world, appeal) == ["acknowledgement", "appeal_overturned"]
    assert letters(world, file)[-1] == "grant"
    stands, replaced = sorted(
        world.session.exec(select(ControlOutcome)), key=lambda row: row.is_overturned
    )
    assert (replaced.result, stands.result) == ("refused", "conform")
    assert (replaced.is_overturned, stands.replaces_id) == (True, replaced.id)
    sent = world.session.execute(
        sa.text("SELECT count(*) FROM outbox_message WHERE key = :key"),
        {"key": f"event:decision.made:{second.id}"},
    ).scalar()
    assert sent == 1


def test_until_then_the_contested_decision_stays_in_force(world):
    file = world.refused()
    appeal = world.appeal(file)
    world.admit(appeal)
    world.session.refresh(file)

    assert file.outcome is DecisionOutcome.REFUSED_MEDICAL
    assert len(world.decisions(file)) == 1


def test_a_maintained_decision_waits_for_observations_first_and_changes_nothing(world):
    file = world.refused()
    appeal = world.appeal(file)
    world.admit(appeal)
    world.end(appeal, "maintained", motive_code="med.appeal_grounded")
    assert appeal.status == "awaiting_observations"
    world.now += timedelta(days=21)
    from workflows.sweeping import sweep_deadlines

    sweep_deadlines(world.tools, now=lambda: world.now)
    world.session.refresh(appeal)

    assert appeal.outcome is DecisionOutcome.MAINTAINED
    assert world.row(appeal).medical_part == "maintained"
    assert len(world.decisions(file)) == 1
    assert letters(world, appeal)[-2:] == ["observations_request", "appeal_maintained"]
    assert not world.session.exec(select(ControlOutcome)).one().is_overturned


def test_two_parts_are_decided_apart_and_together_make_the_outcome(world):
    appeal = world.appeal(world.refused(), contests="both")
    world.admit(appeal)
    world.end(appeal, "overturned")
    assert world.who(world.task(appeal)) is world.secretary
    world.end(appeal, "administrative_maintained", motive_code="adm.decision_grounded")

    row = world.row(appeal)
    assert (row.medical_part, row.administrative_part) == ("overturned", "maintained")
    assert row.outcome == "partly_overturned"


def test_an_administrative_refusal_that_falls_is_taken_up_again_by_its_own_flow(world):
    file = world.file(world.take(channel="paper"))
    world.end(file, "refused_administrative", motive_code="adm.rights_closed")
    world.now += timedelta(hours=1)
    appeal = world.appeal(file, contests="administrative")
    world.admit(appeal)
    world.end(appeal, "administrative_overturned")

    assert world.decisions(file)[-1].outcome is DecisionOutcome.WITHDRAWN
    again = world.child(file, "ald")
    assert (again.nature, again.closed_at) == (file.nature, None)
    assert world.session.exec(select(Entitlement)).first() is None


def test_the_snapshot_keeps_what_the_decision_was_taken_on(world):
    file = world.refused()
    appeal = world.appeal(file)
    frozen = world.session.get_one(MedicalRecord, world.row(appeal).snapshot_id)
    before = medical.unsealed(world.tools.keys, frozen)
    medical.write(
        world.session, world.tools.keys, file.id, MedicalRecordKind.REASONING,
        {"reasoning": "ajouté après"}, author_id=None, now=world.now,
    )  # fmt: skip
    file.person_name = "Quelqu’un d’autre"
    world.session.flush()

    after = medical.unsealed(world.tools.keys, frozen)
    assert after == before
    assert after["file"]["person_name"] == "Alami Amina"
    texts = [each["content"].get("reasoning") for each in after["records"]]
    assert "Critères non réunis." in texts
    assert "ajouté après" not in texts
    assert is_intact(world.session, world.tools.keys, world.row(appeal))


def test_a_snapshot_that_was_tampered_with_shows(world):
    appeal = world.appeal(world.refused())
    row = world.row(appeal)
    other = medical.seal(world.tools.keys, row.snapshot_id, {"file": "autre"})
    world.session.execute(
        sa.text("UPDATE medical_record SET key_id = :key, content = :content WHERE id = :id"),
        {"key": other[0], "content": other[1], "id": row.snapshot_id},
    )
    world.session.expire_all()

    assert not is_intact(world.session, world.tools.keys, world.row(appeal))


def test_a_second_appeal_against_the_same_decision_is_refused(world):
    file = world.refused()
    appeal = world.appeal(file)
    with pytest.raises(AppealPending):
        world.appeal(file)
    world.admit(appeal)
    world.end(appeal, "overturned")
    world.now += timedelta(hours=1)

    # The corrected decision is another one: it may be contested.
    assert world.appeal(file).parent_id == file.id


def test_an_inadmissible_appeal_may_be_filed_again_a_decided_one_not(world):
    file = world.refused()
    appeal = world.appeal(file)
    world.end(appeal, "inadmissible", motive_code="adm.appeal_no_standing")
    assert letters(world, appeal)[-1] == "inadmissible"
    second = world.appeal(file)
    world.admit(second)
    world.end(second, "withdrawn")
    third = world.appeal(file)
    world.admit(third)
    world.end(third, "to_commission")
    assert world.task(third).kind == "hearing"
    with pytest.raises((AppealPending, AlreadyDone)):
        world.appeal(file)


def test_a_late_appeal_is_registered_but_only_admitted_with_an_excuse(world):
    file = world.refused()
    limit = world.now + timedelta(days=61)
    world.now = limit
    appeal = world.appeal(file)
    assert world.row(appeal).limit_on == (limit - timedelta(days=1)).date()
    with pytest.raises(InvalidInput) as refusal:
        world.admit(appeal)
    assert refusal.value.field == "form.late_accepted"

    world.end(appeal, "admissible", form={"standing": True, "late_accepted": True})
    assert appeal.status == "awaiting_counter_examination"


def test_an_open_file_and_an_appeal_itself_have_nothing_to_contest(world):
    with pytest.raises(NothingToContest):
        world.appeal(world.file(world.take()))
    appeal = world.appeal(world.refused(external_id="W-2"))
    world.end(appeal, "inadmissible", motive_code="adm.appeal_late")
    world.now += timedelta(hours=1)
    with pytest.raises(NothingToContest):
        world.appeal(appeal)


def test_only_the_secretary_registers(world):
    file = world.refused()
    world.secretary = world.agent
    with pytest.raises(Forbidden):
        world.appeal(file)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reasons": "  "}, "reasons"),
        ({"filed_by": "neighbour"}, "filed_by"),
        ({"contests": "everything"}, "contests"),
    ],
)
def test_what_is_wrong_with_an_appeal_is_named(world, changes, field):
    with pytest.raises(InvalidInput) as refusal:
        world.appeal(world.refused(), **changes)
    assert refusal.value.field == field


def test_it_is_due_in_sixty_days_and_warned_at_forty_five(world):
    appeal = world.appeal(world.refused())
    due = dict(
        world.session.execute(
            sa.text(
                "SELECT name, CAST(due_at AS date) - CAST(:now AS date) FROM deadline"
                " WHERE control_file_id = :id AND engine_task_id IS NULL"
            ),
            {"id": appeal.id, "now": world.now},
        ).all()
    )
    assert due == {"answer": 60, "warning": 45}


def test_the_reasons_are_medical_content_and_stand_in_no_journal(world):
    appeal = world.appeal(world.refused())
    told = world.session.execute(
        sa.text(
            "SELECT string_agg(facts::text, '') FROM journal_entry WHERE control_file_id = :id"
        ),
        {"id": appeal.id},
    ).scalar()
    assert "aggravé" not in told
    found = medical.read_medical(
        world.by_doctor[world.regional.id], appeal.id, world.tools.keys, purpose="test",
        now=lambda: world.now,
    )  # fmt: skip
    assert any("aggravé" in str(each.content) for each in found)


# Other eyes ---------------------------------------------------------------------------------


def commission(world: AdjacentWorld, appeal: ControlFile, members: list[UUID], days: int = 20):
    at = (world.now + timedelta(days=days)).isoformat()
    form = {"hearing_at": at, "place": "Salle 4", "members": [str(each) for each in members]}
    world.end(appeal, "booked", form=form)


def three(world: AdjacentWorld) -> list[UUID]:
    return [world.doctor_at(ControlLevel.REGIONAL, "MA-04", Role.COORDINATOR).id for _ in range(3)]


def heard(world: AdjacentWorld, **changes: Any) -> ControlFile:
    appeal = world.appeal(world.refused(**changes))
    world.admit(appeal)
    world.end(appeal, "to_commission")
    return appeal


def test_a_commission_of_three_decides_by_majority(world):
    appeal = heard(world)
    members = three(world)
    commission(world, appeal, members)
    assert letters(world, appeal)[-2:] == ["hearing_notice", "observations_request"]
    receive(world, appeal, "observations_received")
    assert world.task(appeal).assigned_doctor_id in members
    votes = {"chair": "maintained", "second": "overturned", "third": "overturned"}
    with pytest.raises(InvalidInput):
        world.end(appeal, "maintained", motive_code="med.appeal_grounded", form={"votes": votes})
    world.end(appeal, "overturned", form={"votes": votes})

    assert world.row(appeal).outcome == "overturned"
    cast = sorted(m.vote for m in world.session.exec(select(CommissionMember)))
    assert cast == ["maintained", "overturned", "overturned"]


def test_a_hearing_takes_the_time_of_every_member_and_names_who_is_not_free(world):
    somebody = MESSAGE["insured"] | {"registration_number": "999000777"}
    appeal, other = heard(world), heard(world, external_id="W-9", insured=somebody)
    members = three(world)
    commission(world, appeal, members)

    booked = world.session.exec(select(Appointment).where(Appointment.state == "booked")).all()
    assert {each.doctor_id for each in booked} == set(members)
    (main,) = [each for each in booked if each.beside_id is None]
    assert main.doctor_id == members[0]
    assert {each.beside_id for each in booked} == {None, main.id}

    first, second = three(world)[:2]
    busy = world.session.get_one(Doctor, members[2])
    with pytest.raises(MemberBusy) as refusal:
        commission(world, other, [first, second, members[2]])
    assert refusal.value.detail == busy.name
    commission(world, other, [first, second, members[2]], days=25)


def test_without_its_quorum_a_commission_is_heard_again(world):
    appeal = heard(world)
    members = three(world)
    commission(world, appeal, members)
    receive(world, appeal, "observations_received")
    votes = {"chair": "overturned", "second": "overturned", "third": "absent"}
    with pytest.raises(InvalidInput):
        world.end(appeal, "overturned", form={"votes": votes})
    world.end(appeal, "no_quorum", form={"votes": votes})
    assert world.task(appeal).kind == "hearing"


def receive(world: AdjacentWorld, file: ControlFile, message: str) -> None:
    from workflows.linked.appeals import receive_observations

    receive_observations(
        world.session, world.tools, file.id, "Observations", principal=world.secretary,
        now=world.now,
    )  # fmt: skip
    assert message
    world.session.refresh(file)


def test_nobody_sits_who_took_part_nor_their_superior_nor_who_examined_the_appeal(world):
    appeal = heard(world)
    chief = world.doctor_at(ControlLevel.REGIONAL, "MA-06", Role.COORDINATOR)
    world.session.add(
        DoctorSuperior(
            doctor_id=world.doctor.id, superior_id=chief.id,
            valid_from=world.now.date() - timedelta(days=400),
        )
    )  # fmt: skip
    world.session.flush()
    two = three(world)[:2]
    for barred in (world.doctor.id, chief.id, world.regional.id):
        with pytest.raises(ConflictOfInterest) as refusal:
            commission(world, appeal, [*two, barred])
        assert refusal.value.field == "form.members"
    with pytest.raises(InvalidInput):
        commission(world, appeal, two)
    with pytest.raises(InvalidInput) as early:
        commission(world, appeal, three(world), days=14)
    assert early.value.field == "form.hearing_at"


def test_whoever_signed_with_the_author_is_kept_out_and_so_are_superiors_and_subordinates(world):
    """Every doctor of the contested file, above and below them, each with why."""
    file = world.file(world.take())
    world.end(file, "escalate")
    world.end(file, "advised")
    world.end(file, "refused_medical", motive_code="med.not_justified")
    world.now += timedelta(hours=1)
    chief = world.doctor_at(ControlLevel.REGIONAL, "MA-06", Role.COORDINATOR)
    junior = world.doctor_at(ControlLevel.LOCAL, "CASA-1", Role.DOCTOR)
    since = world.now.date() - timedelta(days=400)
    for doctor, superior in ((world.doctor, chief), (junior, world.regional)):
        row = DoctorSuperior(doctor_id=doctor.id, superior_id=superior.id, valid_from=since)
        world.session.add(row)
    world.session.flush()
    appeal = world.appeal(file)

    assert excluded_from(world.session, appeal.id) == {
        world.doctor.id: "author_of_contested_opinion",
        world.regional.id: "author_of_contested_opinion",
        chief.id: "superior_of_author",
        junior.id: "subordinate_of_author",
    }
