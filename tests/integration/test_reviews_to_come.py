"""Reviews in sight: spread over days with time, put off, at milestones, rights kept open."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol import db as database
from medcontrol.errors import AlreadyDone
from medcontrol.ids import new_id
from medcontrol.legal.loading import law
from medcontrol.model import Entitlement, EntitlementEvent, OutboxMessage, ReviewPostponement
from medcontrol.policy import Principal
from medcontrol.queries.postponements import load_postponement
from medcontrol.queries.rights import RightFilters
from medcontrol.queries.supervision_scope import supervised_units
from medcontrol.rules.calendar import add_months
from medcontrol.vocabulary import EntitlementChange, EntitlementStatus, Jurisdiction, Role
from tests.factories import NOW, TODAY, make_principal
from tests.flow_world import World, make_world
from tests.integration.test_periodic import files, make_right, on
from workflows.gate.capacity import minutes_by_flow
from workflows.rights.forecast import forecast
from workflows.rights.postponing import (
    Moved,
    Postpone,
    PostponementNotWhole,
    postpone,
    rights_of,
    undo,
)
from workflows.rights.reviews import open_due_reviews, review_round
from workflows.rights.spreading import spread_reviews
from workflows.steps.undoing import undo_decision
from workflows.tools import Tools

MONDAY = TODAY + timedelta(days=45)  # 4 January 2027
# Two doctors of the region work 480 minutes a day, of which reviews may take 30 %.
A_DAY = 2 * 480 * 30 // 100 // minutes_by_flow("ma")["ald"]


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


def coming(session: Session, day: date = MONDAY, **changes: Any) -> Entitlement:
    """An ALD right whose review opens by the rules on a day, 90 days before it ends."""
    end = day + timedelta(days=90)
    given = {"opens_on": day, "next_review_on": end, "valid_to": end - timedelta(days=1)}
    return make_right(session, "ald", **given | changes)


def opening_days(session: Session) -> Counter[date]:
    session.expire_all()
    return Counter(right.opens_on for right in session.exec(select(Entitlement)) if right.opens_on)


def changes_of(session: Session, right: Entitlement) -> list[EntitlementChange]:
    found = select(EntitlementEvent).where(EntitlementEvent.entitlement_id == right.id)
    return [event.change for event in session.exec(found.order_by(EntitlementEvent.id))]


@pytest.fixture
def boss(world: World) -> Principal:
    return make_principal(world.session, Role.SUPERVISOR, "MA-06")


def test_a_peak_is_spread_over_the_days_on_which_doctors_have_time(world: World) -> None:
    for _ in range(60):
        coming(world.session)
    world.session.commit()

    done = spread_reviews(world.tools, now=on(TODAY))
    found = opening_days(world.session)

    assert (done.placed, sum(found.values())) == (60, 60)
    assert max(found.values()) == A_DAY
    assert done.moved == 60 - found[MONDAY]
    assert {day.weekday() for day in found} <= {0, 1, 2, 3, 4}
    assert max(abs((day - MONDAY).days) for day in found) <= 4  # near the day that was planned


def test_placing_again_moves_nothing_and_what_comes_later_makes_room(world: World) -> None:
    for _ in range(25):
        coming(world.session)
    world.session.commit()
    spread_reviews(world.tools, now=on(TODAY))
    first = opening_days(world.session)
    for _ in range(10):
        coming(world.session)
    world.session.commit()

    again = spread_reviews(world.tools, now=on(TODAY + timedelta(days=1)))
    nothing = spread_reviews(world.tools, now=on(TODAY + timedelta(days=2)))
    both = opening_days(world.session)

    assert (again.placed, nothing.placed) == (10, 0)
    assert max(both.values()) == A_DAY
    assert all(both[day] >= count for day, count in first.items())


def test_a_right_that_ends_soon_is_never_reviewed_after_its_end(world: World) -> None:
    for left in (0, 1, 2, 5):
        for _ in range(12):
            coming(world.session, valid_to=MONDAY + timedelta(days=left))
    world.session.commit()

    spread_reviews(world.tools, now=on(TODAY))

    world.session.expire_all()
    rights = world.session.exec(select(Entitlement)).all()
    assert any(right.planned_on for right in rights)
    for right in rights:
        assert right.opens_on is not None
        assert right.valid_to is not None
        assert TODAY < right.opens_on <= right.valid_to


def test_spreading_twice_at_once_places_each_right_once(committed: sa.Engine, tools: Tools) -> None:
    with database.transaction() as session:
        make_world(session, tools)
        for _ in range(30):
            coming(session)

    def run(_: int) -> int:
        with database.using(committed):
            return spread_reviews(tools, now=on(TODAY)).placed

    with ThreadPoolExecutor(3) as threads:
        placed = list(threads.map(run, range(3)))

    assert sum(placed) == 30
    with database.read_only() as session:
        assert max(opening_days(session).values()) == A_DAY


def test_a_review_that_was_moved_opens_on_its_new_day_only(world: World) -> None:
    for _ in range(A_DAY + 6):
        coming(world.session)
    world.session.commit()
    review_round(world.tools, now=on(TODAY))
    (other,) = (day for day in opening_days(world.session) if day != MONDAY)
    early = min(other, MONDAY)

    before = open_due_reviews(world.tools, now=on(early - timedelta(days=1))).opened
    after_sleep = review_round(world.tools, now=on(max(other, MONDAY) + timedelta(days=9)))

    assert before == 0
    assert after_sleep["opened"] == A_DAY + 6
    assert len(files(world.session)) == A_DAY + 6
    assert {right.review_since for right in world.session.exec(select(Entitlement))} == {
        other, MONDAY,
    }  # fmt: skip


def test_the_forecast_counts_each_review_once_before_and_after(
    world: World, boss: Principal
) -> None:
    for n in range(40):
        coming(world.session, MONDAY, number=f"A-{n}")
    coming(world.session, TODAY - timedelta(days=3), number="LATE")
    coming(world.session, TODAY + timedelta(days=300), number="FAR")
    coming(world.session, agency_code="RABAT-1", number="ELSEWHERE")
    world.session.commit()
    units = supervised_units(world.session, boss, "ma")

    found = forecast(world.session, world.tools.catalog, units, Jurisdiction.MA, TODAY)
    spread_reviews(world.tools, now=on(TODAY))
    placed = forecast(world.session, world.tools.catalog, units, Jurisdiction.MA, TODAY)

    assert sum(found.planned.values()) == sum(found.spread.values()) == 42
    place = next(iter(found.planned))[0]
    assert found.planned[place, MONDAY] == 40
    assert found.spread[place, MONDAY] == A_DAY
    assert found.planned[place, TODAY] == 1  # what is overdue counts today
    assert (found.planned, found.spread) == (placed.planned, placed.spread)
    assert len(found.months) == 12


def order(rights: list[Entitlement], days: int = 10, **changes: Any) -> Postpone:
    given = {"id": new_id(), "right_ids": [right.id for right in rights], "days": days,
             "reason": "workload"}  # fmt: skip
    return Postpone(**given | changes)


def test_reviews_are_postponed_within_their_window_and_the_others_say_why(
    world: World, boss: Principal
) -> None:
    session = world.session
    free, short = coming(session), coming(session, valid_to=MONDAY + timedelta(days=9))
    opened = coming(session, status=EntitlementStatus.UNDER_REVIEW)
    ended = coming(session, status=EntitlementStatus.ENDED)
    now_due = coming(session, TODAY)
    elsewhere = coming(session, agency_code="RABAT-1")
    rights = [free, short, opened, ended, now_due, elsewhere]
    command = order(rights, days=12)  # a Saturday
    how: Any = {"jurisdiction": Jurisdiction.MA, "now": NOW}

    would = postpone(session, world.tools.catalog, boss, command, is_dry_run=True, **how)
    done = postpone(session, world.tools.catalog, boss, command, **how)

    assert would == done
    assert done.moved == (Moved(free.number, MONDAY, MONDAY + timedelta(days=14)),)
    assert {each.number: each.why for each in done.refused} == {
        short.number: "past_window", opened.number: "review_open",
        ended.number: "right_ended", now_due.number: "due_now",
    }  # fmt: skip
    assert (free.planned_on, free.valid_to) == (MONDAY, MONDAY + timedelta(days=89))
    (event,) = session.exec(select(EntitlementEvent)).all()
    assert (event.change, event.reason, event.batch_id, event.actor_label) == (
        EntitlementChange.POSTPONED, "workload", command.id, boss.name,
    )  # fmt: skip
    assert event.after == {"opens_on": str(MONDAY + timedelta(days=14))}
    (told,) = session.exec(select(OutboxMessage)).all()
    assert told.payload["event"] == "entitlement.changed"
    assert set(told.payload) == {"event", "entitlement_id", "number", "change"}
    with pytest.raises(AlreadyDone):
        postpone(session, world.tools.catalog, boss, command, **how)


def test_postponing_again_can_not_leave_the_window_step_by_step(
    world: World, boss: Principal
) -> None:
    right = coming(world.session)
    later = law("ma").number("reviews.later_days", TODAY).value

    for _ in range(10):
        postpone(world.session, world.tools.catalog, boss, order([right], 7),
                 jurisdiction=Jurisdiction.MA, now=NOW)  # fmt: skip

    assert right.opens_on is not None
    assert right.opens_on <= MONDAY + timedelta(days=later)


def test_what_was_postponed_is_taken_back_unless_it_opened_or_moved_since(
    world: World, boss: Principal
) -> None:
    session = world.session
    rights = [coming(session, number=f"N-{n}") for n in range(3)]
    command = order(rights, 9)
    postpone(session, world.tools.catalog, boss, command, jurisdiction=Jurisdiction.MA, now=NOW)
    rights[1].opens_on = MONDAY + timedelta(days=21)
    rights[2].status = EntitlementStatus.UNDER_REVIEW
    session.flush()

    back = undo(session, boss, command.id, now=NOW)

    assert back.moved == (Moved("N-0", MONDAY + timedelta(days=9), MONDAY),)
    assert {each.number: each.why for each in back.refused} == {
        "N-1": "moved_since", "N-2": "review_open",
    }  # fmt: skip
    assert rights[0].planned_on is None
    assert changes_of(session, rights[0]) == [
        EntitlementChange.POSTPONED, EntitlementChange.POSTPONEMENT_UNDONE,
    ]  # fmt: skip
    batch = session.get_one(ReviewPostponement, command.id)
    assert (batch.moved, batch.undone, batch.undone_by) == (3, 1, boss.id)


def test_who_has_only_some_of_the_rights_takes_nothing_back(world: World, boss: Principal) -> None:
    session = world.session
    near, far = coming(session, number="N-1"), coming(session, number="N-2", agency_code="RABAT-1")
    both = (*boss.grants, *make_principal(session, Role.SUPERVISOR, "MA-04").grants)
    whole = replace(boss, id=new_id(), grants=both)
    command = order([near, far], 9)
    how: Any = {"jurisdiction": Jurisdiction.MA, "now": NOW}
    assert len(postpone(session, world.tools.catalog, whole, command, **how).moved) == 2

    with pytest.raises(PostponementNotWhole):
        undo(session, boss, command.id, now=NOW)

    assert not load_postponement(session, boss, command.id).is_whole
    assert near.opens_on == far.opens_on == MONDAY + timedelta(days=9)
    assert load_postponement(session, whole, command.id).is_whole
    assert len(undo(session, whole, command.id, now=NOW).moved) == 2
    assert near.opens_on == far.opens_on == MONDAY


def test_a_filter_chooses_the_rights_of_ones_units_and_nothing_else(
    world: World, boss: Principal
) -> None:
    mine = coming(world.session)
    coming(world.session, MONDAY + timedelta(days=40))
    coming(world.session, agency_code="RABAT-1")
    make_right(world.session, "invalidity", opens_on=MONDAY)
    filters = RightFilters(flow="ald", last=MONDAY)

    assert rights_of(world.session, boss, filters, "ma") == [mine.id]


def take_leave(world: World, days: int = 60) -> Entitlement:
    """A sick leave granted for so many days from today on."""
    taken = world.take(
        flow="sick_leave", nature="first", scheme="general", medical=None,
        care={"from": str(TODAY), "to": str(TODAY + timedelta(days=days - 1))},
        form={"stopped_on": str(TODAY)}, control={"required": True, "mode": "on_file"},
    )  # fmt: skip
    file = world.file(taken)
    world.walk(file, "granted")
    return world.session.exec(select(Entitlement)).one()


def test_a_sick_leave_comes_back_at_its_milestones_while_it_goes_on(world: World) -> None:
    right = take_leave(world)
    numbers = law("ma")
    ahead = numbers.number("ijm.review_open_days_before", TODAY).value
    day_45 = TODAY + timedelta(days=numbers.number("ijm.recontrol_1_days", TODAY).value)

    assert (right.milestone, right.next_review_on) == ("day_45", day_45)
    assert right.opens_on == day_45 - timedelta(days=ahead)

    opened = review_round(world.tools, now=on(day_45))["opened"]

    (file,) = (each for each in files(world.session) if each.channel == "periodic")
    assert (opened, file.nature, file.entitlement_id) == (1, "prolongation", right.id)


def test_a_renewal_keeps_its_right_open_and_a_refusal_ends_it_that_day(world: World) -> None:
    right = coming(world.session, TODAY)
    world.session.commit()
    open_due_reviews(world.tools, now=on(TODAY))
    world.session.refresh(right)
    (file,) = files(world.session)
    assert (right.status, right.review_since) == (EntitlementStatus.UNDER_REVIEW, TODAY)
    world.now = NOW + timedelta(days=120)  # the right's last day is long past

    world.walk(file, ("refused_medical", {"motive_code": "med.not_justified"}))

    world.session.refresh(right)
    assert right.status is EntitlementStatus.ENDED
    assert right.valid_to == TODAY + timedelta(days=120)
    assert changes_of(world.session, right) == [
        EntitlementChange.REVIEWED, EntitlementChange.ENDED,
    ]  # fmt: skip


def test_a_review_that_is_withdrawn_leaves_the_right_in_force(world: World) -> None:
    right = coming(world.session, TODAY)
    world.session.commit()
    open_due_reviews(world.tools, now=on(TODAY))
    (file,) = files(world.session)
    end = right.valid_to

    world.walk(file, "withdrawn")

    world.session.refresh(right)
    assert file.closed_at is not None
    assert (right.status, right.valid_to, right.opens_on) == (EntitlementStatus.ACTIVE, end, None)
    assert changes_of(world.session, right)[-1] is EntitlementChange.KEPT


def test_an_undone_grant_puts_the_right_back_and_says_so(world: World) -> None:
    right = coming(world.session, TODAY)
    world.session.commit()
    open_due_reviews(world.tools, now=on(TODAY))
    (file,) = files(world.session)
    before = right.valid_to
    task = world.task(file)
    world.walk(file, "granted")
    world.session.refresh(right)
    renewed = right.valid_to

    undo_decision(
        world.session, world.tools, file.id, expected_version=file.version,
        principal=world.by_doctor[task.assigned_doctor_id], now=world.now,
    )  # fmt: skip

    world.session.refresh(right)
    assert renewed != before
    assert (right.valid_to, right.status) == (before, EntitlementStatus.UNDER_REVIEW)
    assert right.review_since == TODAY
    assert changes_of(world.session, right) == [
        EntitlementChange.REVIEWED, EntitlementChange.RENEWED, EntitlementChange.RESTORED,
    ]  # fmt: skip


def test_who_may_only_see_a_unit_may_not_postpone_its_reviews(world: World) -> None:
    """An agent of one agency who supervises another acts in the other alone."""
    here, there = coming(world.session), coming(world.session, agency_code="RABAT-1")
    both = make_principal(world.session, Role.AGENT, "CASA-1")
    both = Principal(
        both.id, both.name,
        (*both.grants, *make_principal(world.session, Role.SUPERVISOR, "RABAT-1").grants),
    )  # fmt: skip

    done = postpone(
        world.session, world.tools.catalog, both, order([here, there], 8),
        jurisdiction=Jurisdiction.MA, now=NOW,
    )  # fmt: skip

    assert [each.number for each in done.moved] == [there.number]
    assert here.opens_on == MONDAY


def test_a_prolongation_carries_the_running_leave_on_under_the_same_number(world: World) -> None:
    right = take_leave(world, days=30)
    number = right.number
    assert right.milestone is None  # it ends before the first milestone
    later = TODAY + timedelta(days=90)
    world.now = NOW + timedelta(days=28)

    taken = world.take(
        external_id="W-2", flow="sick_leave", nature="prolongation", scheme="general", medical=None,
        received_at=world.now.isoformat(), form={"stopped_on": str(TODAY)},
        care={"from": str(TODAY + timedelta(days=30)), "to": str(later)},
        control={"required": True, "mode": "on_file"},
    )  # fmt: skip
    world.session.refresh(right)
    pending = right.status
    world.walk(world.file(taken), "granted")

    world.session.refresh(right)
    assert pending is EntitlementStatus.UNDER_REVIEW
    assert [each.number for each in world.session.exec(select(Entitlement))] == [number]
    assert (right.valid_from, right.valid_to, right.milestone) == (TODAY, later, "day_45")
    assert changes_of(world.session, right) == [
        EntitlementChange.GRANTED, EntitlementChange.REVIEWED, EntitlementChange.RENEWED,
    ]  # fmt: skip


def test_an_agreement_granted_in_part_is_looked_at_before_it_ends(world: World) -> None:
    file = world.file(world.take())
    months = law("ma").number("ald.partial_review_months", TODAY).value

    world.walk(file, ("partially_granted", {"motive_code": "med.not_justified"}))

    right = world.session.exec(select(Entitlement)).one()
    assert right.next_review_on == add_months(TODAY, months)
    assert right.valid_to == add_months(TODAY, 60) - timedelta(days=1)
    assert right.opens_on is not None
    assert right.opens_on < right.next_review_on
