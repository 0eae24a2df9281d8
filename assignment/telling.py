"""What a plan of a large batch says of each file: why this doctor, or why none and until when."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from assignment.doctors import IntArray
from assignment.eligibility import Barred, Group
from assignment.facts import Constraint, Plan, PlannedAssignment, TaskFacts, UnassignedTask
from assignment.forecast import Forecast
from assignment.grouping import Grouping, Kind
from assignment.horizon import Horizon
from assignment.ledger import OTHERS_SHOWN, Ledger
from assignment.reasons import Candidate, Rule, Why
from assignment.scoring import load_costs


class Teller:
    """Puts a plan into words, with the loads of the finished plan.

    Args:
        grouping: the run's tasks and doctors.
        horizon: the calendars.
        load: (n,), points of each doctor in the whole plan.
        now: (n,), points that each holds once what is given now is given.
    """

    def __init__(self, grouping: Grouping, horizon: Horizon, load: IntArray, now: IntArray) -> None:
        self.grouping = grouping
        self.table = grouping.eligibility.table
        self._now = Ledger(grouping.eligibility, now)
        self._forecast = Forecast(horizon, load)
        self._prices = load_costs(load, horizon.total, grouping.eligibility.weights)
        self._price: list[float] = self._prices.tolist()
        self._ids = [doctor.id for doctor in self.table.rows]
        self._best: dict[Group, list[int]] = {}
        self._plain: dict[tuple[Group, int], Candidate] = {}
        self._whys: dict[tuple[Group, int], Why] = {}
        self._first: dict[Group, list[Candidate]] = {}

    def tell(
        self,
        given: Mapping[int, int],
        waits: Mapping[int, date | None],
        patient: Collection[int],
    ) -> Plan:
        """Return the plan in order of urgency.

        Args:
            given: doctors by task.
            waits: the rest, with the day on which each should be done; None after the horizon.
            patient: those that wait for who knows the person.
        """
        tasks = self.grouping.tasks
        assigned = [
            PlannedAssignment(tasks[number], self._ids[given[number]], self._why(number, given))
            for number in sorted(given)
        ]
        unassigned = [
            self._unassigned(number, waits[number], waits_for=number in patient)
            for number in sorted(waits)
        ]
        return Plan(tuple(assigned), tuple(unassigned))

    def _why(self, number: int, given: Mapping[int, int]) -> Why:
        kind, doctor = self.grouping.kind_of[number], given[number]
        if kind.previous is not None or number in self.grouping.barred:
            return self._explain(number, kind, doctor)
        found = self._whys.get((kind.group, doctor))
        if found is None:
            found = self._whys[kind.group, doctor] = self._explain_plainly(kind.group, doctor)
        return found

    def _explain_plainly(self, group: Group, doctor: int) -> Why:
        """Explain a file that nobody knows and nobody is kept from: like all of its group."""
        first = self._first.get(group)
        if first is None:
            ranked = self._ranked(group, OTHERS_SHOWN + 1)
            first = [self._unknown(group, each) for each in ranked[: OTHERS_SHOWN + 1]]
            self._first[group] = first
        chosen = self._unknown(group, doctor)
        others = tuple([each for each in first if each is not chosen][:OTHERS_SHOWN])
        return Why(Rule.PLANNED, chosen, others)

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
        return self._unknown(kind.group, doctor)

    def _unknown(self, group: Group, doctor: int) -> Candidate:
        """Return the terms of a doctor who does not know the person; always the same object."""
        found = self._plain.get((group, doctor))
        if found is None:
            place, level, fee = group.terms[doctor]
            found = Candidate(self._ids[doctor], place, level, 0.0, fee, self._price[doctor])
            self._plain[group, doctor] = found
        return found

    def _unassigned(
        self, number: int, expected_on: date | None, *, waits_for: bool
    ) -> UnassignedTask:
        kind, task = self.grouping.kind_of[number], self.grouping.tasks[number]
        barred = self.grouping.barred.get(number, {})
        removed = self._removed(kind, task, barred, waits_for=waits_for)
        if expected_on is None and removed[Constraint.CAPACITY]:
            expected_on = self._forecast.beyond(task, kind.group)
        return UnassignedTask(task, removed, expected_on)

    def _removed(
        self, kind: Kind, task: TaskFacts, barred: Mapping[int, Barred], *, waits_for: bool
    ) -> Mapping[Constraint, int]:
        if waits_for or barred:
            return self._now.removed(task, kind.group, barred, waits=waits_for)
        # Nobody has room: who had was given it.
        return {
            **kind.group.removed,
            Constraint.CONFLICT: 0,
            Constraint.EXCLUSION: 0,
            Constraint.CAPACITY: len(kind.group.doctors),
        }
