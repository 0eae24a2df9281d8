"""What administrators look at: doctors, accounts, who read what."""

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from medcontrol.queries.filters import address_of
from medcontrol.vocabulary import ControlLevel, DoctorKind, Profession, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorFilters:
    """Which doctors; empty means no restriction."""

    q: str = ""
    unit: str = ""
    profession: Profession | None = None
    kind: DoctorKind | None = None
    gone: bool = False  # those who left, too

    def address(self, **changes: object) -> str:
        """Return the query string of these filters with changes, ``?`` included."""
        return address_of(self, changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDoctor:
    """A doctor in the list."""

    id: UUID
    code: str
    name: str
    kind: DoctorKind
    profession: Profession
    specialty: str | None
    level: ControlLevel
    unit_name: str
    is_active: bool
    flows: tuple[str, ...]
    weekly_minutes: int
    away_until: date | None
    open_files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompetenceLine:
    """A flow, or one nature or specialty of it, that the doctor may control, up to a level."""

    id: UUID
    flow: str
    nature: str | None
    specialty: str | None
    level: ControlLevel | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceLine:
    """Days on which the doctor takes nothing."""

    id: UUID
    first_day: date
    last_day: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictLine:
    """A person, professional or establishment whose files the doctor never gets."""

    id: UUID
    kind: str
    subject: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLine:
    """A further unit that the doctor serves, or who answers for their opinions."""

    id: UUID
    code: str
    name: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """Something that was said of the doctor: by whom, when, and why."""

    what: str
    kind: str  # added, changed, removed
    changed_at: datetime
    who: str | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorSheet:
    """Everything about one doctor, as of a day; what ended is left out."""

    id: UUID
    code: str
    name: str
    kind: DoctorKind
    profession: Profession
    specialty: str | None
    level: ControlLevel
    unit_code: str
    unit_name: str
    professional_id: str | None
    practice_address: str | None
    is_active: bool
    open_files: int
    open_points: int
    week: tuple[int, ...]  # minutes of Monday to Sunday
    starts: tuple[time | None, ...]  # from which hour; the opening of the working day when none
    competences: tuple[CompetenceLine, ...]
    absences: tuple[AbsenceLine, ...]
    conflicts: tuple[ConflictLine, ...]
    units: tuple[LinkLine, ...]
    superiors: tuple[LinkLine, ...]
    history: tuple[ChangeLine, ...]
    logins: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantLine:
    """A role at a unit."""

    id: UUID
    role: Role
    unit_code: str
    unit_name: str
    valid_from: date
    valid_to: date | None
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSheet:
    """An account with every role that it has or will have."""

    id: UUID
    login: str
    name: str
    language: str
    is_active: bool
    has_password: bool
    locked_until: datetime | None
    doctor_code: str | None
    doctor_name: str | None
    last_login_at: datetime | None
    grants: tuple[GrantLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessFilters:
    """Which readings; empty means no restriction."""

    who: str = ""
    reference: str = ""
    first_day: date | None = None
    last_day: date | None = None
    size: int = 50
    after: str = ""

    def address(self, **changes: object) -> str:
        """Return the query string of these filters with changes, ``?`` included."""
        return address_of(self, changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Somebody read medical content."""

    at: datetime
    login: str | None
    name: str | None
    reference: str | None
    what: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """A page of the access log, the latest first."""

    rows: tuple[Reading, ...]
    first: int
    total: int
    is_total_exact: bool
    previous: str | None
    next: str | None
