"""Clocks over a change of the calendar, and the alerts of supervisors."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from medcontrol.clock import ZONES
from medcontrol.model import (
    CalendarChange,
    ControlFile,
    Deadline,
    DeadlineAlert,
    HumanTask,
    JournalEntry,
)
from medcontrol.rules.clocks import Standstill
from medcontrol.services import calendar
from medcontrol.vocabulary import (
    BatchStatus,
    DeadlineAlertKind,
    DeadlineStatus,
    DocumentClass,
)
from tests.factories import NOW
from tests.flow_world import World, make_world
from workflows import commands
from workflows.steps import calendar_changes, recounting
from workflows.steps.arrivals import NewDocument, add_documents
from workflows.steps.calendar_changes import CalendarChangedSince
from workflows.steps.calendar_impact import preview
from workflows.steps.calendar_reach import Change
from workflows.steps.ending import PieceAsked
from workflows.steps.limits import warn_at
from workflows.steps.moving import Move
from workflows.sweeping import sweep_deadlines, warn_of_deadlines
from workflows.tools import Tools

MONDAY = date(2026, 11, 23)
EID = Change(jurisdiction="ma", day=MONDAY, is_holiday=True, name="Aïd")


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


def hospital(world: World, number: int = 1) -> ControlFile:
    """A file whose legal answer is due within 48 working hours, and whose step within days."""
    taken = world.take(
        external_id=f"H-{number}", flow="hospital", nature="authorisation", form=None,
        control={"required": True, "mode": "on_file"},
    )  # fmt: skip
    return world.file(taken)


def clock(world: World, file: ControlFile, *, legal: bool = True) -> Deadline:
    rows = world.session.exec(
        select(Deadline)
        .where(Deadline.control_file_id == file.id)
        .execution_options(populate_existing=True)
    )
    return next(row for row in rows if (row.kind == "legal") is legal)


def actions(world: World, file: ControlFile) -> list[str]:
    rows = world.session.exec(
        select(JournalEntry)
        .where(JournalEntry.control_file_id == file.id)
        .execution_options(populate_existing=True)
    )
    return [row.action for row in sorted(rows, key=lambda row: row.number)]


def alerts(world: World) -> list[DeadlineAlert]:
    rows = world.session.exec(select(DeadlineAlert).execution_options(populate_existing=True))
    return sorted(rows, key=lambda row: row.raised_at)


def working(world: World, file: ControlFile, **changes: Any) -> Deadline:
    """Turn the legal clock of a file into one in working days, from Friday noon on."""
    row = clock(world, file)
    file_row = world.session.get_one(ControlFile, file.id)
    due = calendar.working_calendar(world.session, "ma").end_of_day(date(2026, 11, 25))
    values = {"unit": "working_day", "amount": 3, "starts_at": NOW, "due_at": due, **changes}
    for name, value in values.items():
        setattr(row, name, value)
    file_row.due_at = row.due_at
    world.session.flush()
    return row


def test_a_change_says_first_what_it_moves_and_changes_nothing(world: World) -> None:
    file = hospital(world)
    before = working(world, file).due_at

    impact = preview(world.session, EID, now=NOW)

    assert [(each.flow, each.files, each.legal) for each in impact.flows] == [("hospital", 1, 1)]
    assert (impact.total("late"), impact.total("relieved")) == (0, 0)
    assert clock(world, file).due_at == before
    elsewhere = Change(jurisdiction="ma", day=date(2027, 3, 3), is_holiday=True, name="x")
    assert preview(world.session, elsewhere, now=NOW).flows == ()


def test_a_change_is_applied_behind_and_told_in_every_file_once(world: World) -> None:
    file, other = hospital(world), hospital(world, 2)
    working(world, file)
    change = calendar_changes.make(world.session, EID, by=None, now=NOW, expected=None)
    done = recounting.run(world.tools, change, now=lambda: NOW)
    again = recounting.run(world.tools, change, now=lambda: NOW)

    assert calendar.working_calendar(world.session, "ma").civil_date(
        clock(world, file).due_at
    ) == date(2026, 11, 26)
    assert actions(world, file).count("deadline.moved") >= 1
    assert (done.failed, again.files) == (0, 0)
    row = world.session.get_one(CalendarChange, change, populate_existing=True)
    assert (row.status, row.moved_files) == (BatchStatus.DONE, done.files)
    assert file.id != other.id
    moved = world.session.get_one(ControlFile, file.id, populate_existing=True)
    assert moved.due_at == clock(world, file).due_at


def test_a_file_that_could_not_be_counted_again_is_by_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other = hospital(world), hospital(world, 2)
    working(world, file)
    working(world, other)
    change = calendar_changes.make(world.session, EID, by=None, now=NOW)
    real = recounting.recount

    def failing(move: Move) -> int:
        if move.file.id == file.id:
            raise RuntimeError("a bug")
        return real(move)

    monkeypatch.setattr(recounting, "recount", failing)
    assert recounting.run(world.tools, change, now=lambda: NOW).failed == 1
    row = world.session.get_one(CalendarChange, change, populate_existing=True)
    assert (row.status, row.done_at) == (BatchStatus.RUNNING, None)

    monkeypatch.setattr(recounting, "recount", real)
    assert recounting.run(world.tools, change, now=lambda: NOW).files == 1
    world.session.refresh(row)
    assert row.status is BatchStatus.DONE
    assert clock(world, file).due_at == clock(world, other).due_at


def test_what_was_late_is_not_any_more_and_the_badge_goes(world: World) -> None:
    file = hospital(world)
    working(world, file, amount=1, due_at=datetime(2026, 11, 23, 22, 59, 59, tzinfo=ZONES["ma"]))
    tuesday = datetime(2026, 11, 24, 9, tzinfo=ZONES["ma"])
    sweep_deadlines(world.tools, now=lambda: tuesday)
    assert clock(world, file).status is DeadlineStatus.FIRED
    assert [each.kind for each in alerts(world)] == [DeadlineAlertKind.PASSED]
    impact = preview(world.session, EID, now=tuesday)
    assert impact.total("relieved") >= 1

    change = calendar_changes.make(world.session, EID, by=None, now=tuesday)
    recounting.run(world.tools, change, now=lambda: tuesday)

    row = clock(world, file)
    assert row.status is DeadlineStatus.RUNNING
    task = world.session.exec(
        select(HumanTask)
        .where(HumanTask.control_file_id == file.id)
        .execution_options(populate_existing=True)
    ).one()
    assert "late" not in task.signals
    assert [each.noted_at for each in alerts(world)] == [tuesday]


def test_a_day_worked_after_all_brings_deadlines_forward_and_makes_some_late(
    world: World,
) -> None:
    calendar.announce(world.session, "ma", MONDAY, "Aïd")
    file = hospital(world)
    end = calendar.working_calendar(world.session, "ma").end_of_day(date(2026, 11, 24))
    working(world, file, amount=1, due_at=end)
    tuesday = datetime(2026, 11, 24, 9, tzinfo=ZONES["ma"])
    taken_back = Change(jurisdiction="ma", day=MONDAY, is_holiday=None)

    impact = preview(world.session, taken_back, now=tuesday)

    assert impact.total("late") >= 1


def test_who_was_shown_other_figures_has_to_look_again(world: World) -> None:
    working(world, hospital(world))
    shown = preview(world.session, EID, now=NOW).total("deadlines")
    working(world, hospital(world, 2))

    with pytest.raises(CalendarChangedSince):
        calendar_changes.make(world.session, EID, by=None, now=NOW, expected=shown)
    assert calendar.announced_days(world.session, "ma") == []


def test_a_clock_that_a_new_holiday_moved_does_not_fire_before_it_was_counted_again(
    world: World,
) -> None:
    file = hospital(world)
    monday_end = calendar.working_calendar(world.session, "ma").end_of_day(MONDAY)
    row = working(world, file, amount=1, due_at=monday_end)
    calendar_changes.make(world.session, EID, by=None, now=NOW)

    assert not commands.fire_deadline(
        world.session, world.tools, row.id, now=monday_end + timedelta(minutes=1)
    )
    assert clock(world, file).status is DeadlineStatus.RUNNING


def test_a_legal_deadline_that_nears_and_passes_is_told_once_each_and_in_the_journal(
    world: World,
) -> None:
    file = hospital(world)
    row = clock(world, file)
    version = file.version
    assert row.warn_at is not None
    assert row.starts_at < row.warn_at < row.due_at
    assert clock(world, file, legal=False).warn_at is None, "internal targets raise no alert"
    near, passed = row.warn_at, row.due_at + timedelta(seconds=1)
    before = warn_of_deadlines(world.tools, now=lambda: near - timedelta(seconds=1))
    assert before.done == 0
    for _ in range(2):
        warn_of_deadlines(world.tools, now=lambda: near)
    assert [each.kind for each in alerts(world)] == [DeadlineAlertKind.NEAR]
    still = world.session.get_one(ControlFile, file.id, populate_existing=True)
    assert still.version == version, "whoever works on the file is not disturbed"
    for _ in range(2):
        sweep_deadlines(world.tools, now=lambda: passed)

    assert [each.kind for each in alerts(world)] == ["near", "passed"]
    assert alerts(world)[0].noted_at == passed, "that it neared is told no more"
    told = [each for each in actions(world, file) if each.startswith("deadline.")]
    assert told.count("deadline.near") == told.count("deadline.alerted") == 1


def test_what_stood_still_is_no_time_of_the_alert() -> None:
    start, due = NOW, NOW + timedelta(days=40)
    day = timedelta(days=1)
    stood = Standstill(NOW + 5 * day, NOW + 25 * day)
    restarted = Standstill(NOW + 5 * day, NOW + 25 * day, restarts=True)

    def left(*stops: Standstill) -> timedelta:
        return due - warn_at("ma", NOW.date(), start, due, stops)

    assert (left(), left(stood), left(restarted)) == (10 * day, 5 * day, 15 * day / 4)


@pytest.mark.parametrize(
    ("kind", "due_on"),
    [("incomplete", date(2026, 12, 15)), ("incorrect", date(2026, 12, 20))],
)
def test_what_is_missing_lets_the_clock_go_on_and_what_is_wrong_lets_it_begin_again(
    world: World, kind: str, due_on: date
) -> None:
    file = world.file(world.take())
    assert world.task(file).step == "control_on_file"
    world.now = NOW + timedelta(days=5)
    world.end(
        file, "ask_completion", pieces=(PieceAsked(kind="exams", note="Moins de six mois"),),
        gives={"completion_kind": kind},
    )  # fmt: skip
    assert clock(world, file).status is DeadlineStatus.SUSPENDED
    world.now = NOW + timedelta(days=15)
    document = NewDocument(
        kind="exams", title="Examens", content=b"%PDF-1.7\n%%EOF\n",
        document_class=DocumentClass.MEDICAL,
    )  # fmt: skip
    add_documents(world.session, world.tools, file.id, [document], by=world.agent, now=world.now)

    row = clock(world, file)
    assert calendar.working_calendar(world.session, "ma").civil_date(row.due_at) == due_on
    assert row.warn_at is not None
    assert row.warn_at > world.now
