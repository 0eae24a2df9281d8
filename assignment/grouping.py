"""Tasks by kind and doctors by pool: what makes a plan of 80,000 files a small network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import NamedTuple

import numpy as np

from assignment.doctors import BoolArray, FloatArray, IntArray
from assignment.eligibility import Barred, Eligibility, Group
from assignment.facts import TaskFacts
from assignment.scoring import fee_costs, level_costs
from medcontrol.vocabulary import ControlLevel

#: Nearest doctors that a file of its own (a conflict, an exclusion) is offered to one by one; the
#: others stay open to it when what is left over is placed.
NEAREST = 32
#: A pool of so many doctors for each that a file is kept from serves it like any other file: there
#: is somebody else in it to whom it goes when whole files are shared out.
_WIDE = 4
#: Files that share these go the same way, unless somebody is barred from one of them.
_ALIKE = attrgetter(
    "professions", "flow", "nature", "specialty", "level", "agency", "region", "in_person",
    "due_on", "priority", "previous_doctor",
)  # fmt: skip


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
        ways: pools, nearest first.
        direct: doctors by position with their base cost, to whom a file is offered one by one
            because their pool is too small to pass over those whom it is kept from.
        previous: the doctor to whom it would return, and the base cost there.
        numbers: the tasks, in order of urgency.
    """

    group: Group
    day: int
    priority: int
    ways: tuple[Way, ...]
    direct: tuple[tuple[int, float], ...] = ()
    previous: tuple[int, float] | None = None
    numbers: list[int] = field(default_factory=list)
    points: int = 0


class Grouping:
    """The kinds of tasks of a run, and the pools of doctors that they go to.

    Args:
        eligibility: of the run's doctors.
        tasks: in order of urgency; a task goes by its number.

    Attributes:
        points: of each task.
        pools: doctors of each pool, ascending.
        kinds: in the order in which they were met; kind_of: by number of task.
        barred: doctors who may not have a task, by number; only tasks with somebody barred.
    """

    def __init__(self, eligibility: Eligibility, tasks: Sequence[TaskFacts]) -> None:
        self.eligibility = eligibility
        self.tasks = tasks
        self.points = [task.points for task in tasks]
        self.pools: dict[PoolKey, IntArray] = {}
        self.kinds: list[Kind] = []
        self.kind_of: list[Kind] = []
        self.barred: dict[int, Mapping[int, Barred]] = eligibility.barred_among(tasks)
        self._able: dict[bytes, int] = {}
        self._masks: list[BoolArray] = []
        self._ways: dict[Group, tuple[Way, ...]] = {}
        self._members: dict[PoolKey, frozenset[int]] = {}
        self._found: dict[tuple[Group, int, int], Kind] = {}
        self._sort()

    def _sort(self) -> None:
        """Put each task to its kind."""
        alike: dict[tuple[object, ...], Kind] = {}
        barred, tasks = self.barred, self.tasks
        for number, key in enumerate(map(_ALIKE, tasks)):
            kind = self._kept_from(tasks[number], barred[number]) if number in barred else None
            if kind is None:
                kind = alike.get(key)
            if kind is None:
                kind = alike[key] = self._shared(tasks[number])
            kind.numbers.append(number)
            kind.points += self.points[number]
            self.kind_of.append(kind)

    def _shared(self, task: TaskFacts) -> Kind:
        """Return the kind that a task shares with all that are alike."""
        group = self.eligibility.group(task)
        previous = self._previous(task, group)
        key = (group, task.priority, -1 if previous is None else previous[0])
        kind = self._found.get(key)
        if kind is None:
            kind = Kind(group, group.day, task.priority, self._ways_of(task, group))
            kind.previous = previous
            self._found[key] = kind
            self.kinds.append(kind)
        return kind

    def _kept_from(self, task: TaskFacts, barred: Mapping[int, Barred]) -> Kind | None:
        """Return the kind of a file with doctors of its own; None when it may go like any other.

        A pool with few besides those barred would leak: the flow would count on them.
        """
        group = self.eligibility.group(task)
        previous = self._previous(task, group)
        narrow = [way for way in self._ways_of(task, group) if self._is_narrow(way, barred)]
        is_barred = previous is not None and previous[0] in barred
        if not narrow and not is_barred:
            return None
        ways = tuple(way for way in self._ways_of(task, group) if way not in narrow)
        inside = {doctor for way in narrow for doctor in self._in_pool(way.pool)} - barred.keys()
        places = [(doctor, group.base.item(group.at(doctor))) for doctor in inside]
        places.sort(key=itemgetter(1, 0))
        kind = Kind(group, group.day, task.priority, ways, tuple(places[:NEAREST]))
        kind.previous = None if is_barred else previous
        self.kinds.append(kind)
        return kind

    def _is_narrow(self, way: Way, barred: Mapping[int, Barred]) -> bool:
        members = self._in_pool(way.pool)
        return len(members) < _WIDE * sum(doctor in members for doctor in barred)

    def _in_pool(self, key: PoolKey) -> frozenset[int]:
        found = self._members.get(key)
        if found is None:
            found = self._members[key] = frozenset(self.pools[key].tolist())
        return found

    def _previous(self, task: TaskFacts, group: Group) -> tuple[int, float] | None:
        if task.previous_doctor is None:
            return None
        doctor = self.eligibility.table.position.get(task.previous_doctor)
        at = None if doctor is None else group.find(doctor)
        if doctor is None or at is None:
            return None
        return doctor, group.base.item(at) - self.eligibility.weights.continuity

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

    def pool_costs(self, level: ControlLevel) -> FloatArray:
        """Return what each doctor costs in a pool of this level, (n,): level and fee."""
        table, weights = self.eligibility.table, self.eligibility.weights
        return level_costs(level, table.level, weights) + fee_costs(table.contracted, weights)
