"""What will be late at the present pace: worked out by hand, by agency and region."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from medcontrol.model import HumanTask
from medcontrol.policy import Principal
from medcontrol.queries.supervision import TaskFilters, TaskState
from medcontrol.queries.supervision_loading import load_board
from medcontrol.queries.supervision_tasks import load_tasks, select_tasks
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import ControlFileStatus, Role, TaskStatus
from tests.factories import NOW, TODAY, make_control_file, make_principal, make_task

CALENDAR = WorkingCalendar("ma", {})
LONG_AGO = NOW - timedelta(days=200)


def day(ahead: int) -> datetime:
    """Noon of a working day from today on."""
    on = CALENDAR.add_working_days(TODAY, ahead)
    return CALENDAR.end_of_day(on) - timedelta(hours=12)


def step(db: Session, due: int, points: int = 60, **changes: object) -> HumanTask:
    place = {name: changes.pop(name) for name in ("agency_code", "region_code") if name in changes}
    file = make_control_file(db, opened_at=LONG_AGO, received=place)
    return make_task(db, file, due_at=day(due), points=points, **changes)


def finished(db: Session, ago: int, points: int, **changes: object) -> None:
    at = day(-ago) if ago else NOW
    step(db, 0, points, status=TaskStatus.DONE, done_at=at, **changes)


@pytest.fixture
def chief(db: Session) -> Principal:
    return make_principal(db, Role.SUPERVISOR, "MA-CENTRAL")


def late(db: Session, who: Principal, unit: str = "") -> list[str]:
    """What the list shows; a reassignment of all of it takes what doctors have to do of it."""
    filters = TaskFilters(unit=unit, breach=True)
    found = load_tasks(db, who, filters, now=NOW, calendar=CALENDAR)
    chosen = select_tasks(db, who, filters, as_of=NOW, calendar=CALENDAR)
    assert set(chosen) == {row.task_id for row in found.rows} & set(found.reasons or ())
    return [row.reference for row in found.rows]


def test_steps_behind_more_work_than_their_days_hold_will_be_late(
    db: Session, chief: Principal
) -> None:
    # 2,400 minutes in twenty working days: 120 a day. Of today's 120, 90 are done: 30 are left.
    finished(db, 1, 1200)
    finished(db, 20, 1200)
    finished(db, 21, 9999)  # the day before those four weeks
    finished(db, 0, 90)
    old = step(db, -3, 30)  # late already; taken first: 30 of 30 by tonight
    first = step(db, 0, 30)  # 60 of 30 by tonight: late
    second = step(db, 1, 90)  # 150 of 150 by tomorrow: in time
    third = step(db, 2, 121)  # 271 of 270 by then: late
    fourth = step(db, 7, 599)  # 870 of 870 on the seventh day: in time
    beyond = step(db, 8, 9999)  # too far away to be said
    step(db, 1, 9999, file_status=ControlFileStatus.AWAITING_COMPLETION)  # its clock stands still

    (row,) = load_board(db, chief, unit="", now=NOW, calendar=CALENDAR).matrix
    assert row.breaches is not None
    assert (row.breaches.files, row.breaches.points) == (2, 151)
    assert row.breaches.pace == 120
    assert late(db, chief) == [first.reference, third.reference]
    assert not {old.reference, second.reference, fourth.reference, beyond.reference} & set(
        late(db, chief)
    )


def test_the_desk_is_measured_by_what_the_desk_finishes(db: Session, chief: Principal) -> None:
    finished(db, 5, 20 * 60, is_medical=False)
    desk = [step(db, due, 60, is_medical=False) for due in (1, 1, 1)]  # 60, 120, 180 of 120
    doctors = step(db, 6, 1)  # no doctor finished anything

    assert late(db, chief) == [desk[2].reference, doctors.reference]


def test_a_region_is_the_sum_of_its_agencies_and_its_list(db: Session, chief: Principal) -> None:
    other = {"agency_code": "CASA-2", "region_code": "MA-06"}
    far = {"agency_code": "RABAT-1", "region_code": "MA-04"}
    finished(db, 3, 20 * 100)  # CASA-1 is fast; it does nothing of the two others' work
    for place in ({}, other, other, far):
        step(db, 1, 100, **place)

    rows = load_board(db, chief, unit="", now=NOW, calendar=CALENDAR).matrix
    agencies = load_board(db, chief, unit="MA-06", now=NOW, calendar=CALENDAR).matrix

    assert {row.unit.code: row.breaches.files for row in rows if row.breaches} == {
        "MA-04": 1, "MA-06": 2,
    }  # fmt: skip
    assert {row.unit.code: row.breaches.files for row in agencies if row.breaches} == {
        "CASA-1": 0, "CASA-2": 2,
    }  # fmt: skip
    assert [len(late(db, chief, unit)) for unit in ("", "MA-06", "CASA-1", "CASA-2", "MA-04")] == [
        3, 2, 0, 2, 1,
    ]  # fmt: skip
    assert late(db, make_principal(db, Role.SUPERVISOR, "CASA-1")) == []


def test_a_young_fund_is_measured_since_its_first_file_and_not_on_its_first_day(
    db: Session, chief: Principal
) -> None:
    file = make_control_file(db, opened_at=day(-4))
    make_task(db, file, due_at=day(0), points=400, status=TaskStatus.DONE, done_at=day(-2))
    make_task(db, file, due_at=day(1), points=200)

    (row,) = load_board(db, chief, unit="", now=NOW, calendar=CALENDAR).matrix
    assert row.breaches is not None
    assert (row.breaches.pace, row.breaches.files) == (100, 0)

    first_day = load_board(db, chief, unit="", now=day(-4), calendar=CALENDAR)
    assert [each.breaches for each in first_day.matrix] == [None]
    filters = TaskFilters(breach=True, state=TaskState.ALL)
    assert load_tasks(db, chief, filters, now=day(-4), calendar=CALENDAR).rows == ()
