"""How due dates read today (échéances), for a page and for the database."""

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from medcontrol.model import HumanTask
from medcontrol.queries.worklist import Due, DuePreset, DueState
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import ControlFileStatus, Lane

SOON_WORKING_DAYS = 3
BACK_SIGNALS = (
    "opinion_received", "completion_received", "woken", "woken_by_document", "no_show", "message",
)  # fmt: skip

# Columns of the table, not values of a row.
Task: Any = HumanTask

LANE_RANK = sa.case(
    {Lane.RED: 0, Lane.ORANGE: 1, Lane.BLUE: 2, Lane.GREEN: 3}, value=Task.lane, else_=4
)
IS_HELD = Task.held_until.is_not(None)
IS_BACK = Task.signals.overlap(list(BACK_SIGNALS))


def due_of(
    due_at: datetime | None, today: date, calendar: WorkingCalendar, status: ControlFileStatus
) -> Due:
    """Return how a due date reads today; the clock stands still while pieces are awaited."""
    on = None if due_at is None else calendar.civil_date(due_at)
    if status is ControlFileStatus.CLOSED:
        return Due(on=on, state=DueState.DONE)
    if status is ControlFileStatus.AWAITING_COMPLETION or on is None:
        return Due(on=on, state=DueState.STOPPED)
    left = calendar.working_days_between(today, on)
    if on < today:
        return Due(on=on, state=DueState.LATE, working_days=min(left, -1))
    if on == today:
        return Due(on=on, state=DueState.TODAY, working_days=0)
    state = DueState.SOON if left <= SOON_WORKING_DAYS else DueState.LATER
    return Due(on=on, state=state, working_days=max(left, 1))


class Days:
    """The days a queue turns on, as instants of the database."""

    def __init__(self, now: datetime, calendar: WorkingCalendar) -> None:
        self.now, self.calendar = now, calendar
        self.today = calendar.civil_date(now)
        self.end_of_yesterday = calendar.end_of_day(self.today - timedelta(days=1))
        self.end_of_today = calendar.end_of_day(self.today)

    def end_in(self, working_days: int) -> datetime:
        """End of the day so many working days from now."""
        day = self.calendar.add_working_days(self.today, working_days)
        return self.calendar.end_of_day(day)

    def preset(self, preset: DuePreset) -> sa.ColumnElement[bool]:
        """The predicate of a ready-made span of due dates; spans to come include what is late."""
        if preset is DuePreset.LATE:
            return Task.due_at <= self.end_of_yesterday  # type: ignore[no-any-return]
        if preset is DuePreset.TODAY:
            return sa.and_(Task.due_at > self.end_of_yesterday, Task.due_at <= self.end_of_today)
        return Task.due_at <= self.end_in(3 if preset is DuePreset.WITHIN_3 else 7)  # type: ignore[no-any-return]

    def view(self, key: str) -> sa.ColumnElement[bool]:
        """The predicate of a built-in view; other keys name a flow, which is a filter already."""
        if key == "today":
            return sa.or_(Task.due_at <= self.end_of_today, Task.is_urgent, IS_BACK)
        if key == "urgent":
            return Task.is_urgent  # type: ignore[no-any-return]
        if key == "late":
            return Task.due_at <= self.end_of_yesterday  # type: ignore[no-any-return]
        if key == "new":
            return Task.opened_at > self.end_of_yesterday - timedelta(days=1)  # type: ignore[no-any-return]
        return sa.true()
