"""A supervisor's wish to move files, and what became of it (réaffectation): plain values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from medcontrol.errors import InvalidInput

_REASON = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class ToDoctor:
    """The files go to this doctor."""

    doctor_id: UUID


@dataclass(frozen=True, slots=True)
class ToPool:
    """The files go to this agency's or region's pool, in nobody's hands."""

    unit_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassign:
    """A supervisor's wish.

    Attributes:
        file_ids: control files; each open medical task of theirs moves.
        target: a doctor, or a unit's pool.
        reason: code of why (``absence``, ``workload``, ``conflict``…), kept in the journal.
        note: what the supervisor adds in words, kept with the new assignments only.
        is_dry_run: only say what would happen.

    Raises:
        InvalidInput: the reason is not a code.
    """

    file_ids: Sequence[UUID]
    target: ToDoctor | ToPool
    reason: str
    note: str | None = None
    is_dry_run: bool = False

    def __post_init__(self) -> None:
        """Refuse free text where the journal needs a code."""
        if not _REASON.fullmatch(self.reason):
            raise InvalidInput("a code of lower-case letters, digits and _", field="reason")


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one task. ``refused`` holds constraint and detail; empty when it moved."""

    control_file_id: UUID
    task_id: UUID | None
    from_doctor: UUID | None
    to_doctor: UUID | None
    refused: tuple[str, ...] = ()

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
