"""What a supervisor looks at (supervision): the board, the matrix of due dates, lists of tasks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from urllib.parse import urlencode
from uuid import UUID

from medcontrol.queries.filters import Pairs, pairs_of
from medcontrol.queries.list_columns import ListColumn, RowExtras
from medcontrol.queries.worklist import Paging, QueueRow, QueueSort
from medcontrol.vocabulary import ControlLevel, DoctorKind, Lane, Profession


class DueBucket(StrEnum):
    """Columns of the matrix; days are working days. Each task is in exactly one."""

    LATE = "late"
    TODAY = "today"
    WITHIN_2 = "within_2"
    WITHIN_5 = "within_5"
    LATER = "later"


class TaskState(StrEnum):
    """Whose hands a task is in."""

    ALL = "all"
    TODO = "todo"  # in a doctor's hands, not on hold
    HELD = "held"
    POOL = "pool"
    UNASSIGNABLE = "unassignable"


class Measure(StrEnum):
    """What the figures of the board count."""

    FILES = "files"
    POINTS = "points"  # expected minutes of work


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilters:
    """What the address of a supervisor's list says; empty means no restriction."""

    doctor: UUID | None = None
    unit: str = ""
    bucket: tuple[DueBucket, ...] = ()
    state: TaskState = TaskState.ALL
    flow: str = ""
    lane: Lane | None = None
    reason: str = ""  # constraint that left a task without a doctor
    breach: bool = False  # only what will be late soon at the present pace
    sort: QueueSort = QueueSort.DUE
    descending: bool = False
    columns: tuple[ListColumn, ...] = ()  # the usual ones when empty
    size: int = 50
    after: str = ""

    def address(self, **changes: object) -> str:
        """Return the query string of these filters with changes, ``?`` included.

        The plain list names its state, since its page alone opens with whatever somebody chose.
        """
        return "?" + urlencode(self.pairs(**changes) or [("state", TaskState.ALL.value)])

    def pairs(self, **changes: object) -> Pairs:
        """Return the same as fields of a form."""
        return pairs_of(self, changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitName:
    """A unit of the fund."""

    code: str
    name: str
    level: ControlLevel
    parent_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorRow:
    """A doctor on the board. Counts are of tasks that the reader may see.

    ``is_of_units`` tells a doctor of the units shown from one elsewhere who holds their files.
    """

    id: UUID
    code: str
    name: str
    kind: DoctorKind
    profession: Profession
    specialty: str | None
    level: ControlLevel
    unit_code: str
    unit_name: str
    is_active: bool
    is_of_units: bool
    flows: tuple[str, ...]
    open_files: int
    late: int
    due_soon: int
    held: int
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """Why tasks found no doctor: the constraint that kept most doctors out, and how many tasks."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaches:
    """What a unit will let pass soon, as ``supervision_breaches`` counts.

    Attributes:
        files, points: tasks not late yet that will be, and their minutes.
        pace: minutes finished on a working day, doctors and desk together.
    """

    files: int = 0
    points: int = 0
    pace: float = 0.0

    @classmethod
    def sum(cls, parts: Iterable["Breaches"]) -> "Breaches":
        """Return what several units together will let pass."""
        kept = tuple(parts)
        return cls(
            files=sum(each.files for each in kept),
            points=sum(each.points for each in kept),
            pace=sum(each.pace for each in kept),
        )

    def value(self, measure: Measure) -> int:
        """Return one cell."""
        return self.files if measure is Measure.FILES else self.points


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTasks:
    """Open tasks of a unit, by bucket of due dates, as files and as points.

    ``breaches`` is None while no pace can be measured.
    """

    unit: UnitName
    files: dict[DueBucket, int]
    points: dict[DueBucket, int]
    pool_files: int
    pool_points: int
    pool_late: int
    breaches: Breaches | None = None

    def value(self, bucket: DueBucket, measure: Measure) -> int:
        """Return one cell."""
        return (self.files if measure is Measure.FILES else self.points).get(bucket, 0)

    def total(self, measure: Measure) -> int:
        """Return the sum of the row."""
        return sum((self.files if measure is Measure.FILES else self.points).values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The tasks of a supervisor's units today."""

    today: date
    units: tuple[UnitName, ...]  # that one may look at alone
    doctors: tuple[DoctorRow, ...]
    matrix: tuple[UnitTasks, ...]
    reasons: tuple[ReasonCount, ...]
    unassignable: tuple[QueueRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskList:
    """A page of tasks, with the names of what it is filtered by."""

    today: date
    filters: TaskFilters
    rows: tuple[QueueRow, ...]
    paging: Paging
    doctor_name: str | None = None
    unit_name: str | None = None
    reasons: dict[UUID, str | None] | None = None  # why a task has no doctor, by task
    expected: Mapping[UUID, date] = field(default_factory=dict)  # of those that wait for time
    columns: tuple[ListColumn, ...] = ()  # of the table, in order
    column_options: tuple[ListColumn, ...] = ()  # that the reader may choose
    extras: Mapping[UUID, RowExtras] = field(default_factory=dict)  # by task


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorName:
    """A doctor whom files may be given to."""

    id: UUID
    name: str
    profession: Profession
    specialty: str | None
    level: ControlLevel
    unit_code: str
    unit_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenTask:
    """A task that is to be moved, with who holds it."""

    task_id: UUID
    file_id: UUID
    reference: str
    doctor_id: UUID | None
    doctor: str | None
    waits_elsewhere: bool  # in another reassignment that did not run yet
