"""Where each task of a reassignment goes, or why it stays. Pure: facts in, decisions out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from assignment.batch import plan, rank
from assignment.checker import check, refusals
from assignment.facts import Constraint, DoctorFacts, PlannedAssignment, TaskFacts, UnassignedTask
from assignment.orders import CHANGED_SINCE, OPENED_SINCE, UNCHANGED, Origin
from assignment.reasons import Candidate, Rule, Why
from assignment.scoring import Weights, evenly

#: What a doctor who had the task minutes ago may have again: nothing new is given to them.
_FORGIVEN = frozenset({Constraint.ABSENCE, Constraint.CAPACITY})
#: Rounds in which tasks that find no other doctor are left where they are.
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Held:
    """A task with who holds it now.

    Attributes:
        is_opened: whether that doctor read the file since it was given to them.
        last_work: number of the last journal entry that is not the system's own assignment.
    """

    task: TaskFacts
    doctor_id: UUID | None
    is_opened: bool = False
    last_work: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided for one task; ``made`` when a doctor gets it."""

    held: Held
    to: UUID | None = None
    refused: tuple[str, ...] = ()
    made: PlannedAssignment | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against it, without forbidding it."""
        if self.refused:
            return ()
        found = ("opened",) if self.held.is_opened else ()
        if self.made is None:
            return found
        return found + tuple(_reservations(self.held.task, self.made.why.chosen))


def _reservations(task: TaskFacts, chosen: Candidate) -> Iterator[str]:
    if chosen.place > 1:
        yield "other_region"
    if chosen.level:
        yield "level_above"
    if task.previous_doctor is not None and task.previous_doctor != chosen.doctor_id:
        yield "continuity"
    if chosen.fee:
        yield "contracted"


class Desk:
    """The doctors as they stand while tasks are decided one after the other.

    Args:
        doctors: holders and targets, with their loads.
        days: the horizon.
        weights: what soft wishes count.
    """

    def __init__(
        self, doctors: Sequence[DoctorFacts], days: Sequence[date], weights: Weights
    ) -> None:
        self.doctors = {doctor.id: doctor for doctor in doctors}
        self.days = tuple(days)
        self.weights = weights
        self.points = {doctor.id: doctor.open_points for doctor in doctors}

    def now(self, doctor_id: UUID) -> DoctorFacts:
        """Return a doctor with the load of this moment."""
        return replace(self.doctors[doctor_id], open_points=max(0, self.points[doctor_id]))

    def move(self, held: Held, to: UUID | None) -> None:
        """Carry a task's points from its holder to another doctor."""
        if held.doctor_id in self.points:
            self.points[held.doctor_id] -= held.task.points
        if to is not None:
            self.points[to] += held.task.points


def to_one(desk: Desk, held: Sequence[Held], doctor_of: Mapping[UUID, UUID]) -> list[Decision]:
    """Give each task to the doctor that is named for it, as far as constraints allow."""
    decisions = []
    for each in held:
        doctor = desk.now(doctor_of[each.task.id])
        refused = tuple(_against(each, doctor, desk.days))
        if refused:
            decisions.append(Decision(each, doctor.id, refused))
            continue
        made = _chosen(each.task, doctor, desk)
        desk.move(each, doctor.id)
        decisions.append(Decision(each, doctor.id, made=made))
    return decisions


def to_nobody(desk: Desk, held: Sequence[Held], unit_code: str) -> list[Decision]:
    """Put each task into the pool of a unit."""
    decisions = []
    for each in held:
        there = unit_code in (each.task.agency, each.task.region)
        if there and each.doctor_id is None:
            decisions.append(Decision(each, refused=(UNCHANGED,)))
            continue
        desk.move(each, None)
        decisions.append(Decision(each))
    return decisions


def spread(desk: Desk, held: Sequence[Held], doctor_ids: Sequence[UUID]) -> list[Decision]:
    """Spread tasks over doctors by the planner of batches; who finds nobody stays.

    Only what evens loads moves: a file changes hands for a reason. Among doctors who are about
    equally free, who is nearer, of the file's own level and salaried comes first.

    Raises:
        RuntimeError: the plan did not pass the independent check.
    """
    weights = evenly(desk.weights)
    moving, left = _surplus(desk, held, doctor_ids), dict[UUID, UnassignedTask]()
    for _ in range(_ROUNDS):
        targets = _targets(desk, moving, doctor_ids)
        tasks = [each.task for each in moving]
        result = plan(tasks, targets, weights, days=desk.days)
        left |= {each.task.id: each for each in result.unassigned}
        # A task of a target that stays keeps its points there: plan again without it.
        staying = {e.task.id for e in moving if e.task.id in left and e.doctor_id in doctor_ids}
        if not staying:
            break
        moving = [each for each in moving if each.task.id not in staying]
    else:
        moving = [each for each in moving if each.doctor_id not in doctor_ids]
        targets = _targets(desk, moving, doctor_ids)
        tasks = [each.task for each in moving]
        result = plan(tasks, targets, weights, days=desk.days)
        left |= {each.task.id: each for each in result.unassigned}
    wrong = check(result, tasks, targets, desk.days)
    if wrong:
        raise RuntimeError(f"a spread was refused by its checker: {wrong[:3]}")
    made = {each.task.id: each for each in result.assignments}
    return [_spread(desk, each, made.get(each.task.id), left.get(each.task.id)) for each in held]


def _surplus(desk: Desk, held: Sequence[Held], doctor_ids: Sequence[UUID]) -> list[Held]:
    """Return the tasks that have to move for loads to be even: the least urgent of who has most.

    What a target holds up to the common level stays; what others hold moves whole.
    """
    outside = [each for each in held if each.doctor_id not in doctor_ids]
    room = sum(desk.doctors[key].capacity_points for key in doctor_ids)
    points = sum(desk.points[key] for key in doctor_ids) + sum(e.task.points for e in outside)
    level = points / room if room else 0.0
    excess = {
        key: desk.points[key] - level * desk.doctors[key].capacity_points for key in doctor_ids
    }
    moving = []
    for each in reversed(held):
        key = each.doctor_id
        if key is None or key not in excess:
            moving.append(each)
        elif excess[key] >= each.task.points / 2:
            excess[key] -= each.task.points
            moving.append(each)
    return moving[::-1]


def _targets(desk: Desk, moving: Sequence[Held], doctor_ids: Sequence[UUID]) -> list[DoctorFacts]:
    """Return the doctors of a spread without what they give away themselves."""
    given = dict.fromkeys(doctor_ids, 0)
    for each in moving:
        if each.doctor_id in given:
            given[each.doctor_id] += each.task.points
    return [
        replace(desk.doctors[key], open_points=max(0, desk.points[key] - given[key]))
        for key in doctor_ids
    ]


def _spread(
    desk: Desk, each: Held, made: PlannedAssignment | None, left: UnassignedTask | None
) -> Decision:
    if made is None:
        removed = {} if left is None else left.removed
        why = tuple(f"{name.value}:{number}" for name, number in removed.items() if number)
        return Decision(each, refused=why or (UNCHANGED,))
    if made.doctor_id == each.doctor_id:
        return Decision(each, made.doctor_id, (UNCHANGED,))
    desk.move(each, made.doctor_id)
    return Decision(each, made.doctor_id, made=made)


def back(desk: Desk, held: Sequence[Held], origins: Mapping[UUID, Origin]) -> list[Decision]:
    """Give tasks back to where they were, unless somebody worked on them since."""
    decisions = []
    for each in held:
        origin = origins[each.task.id]
        refused = tuple(_against_return(each, origin, desk))
        made = None
        if not refused:
            desk.move(each, origin.doctor_id)
            made = _returned(each.task, origin)
        decisions.append(Decision(each, origin.doctor_id, refused, made))
    return decisions


def _against_return(each: Held, origin: Origin, desk: Desk) -> Iterator[str]:
    if each.last_work > origin.journal_number:
        yield CHANGED_SINCE
    if each.is_opened:
        yield OPENED_SINCE
    if each.doctor_id == origin.doctor_id and each.doctor_id is not None:
        yield UNCHANGED
    if origin.doctor_id is not None:
        for constraint, detail in refusals(each.task, desk.now(origin.doctor_id), desk.days):
            if constraint not in _FORGIVEN:
                yield f"{constraint.value}:{detail}"


def _against(each: Held, doctor: DoctorFacts, days: Sequence[date]) -> Iterator[str]:
    if each.doctor_id == doctor.id:
        yield UNCHANGED
        return
    for constraint, detail in refusals(each.task, doctor, days):
        yield f"{constraint.value}:{detail}"
    if doctor.open_points + each.task.points > doctor.capacity_points:
        yield f"{Constraint.CAPACITY.value}:{doctor.open_points + each.task.points}"


def _chosen(task: TaskFacts, doctor: DoctorFacts, desk: Desk) -> PlannedAssignment:
    why = rank(task, [doctor], desk.weights, days=desk.days)
    if isinstance(why, UnassignedTask):  # the two statements of the rules disagree: a bug
        raise RuntimeError(f"{task.id} passed the checker but not eligibility: {why.removed}")
    return PlannedAssignment(task, doctor.id, replace(why, rule=Rule.CHOSEN))


def _returned(task: TaskFacts, origin: Origin) -> PlannedAssignment | None:
    """Return the assignment that stood before, with its own reason."""
    if origin.doctor_id is None:
        return None
    nothing = Candidate(origin.doctor_id, 0.0, 0.0, 0.0, 0.0, 0.0)
    why = origin.why or Why(Rule.CHOSEN, nothing, ())
    given_at = why.first_given_at or origin.given_at
    return PlannedAssignment(task, origin.doctor_id, replace(why, first_given_at=given_at))
