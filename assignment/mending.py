"""Whole files that found no room in time (retards): in time after all, others passed on for them.

A heavy file may fit with nobody, though the flow saw room for each of its points: an examination
can be half of what a doctor can do until its day. So somebody takes it and passes small files on,
to who has them in time. Each step is counted and not timed: the same input, the same plan.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from assignment.doctors import IntArray
from assignment.rounding import Limit, Rounding
from assignment.scoring import load_costs

EFFORT = 3_000  # files tried elsewhere, in one call
DEPTH = 2  # doctors in a row who pass something on
WIDTH = 8  # doctors who are asked to take a file that fits with nobody


class _Excess(NamedTuple):
    """What a doctor has too much of: points among what is due up to a day."""

    points: int
    day: int


class Mending:
    """Moves files of a plan between doctors, harming nothing that is in time.

    Args:
        rounding: the plan; kept up.
        limit: (n,), points that each doctor may hold; who holds more keeps it.
    """

    def __init__(self, rounding: Rounding, limit: Limit) -> None:
        self._plan, self._grouping = rounding, rounding.grouping
        self._limit = np.maximum(limit, rounding.load)
        self._last = rounding.horizon.room.shape[1] - 1
        self._held: dict[int, dict[int, None]] = {}
        for number, doctor in rounding.doctor_of.items():
            self._held.setdefault(doctor, {})[number] = None
        self._log: list[tuple[int, int | None]] = []  # task, and who had it before
        self._effort = EFFORT

    def place(self, numbers: Sequence[int]) -> list[int]:
        """Give each task to somebody who has it in time; return those for whom that failed."""
        return [number for number in numbers if not self._put(number, frozenset(), DEPTH)]

    def hasten(self) -> None:
        """Pass on what makes a doctor late, as far as others have it in time."""
        for doctor in np.flatnonzero(self._plan.horizon.room.min(axis=1, initial=0) < 0).tolist():
            self._relieve(doctor, None, frozenset({doctor}), DEPTH - 1)

    def _put(self, number: int, avoid: frozenset[int], depth: int) -> bool:
        """Give a task to somebody in time; if need be, somebody passes others on for it."""
        doctors, short = self._short_of(number, avoid)
        fitting = doctors[short <= 0]
        if len(fitting):
            self._give(number, fitting.item(0))
            return True
        if depth == 0:
            return False
        for doctor in doctors[short.argsort(kind="stable")[:WIDTH]].tolist():
            if self._effort <= 0:
                return False
            mark = len(self._log)
            self._give(number, doctor)
            if self._relieve(doctor, number, avoid | {doctor}, depth - 1):
                return True
            self._undo(mark)
        return False

    def _relieve(self, doctor: int, kept: int | None, avoid: frozenset[int], depth: int) -> bool:
        """Pass on a doctor's files until nothing is too much; return whether that succeeded."""
        excess = self._excess(doctor)
        while excess is not None:
            if not any(
                self._pass_on(number, doctor, avoid, depth)
                for number in self._movable(doctor, kept, excess)
            ):
                return False
            excess = self._excess(doctor)
        return True

    def _pass_on(self, number: int, doctor: int, avoid: frozenset[int], depth: int) -> bool:
        if self._effort <= 0:
            return False
        self._effort -= 1
        mark = len(self._log)
        self._take(number)
        if self._put(number, avoid | {doctor}, depth):
            return True
        self._undo(mark)
        return False

    def _short_of(self, number: int, avoid: frozenset[int]) -> tuple[IntArray, IntArray]:
        """Return who may have a task, cheapest first, and by how many points it does not fit."""
        kind, points = self._grouping.kind_of[number], self._plan.points[number]
        load, horizon = self._plan.load, self._plan.horizon
        barred = self._grouping.barred.get(number, {})
        doctors = kind.group.doctors
        prices = load_costs(load[doctors], horizon.total[doctors], self._plan.weights)
        order = (kind.group.base + prices).argsort(kind="stable")
        allowed = [
            doctor
            for doctor in doctors[order].tolist()
            if doctor not in avoid and doctor not in barred and horizon.total.item(doctor)
        ]
        left = np.array(allowed, dtype=np.int64)
        room = np.minimum(
            self._limit[left] - load[left], horizon.room[left, kind.day :].min(axis=1)
        )
        return left, (points - room).astype(np.int64)

    def _excess(self, doctor: int) -> _Excess | None:
        """Return what a doctor has too much of, what is late first; None when all is well."""
        room = self._plan.horizon.room[doctor]
        late = np.flatnonzero(room < 0)
        if len(late):
            return _Excess(-room.item(late[0]), late.item(0))
        above = int(np.ceil(self._plan.load.item(doctor) - self._limit.item(doctor)))
        return _Excess(above, self._last) if above > 0 else None

    def _movable(self, doctor: int, kept: int | None, excess: _Excess) -> list[int]:
        """Return the files whose going helps: one that is enough first, the lightest of these.

        Of files that are alike one is named: where it finds no place, none does.
        """
        points, kind_of = self._plan.points, self._grouping.kind_of
        alike: dict[tuple[int, int], int] = {}
        for number in self._held.get(doctor, ()):
            kind = kind_of[number]
            is_same = number == kept or not points[number] or kind.day > excess.day
            if not is_same:
                alike.setdefault((id(kind), points[number]), number)
        return sorted(
            alike.values(),
            key=lambda number: (
                points[number] < excess.points,
                abs(points[number] - excess.points),
                number,
            ),
        )

    def _give(self, number: int, doctor: int) -> None:
        self._log.append((number, None))
        self._plan.give(number, doctor, self._grouping.kind_of[number].day)
        self._held.setdefault(doctor, {})[number] = None

    def _take(self, number: int) -> None:
        doctor = self._plan.take(number)
        self._log.append((number, doctor))
        del self._held[doctor][number]

    def _undo(self, mark: int) -> None:
        """Take steps back until so many are left."""
        while len(self._log) > mark:
            number, before = self._log[-1]
            if before is None:
                self._take(number)
            else:
                self._give(number, before)
            del self._log[-2:]
