"""What somebody sees of their own account, and the accounts of a demonstration (comptes)."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import sqlalchemy.orm
from sqlmodel import Session

from medcontrol.model import Absence, Competence, Doctor, HumanTask, RoleGrant, Unit, UserAccount
from medcontrol.policy import Principal
from medcontrol.vocabulary import DoctorKind, Profession, Role, TaskStatus

# Columns of the tables, not values of a row.
Away: Any = Absence
Skill: Any = Competence
Names: Any = Doctor
Task: Any = HumanTask
Held: Any = RoleGrant
Besides: Any = sqlalchemy.orm.aliased(RoleGrant)  # another role of the same account
Units: Any = Unit
Users: Any = UserAccount

_DAILY = (Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR, Role.AGENT, Role.SUPERVISOR)
_RANK = {role: _DAILY.index(role) if role in _DAILY else len(_DAILY) for role in Role}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAbsence:
    """Days on which one takes nothing, both included."""

    id: UUID
    first_day: date
    last_day: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDoctor:
    """What the fund knows of somebody as a control doctor."""

    code: str
    kind: DoctorKind
    profession: Profession
    specialty: str | None
    flows: tuple[str, ...]
    absences: tuple[OwnAbsence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccount:
    """Somebody's account as they see it; ``doctor`` only for those who are one."""

    login: str
    language: str
    has_shortcuts: bool
    roles: tuple[tuple[Role, str], ...]
    doctor: OwnDoctor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account with its first role, and the open files in its hands."""

    login: str
    name: str
    role: Role
    unit_name: str
    open_files: int | None


def load_own_account(session: Session, principal: Principal, today: date) -> OwnAccount:
    """Return the account of the person logged in; absences that are not over."""
    user = session.get_one(UserAccount, principal.id)
    units = session.execute(
        sa.select(Units.code, Units.name).where(
            Units.code.in_([grant.unit_code for grant in principal.grants])
        )
    )
    names = {row.code: row.name for row in units}
    return OwnAccount(
        login=user.login,
        language=user.language,
        has_shortcuts=user.shortcuts,
        roles=tuple((grant.role, names[grant.unit_code]) for grant in principal.grants),
        doctor=_load_doctor(session, principal, today),
    )


def _load_doctor(session: Session, principal: Principal, today: date) -> OwnDoctor | None:
    if principal.doctor_id is None:
        return None
    doctor = session.get_one(Doctor, principal.doctor_id)
    absences = session.execute(
        sa.select(Away.id, Away.first_day, Away.last_day, Away.reason)
        .where(Away.doctor_id == doctor.id, Away.last_day >= today)
        .order_by(Away.first_day)
        .limit(50)
    )
    flows = session.execute(
        sa.select(Skill.flow)
        .distinct()
        .where(
            Skill.doctor_id == doctor.id,
            Skill.valid_from <= today,
            sa.or_(Skill.valid_to.is_(None), Skill.valid_to >= today),
        )
        .order_by(Skill.flow)
    )
    return OwnDoctor(
        code=doctor.code,
        kind=doctor.kind,
        profession=doctor.profession,
        specialty=doctor.specialty,
        flows=tuple(flows.scalars()),
        absences=tuple(OwnAbsence(**row._mapping) for row in absences),
    )


def load_demo_accounts(session: Session, today: date) -> tuple[Account, ...]:
    """Return one account of each role, at the agency with most open files. Demo mode only.

    Visitors then see the same files from every side: two doctors and the agent of that agency,
    supervisor and coordinator of its region. Two doctors, since their queues are what people
    come for.
    """
    files = (
        sa.select(sa.func.count())
        .where(Task.assigned_doctor_id == Users.doctor_id, Task.status == TaskStatus.OPEN)
        .correlate(UserAccount)
        .scalar_subquery()
    )
    valid = sa.and_(
        Held.valid_from <= today, sa.or_(Held.valid_to.is_(None), Held.valid_to >= today)
    )
    every = (
        sa.select(
            Users.login, Users.name, Users.doctor_id, Held.role, Units.name.label("unit_name"),
            files.label("open_files"),
            sa.func.row_number()
            .over(partition_by=Held.role, order_by=(*_far(), files.desc(), Users.login))
            .label("place"),
        )
        .join(RoleGrant, Held.user_id == Users.id)
        .join(Unit, Units.code == Held.unit_code)
        .where(Users.is_active, valid)
        .subquery()
    )  # fmt: skip
    shown = sa.or_(every.c.place == 1, sa.and_(every.c.role == Role.DOCTOR, every.c.place == 2))
    rows = session.execute(sa.select(every).where(shown)).all()
    found = [
        Account(
            login=row.login,
            name=row.name,
            role=row.role,
            unit_name=row.unit_name,
            open_files=row.open_files if row.doctor_id else None,
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda each: (_RANK[each.role], -(each.open_files or 0))))


def _far() -> tuple[sa.ColumnElement[bool], ...]:
    """Return what puts an account behind others: elsewhere, or shown under another role."""
    home = (
        sa.select(Task.agency_code)
        .where(Task.status == TaskStatus.OPEN, Task.assigned_doctor_id.is_not(None))
        .group_by(Task.agency_code)
        .order_by(sa.func.count().desc(), Task.agency_code)
        .limit(1)
        .scalar_subquery()
    )
    region = sa.select(Units.parent_code).where(Units.code == home).scalar_subquery()
    wanted = sa.case((Held.role.in_((Role.SUPERVISOR, Role.COORDINATOR)), region), else_=home)
    reads = (
        sa.select(sa.literal(1))
        .where(Besides.user_id == Users.id, Besides.role == Role.QUALITY_READER)
        .correlate(UserAccount)
        .exists()
    )
    is_reader = sa.and_(Held.role != Role.QUALITY_READER, reads)
    return is_reader, sa.func.coalesce(Held.unit_code != wanted, sa.true())
