"""The doctors whose loads a supervisor compares, and those who are paid by the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import Doctor, Unit
from medcontrol.policy import Principal
from medcontrol.queries.doctors_loading import doctors_of
from medcontrol.vocabulary import ControlLevel, DoctorKind, Profession

Doctors: Any = Doctor
Units: Any = Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedDoctor:
    """A doctor of a supervisor's units."""

    id: UUID
    name: str
    kind: DoctorKind
    profession: Profession
    level: ControlLevel
    unit_name: str


def compared_doctors(
    session: Session,
    principal: Principal,
    jurisdiction: str,
    *,
    unit: str = "",
    kind: DoctorKind | None = None,
) -> Sequence[ComparedDoctor]:
    """Return the active doctors of a supervisor's units, or of one of them, by name."""
    where = [doctors_of(session, principal, jurisdiction), Doctors.is_active]
    if unit:
        where.append(sa.or_(Units.code == unit, Units.parent_code == unit))
    if kind is not None:
        where.append(Doctors.kind == kind)
    rows = session.execute(
        sa.select(
            Doctors.id, Doctors.name, Doctors.kind, Doctors.profession, Doctors.level,
            Units.name.label("unit_name"),
        )
        .join(Unit, Units.code == Doctors.unit_code)
        .where(*where, Units.jurisdiction == jurisdiction)
        .order_by(Doctors.name)
    )  # fmt: skip
    return [ComparedDoctor(**row) for row in rows.mappings()]
