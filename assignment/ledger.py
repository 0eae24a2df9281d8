"""Loads of a running batch: what each doctor would hold, and what the next file would cost."""

from collections.abc import Mapping

from assignment.doctors import FloatArray, IntArray
from assignment.eligibility import Barred, Eligibility, Group
from assignment.facts import Candidate, Constraint, Rule, TaskFacts, Why
from assignment.scoring import load_cost, load_costs

INFINITE = float("inf")
OTHERS_SHOWN = 3


class Ledger:
    """Points that each doctor holds, starting with what they hold already."""

    def __init__(
        self,
        eligibility: Eligibility,
        loads: IntArray | None = None,
        capacity: IntArray | None = None,
    ) -> None:
        """Begin with what is held; (n,) each, the table's own when they are left out."""
        table = eligibility.table
        self.table = table
        self.weights = eligibility.weights
        self.eligibility = eligibility
        loads = table.open_points if loads is None else loads
        capacity = table.capacity if capacity is None else capacity
        self._ids = [doctor.id for doctor in table.rows]
        self.free: IntArray = capacity - loads
        self._load: list[int] = loads.tolist()
        self._capacity: list[int] = capacity.tolist()
        self._load_costs: FloatArray = load_costs(loads, capacity, self.weights)

    def add(self, doctor: int, points: int) -> None:
        """Give points to the doctor at this position; negative points take them back."""
        self._load[doctor] += points
        self.free[doctor] -= points
        self._load_costs[doctor] = load_cost(
            self._load[doctor], self._capacity[doctor], self.weights
        )

    def costs(self, task: TaskFacts, group: Group, barred: Mapping[int, Barred]) -> FloatArray:
        """Return the cost of each doctor of the group, (m,); infinite for those barred or full."""
        costs: FloatArray = group.base + self._load_costs[group.doctors]
        costs[self.free[group.doctors] < task.points] = INFINITE
        if task.previous_doctor is not None:
            at = self._find(group, task)
            if at is not None:
                costs[at] -= self.weights.continuity
        for doctor in barred:
            at = group.find(doctor)
            if at is not None:
                costs[at] = INFINITE
        return costs

    def why(self, task: TaskFacts, at: int, rule: Rule, costs: FloatArray, group: Group) -> Why:
        """Return the why-record for the doctor at a place of the group. Spends ``costs``."""
        chosen = self._candidate(task, group, at)
        costs[at] = INFINITE
        others: list[Candidate] = []
        for _ in range(OTHERS_SHOWN):
            at = int(costs.argmin())
            if costs.item(at) == INFINITE:
                break
            others.append(self._candidate(task, group, at))
            costs[at] = INFINITE
        return Why(rule, chosen, tuple(others))

    def removed(
        self, task: TaskFacts, group: Group, barred: Mapping[int, Barred]
    ) -> dict[Constraint, int]:
        """Return how many doctors each constraint eliminated for a task, in order."""
        inside = [why.constraint for at, why in barred.items() if group.find(at) is not None]
        left = [at for at in group.doctors.tolist() if at not in barred]
        return {
            **group.removed,
            Constraint.CONFLICT: inside.count(Constraint.CONFLICT),
            Constraint.EXCLUSION: inside.count(Constraint.EXCLUSION),
            Constraint.CAPACITY: int((self.free[left] < task.points).sum()),
        }

    def _candidate(self, task: TaskFacts, group: Group, at: int) -> Candidate:
        doctor = group.doctors.item(at)
        doctor_id = self._ids[doctor]
        place, level, fee = group.terms[doctor]
        previous = task.previous_doctor
        followed = previous is not None and previous == doctor_id
        continuity = -self.weights.continuity if followed else 0.0
        return Candidate(doctor_id, place, level, continuity, fee, self._load_costs.item(doctor))

    def _find(self, group: Group, task: TaskFacts) -> int | None:
        doctor = self.table.position.get(task.previous_doctor) if task.previous_doctor else None
        return None if doctor is None else group.find(doctor)


def cheapest(costs: FloatArray) -> int | None:
    """Return where the smallest finite cost stands, the first among equals.

    >>> import numpy as np
    >>> [cheapest(np.array(costs)) for costs in ([3.0, 1.0, 1.0], [INFINITE], [])]
    [1, None, None]
    """
    if not costs.size:
        return None
    at = int(costs.argmin())
    return None if costs.item(at) == INFINITE else at
