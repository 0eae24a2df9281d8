"""What a plan of a large batch says of each file: why this doctor, or why none and until when."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import ceil

import numpy as np

from assignment.doctors import IntArray
from assignment.eligibility import Group
from assignment.facts import (
    Candidate,
    Constraint,
    Plan,
    PlannedAssignment,
    Rule,
    UnassignedTask,
    Why,
)
from assignment.grouping import Grouping, Kind
from assignment.ledger import OTHERS_SHOWN
from assignment.scoring import load_costs

_WEEK, _WORKED = 7, 5


class Teller:
    """Puts a plan into words, with the loads of the finished plan.

    Args:
        grouping: the run's tasks and doctors.
        load: (n,), points of each doctor in the whole plan.
        total: (n,), minutes of each doctor over the horizon.
    """

    def __init__(self, grouping: Grouping, load: IntArray, total: IntArray) -> None:
        self.grouping = grouping
        self.table = grouping.eligibility.table
        self._total = total
        self._prices = load_costs(load, total, grouping.eligibility.weights)
        self._price: list[float] = self._prices.tolist()
        self._ids = [doctor.id for doctor in self.table.rows]
        self._best: dict[Group, list[int]] = {}
        self._plain: dict[tuple[Group, int], Candidate] = {}
        self._whys: dict[tuple[Group, int], Why] = {}
        self._queued: dict[bytes, int] = {}

    def tell(self, given: Mapping[int, int], waits: Mapping[int, date | None]) -> Plan:
        """Return the plan in order of urgency."""
        tasks = self.grouping.tasks
        assigned = [
            PlannedAssignment(tasks[number], self._ids[given[number]], self._why(number, given))
            for number in sorted(given)
        ]
        unassigned = [self._unassigned(number, waits[number]) for number in sorted(waits)]
        return Plan(tuple(assigned), tuple(unassigned))

    def _why(self, number: int, given: Mapping[int, int]) -> Why:
        kind, doctor = self.grouping.kind_of[number], given[number]
        if kind.previous is None and not kind.alone:
            found = self._whys.get((kind.group, doctor))
            if found is None:
                found = self._whys[kind.group, doctor] = self._explain(number, kind, doctor)
            return found
        return self._explain(number, kind, doctor)

    def _explain(self, number: int, kind: Kind, doctor: int) -> Why:
        others = [self._candidate(number, kind, d) for d in self._near(number, kind, doctor)]
        others.sort(key=lambda candidate: candidate.total)
        chosen = self._candidate(number, kind, doctor)
        return Why(Rule.PLANNED, chosen, tuple(others[:OTHERS_SHOWN]))

    def _near(self, number: int, kind: Kind, doctor: int) -> Sequence[int]:
        """Return the cheapest doctors besides the chosen one, barred ones left out."""
        barred = self.grouping.barred.get(number, {})
        best = self._ranked(kind.group, OTHERS_SHOWN + 1 + len(barred))
        found = [each for each in best if each != doctor and each not in barred]
        found = found[:OTHERS_SHOWN]
        if kind.previous is not None and kind.previous[0] not in (doctor, *found):
            found.append(kind.previous[0])
        return found

    def _ranked(self, group: Group, count: int) -> list[int]:
        found = self._best.get(group)
        if found is None or len(found) < min(count, len(group.doctors)):
            order = (group.base + self._prices[group.doctors]).argsort(kind="stable")[:count]
            found = self._best[group] = group.doctors[order].tolist()
        return found

    def _candidate(self, number: int, kind: Kind, doctor: int) -> Candidate:
        weights = self.grouping.eligibility.weights
        if self._ids[doctor] == self.grouping.tasks[number].previous_doctor:
            place, level, fee = kind.group.terms[doctor]
            price = self._price[doctor]
            return Candidate(self._ids[doctor], place, level, -weights.continuity, fee, price)
        key = (kind.group, doctor)
        found = self._plain.get(key)
        if found is None:
            place, level, fee = kind.group.terms[doctor]
            found = Candidate(self._ids[doctor], place, level, 0.0, fee, self._price[doctor])
            self._plain[key] = found
        return found

    def _unassigned(self, number: int, expected_on: date | None) -> UnassignedTask:
        kind = self.grouping.kind_of[number]
        barred = self.grouping.barred.get(number, {})
        inside = [why.constraint for at, why in barred.items() if kind.group.find(at) is not None]
        full = len(kind.group.doctors) - len(inside)
        removed = {
            **kind.group.removed,
            Constraint.CONFLICT: inside.count(Constraint.CONFLICT),
            Constraint.EXCLUSION: inside.count(Constraint.EXCLUSION),
            Constraint.CAPACITY: full,
        }
        if expected_on is None and full:
            expected_on = self._beyond(number, kind.group)
        return UnassignedTask(self.grouping.tasks[number], removed, expected_on)

    def _beyond(self, number: int, group: Group) -> date | None:
        """Estimate a day after the horizon: its doctors go on as fast as within it."""
        pace = float(self._total[group.doctors].sum()) / len(self.table.days)
        if not pace:
            return None
        key = np.asarray(group.doctors).tobytes()
        queued = self._queued[key] = self._queued.get(key, 0) + self.grouping.tasks[number].points
        days = ceil(queued / pace) * _WEEK / _WORKED
        return self.table.days[-1] + timedelta(days=ceil(days))
