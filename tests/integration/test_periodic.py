"""Rights that are due for review come back as files: once, also late, also twice at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol import db as database
from medcontrol import journal
from medcontrol.ids import new_id
from medcontrol.model import (
    ControlFile,
    Entitlement,
    FlowInstance,
    Letter,
    QuarantinedMessage,
    ReceivedFile,
)
from medcontrol.vocabulary import Channel, DecisionOutcome, EntitlementStatus, Lane
from tests.factories import NOW, TODAY
from tests.flow_world import World, make_world
from workflows.rights.reviews import open_due_reviews
from workflows.tools import Tools


def on(day: date) -> Callable[[], datetime]:
    """A clock that stands at nine in the morning of a day."""
    moment = datetime.combine(day, time(9), UTC)
    return lambda: moment


def make_right(session: Session, flow: str = "invalidity", **changes: Any) -> Entitlement:
    row = Entitlement.model_validate(
        {
            "id": new_id(), "number": f"N-{new_id()}", "jurisdiction": "ma", "flow": flow,
            "right_code": "ma-ald-09" if flow == "ald" else None,
            "registration_number": "999123456", "family_name": "Alami", "given_name": "Amina",
            "birth_date": date(1985, 3, 2), "sex": "F", "language": "fr",
            "agency_code": "CASA-1", "valid_from": TODAY - timedelta(days=300),
            "valid_to": TODAY + timedelta(days=60), "next_review_on": TODAY + timedelta(days=61),
            "opens_on": TODAY, "granted_at": NOW - timedelta(days=300), **changes,
        }
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


def files(session: Session) -> list[ControlFile]:
    found = select(ControlFile).order_by(ControlFile.reference)
    return list(session.exec(found.execution_options(populate_existing=True)).all())


@pytest.mark.parametrize(
    ("flow", "nature"), [("invalidity", "review"), ("ald", "renewal"), ("disability", "renewal")]
)
def test_a_review_opens_by_itself_on_its_day_and_only_once(
    world: World, flow: str, nature: str
) -> None:
    right = make_right(world.session, flow)
    world.session.commit()

    early = open_due_reviews(world.tools, now=on(TODAY - timedelta(days=1)))
    due = open_due_reviews(world.tools, now=on(TODAY))
    again = open_due_reviews(world.tools, now=on(TODAY + timedelta(days=1)))

    assert (early.received, due.opened, again.received) == (0, 1, 0)
    (file,) = files(world.session)
    assert (file.flow, file.nature, file.channel) == (flow, nature, Channel.PERIODIC)
    assert (file.entitlement_id, file.received_on) == (right.id, TODAY)
    assert file.registration_number == right.registration_number
    world.session.refresh(right)
    assert right.status is EntitlementStatus.UNDER_REVIEW
    assert world.session.exec(select(FlowInstance)).one().control_file_id == file.id
    assert journal.verify(world.session)[1] == []


def test_days_that_the_scheduler_slept_through_are_caught_up_once(world: World) -> None:
    for days_ago in (3, 2, 1, 0):
        make_right(world.session, opens_on=TODAY - timedelta(days=days_ago))
    make_right(world.session, opens_on=TODAY + timedelta(days=1))
    make_right(world.session, "ald", opens_on=TODAY - timedelta(days=3))
    world.session.commit()
    open_due_reviews(world.tools, now=on(TODAY - timedelta(days=4)))

    woken = open_due_reviews(world.tools, now=on(TODAY))

    assert (woken.opened, len(files(world.session))) == (5, 5)
    assert {file.received_on for file in files(world.session)} == {TODAY}  # not late at once


def test_two_schedulers_at_once_open_one_file_for_each_right(
    committed: sa.Engine, tools: Tools
) -> None:
    with database.transaction() as session:
        make_world(session, tools)
        for _ in range(20):
            make_right(session)
    together = threading.Barrier(3, timeout=60)

    def run(_: int) -> int:
        with database.using(committed):
            together.wait()
            return open_due_reviews(tools, now=on(TODAY)).opened

    with ThreadPoolExecutor(3) as threads:
        opened = sum(threads.map(run, range(3)))

    with database.read_only() as session:
        found = files(session)
        received = session.exec(select(ReceivedFile)).all()
        set_aside = session.exec(select(QuarantinedMessage)).all()
        assert opened == len(found) == len(received) == 20
        assert len({file.entitlement_id for file in found}) == 20
        assert set_aside == []


def test_a_run_that_died_before_it_marked_the_rights_is_finished_by_the_next(world: World) -> None:
    right = make_right(world.session, "ald")
    world.session.commit()
    open_due_reviews(world.tools, now=on(TODAY))
    right.status = EntitlementStatus.ACTIVE
    world.session.commit()

    again = open_due_reviews(world.tools, now=on(TODAY + timedelta(days=1)))

    world.session.refresh(right)
    assert (again.received, right.status) == (0, EntitlementStatus.UNDER_REVIEW)
    assert len(files(world.session)) == 1


def test_the_review_of_a_child_is_about_the_child(world: World) -> None:
    make_right(
        world.session, "ald", relation="child", beneficiary_family_name="Alami",
        beneficiary_given_name="Ilyas", beneficiary_birth_date=date(2019, 5, 4),
    )  # fmt: skip
    world.session.commit()

    open_due_reviews(world.tools, now=on(TODAY))

    (file,) = files(world.session)
    assert (file.person_name, file.person_birth_date) == ("Alami Ilyas", date(2019, 5, 4))


def test_a_review_that_intake_refuses_stands_in_quarantine_once(world: World) -> None:
    make_right(world.session, registration_number="1")
    make_right(world.session)
    world.session.commit()

    first = open_due_reviews(world.tools, now=on(TODAY))
    again = open_due_reviews(world.tools, now=on(TODAY + timedelta(days=1)))

    assert (first.opened, first.quarantined, again.received) == (1, 1, 0)
    (bad,) = world.session.exec(select(QuarantinedMessage)).all()
    assert bad.source == "medcontrol"


def test_a_right_that_no_flow_can_review_does_not_stop_the_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    odd = make_right(world.session, "no_such_flow", opens_on=TODAY - timedelta(days=1))
    make_right(world.session)
    world.session.commit()

    result = open_due_reviews(world.tools, now=on(TODAY))

    assert result.opened == 1
    assert [record.entitlement_id for record in caplog.records] == [str(odd.id)]  # type: ignore[attr-defined]


def test_the_decision_of_a_renewal_renews_the_right_it_reviews(world: World) -> None:
    right = make_right(world.session, "ald")
    world.session.commit()
    open_due_reviews(world.tools, now=on(TODAY))
    (file,) = files(world.session)

    world.walk(file, "granted")

    world.session.refresh(right)
    assert file.outcome is DecisionOutcome.GRANTED
    assert right.status is EntitlementStatus.ACTIVE
    assert right.valid_to is not None
    assert right.valid_to > TODAY + timedelta(days=365)
    assert right.opens_on is not None
    assert right.opens_on > TODAY
    assert world.session.exec(select(Entitlement)).all() == [right]


def test_the_insured_person_is_told_of_the_review_and_control_is_certain(world: World) -> None:
    make_right(world.session)
    world.session.commit()

    counts = open_due_reviews(world.tools, now=on(TODAY))

    (file,) = files(world.session)
    letters = world.session.exec(select(Letter)).all()
    assert letters
    assert {letter.control_file_id for letter in letters} == {file.id}
    assert file.lane in (Lane.ORANGE, Lane.RED)
    assert counts.by_lane[file.lane.value] == 1


def test_finding_what_is_due_reads_only_what_is_due(world: World) -> None:
    """Among 20,000 rights of later years, by the plan of the statement that is really sent."""
    right = make_right(world.session)
    columns = [name for name in Entitlement.model_fields if name not in ("id", "number")]
    copied = ", ".join("DATE '2030-01-01'" if name == "opens_on" else name for name in columns)
    world.session.execute(
        sa.text(
            f"INSERT INTO entitlement (id, number, {', '.join(columns)})"  # noqa: S608 - names of ours
            f" SELECT gen_random_uuid(), 'L-' || n, {copied}"
            " FROM entitlement, generate_series(1, 20000) AS n WHERE id = :id"
        ),
        {"id": right.id},
    )
    world.session.execute(sa.text("ANALYZE entitlement"))
    world.session.commit()
    sent: list[tuple[str, Any]] = []

    @sa.event.listens_for(world.session.connection(), "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM entitlement" in statement and "ORDER BY" in statement:
            sent.append((statement, parameters))

    opened = open_due_reviews(world.tools, now=on(TODAY)).opened

    statement, parameters = sent[0]
    explained = world.session.connection().exec_driver_sql("EXPLAIN " + statement, parameters)
    plan = "\n".join(explained.scalars())
    assert opened == 1
    assert "ix_entitlement_review" in plan
    assert "Seq Scan" not in plan
