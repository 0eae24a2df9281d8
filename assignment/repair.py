"""Room for a task whose doctors are full, by moving other tasks of the same batch aside."""

from collections.abc import Container, Mapping, Sequence

from assignment.eligibility import Barred, Group
from assignment.facts import TaskFacts
from assignment.ledger import Ledger

CHAIN_EFFORT = 5_000  # evictions tried in a whole batch
CHAIN_LENGTH = 50  # tasks moved for one
EXACT_TASKS = 12  # size up to which every arrangement is looked at
EXACT_EFFORT = 20_000  # placements tried in one such look


class Room:
    """Who holds which task of the batch, by number; ``doctor_of`` is the caller's, kept up."""

    def __init__(
        self, ledger: Ledger, tasks: Sequence[TaskFacts], doctor_of: dict[int, int]
    ) -> None:
        self.ledger = ledger
        self.tasks = tasks
        self.doctor_of = doctor_of
        self.held: dict[int, dict[int, None]] = {}
        for number, doctor in doctor_of.items():
            self.held.setdefault(doctor, {})[number] = None
        self.effort = CHAIN_EFFORT
        self._has_time = ledger.has_time
        self._options: dict[int, list[int]] = {}

    def options(self, number: int) -> list[int]:
        """Return who may have a task, best place first; load and room don't count here."""
        found = self._options.get(number)
        if found is None:
            group, barred = self.eligible(number)
            order = group.doctors[group.base.argsort(kind="stable")]
            found = [at for at in order[self._has_time[order]].tolist() if at not in barred]
            self._options[number] = found
        return found

    def eligible(self, number: int) -> tuple[Group, Mapping[int, Barred]]:
        """Return the group of a task, and who of all doctors is barred from it."""
        eligibility = self.ledger.eligibility
        return eligibility.group(self.tasks[number]), eligibility.barred(self.tasks[number])

    def points(self, number: int) -> int:
        """Points of a task."""
        return self.tasks[number].points

    def give(self, number: int, doctor: int) -> None:
        """Put a task on a doctor's list."""
        self.doctor_of[number] = doctor
        self.held.setdefault(doctor, {})[number] = None
        self.ledger.add(doctor, self.points(number))

    def take(self, number: int) -> int:
        """Take a task off its doctor's list and return the doctor."""
        doctor = self.doctor_of.pop(number)
        del self.held[doctor][number]
        self.ledger.add(doctor, -self.points(number))
        return doctor

    def free(self, doctor: int) -> int:
        """Points left to a doctor."""
        return self.ledger.free.item(doctor)


def make_room(room: Room, *, without: Container[int] = ()) -> list[int]:
    """Place as many waiting tasks as moving others allows, the most urgent first.

    Finds a way for every task that has one when all tasks weigh the same, or when few tasks
    compete for the same doctors; otherwise within a fixed effort, counted and not timed, so
    that the result does not depend on the machine. No task that had a doctor loses its place.
    Tasks of ``without`` wait for somebody and stay out of it.

    Returns:
        Numbers of the tasks that were placed or moved, in order of urgency.
    """
    free = room.ledger.free
    if not len(free) or free.max() < min((task.points for task in room.tasks), default=0):
        return []
    before = dict(room.doctor_of)
    hopeless: dict[Group, int] = {}
    for number, task in enumerate(room.tasks):
        if number in before or number in without:
            continue
        group, barred = room.eligible(number)
        if not len(group.doctors) or task.points >= hopeless.get(group, task.points + 1):
            continue
        placed = chain(room, number, set(), CHAIN_LENGTH) or _rearrange(room, number)
        if not placed and not barred:
            hopeless[group] = task.points
    return sorted(n for n, doctor in room.doctor_of.items() if before.get(n) != doctor)


def chain(room: Room, number: int, seen: set[int], length: int) -> bool:
    """Place a task; if need be, each doctor passes one task on (Kuhn's augmenting path).

    At most ``length`` other tasks move.
    """
    points = room.points(number)
    for doctor in room.options(number):
        if room.free(doctor) >= points:
            room.give(number, doctor)
            return True
    if length == 0:
        return False
    for doctor in room.options(number):
        if doctor in seen:
            continue
        seen.add(doctor)
        missing = points - room.free(doctor)
        held = [other for other in room.held.get(doctor, ()) if room.points(other) >= missing]
        for other in held:
            if room.effort == 0:
                return False
            room.effort -= 1
            room.take(other)
            room.give(number, doctor)
            if chain(room, other, seen, length - 1):
                return True
            room.take(number)
            room.give(other, doctor)
    return False


def _rearrange(room: Room, number: int) -> bool:
    """Place a task by trying every arrangement of the few tasks that compete with it."""
    competing = _competing(room, number)
    if competing is None:
        return False
    before = {other: room.take(other) for other in competing if other in room.doctor_of}
    # Heavy ones first, then those with the fewest doctors: dead ends show early.
    competing.sort(key=lambda other: (-room.points(other), len(room.options(other)), other))
    if _arrange(room, competing, [EXACT_EFFORT]):
        return True
    for other, doctor in before.items():
        room.give(other, doctor)
    return False


def _competing(room: Room, number: int) -> list[int] | None:
    """Return the task and all that share doctors with it, through others too; None if many."""
    found = {number: None}
    frontier, doctors = [number], set[int]()
    while frontier:
        for doctor in room.options(frontier.pop()):
            if doctor in doctors:
                continue
            doctors.add(doctor)
            fresh = [other for other in room.held.get(doctor, ()) if other not in found]
            found.update(dict.fromkeys(fresh))
            frontier += fresh
            if len(found) > EXACT_TASKS:
                return None
    return list(found)


def _arrange(room: Room, numbers: Sequence[int], effort: list[int]) -> bool:
    if not numbers:
        return True
    number, rest = numbers[0], numbers[1:]
    for doctor in room.options(number):
        if room.free(doctor) < room.points(number):
            continue
        if effort[0] == 0:
            return False
        effort[0] -= 1
        room.give(number, doctor)
        if _arrange(room, rest, effort):
            return True
        room.take(number)
    return False
