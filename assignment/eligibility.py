"""Hard constraints, compiled once per kind of task: who may have it, and who fell out why."""

from collections.abc import Iterator, Mapping, Sequence, Set
from copy import copy
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

import numpy as np

from assignment.doctors import BoolArray, DoctorTable, FloatArray, IntArray
from assignment.facts import Constraint, TaskFacts
from assignment.scoring import Weights, fee_costs, level_costs, place_costs
from medcontrol.vocabulary import ControlLevel, Profession

Terms = tuple[float, float, float]
_Place = tuple[BoolArray, list[Terms], FloatArray]
_Placed = tuple[BoolArray, list[Terms], FloatArray, dict[Constraint, int]]
# Professions, flow, nature, specialty and level of a task.
_Work = tuple[frozenset[Profession], str, str, str | None, ControlLevel]


class Signature(NamedTuple):
    """What two tasks share when the same doctors are eligible at the same base cost."""

    professions: frozenset[Profession]
    flow: str
    nature: str
    specialty: str | None
    level: ControlLevel
    agency: str
    region: str
    in_person: bool
    days_left: int


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The doctors eligible for a signature, before what concerns one file alone.

    Attributes:
        doctors: (m,), positions in the doctor table, ascending.
        terms: cost of place, level and fee of all n doctors, by position.
        base: (m,), their sum for the doctors of the group.
        removed: doctors eliminated by each constraint, in order, each counted once.
        day: number of the last day of the horizon on which the work is in time.
    """

    doctors: IntArray
    terms: list[Terms]
    base: FloatArray
    removed: Mapping[Constraint, int]
    day: int

    def find(self, doctor: int) -> int | None:
        """Return where a doctor stands in this group."""
        at = int(self.doctors.searchsorted(doctor))
        return at if at < len(self.doctors) and self.doctors[at] == doctor else None

    def at(self, doctor: int) -> int:
        """Return where an eligible doctor stands in this group."""
        return int(self.doctors.searchsorted(doctor))


class Barred(NamedTuple):
    """Why one doctor may not have one file, whatever their competence."""

    constraint: Constraint
    reason: str


_NAMED = attrgetter("prescriber_id", "provider_id", "registration_number", "beneficiary_key")
_NOBODY: dict[int, Barred] = {}  # shared: nobody changes what they are given


class Eligibility:
    """Who may do what. Made anew when reference data, absences or weights change."""

    def __init__(self, table: DoctorTable, weights: Weights) -> None:
        self.table = table
        self.weights = weights
        self._groups: dict[Signature, Group] = {}
        self._able_for: dict[_Work, tuple[BoolArray, dict[Constraint, int]]] = {}
        self._placed_for: dict[tuple[object, ...], _Placed] = {}
        self._places: dict[tuple[ControlLevel, str, str], _Place] = {}
        self._own_number: dict[str, list[int]] = {}
        self._on_record: dict[str, list[tuple[int, str]]] = {}
        for i, doctor in enumerate(table.rows):
            if doctor.professional_id is not None:
                self._own_number.setdefault(doctor.professional_id, []).append(i)
            for conflict in doctor.conflicts:
                self._on_record.setdefault(conflict.subject, []).append((i, conflict.kind))

        self._known = self._own_number.keys() | self._on_record.keys()

    def with_loads(self, loads: Mapping[UUID, int]) -> "Eligibility":
        """Return the same constraints for doctors with other loads; what is compiled is shared."""
        eligibility = copy(self)
        eligibility.table = self.table.with_loads(loads)
        return eligibility

    def group(self, task: TaskFacts) -> Group:
        """Return the doctors of the task's signature, compiled at the first call."""
        days_left = self.table.days_left(task.due_on)
        signature = Signature(
            task.professions, task.flow, task.nature, task.specialty, task.level,
            task.agency, task.region, task.in_person, days_left,
        )  # fmt: skip
        found = self._groups.get(signature)
        if found is None:
            found = self._groups[signature] = self._compile(signature)
        return found

    def _compile(self, signature: Signature) -> Group:
        placed, terms, base, removed = self._placed(signature)
        doctors = np.flatnonzero(placed & self.table.present[signature.days_left - 1])
        absent = len(self.table) - sum(removed.values()) - len(doctors)
        counts = {**removed, Constraint.ABSENCE: absent}
        return Group(doctors, terms, base[doctors], counts, signature.days_left - 1)

    def _placed(self, signature: Signature) -> _Placed:
        """Return who may have such work at its place, (n,), whatever the day; costs, who fell out.

        The same whenever it is due: compiled once.
        """
        found = self._placed_for.get(signature[:8])
        if found is None:
            able, removed = self.able(signature[:5])
            near, terms, base = self._place(signature.level, signature.agency, signature.region)
            # The person is seen where they live; only the centre summons from everywhere.
            bound = signature.in_person and signature.level is not ControlLevel.CENTRAL
            placed = able & near if bound else able
            counts = {**removed, Constraint.PLACE: int(able.sum() - placed.sum())}
            found = self._placed_for[signature[:8]] = placed, terms, base, counts
        return found

    def able(self, wanted: _Work) -> tuple[BoolArray, dict[Constraint, int]]:
        """Return who could do such work anywhere on any day, (n,), and who fell out why."""
        found = self._able_for.get(wanted)
        if found is None:
            professions, flow, nature, specialty, level = wanted
            table, removed = self.table, dict[Constraint, int]()
            ranks = table.competence(flow, nature, specialty)
            left = np.ones(len(table), dtype=np.bool_)
            for constraint, allowed in (
                (Constraint.ACTIVE, table.active),
                (Constraint.PROFESSION, table.profession_in(professions)),
                (Constraint.COMPETENCE, ranks >= 0),
                (Constraint.LEVEL, ranks >= level.rank),
            ):
                kept = left & allowed
                removed[constraint] = int(left.sum() - kept.sum())
                left = kept
            found = self._able_for[wanted] = left, removed
        return found

    def _place(self, level: ControlLevel, agency: str, region: str) -> _Place:
        """Return who serves the agency or region (n,), the cost terms of all n, their sums."""
        found = self._places.get((level, agency, region))
        if found is None:
            table, weights = self.table, self.weights
            in_agency, in_region = table.serves(agency), table.serves(region)
            costs = (
                place_costs(level, in_agency, in_region, weights),
                level_costs(level, table.level, weights),
                fee_costs(table.contracted, weights),
            )
            terms = list(zip(*(cost.tolist() for cost in costs), strict=True))
            found = in_agency | in_region, terms, costs[0] + costs[1] + costs[2]
            self._places[level, agency, region] = found
        return found

    def barred(self, task: TaskFacts) -> Mapping[int, Barred]:
        """Return the doctors whom a conflict of interest or an exclusion keeps from this file.

        Empty for almost every file. A conflict is named before an exclusion, as it comes first.
        """
        return self._find_barred(task) if _may_be_barred(task, self._known) else _NOBODY

    def barred_among(self, tasks: Sequence[TaskFacts]) -> dict[int, Mapping[int, Barred]]:
        """Return ``barred`` of many, by their number; only of those who are kept from somebody."""
        known = self._known
        asked = [number for number, task in enumerate(tasks) if _may_be_barred(task, known)]
        found = {number: self._find_barred(tasks[number]) for number in asked}
        return {number: barred for number, barred in found.items() if barred}

    def _find_barred(self, task: TaskFacts) -> dict[int, Barred]:
        found = self._others(task)
        for doctor_id, reason in task.excluded.items():
            at = self.table.position.get(doctor_id)
            if at is not None:
                found[at] = Barred(Constraint.EXCLUSION, reason)
        on_record, own_number = self._on_record, self._own_number
        for subject in (task.registration_number, task.beneficiary_key):
            if subject in on_record:
                self._bar(found, subject)
        for subject, relation in _professionals(task):
            if subject in on_record:
                self._bar(found, subject)
            for at in own_number.get(subject, ()):
                found[at] = Barred(Constraint.CONFLICT, relation)
        return found

    def _others(self, task: TaskFacts) -> dict[int, Barred]:
        """Return everybody but those whom a task is reserved for."""
        if task.reserved is None:
            return {}
        barred = Barred(Constraint.EXCLUSION, "reserved_for_others")
        return {at: barred for key, at in self.table.position.items() if key not in task.reserved}

    def _bar(self, found: dict[int, Barred], subject: str) -> None:
        for at, kind in self._on_record[subject]:
            found[at] = Barred(Constraint.CONFLICT, kind)


def _may_be_barred(task: TaskFacts, known: Set[str]) -> bool:
    """Return whether anything of a file names a doctor. Asked for every file of a run."""
    return (
        bool(task.excluded)
        or task.reserved is not None
        or not known.isdisjoint(_NAMED(task))
        or not known.isdisjoint(task.treating_ids)
    )


def _professionals(task: TaskFacts) -> Iterator[tuple[str, str]]:
    if task.prescriber_id is not None:
        yield task.prescriber_id, "prescriber"
    if task.provider_id is not None:
        yield task.provider_id, "provider"
    for treating in sorted(task.treating_ids):
        yield treating, "treating"
