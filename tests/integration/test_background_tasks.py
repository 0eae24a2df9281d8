"""Tasks as Celery calls them: an id in, what must happen done, failures noted without content."""

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol import db as database
from medcontrol import outbox
from medcontrol.clock import utc_now
from medcontrol.errors import Unavailable
from medcontrol.ids import new_id
from medcontrol.model import (
    Entitlement,
    IntakeBatch,
    Letter,
    OutboxMessage,
    ReceivedFile,
    Schedule,
)
from medcontrol.outbox import NewMessage
from medcontrol.settings import settings
from medcontrol.turns import take_turn
from medcontrol.vocabulary import LetterStatus
from runtime.beat import JOBS
from runtime.sending import TOPICS
from runtime.tasks import exchange, intake, letters, periodic
from runtime.tasks.failing import TaskFailed
from tests.factories import TODAY
from tests.flow_world import make_world, raw
from tests.integration.test_periodic import make_right
from workflows.gate.batches import TOPIC, hand_in
from workflows.gate.spool import SpoolWriter
from workflows.tools import Tools


def message(session: Session, topic: str) -> OutboxMessage:
    found = select(OutboxMessage).where(OutboxMessage.topic == topic)
    return session.exec(found.execution_options(populate_existing=True)).one()


def test_each_topic_and_each_job_has_its_task(here: Tools) -> None:
    from runtime.celery_app import QUEUES, app

    app.loader.import_default_modules()
    ours = {name for name in app.tasks if not name.startswith("celery.")}

    assert ours == TOPICS | {job.task for job in JOBS}
    queues = {name: app.amqp.router.route({}, name)["queue"].name for name in ours}
    assert set(queues.values()) == set(QUEUES)
    assert queues["letters.send"] == "letters"
    assert queues[TOPIC] == "batch"


def test_a_letter_of_a_real_file_lies_in_the_outgoing_folder(db: Session, here: Tools) -> None:
    world = make_world(db, here)
    world.take()
    db.commit()
    asked = message(db, "letters.send")

    for _ in range(2):
        letters.send(str(asked.id))

    letter = db.exec(select(Letter).execution_options(populate_existing=True)).one()
    assert letter.status is LetterStatus.SENT
    (file,) = (settings().home_path / "outgoing").iterdir()
    assert file.name == f"{letter.id}.pdf"
    assert message(db, "letters.send").done_at is not None


def test_a_refusal_is_noted_by_its_code_and_the_task_ends_well(db: Session, here: Tools) -> None:
    wrong = NewMessage(topic="letters.send", key="x", payload={"letter_id": str(new_id())})
    outbox.publish(db, [wrong], now=utc_now())
    db.commit()

    letters.send(str(message(db, "letters.send").id))

    found = message(db, "letters.send")
    assert (found.last_error, found.done_at) == ("not_found", None)


def test_a_bug_is_noted_and_raised_without_the_values_it_is_about(db: Session, here: Tools) -> None:
    wrong = NewMessage(topic="letters.send", key="x", payload={"letter_id": "Alami"})
    outbox.publish(db, [wrong], now=utc_now())
    db.commit()

    with pytest.raises(TaskFailed, match=r"^ValueError$"):
        letters.send(str(message(db, "letters.send").id))

    assert message(db, "letters.send").last_error == "ValueError"


def test_an_event_that_nobody_wants_is_done_and_says_so(db: Session, here: Tools) -> None:
    exchange.subscriber.cache_clear()
    asked = NewMessage(topic="events.deliver", key="e", payload={"event": "file.opened"})
    outbox.publish(db, [asked], now=utc_now())
    db.commit()

    exchange.deliver(str(message(db, "events.deliver").id))

    found = message(db, "events.deliver")
    assert found.done_at is not None
    assert found.last_error == "no subscriber"


def test_a_batch_is_taken_in_once_however_often_its_task_runs(db: Session, here: Tools) -> None:
    make_world(db, here)
    batch_id = new_id()
    delivery = b"\n".join(raw(external_id=f"B-{number}") for number in range(3))
    writer = SpoolWriter(batch_id, here.keys)
    writer.write(delivery)
    writer.close()
    hand_in(db, batch_id, name="b", client_id=new_id(), now=utc_now())
    db.commit()
    asked = message(db, TOPIC)

    for _ in range(2):
        intake.run(str(asked.id))

    batch = db.get_one(IntakeBatch, batch_id, populate_existing=True)
    assert batch.finished_at is not None
    assert batch.counts["accepted"] == 3
    assert len(db.exec(select(ReceivedFile)).all()) == 3
    assert message(db, TOPIC).done_at is not None


def test_periodic_jobs_run_and_leave_a_note(db: Session, here: Tools) -> None:
    make_world(db, here)
    right = make_right(db, opens_on=TODAY.replace(year=2020))
    db.commit()

    periodic.open_reviews()
    periodic.sweep_deadlines()
    periodic.wake_holds()
    periodic.assign_pool()
    periodic.check_invariants()

    notes = {row.name: row.last_result for row in db.exec(select(Schedule)).all()}
    called = {"reviews.open", "deadlines.sweep", "holds.wake", "pool.assign", "invariants.check"}
    assert set(notes) == called
    assert called <= {job.task for job in JOBS}
    assert notes["reviews.open"]["opened"] == 1
    assert not any(notes["invariants.check"].values())
    assert db.get_one(Entitlement, right.id, populate_existing=True).status == "under_review"


def test_the_nightly_check_runs_once_a_night(db: Session, here: Tools) -> None:
    periodic.check_invariants()
    first = db.exec(select(Schedule)).one().last_run_at

    periodic.check_invariants()

    assert db.exec(select(Schedule)).one().last_run_at == first


def test_the_relay_leaves_work_due_while_the_broker_is_away(db: Session, here: Tools) -> None:
    asked = NewMessage(topic="letters.send", key="x", payload={"letter_id": str(new_id())})
    outbox.publish(db, [asked], now=utc_now())
    db.commit()

    with pytest.raises(Unavailable):
        periodic.relay()

    found = message(db, "letters.send")
    assert (found.attempts, found.published_at) == (0, None)


def test_a_job_that_another_process_does_is_left_to_it(committed: sa.Engine, here: Tools) -> None:
    with database.transaction() as other:
        assert take_turn(other, "pool.assign")
        result = periodic.alone("pool.assign", lambda: {"done": 1})

    assert result is None
