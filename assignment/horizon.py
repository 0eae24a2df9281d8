"""The calendar of a plan: how much each doctor can have done by the end of each day."""

from collections.abc import Sequence

import numpy as np

from assignment.doctors import BoolArray, DoctorTable, IntArray
from assignment.facts import DoctorFacts

_PLENTY = np.iinfo(np.int64).max


class Horizon:
    """What n doctors can do within h working days, and what is booked on it.

    Work is done in the order of its last day, which no other order beats: it is in time when
    what is due by each day fits into the minutes until then.

    Attributes:
        minutes: (n, h), minutes worked on each day.
        total: (n,), their sum.
        room: (n, h), points that may still be due by the end of each day.
    """

    def __init__(self, table: DoctorTable) -> None:
        self.table = table
        rows = [_minutes(doctor, len(table.days), table) for doctor in table.rows]
        self.minutes: IntArray = np.array(rows, dtype=np.int64).reshape(len(rows), len(table.days))
        self._until: IntArray = self.minutes.cumsum(axis=1)
        self.total: IntArray = self.minutes.sum(axis=1)
        # What is held already is worked off first.
        self.room: IntArray = np.maximum(self._until - table.open_points[:, None], 0)

    def book(self, doctor: int, day: int, points: int) -> None:
        """Take points that are due by the end of a day off the doctor's room."""
        self.room[doctor, day:] -= points

    def book_many(self, doctors: IntArray, days: IntArray, points: IntArray) -> None:
        """Book many at once, (m,) each."""
        due = np.zeros_like(self.room)
        np.add.at(due, (doctors, days), points)
        self.room -= due.cumsum(axis=1)

    def in_time(self, doctors: IntArray, day: int, points: int) -> BoolArray:
        """Return who of the doctors could still do points by a day, harming nothing booked."""
        room = self.room[doctors, day:]
        found: BoolArray = np.asarray(room.min(axis=1, initial=_PLENTY) >= points)
        return found

    def late_points(self) -> int:
        """Return the points that can't be done by their last day, of all doctors."""
        return int(-np.minimum(self.room.min(axis=1, initial=0), 0).sum())

    def day_when_done(self, doctor: int, points: int) -> int | None:
        """Return the number of the day by which so many points are worked off; None if later."""
        day = int(self._until[doctor].searchsorted(max(points, 1)))
        return day if day < self._until.shape[1] else None

    def days_when_done(self, doctors: IntArray, points: IntArray) -> IntArray:
        """Return ``day_when_done`` of many, (m,); h where it is later."""
        found: IntArray = (self._until[doctors] < points[:, None]).sum(axis=1)
        return found


def _minutes(doctor: DoctorFacts, days: int, table: DoctorTable) -> Sequence[int]:
    """Return minutes by day; without a calendar, all on the first day at work."""
    if doctor.minutes:
        return [*doctor.minutes, *[0] * days][:days]
    minutes = [0] * days
    for number, day in enumerate(table.days):
        if day not in doctor.absent_on:
            minutes[number] = doctor.capacity_points
            break
    return minutes
