"""The fund's own people: control doctors and users of every role (médecins, agents, …)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

from medcontrol.vocabulary import ControlLevel, DoctorKind, Profession, Role
from runtime.demo.generator import draws, names
from runtime.demo.generator.build import World
from runtime.demo.generator.careers import Career, absences, competences, conflicts, minutes

_DENTISTS, _PHARMACISTS = 10, 4
_CENTRAL = (Profession.DOCTOR, Profession.DOCTOR, Profession.DENTIST, Profession.PHARMACIST)


@dataclass(frozen=True, slots=True)
class Competence:
    """A flow, or one nature of it, that a doctor may control."""

    flow: str
    nature: str | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Absence:
    """Days off, both included."""

    first_day: date
    last_day: date
    reason: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A declared conflict: ``subject`` is a registration number or a professional's id."""

    kind: str
    subject: str


@dataclass(frozen=True, slots=True)
class StaffDoctor:
    """A control doctor; ``weekly_minutes`` from Monday to Sunday."""

    code: str
    name: str
    kind: DoctorKind
    profession: Profession
    specialty: str | None
    level: ControlLevel
    unit_code: str
    professional_id: str
    competences: tuple[Competence, ...]
    weekly_minutes: tuple[int, ...]
    absences: tuple[Absence, ...]
    conflicts: tuple[Conflict, ...]
    valid_from: date

    def may_control(self, flow: str, nature: str, day: date) -> bool:
        """Whether one of the competences covers it on that day."""
        return any(
            one.flow == flow
            and one.nature in (None, nature)
            and one.valid_from <= day
            and (one.valid_to is None or day <= one.valid_to)
            for one in self.competences
        )


@dataclass(frozen=True, slots=True)
class StaffUser:
    """Someone who logs in. ``is_showcase`` marks one account of each role for visitors."""

    login: str
    name: str
    role: Role
    unit_code: str
    level: ControlLevel
    language: str
    doctor_code: str | None
    valid_from: date
    is_showcase: bool


@dataclass(frozen=True)
class Staff:
    """Everybody who works at the fund."""

    doctors: tuple[StaffDoctor, ...]
    users: tuple[StaffUser, ...]
    region_of: dict[str, str]

    @cached_property
    def by_unit(self) -> dict[str, tuple[StaffDoctor, ...]]:
        """Doctors of each unit."""
        found: dict[str, tuple[StaffDoctor, ...]] = {}
        for doctor in self.doctors:
            found[doctor.unit_code] = (*found.get(doctor.unit_code, ()), doctor)
        return found


def make_staff(
    world: World, agencies: Sequence[tuple[str, str]], central: str, as_of: date, doctors: int
) -> Staff:
    """Invent the staff: doctors of three levels, then users of every role.

    Raises:
        ValueError: fewer doctors than one at each agency, three in each region, four centrally.
    """
    regions = sorted({region for _, region in agencies})
    rows = _positions(world, agencies, regions, central, doctors)
    started = date(as_of.year - 3, 1, 1)
    made = tuple(
        _doctor(world, number, position, (as_of, started), dict(agencies))
        for number, position in enumerate(rows)
    )
    made = _own_numbers(made)
    users = _doctor_users(made) + _other_users(world, agencies, regions, (central, started))
    users = _with_readers(users, made)
    busiest = Counter(world.people.agency.tolist()).most_common(1)[0][0]
    return Staff(made, _showcase(users, agencies[busiest], made, as_of), dict(agencies))


@dataclass(frozen=True, slots=True)
class _Position:
    unit: str
    level: ControlLevel
    profession: Profession
    code: str


def _positions(
    world: World, agencies: Sequence[tuple[str, str]], regions: Sequence[str], central: str,
    doctors: int,
) -> list[_Position]:  # fmt: skip
    """Return the posts: central, a doctor, a dentist and a pharmacist per region, then agencies."""
    found = [_Position(central, ControlLevel.CENTRAL, one, f"DC-{central}") for one in _CENTRAL]
    for profession in Profession:
        found += [
            _Position(region, ControlLevel.REGIONAL, profession, f"DR-{region}")
            for region in regions
        ]
    local = doctors - len(found)
    if local < len(agencies):
        raise ValueError(f"doctors: at least {len(found) + len(agencies)}, not {doctors}")
    people = Counter(world.people.agency.tolist())
    codes = [code for code, _ in agencies]
    busiest = sorted(range(len(codes)), key=lambda row: (-people[row], row))
    posts = [(code, Profession.DOCTOR) for code in codes]
    extra = local - len(codes)
    posts += [(codes[row], Profession.DENTIST) for row in busiest[: min(_DENTISTS, extra // 4)]]
    posts += [
        (codes[row], Profession.PHARMACIST) for row in busiest[: min(_PHARMACISTS, extra // 8)]
    ]
    shares = draws.shares(local - len(posts), [people[row] + 1.0 for row in range(len(codes))])
    for code, many in zip(codes, shares, strict=True):
        posts += [(code, Profession.DOCTOR)] * many
    posts.sort(key=lambda post: codes.index(post[0]))
    return found + [_Position(code, ControlLevel.LOCAL, one, f"MC-{code}") for code, one in posts]


def _doctor(
    world: World, number: int, post: _Position, dates: tuple[date, date], region_of: dict[str, str]
) -> StaffDoctor:
    as_of, started = dates
    career = Career(world, number, post.profession, post.level, region_of.get(post.unit, post.unit))
    valid_from = started + timedelta(days=career.integer("started", 0, 700))
    return StaffDoctor(
        code=f"{post.code}-{number + 1:03d}",
        name=f"Dr {_person(world, 'doctor', number)}",
        kind=career.kind,
        profession=post.profession,
        specialty=career.specialty,
        level=post.level,
        unit_code=post.unit,
        professional_id=career.professional_id,
        competences=tuple(
            Competence(flow, nature, valid_from, None) for flow, nature in competences(career)
        ),
        weekly_minutes=minutes(career),
        absences=tuple(Absence(*absence) for absence in absences(career, as_of)),
        conflicts=tuple(Conflict(*conflict) for conflict in conflicts(career)),
        valid_from=valid_from,
    )


def _own_numbers(doctors: Sequence[StaffDoctor]) -> tuple[StaffDoctor, ...]:
    """Give a number of its own to a doctor whose practice number another one has already."""
    seen: set[str] = set()
    found = []
    for number, doctor in enumerate(doctors):
        taken = doctor.professional_id in seen
        found.append(replace(doctor, professional_id=f"9997{number:05d}") if taken else doctor)
        seen.add(found[-1].professional_id)
    return tuple(found)


def _person(world: World, what: str, number: int) -> str:
    own = draws.keys(draws.key(world.seed, "staff", what), 1, number)
    female = draws.uniform(own, "sex")[0] < 0.48
    given = names.FEMALE if female else names.MALE
    first = given[int(draws.uniform(own, "given")[0] * len(given))]
    return f"{first} {names.FAMILY[int(draws.uniform(own, 'family')[0] * len(names.FAMILY))]}"


def _doctor_users(doctors: Sequence[StaffDoctor]) -> list[StaffUser]:
    roles = {
        ControlLevel.LOCAL: Role.DOCTOR,
        ControlLevel.REGIONAL: Role.COORDINATOR,
        ControlLevel.CENTRAL: Role.CENTRAL_DOCTOR,
    }
    return [
        StaffUser(
            login=doctor.code.lower(),
            name=doctor.name,
            # Regional dentists and pharmacists control; the coordinating one is a physician.
            role=Role.DOCTOR
            if doctor.level is ControlLevel.REGIONAL and doctor.profession is not Profession.DOCTOR
            else roles[doctor.level],
            unit_code=doctor.unit_code,
            level=doctor.level,
            language="fr",
            doctor_code=doctor.code,
            valid_from=doctor.valid_from,
            is_showcase=False,
        )
        for doctor in doctors
    ]


def _other_users(
    world: World, agencies: Sequence[tuple[str, str]], regions: Sequence[str],
    central_since: tuple[str, date],
) -> list[StaffUser]:  # fmt: skip
    central, since = central_since
    posts: list[tuple[Role, str, ControlLevel]] = [
        (Role.AGENT, code, ControlLevel.LOCAL) for code, _ in agencies for _ in range(2)
    ]
    posts += [(Role.SUPERVISOR, code, ControlLevel.LOCAL) for code, _ in agencies[:3]]
    posts += [(Role.SUPERVISOR, region, ControlLevel.REGIONAL) for region in regions]
    posts += [
        (role, central, ControlLevel.CENTRAL)
        for role in (
            Role.SUPERVISOR, Role.QUALITY_READER, Role.QUALITY_READER, Role.APPEALS_SECRETARY,
            Role.APPEALS_SECRETARY, Role.ANALYST, Role.ANALYST, Role.REFERENCE_MANAGER,
            Role.AUDITOR, Role.ADMINISTRATOR, *(Role.EXPERT,) * 4,
        )
    ]  # fmt: skip
    seen: Counter[tuple[Role, str]] = Counter()
    users = []
    for number, (role, unit, level) in enumerate(posts):
        seen[role, unit] += 1
        users.append(
            StaffUser(
                login=f"{role.value}.{unit}.{seen[role, unit]}".lower(),
                name=_person(world, "user", number),
                role=role,
                unit_code=unit,
                level=level,
                language="ar" if role is Role.AGENT and number % 5 == 4 else "fr",
                doctor_code=None,
                valid_from=since,
                is_showcase=False,
            )
        )
    return users


def _with_readers(users: list[StaffUser], doctors: Sequence[StaffDoctor]) -> list[StaffUser]:
    """Let two physicians of the centre be quality readers too: who reads is a doctor."""
    central = [
        doctor.code for doctor in doctors
        if doctor.level is ControlLevel.CENTRAL and doctor.profession is Profession.DOCTOR
    ]  # fmt: skip
    chosen = central[1:][-2:]
    return [
        replace(user, role=Role.QUALITY_READER) if user.doctor_code in chosen else user
        for user in users
        if user.role is not Role.QUALITY_READER
    ]


def _showcase(
    users: list[StaffUser], home: tuple[str, str], doctors: Sequence[StaffDoctor], as_of: date
) -> tuple[StaffUser, ...]:
    """Mark one account of each role: at the busiest agency, its region, or the centre.

    Visitors then see the same files from every side. The doctor is a physician, at work if one is.
    """
    at_work = {
        doctor.code
        for doctor in doctors
        if doctor.profession is Profession.DOCTOR
        and doctor.kind is DoctorKind.SALARIED
        and not any(one.first_day <= as_of <= one.last_day for one in doctor.absences)
    }
    agency, region = home

    def preference(user: StaffUser) -> tuple[bool, bool, bool]:
        # A supervisor's board shows more at regional level.
        wanted = region if user.role in (Role.SUPERVISOR, Role.COORDINATOR) else agency
        away = user.doctor_code is not None and user.doctor_code not in at_work
        near = user.unit_code == wanted or user.level is ControlLevel.CENTRAL
        return not near, away, user.unit_code != wanted

    shown = {min((u for u in users if u.role is role), key=preference).login for role in Role}
    return tuple(replace(user, is_showcase=user.login in shown) for user in users)
