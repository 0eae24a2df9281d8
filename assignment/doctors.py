"""Doctors as columns: what eligibility and scoring read for all doctors at once."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import date
from functools import cached_property
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from assignment.facts import DoctorFacts, check_unique
from medcontrol.errors import InvalidInput
from medcontrol.vocabulary import DoctorKind, Profession

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class DoctorTable:
    """The n doctors of a run in the order of their ids, so that their input order is irrelevant.

    Args:
        doctors: each once.
        days: working days of the horizon, ascending; the first is the day of the run.

    Raises:
        InvalidInput: a doctor given twice, or no day.
    """

    def __init__(self, doctors: Sequence[DoctorFacts], days: Sequence[date]) -> None:
        if not days:
            raise InvalidInput("the horizon has no day", field="days")
        check_unique((doctor.id for doctor in doctors), "doctor")
        self.rows = sorted(doctors, key=lambda doctor: doctor.id)
        self.days = tuple(sorted(days))
        self.position: dict[UUID, int] = {doctor.id: i for i, doctor in enumerate(self.rows)}
        self._competence: dict[tuple[str, str, str | None], IntArray] = {}
        self._serves: dict[str, BoolArray] = {}
        self._days_left: dict[date | None, int] = {}

    def with_loads(self, loads: Mapping[UUID, int]) -> "DoctorTable":
        """Return the same doctors with other loads; 0 for those not named. Shares the rest."""
        table = copy(self)
        table.rows = [
            doctor
            if loads.get(doctor.id, 0) == doctor.open_points
            else replace(doctor, open_points=loads.get(doctor.id, 0))
            for doctor in self.rows
        ]
        table.__dict__.pop("open_points", None)
        return table

    def __len__(self) -> int:
        return len(self.rows)

    def _flags(self, values: Sequence[bool]) -> BoolArray:
        return np.fromiter(values, dtype=np.bool_, count=len(self.rows))

    @cached_property
    def active(self) -> BoolArray:
        """(n,), whether the doctor works for the fund."""
        return self._flags([doctor.active for doctor in self.rows])

    @cached_property
    def contracted(self) -> BoolArray:
        """(n,), whether the doctor is paid by the file (conventionné)."""
        return self._flags([doctor.kind is DoctorKind.CONTRACTED for doctor in self.rows])

    @cached_property
    def level(self) -> IntArray:
        """(n,), rank of the doctor's level: 0 local, 1 regional, 2 central."""
        return np.fromiter((doctor.level.rank for doctor in self.rows), np.int64, len(self.rows))

    @cached_property
    def capacity(self) -> IntArray:
        """(n,), points over the horizon."""
        return np.fromiter((d.capacity_points for d in self.rows), np.int64, len(self.rows))

    @cached_property
    def spare(self) -> IntArray:
        """(n,), points above the capacity that urgent work may still take."""
        spare = [max(0, d.urgent_points - d.capacity_points) for d in self.rows]
        return np.array(spare, dtype=np.int64)

    @cached_property
    def open_points(self) -> IntArray:
        """(n,), points held before the run."""
        return np.fromiter((d.open_points for d in self.rows), np.int64, len(self.rows))

    @cached_property
    def present(self) -> BoolArray:
        """(h, n): row k says who works on at least one of the first k + 1 days."""
        rows = [self._flags([day not in d.absent_on for d in self.rows]) for day in self.days]
        present: BoolArray = np.logical_or.accumulate(np.array(rows), axis=0)
        return present

    def profession_in(self, professions: frozenset[Profession]) -> BoolArray:
        """(n,), who has one of the professions; everybody when none is asked for."""
        return self._flags([not professions or d.profession in professions for d in self.rows])

    def competence(self, flow: str, nature: str, specialty: str | None) -> IntArray:
        """(n,), rank of the level up to which each may control such files; -1 for not at all."""
        found = self._competence.get((flow, nature, specialty))
        if found is None:
            levels = [each.level_for(flow, nature, specialty) for each in self.rows]
            ranks = [-1 if level is None else level.rank for level in levels]
            found = self._competence[flow, nature, specialty] = np.array(ranks, dtype=np.int64)
        return found

    def serves(self, unit: str) -> BoolArray:
        """(n,), who serves an agency or a region, at home or besides."""
        found = self._serves.get(unit)
        if found is None:
            found = self._flags(
                [unit in (d.agency, d.region) or unit in d.units for d in self.rows]
            )
            self._serves[unit] = found
        return found

    def days_left(self, due_on: date | None) -> int:
        """Return how many days of the horizon are left to do a task; at least the first.

        >>> table = DoctorTable([], [date(2026, 3, 2), date(2026, 3, 3)])
        >>> [table.days_left(day) for day in (None, date(2026, 3, 2), date(2026, 1, 1))]
        [2, 1, 1]
        """
        found = self._days_left.get(due_on)
        if found is None:
            until = len(self.days)
            if due_on is not None:
                until = max(1, sum(day <= due_on for day in self.days))
            found = self._days_left[due_on] = until
        return found
