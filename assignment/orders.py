"""A supervisor's wish to move files, and what became of it (réaffectation): plain values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from assignment.reasons import Why
from medcontrol.errors import InvalidInput
from medcontrol.vocabulary import AssignmentMode

_REASON = re.compile(r"[a-z][a-z0-9_]{0,63}")

NO_OPEN_TASK = "no_open_task"
UNCHANGED = "unchanged"
LOCKED = "locked"
CHANGED_SINCE = "changed_since"
OPENED_SINCE = "opened_since"


@dataclass(frozen=True, slots=True)
class ToDoctor:
    """The files go to this doctor."""

    doctor_id: UUID


@dataclass(frozen=True, slots=True)
class ToDoctors:
    """The files are spread evenly over these doctors, by the planner of batches."""

    doctor_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class ToPool:
    """The files go to this agency's or region's pool, in nobody's hands."""

    unit_code: str


@dataclass(frozen=True, slots=True)
class ToEach:
    """Each task goes to its own doctor, as a proposal says."""

    doctor_of: Mapping[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a task was before a batch moved it, and the end of its file's journal after that.

    ``why`` and ``given_at``: why and when its doctor had been given it.
    """

    doctor_id: UUID | None
    agency: str
    region: str
    journal_number: int
    why: Why | None = None
    given_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Back:
    """Each task goes back to where it was, unless somebody worked on it since."""

    origins: Mapping[UUID, Origin]


Target = ToDoctor | ToDoctors | ToPool | ToEach | Back


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassign:
    """A supervisor's wish.

    Attributes:
        file_ids: control files; each open medical task of theirs moves.
        target: a doctor, several, a unit's pool, a doctor for each task, or back.
        reason: code of why (``absence``, ``workload``, ``conflict``…), kept in the journal.
        note: what the supervisor adds in words, kept with the new assignments only.
        is_dry_run: only say what would happen.
        task_ids: only these tasks of the files; all when absent.
        batch_id: the command that this is a part of; a new one when absent.
        mode: how it is called in the history; manual or bulk, by the number of files, when absent.
        waits: whether to wait for files that others hold; else they stay, as ``locked``.

    Raises:
        InvalidInput: the reason is not a code.
    """

    file_ids: Sequence[UUID]
    target: Target
    reason: str
    note: str | None = None
    is_dry_run: bool = False
    task_ids: Sequence[UUID] | None = None
    batch_id: UUID | None = None
    mode: AssignmentMode | None = None
    waits: bool = True

    def __post_init__(self) -> None:
        """Refuse free text where the journal needs a code."""
        if not _REASON.fullmatch(self.reason):
            raise InvalidInput("a code of lower-case letters, digits and _", field="reason")


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one task.

    ``refused`` holds constraint and detail; empty when it moved. ``warnings`` are codes of what
    speaks against the move without forbidding it.
    """

    control_file_id: UUID
    task_id: UUID | None
    from_doctor: UUID | None
    to_doctor: UUID | None
    refused: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_moved(self) -> bool:
        """Whether it moved, or would move in a preview."""
        return not self.refused


@dataclass(frozen=True, slots=True)
class LoadChange:
    """A doctor's open points before and after, and what the horizon holds."""

    doctor_id: UUID
    before: int
    after: int
    capacity: int


@dataclass(frozen=True, slots=True)
class ReassignmentResult:
    """What a reassignment did, or would do."""

    batch_id: UUID | None
    files: tuple[FileResult, ...]
    loads: tuple[LoadChange, ...]
    is_dry_run: bool
