"""The queue page read from the database: tabs, filters, order, pages, policy."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from medcontrol.errors import Forbidden, InvalidInput
from medcontrol.ids import new_id
from medcontrol.model import HumanTask
from medcontrol.policy import Grant, Principal
from medcontrol.queries.worklist import (
    BulkAction,
    DuePreset,
    DueState,
    QueueFilters,
    QueueSort,
    QueueTab,
)
from medcontrol.queries.worklist_loading import load_queue
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import ControlLevel, Lane, Role, StepKind, TaskStatus
from tests.integration.assignment_fund import NOW, add_doctor, add_tasks, add_units
from tests.statements import statements

CALENDAR = WorkingCalendar("ma")


@pytest.fixture
def fund(db):
    add_units(db)
    return db


def principal(role: Role, unit: str, level: ControlLevel, doctor_id: UUID | None = None):
    return Principal(new_id(), "P", (Grant(role, level, unit),), doctor_id)


@pytest.fixture
def doctor(fund):
    return principal(Role.DOCTOR, "T-A1", ControlLevel.LOCAL, add_doctor(fund))


SUPERVISOR = principal(Role.SUPERVISOR, "T-R1", ControlLevel.REGIONAL)
AGENT = principal(Role.AGENT, "T-A1", ControlLevel.LOCAL)


def change(session, task_ids, **values):
    session.execute(sa.update(HumanTask).where(HumanTask.id.in_(task_ids)).values(**values))


def give(session, doctor: Principal, number: int, **values) -> list[UUID]:
    """Tasks in a doctor's hands."""
    own = {name: values.pop(name) for name in ("lane", "signals", "is_urgent") if name in values}
    ids = add_tasks(session, number, **values)
    change(session, ids, assigned_doctor_id=doctor.doctor_id, **own)
    return ids


def load(session, who, **filters):
    return load_queue(session, who, QueueFilters(**filters), now=NOW, calendar=CALENDAR)


def counts(page):
    return {tab.key: tab.count for tab in page.tabs}


def ids(page):
    return [row.task_id for row in page.rows]


def test_a_doctor_sees_what_is_in_his_hands_the_most_urgent_first(fund, doctor):
    later = give(fund, doctor, 1, due_in_days=9)
    late = give(fund, doctor, 1, due_in_days=-3)
    add_tasks(fund, 3)

    page = load(fund, doctor)

    assert ids(page) == late + later
    assert [row.due.state for row in page.rows] == [DueState.LATE, DueState.LATER]
    assert page.rows[0].due.working_days == -1  # Friday to Monday
    assert counts(page)[QueueTab.TODO] == 2
    assert QueueTab.TEAM not in counts(page)


def test_equal_due_dates_go_by_lane(fund, doctor):
    blue = give(fund, doctor, 1, lane=Lane.BLUE)
    red = give(fund, doctor, 1, lane=Lane.RED)
    orange = give(fund, doctor, 1, lane=Lane.ORANGE)

    assert ids(load(fund, doctor)) == red + orange + blue


def test_held_returned_and_done_tasks_lie_in_their_tabs(fund, doctor):
    held, back, done = give(fund, doctor, 3)
    change(fund, [held], held_until=NOW + timedelta(days=2), hold_reason="other")
    change(fund, [back], signals=["woken", "message"])
    change(
        fund,
        [done],
        status=TaskStatus.DONE,
        done_at=NOW,
        done_by_doctor_id=doctor.doctor_id,
        outcome="granted",
    )

    page = load(fund, doctor, tab=QueueTab.WAITING)

    assert counts(page) == {
        QueueTab.TODO: 1, QueueTab.WAITING: 1, QueueTab.BACK: 1, QueueTab.DONE: 1,
    }  # fmt: skip
    assert ids(page) == [held]
    assert page.tabs[1].woken == 1
    assert page.waking_soon == 1
    assert ids(load(fund, doctor, tab=QueueTab.BACK)) == [back]
    [finished] = load(fund, doctor, tab=QueueTab.DONE).rows
    assert (finished.due.state, finished.due.on, finished.outcome) == (
        DueState.DONE, NOW.date(), "granted",
    )  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize(
    ("sort", "descending"),
    [(QueueSort.DUE, False), (QueueSort.LANE, True), (QueueSort.PERSON, True)],
)
def test_pages_forward_and_back_show_every_row_once_in_order(fund, doctor, size, sort, descending):
    for lane in (Lane.RED, Lane.ORANGE, Lane.RED):
        give(fund, doctor, 1, lane=lane, due_in_days=3)
        give(fund, doctor, 1, lane=lane, due_in_days=5)
    order = {"sort": sort, "descending": descending}
    whole = ids(load(fund, doctor, **order))

    page = load(fund, doctor, size=size, **order)
    walked, pages = ids(page), [page]
    while page.paging.next:
        page = load(fund, doctor, size=size, after=page.paging.next, **order)
        walked += ids(page)
        pages.append(page)

    assert len(whole) == 6
    assert walked == whole
    assert page.paging.last == 6
    for earlier in reversed(pages[:-1]):
        page = load(fund, doctor, size=size, after=page.paging.previous, **order)
        assert (ids(page), page.paging.first) == (ids(earlier), earlier.paging.first)
    assert page.paging.previous is None


@pytest.mark.parametrize(
    "cursor", ["x", "eA", "WzAsMV0", "é", "W10", "bnVsbA", "WzAsMSwxLDIsMyw0XQ"]
)
def test_a_cursor_that_is_not_ours_is_refused(fund, doctor, cursor):
    with pytest.raises(InvalidInput) as refusal:
        load(fund, doctor, after=cursor)
    assert refusal.value.field == "after"


def test_filters_and_views_narrow_rows_but_not_the_tabs(fund, doctor):
    urgent = give(fund, doctor, 1, is_urgent=True, due_in_days=20)
    late = give(fund, doctor, 1, due_in_days=-3)
    dental = give(fund, doctor, 2, flow="dental", due_in_days=1, lane=Lane.RED)

    page = load(fund, doctor, flow=("dental",))

    assert set(ids(page)) == set(dental)
    assert page.paging.total == 2
    assert counts(page)[QueueTab.TODO] == 4
    assert [(chip.name, chip.values, chip.without) for chip in page.chips] == [
        ("flow", ("dental",), "?tab=todo")
    ]
    assert {(o.value, o.count, o.is_chosen) for o in page.flow_options} == {
        ("ald", 2, False), ("dental", 2, True),
    }  # fmt: skip
    assert ids(load(fund, doctor, view="urgent")) == urgent
    assert ids(load(fund, doctor, view="late")) == late
    assert set(ids(load(fund, doctor, view="today"))) == {*urgent, *late}
    assert set(ids(load(fund, doctor, due=DuePreset.WITHIN_3))) == {*late, *dental}
    assert set(ids(load(fund, doctor, lane=(Lane.RED,)))) == set(dental)
    assert {view.key: view.count for view in page.views} == {
        "all": 4, "today": 2, "urgent": 1, "late": 1, "new": 4, "ald": 2, "dental": 2,
    }  # fmt: skip


def test_due_today_leaves_out_what_ended_yesterday_evening(fund, doctor):
    yesterday, today = give(fund, doctor, 2)
    day = CALENDAR.civil_date(NOW)
    change(fund, [yesterday], due_at=CALENDAR.end_of_day(day - timedelta(days=1)))
    change(fund, [today], due_at=CALENDAR.end_of_day(day))

    assert ids(load(fund, doctor, due=DuePreset.TODAY)) == [today]
    assert ids(load(fund, doctor, due=DuePreset.LATE)) == [yesterday]


def test_a_supervisor_sees_the_region_and_any_of_its_doctors_queues(fund, doctor):
    own = give(fund, doctor, 2)
    add_tasks(fund, 3, agency="T-A2")
    add_tasks(fund, 1, agency="T-B1", region="T-R2")

    team = load(fund, SUPERVISOR, tab=QueueTab.TEAM)
    his = load(fund, SUPERVISOR, doctor=doctor.doctor_id)

    assert counts(team)[QueueTab.TEAM] == 5
    assert {row.assigned_to for row in team.rows} == {None, his.owner_name}
    assert set(ids(his)) == set(own)
    assert his.owner_name
    assert BulkAction.REASSIGN in team.bulk_actions


def test_another_doctors_queue_is_not_for_doctors(fund, doctor):
    other = add_doctor(fund)
    with pytest.raises(Forbidden):
        load(fund, doctor, doctor=other)


def test_an_agent_sees_the_administrative_tasks_of_the_agency_only(fund):
    mine = add_tasks(fund, 1, kind=StepKind.COMPLETENESS)
    elsewhere = add_tasks(fund, 1, kind=StepKind.COMPLETENESS, agency="T-A2")
    change(fund, mine + elsewhere, is_medical=False)
    add_tasks(fund, 1)

    assert ids(load(fund, AGENT)) == mine


def test_somebody_without_a_role_sees_an_empty_queue(fund):
    add_tasks(fund, 2)

    page = load(fund, Principal(new_id(), "P", ()))

    assert (page.rows, page.paging.total, page.views[0].count) == ((), 0, 0)


def test_a_queue_costs_three_statements_whatever_its_length(fund, doctor):
    give(fund, doctor, 40)
    with statements(fund) as seen:
        load(fund, doctor)

    assert len(seen) == 3
