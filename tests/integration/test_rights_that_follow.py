"""Rights suspended and resumed, renewed without their number, refused, followed by another one."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from medcontrol import journal, outbox
from medcontrol.model import (
    ControlFile,
    Document,
    Entitlement,
    EntitlementEvent,
    JournalEntry,
    OutboxMessage,
)
from medcontrol.rules.reviews import ValidityTooLong
from medcontrol.services.entitlement_feed import changes
from medcontrol.vocabulary import DocumentClass, EntitlementChange, EntitlementStatus, Role
from tests.factories import NOW, make_principal
from tests.flow_world import MESSAGE, World, make_world
from workflows.commands import NewDocument, add_documents, undo_decision
from workflows.effects.successions import TOPIC
from workflows.linked.successions import open_next
from workflows.tools import Tools

CONTROLLED = {"required": True, "mode": "on_file"}
BOOKED = ("booked", {"appointment_at": NOW + timedelta(days=20)})
LEAVE = {
    "flow": "sick_leave", "scheme": "general", "control": CONTROLLED, "medical": None,
    "care": {"from": "2026-11-10", "to": "2026-12-20"},
    "form": {"employer_number": "9990042", "employer_name": "Atelier du Port"},
}  # fmt: skip
MEDICINES = {
    "flow": "medicines", "scheme": "amo", "nature": "authorisation", "control": CONTROLLED,
    "form": None,
}  # fmt: skip


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


def take(world: World, **changed: Any) -> ControlFile:
    return world.file(world.take(**changed))


def rights(world: World) -> list[Entitlement]:
    return list(
        world.session.exec(
            select(Entitlement)
            .order_by(col(Entitlement.granted_at), col(Entitlement.id))
            .execution_options(populate_existing=True)
        )
    )


def happened(world: World, right: Entitlement) -> list[str]:
    rows = world.session.exec(
        select(EntitlementEvent)
        .where(EntitlementEvent.entitlement_id == right.id)
        .order_by(col(EntitlementEvent.id))
    )
    return [row.change.value for row in rows]


def actions(world: World, file: ControlFile) -> list[str]:
    found = select(JournalEntry.action).where(JournalEntry.control_file_id == file.id)
    return list(world.session.exec(found))


def asked_to_open(world: World) -> list[OutboxMessage]:
    return list(
        world.session.exec(
            select(OutboxMessage)
            .where(OutboxMessage.topic == TOPIC)
            .execution_options(populate_existing=True)
        )
    )


def hand_in(world: World, file: ControlFile) -> None:
    scan = NewDocument(
        kind="form", title="Scan", content=b"%PDF-1.4 scan",
        document_class=DocumentClass.ADMINISTRATIVE,
    )  # fmt: skip
    add_documents(world.session, world.tools, file.id, [scan], by=world.agent, now=NOW)
    world.session.refresh(file)


def switched(world: World) -> ControlFile:
    """A leave whose doctor proposes the pension, and the paper that was handed in with it."""
    file = take(world, **LEAVE, external_id="L-1")
    hand_in(world, file)
    world.end(file, "to_invalidity", valid_to=date(2026, 12, 20))
    return file


def test_a_switch_to_invalidity_opens_its_file_once_the_decision_stands(world: World) -> None:
    leave = switched(world)
    (message,) = asked_to_open(world)
    assert message.next_try_at == NOW + timedelta(seconds=world.tools.undo_seconds)
    asked = {"flow": message.payload["flow"], "nature": message.payload["nature"]}

    claim = open_next(world.session, world.tools, leave.id, **asked, now=NOW)
    again = open_next(world.session, world.tools, leave.id, **asked, now=NOW)

    assert claim is not None
    assert again is None
    assert (claim.flow, claim.nature, claim.parent_id) == ("invalidity", "first", leave.id)
    assert claim.reference.startswith("PI-")
    assert world.task(claim).step == "completeness"
    papers = world.session.exec(
        select(Document.title).where(Document.received_file_id == claim.received_file_id)
    ).all()
    assert papers == ["Scan"]
    assert {"invalidity.opened", "file.not_opened"} <= set(actions(world, leave))
    assert "file.opened" in actions(world, claim)

    world.walk(claim, "complete", BOOKED, "granted", "agreed", "signed")
    old, pension = rights(world)
    assert (old.flow, old.valid_to) == ("sick_leave", date(2026, 12, 20))
    assert (pension.flow, pension.valid_from) == ("invalidity", date(2026, 12, 21))
    assert "entitlement.followed" in actions(world, leave)
    assert open_next(world.session, world.tools, leave.id, **asked, now=NOW) is None
    assert journal.verify(world.session)[1] == []


def test_the_doctor_of_the_leave_may_examine_for_the_pension(world: World) -> None:
    leave = switched(world)
    claim = open_next(
        world.session, world.tools, leave.id, flow="invalidity", nature="first", now=NOW
    )
    assert claim is not None

    world.walk(claim, "complete", BOOKED)

    assert world.task(claim).assigned_doctor_id == world.doctor.id


def test_an_undone_switch_opens_nothing(world: World) -> None:
    leave = switched(world)
    undo_decision(
        world.session, world.tools, leave.id, expected_version=None,
        principal=world.by_doctor[world.doctor.id], now=NOW + timedelta(seconds=20),
    )  # fmt: skip

    (message,) = asked_to_open(world)

    assert outbox.begin(world.session, message.id) is None
    assert message.last_error == "withdrawn"


def suspended(world: World) -> tuple[ControlFile, Entitlement]:
    """A prolonged leave whose person missed two examinations."""
    first = take(world, **LEAVE, external_id="L-1")
    world.end(first, "granted")
    care = {"from": "2026-12-21", "to": "2027-01-20"}
    file = take(world, **LEAVE | {"nature": "prolongation", "care": care}, external_id="L-2")
    world.walk(file, "summon", BOOKED, "no_show", BOOKED, "no_show")
    (right,) = rights(world)
    return file, right


def exported(world: World) -> Any:
    payer = make_principal(world.session, Role.SUPERVISOR, "MA-CENTRAL")
    page = changes(
        world.session, payer, jurisdiction="ma", after=0, size=10, today=date(2026, 11, 22)
    )  # fmt: skip
    return page.rights[-1]


def test_two_absences_suspend_the_right_and_who_comes_is_paid_again(world: World) -> None:
    file, right = suspended(world)

    today = date(2026, 11, 20)
    assert (right.status, right.suspended_on) == (EntitlementStatus.SUSPENDED, today)
    assert right.valid_to == date(2026, 12, 20)
    told = exported(world)
    assert (told.status, told.open_until) == (EntitlementStatus.SUSPENDED, date(2026, 11, 19))

    hand_in(world, file)
    world.now = NOW + timedelta(days=4)
    world.walk(file, BOOKED, "granted")

    (right,) = rights(world)
    assert (right.status, right.valid_to) == (EntitlementStatus.ACTIVE, date(2027, 1, 20))
    assert (right.suspended_on, right.resumed_on) == (today, date(2026, 11, 24))
    assert happened(world, right)[-3:] == ["suspended", "resumed", "renewed"]
    told = exported(world)
    assert (told.suspended_on, told.resumed_on) == (today, date(2026, 11, 24))
    events = world.session.exec(
        select(OutboxMessage).where(OutboxMessage.topic == "events.deliver")
    )
    said = [e.payload.get("change") for e in events]
    assert {EntitlementChange.SUSPENDED, EntitlementChange.RESUMED} <= set(said)


def test_a_suspended_right_that_is_renewed_later_is_the_same_right(world: World) -> None:
    first = take(world)
    world.end(first, "granted")
    renewal = take(world, external_id="W-2", nature="renewal", control=CONTROLLED)
    world.walk(renewal, "complete", "summon", BOOKED, "no_show", BOOKED, "no_show")
    (right,) = rights(world)
    assert (right.status, renewal.closed_at is not None) == (EntitlementStatus.SUSPENDED, True)

    world.now = NOW + timedelta(days=10)
    later = take(world, external_id="W-3", nature="renewal", control=CONTROLLED)
    assert later.entitlement_id == right.id
    world.walk(later, "complete", "granted")

    (right,) = rights(world)
    assert right.status is EntitlementStatus.ACTIVE
    assert right.resumed_on == date(2026, 11, 30)


def test_a_renewal_without_a_number_is_about_the_right_of_its_code(world: World) -> None:
    for number, pathology in enumerate(("ma-ald-09", "ma-ald-12"), 1):
        medical = MESSAGE["medical"] | {"pathology": pathology}
        file = take(world, external_id=f"F-{number}", medical=medical)
        world.end(file, "granted")
    before = rights(world)

    medical = MESSAGE["medical"] | {"pathology": "ma-ald-12"}
    renewal = take(world, external_id="R-1", nature="renewal", medical=medical, control=CONTROLLED)
    world.walk(renewal, "complete", "granted")

    after = rights(world)
    wanted = next(r for r in before if r.right_code == "ma-ald-12")
    assert renewal.entitlement_id == wanted.id
    assert len(after) == 2
    assert happened(world, wanted)[-1] == "renewed"


def test_a_refused_renewal_ends_the_review_and_the_right_runs_to_its_own_end(world: World) -> None:
    first = take(world, **MEDICINES, external_id="M-1")
    world.end(first, "granted")
    (right,) = rights(world)
    last = right.valid_to
    renewal = take(world, **MEDICINES | {"nature": "renewal"}, external_id="M-2")
    assert rights(world)[0].status is EntitlementStatus.UNDER_REVIEW

    world.end(renewal, "refused_medical", motive_code="med.not_justified")

    (right,) = rights(world)
    assert (right.status, right.valid_to) == (EntitlementStatus.ACTIVE, last)
    assert (right.next_review_on, right.review_since) == (None, None)
    assert happened(world, right)[-1] == "kept"


def test_a_right_kept_open_beyond_its_last_day_ends_with_the_refusal(world: World) -> None:
    first = take(world, **MEDICINES, external_id="M-1")
    world.end(first, "granted")
    renewal = take(world, **MEDICINES | {"nature": "renewal"}, external_id="M-2")
    (right,) = rights(world)
    right.valid_to = date(2026, 11, 21)  # it ran out meanwhile
    right.review_since = date(2026, 11, 18)
    world.session.flush()
    world.now = NOW + timedelta(days=12)

    world.end(renewal, "refused_medical", motive_code="med.not_justified")

    (right,) = rights(world)
    assert (right.status, right.valid_to) == (EntitlementStatus.ENDED, date(2026, 12, 2))


def test_maternity_is_granted_for_fourteen_weeks_at_most(world: World) -> None:
    leave = LEAVE | {"nature": "maternity", "care": {"from": "2026-11-10", "to": "2027-06-30"}}
    file = take(world, **leave)
    with pytest.raises(ValidityTooLong):
        world.end(file, "granted", valid_to=date(2027, 2, 16))

    world.end(file, "granted")

    (right,) = rights(world)
    assert right.valid_to == date(2027, 2, 15)  # 98 days, both ends counted
