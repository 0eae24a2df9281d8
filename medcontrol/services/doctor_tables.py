"""The kinds of files that tell of control doctors: columns, natural keys, tables they fill."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col

from medcontrol.model import (
    Absence,
    Availability,
    Competence,
    Conflict,
    Doctor,
    DoctorSuperior,
    DoctorUnit,
    Unit,
)
from medcontrol.reference.flows import flows
from medcontrol.services import tables
from medcontrol.services.code_uses import Codes
from medcontrol.services.tables import Column
from medcontrol.vocabulary import ControlLevel, DoctorKind, Profession

CONFLICT_KINDS = ("treats", "prescribed", "relative", "establishment", "declared")


@dataclass(frozen=True, slots=True)
class Known:
    """What cells are compared with: active units and doctors by code."""

    units: Mapping[str, ControlLevel]
    doctors: Mapping[str, UUID]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: its columns, its natural key, and the table it fills.

    ``of_files``: columns besides the doctor whose codes files carry, by what ``Codes`` calls them.
    """

    table: type[SQLModel]
    columns: Callable[[Known], list[Column]]
    key: tuple[str, ...]
    of_files: Mapping[str, str] = field(default_factory=dict)

    def codes(self, doctor_id: UUID, stored: Mapping[str, Any]) -> Codes:
        """Return the codes of a row as its table has it."""
        given = {name: stored[column] for name, column in self.of_files.items()}
        return Codes(doctor=doctor_id, **given)


def _doctor_columns(known: Known) -> list[Column]:
    return [
        Column("code", tables.code),
        Column("name", tables.text()),
        Column("kind", tables.word_of(DoctorKind)),
        Column("profession", tables.word_of(Profession)),
        Column("specialty", tables.code, is_required=False),
        Column("level", tables.word_of(ControlLevel)),
        Column("unit", tables.one_of(known.units)),
        Column("professional_id", tables.code, is_required=False),
        Column("active", tables.flag, is_required=False),
        Column("practice_address", tables.text(), is_required=False),
    ]


def _doctor(known: Known) -> Column:
    return Column("doctor", tables.one_of(known.doctors))


def _validity() -> list[Column]:
    return [Column("valid_from", tables.day), Column("valid_to", tables.day, is_required=False)]


def _competence_columns(known: Known) -> list[Column]:
    natures = sorted({nature for flow in flows().values() for nature in flow.natures})
    return [
        _doctor(known),
        Column("flow", tables.one_of(flows().keys())),
        Column("nature", tables.one_of(natures), is_required=False),
        Column("specialty", tables.code, is_required=False),
        Column("level", tables.word_of(ControlLevel), is_required=False),
        *_validity(),
    ]


def _unit_columns(known: Known) -> list[Column]:
    return [_doctor(known), Column("unit", tables.one_of(known.units)), *_validity()]


def _superior_columns(known: Known) -> list[Column]:
    return [_doctor(known), Column("superior", tables.one_of(known.doctors)), *_validity()]


def _availability_columns(known: Known) -> list[Column]:
    return [
        _doctor(known),
        Column("weekday", tables.whole(1, 7)),
        Column("minutes", tables.whole(0, 1440)),
        *_validity(),
        Column("from_hour", tables.hour, is_required=False),
    ]


def _absence_columns(known: Known) -> list[Column]:
    return [
        _doctor(known),
        Column("first_day", tables.day),
        Column("last_day", tables.day),
        Column("reason", tables.code),
    ]


def _conflict_columns(known: Known) -> list[Column]:
    return [
        _doctor(known),
        Column("kind", tables.one_of(CONFLICT_KINDS)),
        Column("subject", tables.code),
        *_validity(),
    ]


KINDS: dict[str, Kind] = {
    "doctors": Kind(Doctor, _doctor_columns, ("code",)),
    "competences": Kind(
        Competence,
        _competence_columns,
        ("doctor", "flow", "nature", "specialty", "valid_from"),
        {name: name for name in ("flow", "nature", "specialty")},
    ),
    "units": Kind(
        DoctorUnit, _unit_columns, ("doctor", "unit", "valid_from"), {"unit": "unit_code"}
    ),
    "superiors": Kind(DoctorSuperior, _superior_columns, ("doctor", "superior", "valid_from")),
    "availabilities": Kind(
        Availability, _availability_columns, ("doctor", "weekday", "valid_from")
    ),
    "absences": Kind(Absence, _absence_columns, ("doctor", "first_day")),
    "conflicts": Kind(
        Conflict, _conflict_columns, ("doctor", "kind", "subject"), {"subject": "subject"}
    ),
}
# As the table calls what the file calls otherwise.
NAMES = {
    "doctor": "doctor_id",
    "superior": "superior_id",
    "unit": "unit_code",
    "active": "is_active",
}


def load_known(session: Session, *, with_closed: bool = False) -> Known:
    """Return the active units, or all, and all doctors. Two statements."""
    wanted = sa.true() if with_closed else col(Unit.is_active)
    units = session.execute(sa.select(col(Unit.code), col(Unit.level)).where(wanted))
    doctors = session.execute(sa.select(col(Doctor.code), col(Doctor.id)))
    return Known({row[0]: row[1] for row in units}, {row[0]: row[1] for row in doctors})


def incoherence(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the column and what is wrong with it, if cells contradict each other."""
    for first, last in (("valid_from", "valid_to"), ("first_day", "last_day")):
        if values.get(last) is not None and values[last] < values[first]:
            return last, f"is before {first}"
    if "superior" in values and values["superior"] == values["doctor"]:
        return "superior", "is the doctor"
    nature = values.get("nature")
    if nature is not None and nature not in flows()[values["flow"]].natures:
        return "nature", f"{nature} is no nature of {values['flow']}"
    return None


def as_stored(cells: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """Return a row as the table has it."""
    values = {NAMES.get(name, name): value for name, value in cells.items()}
    if "doctor_id" in values:
        values["doctor_id"] = known.doctors[values["doctor_id"]]
    if "superior_id" in values:
        values["superior_id"] = known.doctors[values["superior_id"]]
    if "weekday" in values:
        values["weekday"] -= 1  # ISO numbers in files, Python's in the table
    if values.get("is_active", True) is None:
        del values["is_active"]  # not said: a new doctor is active, a known one stays as it is
    return values


def as_cells(row: Mapping[str, Any], columns: Sequence[Column], known: Known) -> list[str]:
    """Return a row of a table as cells of its file, which would bring it in again."""
    codes = {key: code for code, key in known.doctors.items()}
    cells = []
    for column in columns:
        value = row[NAMES.get(column.name, column.name)]
        if column.name in ("doctor", "superior"):
            value = codes[value]
        elif column.name == "weekday":
            value += 1
        cells.append(_cell(value))
    return cells


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return str(value.value) if isinstance(value, StrEnum) else str(value)
