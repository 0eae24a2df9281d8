"""What a reassignment asks for, and what its pages draw."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from starlette.datastructures import FormData

from assignment.orders import LoadChange
from medcontrol.ids import new_id
from medcontrol.queries.supervision import DoctorName, UnitName
from ui.desk_codes import REASSIGN_REASONS
from ui.forms import as_uuid, text_of, uuids_of
from ui.pages.supervision.eligible import Candidate

TARGETS = ("doctor", "spread", "pool")


@dataclass(frozen=True, slots=True)
class Wish:
    """What was chosen on the first page; kept when something is missing.

    Attributes:
        selection: the files, as a selection that is kept here.
        target: ``doctor`` (one or several), ``spread`` over a unit, or a ``pool``.
        doctors: to whom; several share the files evenly.
        within, without: of whom a spread is made: a unit (empty for all), less some doctors.
        unit: whose pool.
        batch: the id that the batch will have, drawn with the preview.
    """

    selection: UUID
    target: str = ""
    doctors: tuple[UUID, ...] = ()
    within: str = ""
    without: tuple[UUID, ...] = ()
    unit: str = ""
    reason: str = ""
    note: str = ""
    back: str = "/supervision"
    batch: UUID | None = None

    def __post_init__(self) -> None:
        """Take a doctor, or a unit, that was picked alone for the target."""
        if not self.target and bool(self.doctors) is not bool(self.unit):
            object.__setattr__(self, "target", "doctor" if self.doctors else "pool")

    def errors(self) -> dict[str, str]:
        """Return the code of what is missing, by field."""
        found = {}
        if self.target not in TARGETS:
            found["target"] = "target_required"
        elif self.target == "doctor" and not self.doctors:
            found["doctor"] = "doctor_required"
        elif self.target == "pool" and not self.unit:
            found["unit"] = "unit_required"
        if self.reason not in REASSIGN_REASONS:
            found["reason"] = "reason_required"
        elif self.reason == "other" and not self.note:
            found["note"] = "note_required"
        return found

    def fields(self) -> list[tuple[str, str]]:
        """Return the hidden fields that carry the wish to the next page."""
        pairs = [("selection", str(self.selection)), ("target", self.target)]
        pairs += [("doctor", str(each)) for each in self.doctors]
        pairs += [("without", str(each)) for each in self.without]
        pairs += [("within", self.within), ("unit", self.unit), ("reason", self.reason)]
        pairs += [("note", self.note), ("back", self.back)]
        return pairs if self.batch is None else [*pairs, ("batch", str(self.batch))]


def wish_of(form: FormData, selection: UUID) -> Wish:
    """Return the wish that a form holds, and the id of the batch that it will be."""
    return Wish(
        selection=selection,
        target=text_of(form, "target", 16),
        doctors=tuple(dict.fromkeys(uuids_of(form, "doctor"))),
        within=text_of(form, "within", 64),
        without=tuple(dict.fromkeys(uuids_of(form, "without"))),
        unit=text_of(form, "unit", 64),
        reason=text_of(form, "reason", 64),
        note=text_of(form, "note", 500),
        back=back_address(text_of(form, "back", 2000)),
        batch=as_uuid(text_of(form, "batch", 40)) or new_id(),
    )


@dataclass(frozen=True, slots=True)
class ChoosePage:
    """To whom the files go."""

    wish: Wish
    total: int
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
    to_doctor: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """What the reassignment would do. ``reasons`` and ``warnings`` count files by code."""

    wish: Wish
    target_name: str
    moved: tuple[Line, ...]
    refused: tuple[Line, ...]
    loads: tuple[tuple[str, LoadChange], ...]
    reasons: Mapping[str, int]
    warnings: Mapping[str, int]

    @property
    def changed(self) -> tuple[tuple[str, LoadChange], ...]:
        """The doctors whose load changes."""
        return tuple(each for each in self.loads if each[1].after != each[1].before)

    @property
    def steady(self) -> tuple[tuple[str, LoadChange], ...]:
        """The doctors who hold as much as before."""
        return tuple(each for each in self.loads if each[1].after == each[1].before)


@dataclass(frozen=True, slots=True)
class Targets:
    """Doctors and pools that files of a supervisor's units may go to."""

    doctors: tuple[DoctorName, ...]
    pools: tuple[UnitName, ...]

    def within(self, unit: str, without: tuple[UUID, ...]) -> tuple[UUID, ...]:
        """Return the doctors of a unit and what lies under it, less some."""
        units = {pool.code for pool in self.pools if unit in (pool.code, pool.parent_code)}
        return tuple(
            each.id
            for each in self.doctors
            if (not unit or each.unit_code in units) and each.id not in without
        )

    def name(self, wish: Wish) -> str:
        """Return what the target of a wish is called; empty for a spread or several doctors."""
        if wish.target == "pool":
            return next((each.name for each in self.pools if each.code == wish.unit), "–")
        if wish.target == "doctor" and len(wish.doctors) == 1:
            return next((each.name for each in self.doctors if each.id == wish.doctors[0]), "–")
        return ""


def back_address(address: str) -> str:
    """Return a path of the supervisor's desk or a file, the board when it is another."""
    is_ours = address.startswith(("/supervision", "/files/", "/queue"))
    return address if is_ours and "\\" not in address else "/supervision"
