"""What assignment (affectation) needs to know of a doctor and of a task: plain frozen values."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from assignment.reasons import Why
from medcontrol.errors import InvalidInput
from medcontrol.vocabulary import ControlLevel, DoctorKind, Profession, StepKind


class Constraint(StrEnum):
    """Why a doctor can't have a file. The order is the order in which doctors are eliminated."""

    ACTIVE = "active"
    PROFESSION = "profession"
    COMPETENCE = "competence"
    LEVEL = "level"
    PLACE = "place"
    ABSENCE = "absence"
    CONFLICT = "conflict"
    EXCLUSION = "exclusion"
    CAPACITY = "capacity"
    AFFINITY = "affinity"  # who knows the person has time soon, and the file waits for them


class Conflict(NamedTuple):
    """A conflict of interest (conflit d'intérêts) that is on record for a doctor.

    Attributes:
        kind: what ties them: ``treats``, ``prescribed``, ``relative``, ``establishment``,
            ``declared``.
        subject: a professional's or an establishment's id, a registration number
            (immatriculation) or a beneficiary key. Compared as it stands with those of the file.
    """

    kind: str
    subject: str


class Affinity(StrEnum):
    """Why a file would go back to the doctor who knows the person; each has its own patience."""

    RENEWAL = "renewal"  # of a right, or its review
    COMPLEMENT = "complement"  # the same file, once more
    OTHER = "other"  # another file of the person in the same flow


_RENEWALS = frozenset({"renewal", "review", "periodic", "requested", "prolongation"})


def affinity_of(nature: str) -> Affinity:
    """Return the affinity of a file with a doctor of an earlier file of the same flow."""
    return Affinity.RENEWAL if nature in _RENEWALS else Affinity.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorFacts:
    """A control doctor (médecin-conseil), dentist or pharmacist as assignment sees them.

    Attributes:
        agency: home agency, None for a doctor of a region or of the centre.
        region: home region, None for a doctor of the centre.
        units: codes of further agencies and regions that the doctor serves.
        competences: ``flow`` for every nature of a flow, ``flow/nature`` for one of them; with
            ``/specialty`` behind (``flow//specialty``) for what asks for that specialty only.
        competence_levels: up to which level, for competences where it is not the doctor's own.
        capacity_points: minutes of work that the doctor may hold; 0 when absent throughout.
        urgent_points: what they may hold with urgent work on top; ``capacity_points`` if less.
        minutes: minutes worked on each day of the horizon, which may reach further than what the
            doctor may hold now; empty when nothing is planned ahead.
        open_points: minutes of work that the doctor holds already.
        absent_on: days without work: leave, training, days not contracted.
        professional_id: the doctor's own number as prescriber or provider, when they practise.
        conflicts: what is on record; a file whose people or providers match is never given.

    Raises:
        InvalidInput: negative capacity or open points.
    """

    id: UUID
    kind: DoctorKind
    profession: Profession
    level: ControlLevel
    agency: str | None = None
    region: str | None = None
    units: frozenset[str] = frozenset()
    competences: frozenset[str] = frozenset()
    competence_levels: Mapping[str, ControlLevel] = field(default_factory=dict)
    capacity_points: int
    urgent_points: int = 0
    minutes: tuple[int, ...] = ()
    open_points: int = 0
    absent_on: frozenset[date] = frozenset()
    professional_id: str | None = None
    conflicts: tuple[Conflict, ...] = ()
    active: bool = True

    def __post_init__(self) -> None:
        """Refuse quantities that no doctor can have."""
        if self.capacity_points < 0:
            raise InvalidInput(f"capacity {self.capacity_points} < 0", field="capacity_points")
        if self.open_points < 0:
            raise InvalidInput(f"open points {self.open_points} < 0", field="open_points")

    def level_for(self, flow: str, nature: str, specialty: str | None) -> ControlLevel | None:
        """Return up to which level the doctor may control such files; None when not at all."""
        held = self.competences.intersection(accepted_competences(flow, nature, specialty))
        levels = [self.competence_levels.get(each, self.level) for each in held]
        return max(levels, key=lambda level: level.rank, default=None)


def accepted_competences(flow: str, nature: str, specialty: str | None) -> frozenset[str]:
    """Return the competences of which any will do for such a file.

    >>> sorted(accepted_competences("ald", "first", None))
    ['ald', 'ald/first']
    >>> sorted(accepted_competences("ald", "first", "cardiology"))
    ['ald', 'ald//cardiology', 'ald/first', 'ald/first/cardiology']
    """
    names = [flow, f"{flow}/{nature}"]
    if specialty is not None:
        names += [f"{flow}//{specialty}", f"{flow}/{nature}/{specialty}"]
    return frozenset(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """A medical task of a control file that waits for a doctor.

    Attributes:
        id: the human task.
        professions: any of these may do it; empty for every profession.
        specialty: which specialist it asks for; None for any doctor of the flow.
        in_person: an examination (CMP): the person does not travel to another region.
        points: minutes of work, 0 or more.
        priority: smaller comes first; the flow derives it from the lane and from urgency.
        due_on: last day, included; None when nothing binds.
        registration_number: insured person's number (immatriculation).
        beneficiary_key: identifies who is treated among those insured under that number.
        prescriber_id, provider_id, treating_ids: professionals whose work is controlled.
        previous_doctor: who followed this person before; preferred, never imposed.
        affinity: what ties the file to ``previous_doctor``.
        patience: so many working days it may wait for ``previous_doctor`` to have time.
        excluded: doctors who may not have this task, each with a reason code (author of the
            contested opinion, first doctor when a second is asked for).
        reserved: who alone may have this task, such as the members of a commission; None for
            every doctor.

    Raises:
        InvalidInput: negative points.
    """

    id: UUID
    control_file_id: UUID
    flow: str
    nature: str
    specialty: str | None = None
    step: StepKind = StepKind.CONTROL_ON_FILE
    professions: frozenset[Profession] = frozenset()
    level: ControlLevel = ControlLevel.LOCAL
    agency: str
    region: str
    in_person: bool = False
    points: int
    priority: int = 0
    due_on: date | None = None
    registration_number: str | None = None
    beneficiary_key: str | None = None
    prescriber_id: str | None = None
    provider_id: str | None = None
    treating_ids: frozenset[str] = frozenset()
    previous_doctor: UUID | None = None
    affinity: Affinity | None = None
    patience: int = 0
    excluded: Mapping[UUID, str] = field(default_factory=dict)
    reserved: frozenset[UUID] | None = None

    def __post_init__(self) -> None:
        """Refuse a task that would free its doctor's time."""
        if self.points < 0:
            raise InvalidInput(f"a task of {self.points} points", field="points")

    def __hash__(self) -> int:
        """Hash by id: tasks are keys of the planner's tables, and equal ones have equal ids."""
        return hash(self.id)

    @property
    def urgency(self) -> tuple[int, date, int, int]:
        """Order in which tasks are served; heavier first among equals, they are harder to fit."""
        return self.priority, self.due_on or date.max, -self.points, self.id.int


@dataclass(frozen=True, slots=True)
class PlannedAssignment:
    """One task given to one doctor."""

    task: TaskFacts
    doctor_id: UUID
    why: Why


@dataclass(frozen=True, slots=True)
class UnassignedTask:
    """A task that stays in the pool, with how many doctors each constraint eliminated, in order.

    ``expected_on``: the day on which somebody is likely to have done it; None when nobody can.
    """

    task: TaskFacts
    removed: Mapping[Constraint, int]
    expected_on: date | None = None

    @property
    def awaits_capacity(self) -> bool:
        """Whether somebody may do it and only lacks time. If not, a supervisor must act."""
        return self.removed.get(Constraint.CAPACITY, 0) > 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Result of a batch: each task stands in exactly one of the two, by urgency."""

    assignments: tuple[PlannedAssignment, ...] = ()
    unassigned: tuple[UnassignedTask, ...] = ()


def check_unique(ids: Iterable[UUID], what: str) -> None:
    """Refuse an input that names the same task or doctor twice.

    Raises:
        InvalidInput: with the id that stands twice.
    """
    given = list(ids)
    if len(set(given)) == len(given):
        return
    twice = next(each for each, times in Counter(given).items() if times > 1)
    raise InvalidInput(f"{what} {twice} is given twice", field=what)
