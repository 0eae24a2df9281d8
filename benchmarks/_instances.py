"""Random instances of assignment that look like a fund: few doctors for much, many for little."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID

from assignment.facts import Conflict, DoctorFacts, TaskFacts
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import ControlLevel, DoctorKind, Profession

FIRST_DAY = date(2026, 11, 20)
_REGIONS, _AGENCIES = 12, 36
# Flow, nature, minutes, share of the day in thousandths, profession.
_WORK = (
    ("ambulatory", "reimbursement", 4, 330, Profession.DOCTOR),
    ("ambulatory", "authorisation", 4, 70, Profession.DOCTOR),
    ("ald", "first", 12, 60, Profession.DOCTOR),
    ("ald", "renewal", 12, 90, Profession.DOCTOR),
    ("sick_leave", "first", 6, 120, Profession.DOCTOR),
    ("hospital", "authorisation", 10, 80, Profession.DOCTOR),
    ("hospital", "invoice", 10, 50, Profession.DOCTOR),
    ("dental", "reimbursement", 6, 80, Profession.DENTIST),
    ("dental", "orthodontics", 6, 20, Profession.DENTIST),
    ("medicines", "authorisation", 8, 60, Profession.PHARMACIST),
    ("invalidity", "opening", 25, 15, Profession.DOCTOR),
    ("disability", "first", 20, 15, Profession.DOCTOR),
    ("care_abroad", "authorisation", 25, 10, Profession.DOCTOR),
)
_LEVELS = (ControlLevel.LOCAL, ControlLevel.REGIONAL, ControlLevel.CENTRAL)
_Each = TypeVar("_Each")
_EXAMINATION = 30
_STAFF = (*[Profession.DOCTOR] * 8, Profession.DENTIST, Profession.PHARMACIST)
_RANKS = (_LEVELS[0], _LEVELS[1], _LEVELS[2], *[_LEVELS[0]] * 3, _LEVELS[1], *[_LEVELS[0]] * 3)
_PROFESSIONALS = 150_000


@dataclass(frozen=True)
class Instance:
    """Tasks and doctors of one run, and its working days."""

    tasks: list[TaskFacts]
    doctors: list[DoctorFacts]
    days: tuple[date, ...]


def make_instance(files: int, doctors: int, *, seed: int = 1, load: float = 0.85) -> Instance:
    """Return an instance whose work is about ``load`` of what the doctors can do in ten days."""
    random = Random(seed)  # noqa: S311 - an invented fund
    calendar = WorkingCalendar("ma")
    days = [calendar.add_working_days(FIRST_DAY - timedelta(days=1), n) for n in range(1, 11)]
    staff = [_doctor(random, number, days) for number in range(doctors)]
    tasks = [_task(random, number, doctors, days) for number in range(files)]
    wanted = sum(task.points for task in tasks) / load
    scale = wanted / sum(sum(doctor.minutes) for doctor in staff)
    return Instance(tasks, [_scaled(doctor, scale) for doctor in staff], tuple(days))


def _doctor(random: Random, number: int, days: list[date]) -> DoctorFacts:
    # In turn, so that every profession has doctors of every level.
    profession = _STAFF[number % len(_STAFF)]
    level = _RANKS[number // len(_STAFF) % len(_RANKS)]
    # Everywhere somebody, and more where more is to be done.
    agency = number % _AGENCIES if number < 2 * _AGENCIES else _somewhere(random)
    contracted = random.random() < 0.25
    away = _away(random, days, contracted=contracted)
    hours = 420 if random.random() < 0.85 else 240
    # The first doctors can do everything of their profession, so that nothing is for nobody.
    works = [w for w in _WORK if w[4] is profession and (number % 3 == 0 or random.random() < 0.8)]
    return DoctorFacts(
        id=UUID(int=number + 1),
        kind=DoctorKind.CONTRACTED if contracted else DoctorKind.SALARIED,
        profession=profession,
        level=level,
        agency=f"A{agency}" if level is _LEVELS[0] else None,
        region=None if level is _LEVELS[2] else f"R{agency % _REGIONS}",
        competences=frozenset(work[0] for work in works),
        capacity_points=0,
        minutes=tuple(0 if day in away else hours for day in days),
        absent_on=frozenset(away),
        professional_id=f"P{number}" if random.random() < 0.3 else None,
        conflicts=tuple(Conflict("declared", _professional(random)) for _ in range(2)),
    )


def _away(random: Random, days: list[date], *, contracted: bool) -> set[date]:
    """Return days off: 18 in 100 doctors are on leave for all of it or a part of it."""
    off = {day for day in days if contracted and day.weekday() not in (1, 3)}
    if random.random() < 0.18:
        first = random.randrange(len(days))
        off.update(days[first:] if random.random() < 0.5 else days[: first + 1])
    return off


def _task(random: Random, number: int, doctors: int, days: list[date]) -> TaskFacts:
    flow, nature, points, _, profession = random.choices(_WORK, [w[3] for w in _WORK])[0]
    level = _pick(random, ((_LEVELS[0], 91), (_LEVELS[1], 8), (_LEVELS[2], 1)))
    in_person = flow in ("invalidity", "disability", "ald", "sick_leave") and random.random() < 0.03
    agency = _somewhere(random)
    is_urgent = random.random() < 0.03
    due = 0 if is_urgent else _pick(random, ((1, 6), (2, 16), (4, 12), (7, 20), (10, 46)))
    renewal = nature == "renewal" and random.random() < 0.5
    author = UUID(int=random.randrange(doctors) + 1)
    return TaskFacts(
        id=UUID(int=1_000_000 + number),
        control_file_id=UUID(int=2_000_000 + number),
        flow=flow,
        nature=nature,
        professions=frozenset({profession}),
        level=level,
        agency=f"A{agency}",
        region=f"R{agency % _REGIONS}",
        in_person=in_person,
        points=_EXAMINATION if in_person else points,
        priority=0 if is_urgent else 1,
        due_on=days[due] if due < len(days) else None,
        registration_number=f"{number:09d}",
        prescriber_id=_professional(random),
        provider_id=_professional(random),
        previous_doctor=UUID(int=random.randrange(doctors) + 1) if renewal else None,
        excluded={author: "author"} if random.random() < 0.015 else {},
    )


def _somewhere(random: Random) -> int:
    return min(random.randrange(_AGENCIES), random.randrange(_AGENCIES))


def _professional(random: Random) -> str:
    return f"P{random.randrange(_PROFESSIONALS)}"


def _pick(random: Random, weighted: Sequence[tuple[_Each, int]]) -> _Each:
    return random.choices([each for each, _ in weighted], [weight for _, weight in weighted])[0]


def _scaled(doctor: DoctorFacts, scale: float) -> DoctorFacts:
    minutes = tuple(round(each * scale) for each in doctor.minutes)
    return replace(doctor, minutes=minutes, capacity_points=sum(minutes))
