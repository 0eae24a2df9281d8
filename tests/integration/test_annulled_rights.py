"""A right whose decision is undone never was one: nobody who had not seen it hears of it."""

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from medcontrol.clock import civil_date
from medcontrol.model import ControlFile, Entitlement, EntitlementEvent, OutboxMessage
from medcontrol.queries.rights import load_right
from medcontrol.services.entitlement_feed import FeedPage, changes
from medcontrol.vocabulary import Annulled, EntitlementChange, Jurisdiction, Role
from tests.factories import NOW, make_principal
from tests.flow_world import World, make_world
from workflows.commands import undo_decision
from workflows.rights.forecast import forecast
from workflows.steps.case_checks import _rights as earlier_rights
from workflows.tools import Tools

TODAY = civil_date(NOW, "ma")


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


def feed(world: World) -> FeedPage:
    payer = make_principal(world.session, Role.SUPERVISOR, "MA-CENTRAL")
    return changes(world.session, payer, jurisdiction="ma", after=0, size=50, today=TODAY)


def granted(world: World) -> tuple[ControlFile, Entitlement]:
    file = world.file(world.take())
    world.end(file, "granted")
    return file, world.session.exec(select(Entitlement)).one()


def undo(world: World, file: ControlFile) -> None:
    undo_decision(
        world.session, world.tools, file.id, expected_version=None,
        principal=world.by_doctor[world.doctor.id], now=NOW + timedelta(seconds=20),
    )  # fmt: skip
    world.session.expire_all()


def told(world: World) -> list[str]:
    """What the paying system is, or will be, told of rights."""
    waiting = world.session.exec(
        select(OutboxMessage).where(
            OutboxMessage.topic == "events.deliver",
            col(OutboxMessage.last_error).is_distinct_from("withdrawn"),
        )
    )
    return [row.payload["change"] for row in waiting if "change" in row.payload]


def test_a_right_that_nobody_saw_leaves_no_trace_where_rights_are_paid(world: World) -> None:
    file, right = granted(world)

    undo(world, file)

    assert feed(world).rights == ()
    assert told(world) == []
    assert earlier_rights(world.session, world.tools.catalog, file) == ()
    assert (right.opens_on, right.next_review_on, file.entitlement_id) == (None, None, None)
    last = world.session.exec(
        select(EntitlementEvent).order_by(col(EntitlementEvent.id).desc())
    ).first()
    assert last is not None
    assert (last.change, last.reason) == (EntitlementChange.ENDED, Annulled.UNSEEN)
    who = make_principal(world.session, Role.SUPERVISOR, "MA-CENTRAL")
    assert load_right(world.session, who, right.number).is_annulled
    found = forecast(world.session, world.tools.catalog, (), Jurisdiction.MA, TODAY)
    assert not found.planned

    world.end(file, "granted")
    (again,) = feed(world).rights
    assert (again.is_annulled, again.number == right.number) == (False, False)
    assert told(world) == ["granted"]
    (earlier,) = earlier_rights(world.session, world.tools.catalog, file)
    assert earlier.valid_to == again.valid_to


def test_a_right_that_the_payer_saw_is_told_as_annulled_and_pays_no_day(world: World) -> None:
    file, right = granted(world)
    (seen,) = feed(world).rights
    assert seen.is_annulled is False

    undo(world, file)

    (again,) = feed(world).rights
    assert again.number == seen.number == right.number
    assert again.change > seen.change
    assert again.is_annulled
    assert again.open_until == again.valid_from - timedelta(days=1)
    assert told(world) == ["ended"]
    assert earlier_rights(world.session, world.tools.catalog, file) == ()


def test_a_right_whose_event_had_left_is_told_as_annulled(world: World) -> None:
    file, right = granted(world)
    for message in world.session.exec(select(OutboxMessage)):
        if message.payload.get("change"):
            message.done_at = NOW + timedelta(seconds=5)
    world.session.flush()

    undo(world, file)

    (row,) = feed(world).rights
    assert (row.number, row.is_annulled) == (right.number, True)
