"""The invented staff as rows: doctors, calendars, accounts and roles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from medcontrol.ids import new_id
from medcontrol.model import (
    Absence,
    Availability,
    Competence,
    Conflict,
    Doctor,
    DoctorLoad,
    Expert,
    RoleGrant,
    UserAccount,
)
from medcontrol.services.passwords import hash_password
from medcontrol.vocabulary import Role
from runtime.demo.generator.staff import Staff, StaffDoctor, StaffUser

# Known to everybody who reads this. Accounts with it exist in demonstrations only.
PASSWORD = "demonstration-2026"  # noqa: S105 - not a secret
_SPECIALTIES = ("cardiology", "neurology", "psychiatry", "orthopaedics")


@dataclass(slots=True)
class Loaded:
    """The staff in the database."""

    doctors: dict[str, UUID] = field(default_factory=dict)  # by code
    users: dict[str, UUID] = field(default_factory=dict)  # by login
    user_of_doctor: dict[str, UUID] = field(default_factory=dict)  # by doctor code


def load_staff(session: Session, staff: Staff) -> Loaded:
    """Save doctors, their calendars and everybody's account, in the caller's transaction."""
    found = Loaded({doctor.code: new_id() for doctor in staff.doctors})
    rows: dict[type[SQLModel], list[dict[str, Any]]] = {
        Doctor: [_doctor(one, found.doctors[one.code]) for one in staff.doctors],
        DoctorLoad: [
            {"doctor_id": key, "open_points": 0, "open_files": 0} for key in found.doctors.values()
        ],
    }
    for doctor in staff.doctors:
        for table, many in _calendar(doctor, found.doctors[doctor.code]).items():
            rows.setdefault(table, []).extend(many)
    # One hash for all: argon2 takes a tenth of a second, and the password is no secret.
    hashed = hash_password(PASSWORD, "nobody")
    for user in staff.users:
        _account(user, hashed, found, rows)
    experts = [user for user in staff.users if user.role is Role.EXPERT]
    rows[Expert] = [
        _expert(user, number, found.users[user.login]) for number, user in enumerate(experts)
    ]
    for table, many in rows.items():
        if many:
            session.execute(sa.insert(table), many)
    return found


def _doctor(doctor: StaffDoctor, key: UUID) -> dict[str, Any]:
    return {
        "id": key,
        "code": doctor.code,
        "name": doctor.name,
        "kind": doctor.kind,
        "profession": doctor.profession,
        "specialty": doctor.specialty,
        "level": doctor.level,
        "unit_code": doctor.unit_code,
        "professional_id": doctor.professional_id,
        "is_active": True,
    }


def _calendar(doctor: StaffDoctor, key: UUID) -> Mapping[type[SQLModel], Sequence[dict[str, Any]]]:
    since: date = doctor.valid_from
    return {
        Competence: [
            _row(key, flow=c.flow, nature=c.nature, valid_from=c.valid_from, valid_to=c.valid_to)
            for c in doctor.competences
        ],
        Availability: [
            _row(key, weekday=weekday, minutes=minutes, valid_from=since, valid_to=None)
            for weekday, minutes in enumerate(doctor.weekly_minutes)
        ],
        Absence: [
            _row(key, first_day=a.first_day, last_day=a.last_day, reason=a.reason)
            for a in doctor.absences
        ],
        Conflict: [
            _row(key, kind=c.kind, subject=c.subject, valid_from=since, valid_to=None)
            for c in doctor.conflicts
        ],
    }


def _row(doctor_id: UUID, **values: Any) -> dict[str, Any]:
    return {"id": new_id(), "doctor_id": doctor_id, **values}


def _expert(user: StaffUser, number: int, account: UUID) -> dict[str, Any]:
    """Return the row of an expert from outside the fund, on the list of a court."""
    return {
        "id": new_id(),
        "code": f"EXP-{number + 1:03d}",
        "name": user.name,
        "specialty": _SPECIALTIES[number % len(_SPECIALTIES)],
        "list_kind": "court",
        "user_id": account,
        "is_active": True,
    }


def _account(
    user: StaffUser, hashed: str, found: Loaded, rows: dict[type[SQLModel], list[dict[str, Any]]]
) -> None:
    key = found.users[user.login] = new_id()
    if user.doctor_code is not None:
        found.user_of_doctor[user.doctor_code] = key
    rows.setdefault(UserAccount, []).append(
        {
            "id": key,
            "login": user.login,
            "name": user.name,
            "password_hash": hashed,
            "language": user.language,
            "shortcuts": True,
            "doctor_id": found.doctors[user.doctor_code] if user.doctor_code else None,
            "is_active": True,
            "failed_logins": 0,
        }
    )
    # A reader is a doctor of the centre besides.
    is_reader = user.role is Role.QUALITY_READER and user.doctor_code is not None
    rows.setdefault(RoleGrant, []).extend(
        {
            "id": new_id(),
            "user_id": key,
            "role": role,
            "unit_code": user.unit_code,
            "valid_from": user.valid_from,
            "valid_to": None,
        }
        for role in ((user.role, Role.CENTRAL_DOCTOR) if is_reader else (user.role,))
    )
