"""What a reassignment asks for, and what its three pages draw."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from assignment.service import LoadChange, Reassign, ToDoctor, ToPool
from medcontrol.queries.supervision import UnitName
from ui.desk_codes import REASSIGN_REASONS
from ui.pages.supervision.eligible import Candidate


@dataclass(frozen=True, slots=True)
class Wish:
    """What was chosen on the first page; kept when something is missing."""

    files: tuple[UUID, ...]
    target: str = ""  # doctor or pool
    doctor: UUID | None = None
    unit: str = ""
    reason: str = ""
    note: str = ""
    back: str = "/supervision"

    def __post_init__(self) -> None:
        """Take a doctor, or a unit, that was picked alone for the target."""
        if not self.target and bool(self.doctor) is not bool(self.unit):
            object.__setattr__(self, "target", "doctor" if self.doctor else "pool")

    @property
    def file_list(self) -> str:
        """The ids for a hidden field."""
        return ",".join(map(str, self.files))

    def errors(self) -> dict[str, str]:
        """Return the code of what is missing, by field."""
        found = {}
        if self.target not in ("doctor", "pool"):
            found["target"] = "target_required"
        elif self.target == "doctor" and self.doctor is None:
            found["doctor"] = "doctor_required"
        elif self.target == "pool" and not self.unit:
            found["unit"] = "unit_required"
        if self.reason not in REASSIGN_REASONS:
            found["reason"] = "reason_required"
        elif self.reason == "other" and not self.note:
            found["note"] = "note_required"
        return found

    def command(self, *, is_dry_run: bool) -> Reassign:
        """Return the wish as a command; only when nothing is missing."""
        is_to_doctor = self.target == "doctor" and self.doctor is not None
        target = ToDoctor(self.doctor) if is_to_doctor and self.doctor else ToPool(self.unit)
        return Reassign(
            file_ids=self.files,
            target=target,
            reason=self.reason,
            note=self.note or None,
            is_dry_run=is_dry_run,
        )


@dataclass(frozen=True, slots=True)
class ChoosePage:
    """To whom the files go."""

    wish: Wish
    references: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    pools: tuple[UnitName, ...]
    reasons: tuple[str, ...]
    errors: Mapping[str, str]
    checked_tasks: int


@dataclass(frozen=True, slots=True)
class Line:
    """A file with what became of it."""

    reference: str
    from_doctor: str | None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """What the reassignment would do."""

    wish: Wish
    target_name: str
    moved: tuple[Line, ...]
    refused: tuple[Line, ...]
    loads: tuple[tuple[str, LoadChange], ...]


@dataclass(frozen=True, slots=True)
class ResultPage:
    """What the reassignment did."""

    target_name: str
    moved: int
    shown: tuple[tuple[str, str | None], ...]
    refused: tuple[Line, ...]
    refused_total: int
    most_shown: int
    back: str


def back_address(address: str) -> str:
    """Return a path of the supervisor's desk or a file, the board when it is another."""
    is_ours = address.startswith(("/supervision", "/files/", "/queue"))
    return address if is_ours and "\\" not in address else "/supervision"
