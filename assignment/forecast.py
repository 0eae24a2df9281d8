"""When what waits should be done (échéance prévue): doctors' calendars after what they hold."""

from collections.abc import Mapping
from datetime import date, timedelta
from math import ceil

import numpy as np

from assignment.doctors import IntArray
from assignment.eligibility import Barred, Group
from assignment.facts import TaskFacts
from assignment.horizon import Horizon

_WEEK, _WORKED = 7, 5


class Forecast:
    """Books waiting tasks, in the order of calls, on who can have them done first.

    Args:
        horizon: the calendars.
        load: (n,), points that each doctor holds; not changed.
    """

    def __init__(self, horizon: Horizon, load: IntArray) -> None:
        self._horizon = horizon
        self._load = load.copy()
        self._queued: dict[bytes, int] = {}

    def expect(self, task: TaskFacts, group: Group, barred: Mapping[int, Barred]) -> date | None:
        """Book a task and return the day on which it should be done; None when nobody can."""
        left = [at for at in group.doctors.tolist() if at not in barred] if barred else None
        doctors = group.doctors if left is None else np.array(left, dtype=np.int64)
        if not len(doctors):
            return None
        days = self._horizon.days_when_done(doctors, self._load[doctors] + task.points)
        at = int(days.argmin())
        table = self._horizon.table
        if days.item(at) == len(table.days):
            return self.beyond(task, group)
        self._load[doctors[at]] += task.points
        return table.days[days.item(at)]

    def beyond(self, task: TaskFacts, group: Group) -> date | None:
        """Estimate a day after the horizon: its doctors go on as fast as within it."""
        days = self._horizon.table.days
        pace = float(self._horizon.total[group.doctors].sum()) / len(days)
        if not pace:
            return None
        key = group.doctors.tobytes()
        self._queued[key] = self._queued.get(key, 0) + task.points
        return days[-1] + timedelta(days=ceil(ceil(self._queued[key] / pace) * _WEEK / _WORKED))

    def day_of(self, doctor: int, points: int) -> int | None:
        """Return the number of the day by which a doctor has time for more; None if later."""
        return self._horizon.day_when_done(doctor, self._load.item(doctor) + points)

    def book(self, doctor: int, points: int) -> None:
        """Add points to what a doctor is expected to do."""
        self._load[doctor] += points
