"""Tasks by kind and doctors by pool: what makes a plan of 80,000 files a small network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from assignment.doctors import BoolArray, IntArray
from assignment.eligibility import Barred, Eligibility, Group
from assignment.facts import TaskFacts
from assignment.scoring import fee_costs, level_costs
from medcontrol.vocabulary import ControlLevel

#: Nearest doctors that a file of its own (a conflict, an exclusion) is offered to; the others
#: stay open to it when what is left over is placed.
NEAREST = 32


class PoolKey(NamedTuple):
    """Doctors who are alike for a file: able for it, serving a unit, from a day on.

    ``unit`` is an agency or a region; None for everywhere.
    """

    able: int
    level: ControlLevel
    day: int
    unit: str | None


class Way(NamedTuple):
    """A pool that a kind of task may go to, and what its place costs there."""

    pool: PoolKey
    cost: float


@dataclass(slots=True, eq=False)
class Kind:
    """Tasks that are alike: same doctors, same costs, same last day, same previous doctor.

    Attributes:
        group: the doctors eligible.
        day: number of the last day on which it is in time.
        ways: pools, nearest first; empty for a file that stands alone.
        alone: doctors by position with their base cost, for a file that stands alone.
        previous: the doctor to whom it would return, and the base cost there.
        numbers: the tasks, in order of urgency.
    """

    group: Group
    day: int
    priority: int
    ways: tuple[Way, ...]
    alone: tuple[tuple[int, float], ...] = ()
    previous: tuple[int, float] | None = None
    numbers: list[int] = field(default_factory=list)
    points: int = 0


# By group, priority and position of the previous doctor.
_Found = dict[tuple[Group, int, int], Kind]


class Grouping:
    """The kinds of tasks of a run, and the pools of doctors that they go to.

    Args:
        eligibility: of the run's doctors.
        tasks: in order of urgency; a task goes by its number.
    """

    def __init__(self, eligibility: Eligibility, tasks: Sequence[TaskFacts]) -> None:
        self.eligibility = eligibility
        self.tasks = tasks
        self.pools: dict[PoolKey, IntArray] = {}
        self.kinds: list[Kind] = []
        self.kind_of: list[Kind] = []  # by number of task
        self.barred: dict[int, Mapping[int, Barred]] = {}
        self._able: dict[bytes, int] = {}
        self._masks: list[BoolArray] = []
        self._ways: dict[Group, tuple[Way, ...]] = {}
        self._pool_costs: dict[ControlLevel, list[float]] = {}
        found: _Found = {}
        for number, task in enumerate(tasks):
            self._sort(number, task, found)

    def _sort(
        self, number: int, task: TaskFacts, found: dict[tuple[Group, int, int], Kind]
    ) -> None:
        group = self.eligibility.group(task)
        barred = self.eligibility.barred(task)
        if barred:
            self.barred[number] = barred
            kind = self._standing_alone(task, group, barred)
            self.kinds.append(kind)
        else:
            previous = self._previous(task, group)
            key = (group, task.priority, -1 if previous is None else previous[0])
            known = found.get(key)
            if known is None:
                known = Kind(group, group.day, task.priority, self._ways_of(task, group))
                known.previous = previous
                found[key] = known
                self.kinds.append(known)
            kind = known
        kind.numbers.append(number)
        self.kind_of.append(kind)
        kind.points += task.points

    def _previous(self, task: TaskFacts, group: Group) -> tuple[int, float] | None:
        if task.previous_doctor is None:
            return None
        doctor = self.eligibility.table.position.get(task.previous_doctor)
        at = None if doctor is None else group.find(doctor)
        if doctor is None or at is None:
            return None
        return doctor, group.base.item(at) - self.eligibility.weights.continuity

    def _standing_alone(self, task: TaskFacts, group: Group, barred: Mapping[int, Barred]) -> Kind:
        """Return the kind of a file with doctors of its own: an exclusion must not leak."""
        previous = self._previous(task, group)
        count = min(NEAREST + len(barred), len(group.doctors))
        order = group.base.argsort(kind="stable")[:count]
        nearest = zip(group.doctors[order].tolist(), group.base[order].tolist(), strict=True)
        offered = [each for each in nearest if each[0] not in barred][:NEAREST]
        if previous is not None and previous[0] not in barred:
            offered = [previous, *(each for each in offered if each[0] != previous[0])]
        return Kind(group, group.day, task.priority, (), tuple(offered))

    def _ways_of(self, task: TaskFacts, group: Group) -> tuple[Way, ...]:
        found = self._ways.get(group)
        if found is None:
            found = self._ways[group] = tuple(self._find_ways(task, group))
        return found

    def _find_ways(self, task: TaskFacts, group: Group) -> Iterator[Way]:
        table, weights = self.eligibility.table, self.eligibility.weights
        mask, _ = self.eligibility.able(
            (task.professions, task.flow, task.nature, task.specialty, task.level)
        )
        able = self._able.setdefault(mask.tobytes(), len(self._able))
        if able == len(self._masks):
            self._masks.append(mask)
        is_central = task.level is ControlLevel.CENTRAL
        units: list[tuple[str | None, float]] = []
        if not is_central:
            within = weights.same_region if task.level is ControlLevel.LOCAL else 0.0
            units = [(task.agency, 0.0), (task.region, within)]
        if is_central or not task.in_person:
            units.append((None, 0.0 if is_central else weights.other_region))
        for unit, cost in units:
            key = PoolKey(able, task.level, group.day, unit)
            if key not in self.pools:
                serving = True if unit is None else table.serves(unit)
                self.pools[key] = np.flatnonzero(mask & serving & table.present[group.day])
            if len(self.pools[key]):
                yield Way(key, cost)

    def pool_costs(self, level: ControlLevel) -> list[float]:
        """Return what each of the n doctors costs in a pool of this level: level and fee."""
        found = self._pool_costs.get(level)
        if found is None:
            table, weights = self.eligibility.table, self.eligibility.weights
            costs = level_costs(level, table.level, weights) + fee_costs(table.contracted, weights)
            found = self._pool_costs[level] = costs.tolist()
        return found
