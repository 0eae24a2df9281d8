"""What a control doctor may do, when, and for whom not (compétences, absences, conflits)."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from medcontrol.vocabulary import ControlLevel, DoctorKind, Profession
from runtime.demo.generator import draws
from runtime.demo.generator.build import World
from runtime.demo.generator.draws import Keys
from runtime.demo.generator.professionals import GROUPS

_CONTRACTED = {Profession.DOCTOR: 0.42, Profession.DENTIST: 0.85, Profession.PHARMACIST: 0.2}
_EVERYDAY = ("ambulatory", "hospital", "ald", "sick_leave", "conventional")
_ABOVE = (*_EVERYDAY, "invalidity", "disability", "care_abroad", "medicines")
_SPECIALTIES = ("general", "general", "general", "cardiology", "psychiatry", "orthopaedics",
                "oncology", "endocrinology", "neurology")  # fmt: skip
_LEAVE = ("leave", "leave", "leave", "training", "sick", "mission")


@dataclass(frozen=True)
class Career:
    """One doctor's dice: every question has the same answer each time it is asked."""

    world: World
    number: int
    profession: Profession
    level: ControlLevel
    region: str

    @cached_property
    def _key(self) -> Keys:
        return draws.keys(draws.key(self.world.seed, "career"), 1, self.number)

    def place(self, question: str) -> float:
        """Return a number in [0, 1)."""
        return float(draws.uniform(self._key, question)[0])

    def integer(self, question: str, low: int, high: int) -> int:
        """Return an integer, both bounds included."""
        return low + int(self.place(question) * (high - low + 1))

    @cached_property
    def kind(self) -> DoctorKind:
        """Salaried or contracted; above the agencies everybody is salaried."""
        share = _CONTRACTED[self.profession] if self.level is ControlLevel.LOCAL else 0.0
        return DoctorKind.CONTRACTED if self.place("kind") < share else DoctorKind.SALARIED

    @cached_property
    def specialty(self) -> str | None:
        """A physician's specialty; None for dentists and pharmacists."""
        if self.profession is not Profession.DOCTOR:
            return None
        return _SPECIALTIES[self.integer("specialty", 0, len(_SPECIALTIES) - 1)]

    @cached_property
    def region_index(self) -> int:
        """Where the region stands among those of the professionals; the first for the centre."""
        regions = self.world.regions
        return regions.index(self.region) if self.region in regions else 0

    @cached_property
    def professional_id(self) -> str:
        """The number under which a contracted doctor also treats; salaried ones have their own."""
        group = {Profession.DENTIST: "dentist", Profession.PHARMACIST: "pharmacy"}.get(
            self.profession, self.specialty or "general"
        )
        if self.kind is DoctorKind.SALARIED or group not in GROUPS:
            return f"9998{self.number:05d}"
        rows = self.world.professionals.of_group(group, self.region_index)
        # A step that meets each row once keeps two doctors from sharing a number.
        return self.world.professionals.identifier[int(rows[self.number % len(rows)])]


def competences(career: Career) -> list[tuple[str, str | None]]:
    """Return (flow, nature or None for all of them) that a doctor may control."""
    if career.profession is Profession.DENTIST:
        local = career.level is ControlLevel.LOCAL and career.place("braces") < 0.5
        natures = ("reimbursement", "authorisation", "a_posteriori")
        return [("dental", nature) for nature in natures] if local else [("dental", None)]
    if career.profession is Profession.PHARMACIST:
        return [("medicines", None), ("ambulatory", "reimbursement")]
    if career.level is not ControlLevel.LOCAL:
        return [(flow, None) for flow in _ABOVE]
    flows: list[tuple[str, str | None]] = [(flow, None) for flow in _EVERYDAY]
    if career.kind is DoctorKind.SALARIED:
        flows += [("invalidity", None), ("disability", None), ("medicines", None)]
    elif career.place("disability") < 0.5:
        flows.append(("disability", None))
    return flows


def minutes(career: Career) -> tuple[int, ...]:
    """Return minutes of control from Monday to Sunday: the rest of a day is for other duties."""
    if career.kind is DoctorKind.SALARIED:
        free = career.integer("free", 0, 4) if career.place("part-time") < 0.18 else -1
        return tuple(0 if day in (free, 5, 6) else 180 for day in range(7))
    length = (60, 90, 120)[career.integer("length", 0, 2)]
    first = career.integer("first", 0, 2)
    days = {first, first + 2} if career.place("two-days") < 0.45 else {0, 1, 2, 3, 4}
    return tuple(length if day in days else 0 for day in range(7))


def absences(career: Career, as_of: date) -> list[tuple[date, date, str]]:
    """Return absences around ``as_of``: one doctor in nine is away on that very day."""
    found = []
    if career.place("away") < 0.11:
        begun = as_of - timedelta(days=career.integer("begun", 0, 6))
        last = as_of + timedelta(days=career.integer("last", 0, 12))
        found.append((begun, last, _LEAVE[career.integer("why", 0, 5)]))
    if career.place("soon") < 0.4:
        first = as_of + timedelta(days=career.integer("soon-first", 14, 50))
        last = first + timedelta(days=career.integer("soon-length", 0, 13))
        found.append((first, last, _LEAVE[career.integer("soon-why", 0, 3)]))
    if career.place("before") < 0.6:
        last = as_of - timedelta(days=career.integer("before-last", 12, 90))
        first = last - timedelta(days=career.integer("before-length", 0, 18))
        found.append((first, last, "leave"))
    return found


def conflicts(career: Career) -> list[tuple[str, str]]:
    """Return (kind, subject): patients, relatives, establishments of the same region."""
    world, people = career.world, career.world.people
    found: list[tuple[str, str]] = []
    contracted = career.kind is DoctorKind.CONTRACTED
    mine = people.workers_of(career.region_index)
    many = career.integer("patients", 4, 14) if contracted else career.integer("relatives", 0, 2)
    if len(mine):
        keys = draws.keys(draws.key(world.seed, "conflict", career.number), many)
        chosen = sorted(set(draws.pick(keys, "subject", mine).tolist()))
        kind = "treats" if contracted else "relative"
        numbers = people.registration(np.array(chosen, dtype=np.int64))
        found += [(kind, number) for number in numbers]
    if career.place("house") < (0.7 if contracted else 0.1):
        houses = world.professionals.of_group("clinic", career.region_index)
        row = int(houses[career.integer("which-house", 0, len(houses) - 1)])
        found.append(("establishment", world.professionals.identifier[row]))
    return found
