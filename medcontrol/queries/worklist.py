"""A doctor's or an agent's queue (file de travail): what the page shows, in plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from urllib.parse import urlencode
from uuid import UUID

from medcontrol.queries.filters import Pairs, pairs_of
from medcontrol.queries.list_columns import QUEUE_COLUMNS, ListColumn, RowExtras
from medcontrol.queries.saved_views import NO_VIEWS, ViewsOfList
from medcontrol.vocabulary import (
    ControlFileStatus,
    ControlLevel,
    ControlMode,
    Lane,
    StepKind,
)


class QueueTab(StrEnum):
    """Work states, not statuses of the file."""

    TODO = "todo"  # open, in my hands, not on hold
    WAITING = "waiting"  # on hold, or the file waits for someone else
    BACK = "back"  # came back: an opinion was answered, a piece arrived
    DONE = "done"  # what I finished
    TEAM = "team"  # open tasks of my unit


class DuePreset(StrEnum):
    """Ready-made spans of due dates; days are working days of the jurisdiction."""

    LATE = "late"
    TODAY = "today"
    WITHIN_3 = "within_3"
    WITHIN_7 = "within_7"


class DueState(StrEnum):
    """How a due date reads today."""

    LATE = "late"
    TODAY = "today"
    SOON = "soon"  # 1 to 3 working days left
    LATER = "later"
    STOPPED = "stopped"  # a completion request stopped the clock
    DONE = "done"


class QueueSort(StrEnum):
    """Columns one may sort by; ties always go lane, then age, then id."""

    DUE = "due"
    LANE = "lane"
    AGE = "age"
    REFERENCE = "reference"
    PERSON = "person"


class BulkAction(StrEnum):
    """What may be done to several files at once."""

    REASSIGN = "reassign"
    HOLD = "hold"
    REQUEST_COMPLETION = "request_completion"
    EXPORT = "export"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A due date and its distance in working days: negative when late, None when stopped."""

    on: date | None
    state: DueState
    working_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A badge: something new about the file. ``on`` when the day matters."""

    code: str
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One open (or finished) task, as its line in the table."""

    task_id: UUID
    control_file_id: UUID
    reference: str
    person_name: str
    person_birth_year: int
    flow: str
    nature: str
    lane: Lane
    mode: ControlMode
    level: ControlLevel
    step: str
    kind: StepKind
    status: ControlFileStatus
    due: Due
    received_on: date
    age_days: int
    is_urgent: bool
    signals: tuple[Signal, ...] = ()
    assigned_to: str | None = None
    held_until: date | None = None
    hold_reason: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFilters:
    """What the address of a queue page says; empty means no restriction.

    ``after`` is the cursor of keyset pagination: opaque, made by ``load_queue``.
    """

    tab: QueueTab = QueueTab.TODO
    view: str = "all"
    flow: tuple[str, ...] = ()
    lane: tuple[Lane, ...] = ()
    level: tuple[ControlLevel, ...] = ()
    kind: tuple[StepKind, ...] = ()
    due: DuePreset | None = None
    urgent: bool = False
    doctor: UUID | None = None
    sort: QueueSort = QueueSort.DUE
    descending: bool = False
    columns: tuple[ListColumn, ...] = ()  # the usual ones when empty
    size: int = 25
    after: str = ""

    def address(self, **changes: object) -> str:
        """Return the query string of these filters with changes, ``?`` included.

        Members that hold their default are left out; the plain queue names its tab, since
        ``/queue`` alone opens with whatever somebody chose.

        >>> QueueFilters(flow=("ald",)).address(tab=QueueTab.WAITING)
        '?tab=waiting&flow=ald'
        """
        return "?" + urlencode(self.pairs(**changes) or [("tab", QueueTab.TODO.value)])

    def pairs(self, **changes: object) -> Pairs:
        """Return the same as fields of a form."""
        return pairs_of(self, changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterChip:
    """One filter in force: the member, its values, and the filters without it."""

    name: str
    values: tuple[str, ...]
    without: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterOption:
    """A value one may filter by, with how many tasks it would leave in the current tab."""

    value: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A tab with its exact count, and how many of them woke up or came back today."""

    key: QueueTab
    count: int
    woken: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An entry at the left: built in (``today``, ``urgent``, ``late``) or one flow."""

    key: str
    count: int
    flow: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Where the page stands: rows ``first`` to ``last`` (from 1) of ``total``."""

    first: int
    last: int
    total: int
    is_total_exact: bool = True
    previous: str | None = None
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """Everything the queue page draws."""

    today: date
    filters: QueueFilters
    tabs: tuple[Tab, ...]
    views: tuple[View, ...]
    chips: tuple[FilterChip, ...]
    flow_options: tuple[FilterOption, ...]
    lane_options: tuple[FilterOption, ...]
    rows: tuple[QueueRow, ...]
    paging: Paging
    bulk_actions: tuple[BulkAction, ...]
    may_see_team: bool = False
    owner_name: str | None = None  # whose queue, when a supervisor looks at it
    waking_soon: int = 0  # held files that wake within the week: for the empty page
    columns: tuple[ListColumn, ...] = QUEUE_COLUMNS  # of the table, in order
    column_options: tuple[ListColumn, ...] = ()  # that the reader may choose
    extras: Mapping[UUID, RowExtras] = field(default_factory=dict)  # by task
    saved: ViewsOfList = NO_VIEWS
