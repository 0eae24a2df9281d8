"""What fails is seen in groups and tried again with an outcome each; what stands still is found."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol import outbox
from medcontrol.clock import utc_now
from medcontrol.ids import new_id
from medcontrol.model import (
    ControlFile,
    Deadline,
    FailedWork,
    FlowInstance,
    HumanTask,
    IncidentRetry,
    Letter,
    OutboxMessage,
)
from medcontrol.outbox import NewMessage
from medcontrol.queries.incident_retries import find_retry, load_retry_items
from medcontrol.queries.incidents import Fingerprint, Incident
from medcontrol.queries.incidents_loading import load_incidents, load_items
from medcontrol.services import letters as letter_service
from medcontrol.vocabulary import DeadlineStatus, IncidentKind, RetryOutcome, TaskStatus
from runtime.relay import Rules, relay_all
from runtime.sending import TOPICS
from runtime.tasks import incidents, letters, periodic
from runtime.tasks.failing import TaskFailed
from tests.factories import NOW
from tests.flow_world import World, make_world
from workflows import effects
from workflows.commands import PieceAsked
from workflows.incident_retries import RetryHelpsNothing, ask
from workflows.sweeping import sweep_deadlines
from workflows.tools import Tools
from workflows.watching import watch

LATER = NOW + timedelta(days=200)
TASKS = {"letters.send": letters.send, "incidents.retry": incidents.retry}


@pytest.fixture
def world(db: Session, here: Tools) -> World:
    return make_world(db, here)


def work_off(at: datetime | None = None) -> None:
    """Hand over what is due and do it, as a worker would; events stay where they are."""
    due: list[tuple[str, UUID]] = []
    rules = Rules(topics=TOPICS, settled={"events.deliver": "no subscriber"})
    relay_all(lambda topic, key: due.append((topic, key)), rules, now=lambda: at or utc_now())
    for topic, key in due:
        try:
            TASKS[topic](str(key))
        except TaskFailed:
            continue


def seen(db: Session, at: datetime | None = None) -> list[Incident]:
    db.expire_all()
    return load_incidents(db, now=at or utc_now())


def retry(db: Session, incident: Incident, only: Sequence[UUID] | None = None) -> UUID:
    key = new_id()
    ask(db, key, incident, only=only, by=None, now=utc_now())
    db.commit()
    return key


def outcomes(db: Session, key: UUID) -> list[tuple[RetryOutcome, str | None]]:
    db.expire_all()
    return [(each.outcome, each.error) for each in load_retry_items(db, key, most=50)]


def break_letters(monkeypatch: pytest.MonkeyPatch, *, but: Sequence[UUID] = ()) -> None:
    """Let letters meet a bug while they are rendered, all but those of some files."""
    whole = letters.rendered

    def broken(letter: Letter, file: ControlFile) -> bytes:
        if file.id in but:
            return whole(letter, file)
        raise ZeroDivisionError("Alami, E11.9")

    monkeypatch.setattr(letters, "rendered", broken)


def test_messages_that_fail_alike_are_one_incident_long_before_they_are_given_up(
    world: World, db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        world.take(external_id=f"W-{number}")
    db.commit()
    break_letters(monkeypatch)
    begin = utc_now()

    work_off()
    work_off(begin + timedelta(minutes=5))

    [found] = seen(db)
    letter = db.exec(select(Letter.code).distinct()).one()
    assert found.fingerprint == Fingerprint("letters.send", letter, "ZeroDivisionError")
    assert (found.kind, found.is_message, found.can_retry) == (IncidentKind.LETTER, True, True)
    assert (found.items, found.files, found.tried_again, found.given_up) == (3, 3, 3, 0)
    assert begin <= found.first_seen < found.last_seen
    assert found.next_try_at is not None
    assert found.next_try_at > begin + timedelta(minutes=5)
    items = load_items(db, found.fingerprint, now=utc_now())
    assert [each.attempts for each in items] == [2, 2, 2]
    assert {each.reference for each in items} == set(db.exec(select(ControlFile.reference)))


def test_a_retry_says_of_each_what_became_of_it(
    world: World, db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [world.file(world.take(external_id=f"W-{number}")) for number in range(3)]
    db.commit()
    break_letters(monkeypatch)
    work_off()
    dead = db.exec(select(OutboxMessage).where(OutboxMessage.topic == "letters.send")).all()
    for each in dead:
        outbox.give_up(each, "ZeroDivisionError", now=utc_now())
    db.commit()
    [incident] = seen(db)
    assert (incident.tried_again, incident.next_try_at, incident.given_up) == (0, None, 3)
    ids = {each.control_file_id: each.id for each in load_items(db, incident.fingerprint, now=NOW)}
    outbox.finish(db.get_one(OutboxMessage, ids[files[2].id]), now=utc_now())
    db.commit()
    monkeypatch.undo()
    break_letters(monkeypatch, but=[files[0].id])

    key = retry(db, incident, list(ids.values()))
    before = outcomes(db, key)
    work_off()

    assert [each for each, _ in before] == [
        RetryOutcome.WAITING, RetryOutcome.WAITING, RetryOutcome.GONE,
    ]  # fmt: skip
    assert outcomes(db, key) == [
        (RetryOutcome.FAILED, "ZeroDivisionError"), (RetryOutcome.GONE, None),
        (RetryOutcome.DONE, None),
    ]  # fmt: skip
    [left] = seen(db)
    assert (left.items, left.tried_again, left.given_up) == (1, 1, 0)


def test_a_form_sent_twice_asks_once_and_the_letter_goes_once(
    world: World, db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.take()
    db.commit()
    with monkeypatch.context() as broken:
        break_letters(broken)
        work_off()
    [incident] = seen(db)
    sent: list[UUID] = []
    hand_over = letter_service._hand_over

    def counted(letter: Letter, *rest: Any) -> str | None:
        sent.append(letter.id)
        return hand_over(letter, *rest)

    monkeypatch.setattr(letter_service, "_hand_over", counted)
    key = new_id()

    asked = [ask(db, key, incident, only=None, by=None, now=utc_now()) for _ in range(2)]
    other = retry(db, incident)
    work_off()
    work_off(utc_now() + timedelta(hours=1))

    assert asked == [1, 0]
    assert len(db.exec(select(IncidentRetry)).all()) == 2
    assert outcomes(db, key) == outcomes(db, other) == [(RetryOutcome.DONE, None)]
    assert len(sent) == 1
    assert seen(db) == []


def awaiting_pieces(world: World, number: int) -> ControlFile:
    file = world.file(world.take(external_id=f"W-{number}"))
    world.end(file, "ask_completion", pieces=(PieceAsked(kind="exams"),))
    world.session.commit()
    return file


def test_a_step_whose_handler_raises_is_one_incident_and_over_when_it_is_mended(
    world: World, db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [awaiting_pieces(world, number) for number in range(2)]
    clocks = db.exec(select(Deadline.name).where(Deadline.control_file_id == files[0].id)).all()

    def raises(*_: object) -> None:
        raise KeyError("Alami")

    with monkeypatch.context() as broken:
        broken.setattr(effects, "carry_out", raises)
        for at in (LATER, LATER + timedelta(hours=1)):
            sweep_deadlines(world.tools, now=partial(_same, at))
        found = [each for each in seen(db, LATER) if each.fingerprint.error == "KeyError"]
        assert found
        assert {each.fingerprint.what for each in found} == {"deadlines.sweep"}
        assert {each.fingerprint.step for each in found} <= set(clocks)
        assert {(each.items, each.files, each.kind) for each in found} == {
            (2, 2, IncidentKind.ONE_FILE)
        }
        assert (found[0].first_seen, found[0].last_seen) == (LATER, LATER + timedelta(hours=1))
        monkeypatch.setattr(incidents, "utc_now", lambda: LATER + timedelta(hours=2))
        failing = retry(db, found[0])
        work_off()
        assert outcomes(db, failing) == [(RetryOutcome.FAILED, "KeyError")] * 2
    mended = retry(db, found[0])
    work_off()

    assert outcomes(db, mended) == [(RetryOutcome.DONE, None)] * 2
    sweep_deadlines(world.tools, now=lambda: LATER + timedelta(hours=3))
    assert not [each for each in seen(db, LATER) if each.fingerprint.what == "deadlines.sweep"]
    row = find_retry(db, mended)
    assert row is not None
    assert (row.total, row.waiting) == (2, 0)


def test_a_job_that_fails_as_a_whole_is_seen_until_it_runs(world: World, db: Session) -> None:
    def fails() -> dict[str, int]:
        raise LookupError("Alami")

    for _ in range(2):
        with pytest.raises(TaskFailed):
            periodic.alone("pool.assign", fails)
    [found] = seen(db)
    assert (found.kind, found.fingerprint.error, found.items, found.tried_again) == (
        IncidentKind.JOB, "LookupError", 1, 1,
    )  # fmt: skip
    assert load_items(db, found.fingerprint, now=utc_now())[0].attempts == 2

    periodic.alone("pool.assign", dict)

    assert seen(db) == []


def test_what_nobody_hands_over_and_what_nobody_answers_are_incidents_too(
    world: World, db: Session
) -> None:
    for key in ("late", "silent", "fresh"):
        outbox.publish(db, [NewMessage(topic="backtest.run", key=key, payload={})], now=NOW)
    rows = {row.key: row for row in db.exec(select(OutboxMessage)).all()}
    rows["silent"].attempts, rows["silent"].published_at = 6, NOW
    rows["fresh"].next_try_at = NOW + timedelta(minutes=5)
    db.commit()

    found = {each.kind: each for each in seen(db, NOW + timedelta(minutes=11))}

    assert found.keys() == {IncidentKind.NOT_HANDED_OVER, IncidentKind.NEVER_CONFIRMED}
    assert all(each.items == 1 for each in found.values())
    with pytest.raises(RetryHelpsNothing):
        retry(db, found[IncidentKind.NOT_HANDED_OVER])


DAMAGES = {
    "a step that is not open": (
        "UPDATE human_task SET status = 'cancelled'", "flow.ready", IncidentKind.STILL_READY, True,
    ),
    "a clock that does not run": (
        "DELETE FROM deadline", "flow.ready", IncidentKind.STILL_READY, True,
    ),
    "a flow that ended": (
        "UPDATE human_task SET status = 'cancelled'; UPDATE flow_instance SET ended_at = now()",
        "flow.ended", IncidentKind.STILL_OPEN, True,
    ),
    "a state that nothing reads": (
        "UPDATE human_task SET status = 'cancelled'; UPDATE flow_instance SET state = '{}'",
        "flow.unreadable", IncidentKind.UNREADABLE, False,
    ),
    "no flow": (
        "UPDATE human_task SET status = 'cancelled'; DELETE FROM flow_instance",
        "flow.none", IncidentKind.NO_FLOW, False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_nothing_will_ever_move_is_found(
    world: World, db: Session, damage: str
) -> None:
    statement, error, kind, can_retry = DAMAGES[damage]
    file = world.file(world.take())
    if "clock" in damage:
        world.end(file, "ask_completion", pieces=(PieceAsked(kind="exams"),))
    db.commit()
    assert watch(world.tools, now=lambda: NOW) == {}
    for each in statement.split(";"):
        db.execute(sa.text(each))
    db.commit()

    assert watch(world.tools, now=lambda: NOW) == {error: 1}
    assert watch(world.tools, now=lambda: NOW + timedelta(minutes=10)) == {error: 1}

    [found] = [each for each in seen(db, NOW) if not each.is_message]
    assert (found.kind, found.can_retry, found.files) == (kind, can_retry, 1)
    assert (found.given_up, found.tried_again) == (1, 0)
    assert found.last_seen - found.first_seen == timedelta(minutes=10)
    assert load_items(db, found.fingerprint, now=NOW)[0].reference == file.reference


def _same(at: datetime) -> datetime:
    return at


def running_waits(db: Session, file: ControlFile) -> list[str]:
    """The clocks that will move a file, by name."""
    found = select(Deadline.name).where(
        Deadline.control_file_id == file.id,
        col(Deadline.engine_task_id).is_not(None),
        Deadline.status == DeadlineStatus.RUNNING,
    )
    return sorted(db.exec(found).all())


def test_driving_a_file_again_opens_its_step_and_starts_its_clock_once(
    world: World, db: Session
) -> None:
    asked, waiting = world.file(world.take()), awaiting_pieces(world, 2)
    db.commit()
    step = world.task(asked).step
    clocks = running_waits(db, waiting)
    db.execute(sa.text("UPDATE human_task SET status = 'cancelled'"))
    db.execute(sa.text("DELETE FROM deadline WHERE control_file_id = :id"), {"id": waiting.id})
    db.commit()
    watch(world.tools, now=lambda: NOW)
    groups = [each for each in seen(db, NOW) if each.kind is IncidentKind.STILL_READY]
    assert {each.fingerprint.step for each in groups} >= {step}

    first, second = ([retry(db, each) for each in groups] for _ in range(2))
    work_off()

    assert all(outcomes(db, key) == [(RetryOutcome.DONE, None)] for key in first)
    assert all(outcomes(db, key) == [(RetryOutcome.GONE, None)] for key in second)
    opened = db.exec(
        select(HumanTask.step).where(
            HumanTask.control_file_id == asked.id, HumanTask.status == TaskStatus.OPEN
        )
    ).all()
    assert opened == [step]
    assert clocks
    assert running_waits(db, waiting) == clocks
    assert [each for each in seen(db, NOW) if not each.is_message] == []
    assert watch(world.tools, now=lambda: NOW + timedelta(hours=1)) == {}
    world.end(asked, "ask_completion", pieces=(PieceAsked(kind="exams"),))  # it goes on


def test_a_file_mended_by_hand_leaves_the_list_at_the_next_watch(world: World, db: Session) -> None:
    file = world.file(world.take())
    db.commit()
    db.execute(sa.text("UPDATE human_task SET status = 'cancelled'"))
    db.commit()
    watch(world.tools, now=lambda: NOW)
    db.execute(sa.text("UPDATE human_task SET status = 'open'"))
    db.commit()

    watch(world.tools, now=lambda: NOW + timedelta(minutes=10))

    assert [each for each in seen(db, NOW) if not each.is_message] == []
    assert db.exec(select(FailedWork)).one().ended_at == NOW + timedelta(minutes=10)
    assert db.get_one(FlowInstance, file.id).ended_at is None
