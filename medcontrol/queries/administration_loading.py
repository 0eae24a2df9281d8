"""Reading what administrators look at."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import ZONES
from medcontrol.errors import NotFound
from medcontrol.model import (
    AccessLog,
    ControlFile,
    Doctor,
    RoleGrant,
    Unit,
    UserAccount,
    UserSession,
)
from medcontrol.queries.administration import (
    AccessFilters,
    GrantLine,
    Reading,
    Readings,
    UserSheet,
)
from medcontrol.queries.keyset import Key, Keyset
from medcontrol.vocabulary import Role

COUNT_LIMIT = 10_000

Users: Any = UserAccount
Grants: Any = RoleGrant
Units: Any = Unit
Doctors: Any = Doctor
Logins: Any = UserSession
Log: Any = AccessLog
File: Any = ControlFile

_LATEST_FIRST = Keyset(Key(Log.at, is_descending=True), Key(Log.id, is_descending=True))


def list_users(
    session: Session, *, text: str = "", role: Role | None = None, closed: bool = False, on: date
) -> list[UserSheet]:
    """Return accounts by name with the roles that they have or will have; two statements."""
    where: list[Any] = [] if closed else [Users.is_active]
    if text:
        where.append(
            sa.or_(
                Users.name.icontains(text, autoescape=True),
                Users.login.icontains(text, autoescape=True),
            )
        )
    if role is not None:
        held = sa.select(Grants.user_id).where(Grants.role == role, _not_ended(on))
        where.append(Users.id.in_(held))
    return _load_users(session, on, *where)


def load_user(session: Session, user_id: UUID, *, on: date) -> UserSheet:
    """Return one account.

    Raises:
        NotFound: there is none.
    """
    found = _load_users(session, on, Users.id == user_id)
    if not found:
        raise NotFound(f"no account {user_id}", field="user_id")
    return found[0]


def _not_ended(on: date) -> sa.ColumnElement[bool]:
    return sa.or_(Grants.valid_to.is_(None), Grants.valid_to >= on)


def _load_users(session: Session, on: date, *where: Any) -> list[UserSheet]:
    last = sa.select(sa.func.max(Logins.created_at)).where(Logins.user_id == Users.id)
    rows = session.execute(
        sa.select(
            Users.id, Users.login, Users.name, Users.language, Users.is_active,
            Users.password_hash.is_not(None).label("has_password"), Users.locked_until,
            Doctors.code.label("doctor_code"), Doctors.name.label("doctor_name"),
            last.scalar_subquery().label("last_login_at"),
        )
        .outerjoin(Doctor, Doctors.id == Users.doctor_id)
        .where(*where)
        .order_by(Users.name, Users.login)
        .limit(1000)
    ).mappings().all()  # fmt: skip
    ids = [row["id"] for row in rows]
    grants: dict[UUID, list[GrantLine]] = {}
    for row in session.execute(
        sa.select(
            Grants.id, Grants.user_id, Grants.role, Grants.unit_code,
            Units.name.label("unit_name"), Grants.valid_from, Grants.valid_to,
        )
        .join(Unit, Units.code == Grants.unit_code)
        .where(Grants.user_id.in_(ids), _not_ended(on))
        .order_by(Grants.valid_from, Grants.role)
    ).mappings():  # fmt: skip
        values = {key: value for key, value in row.items() if key != "user_id"}
        line = GrantLine(**values, is_current=row["valid_from"] <= on)
        grants.setdefault(row["user_id"], []).append(line)
    return [UserSheet(**row, grants=tuple(grants.get(row["id"], ()))) for row in rows]


def load_units(session: Session, jurisdiction: str) -> dict[str, str]:
    """Return the active units, name by code, the wider first."""
    rank = sa.case({"central": 0, "regional": 1}, value=Units.level, else_=2)
    rows = session.execute(
        sa.select(Units.code, Units.name)
        .where(Units.jurisdiction == jurisdiction, Units.is_active)
        .order_by(rank, Units.name)
    )
    return {row[0]: row[1] for row in rows}


def load_readings(session: Session, filters: AccessFilters, *, jurisdiction: str) -> Readings:
    """Return a page of the access log.

    Raises:
        InvalidInput: the cursor is not one of ours (field ``after``).
    """
    where = _readings(filters, jurisdiction)
    statement = (
        sa.select(Log.at, Users.login, Users.name, File.reference, Log.what, Log.purpose)
        .outerjoin(UserAccount, Users.id == Log.user_id)
        .outerjoin(ControlFile, File.id == Log.control_file_id)
        .where(where)
    )
    found = _LATEST_FIRST.page(session, statement, after=filters.after, size=filters.size)
    some = (
        sa.select(Log.id)
        .outerjoin(UserAccount, Users.id == Log.user_id)
        .outerjoin(ControlFile, File.id == Log.control_file_id)
        .where(where)
        .limit(COUNT_LIMIT + 1)
        .subquery()
    )
    total = session.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
    return Readings(
        rows=tuple(
            Reading(
                at=row.at,
                login=row.login,
                name=row.name,
                reference=row.reference,
                what=row.what,
                purpose=row.purpose,
            )
            for row in found.rows
        ),
        first=found.first,
        total=min(total, COUNT_LIMIT),
        is_total_exact=total <= COUNT_LIMIT,
        previous=found.previous,
        next=found.next,
    )


def _readings(filters: AccessFilters, jurisdiction: str) -> sa.ColumnElement[bool]:
    zone = ZONES[jurisdiction]
    parts: list[Any] = [sa.true()]
    if filters.who:
        parts.append(
            sa.or_(
                Users.name.icontains(filters.who, autoescape=True),
                Users.login == filters.who.lower(),
            )
        )
    if filters.reference:
        parts.append(File.reference.startswith(filters.reference.upper(), autoescape=True))
    if filters.first_day is not None:
        parts.append(Log.at >= datetime.combine(filters.first_day, time.min, zone))
    if filters.last_day is not None:
        after = filters.last_day + timedelta(days=1)
        parts.append(Log.at < datetime.combine(after, time.min, zone))
    return sa.and_(*parts)
