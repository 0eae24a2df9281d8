"""Reading doctors and what they may take, for the pages that change it."""

from datetime import date, time
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.errors import NotFound
from medcontrol.model import (
    Absence,
    Availability,
    Competence,
    Conflict,
    Doctor,
    DoctorChange,
    DoctorLoad,
    DoctorSuperior,
    DoctorUnit,
    Unit,
    UserAccount,
)
from medcontrol.policy import Principal
from medcontrol.queries.administration import (
    AbsenceLine,
    ChangeLine,
    CompetenceLine,
    ConflictLine,
    DoctorFilters,
    DoctorSheet,
    LinkLine,
    ListedDoctor,
)
from medcontrol.queries.supervision_scope import supervised_units
from medcontrol.vocabulary import Role

#: Changes of a doctor that the page shows.
HISTORY_SHOWN = 30

Doctors: Any = Doctor
Units: Any = Unit
Skills: Any = Competence
Hours: Any = Availability
Off: Any = Absence
Barred: Any = Conflict
Loads: Any = DoctorLoad
Users: Any = UserAccount

_IDENTITY = (
    Doctors.id, Doctors.code, Doctors.name, Doctors.kind, Doctors.profession, Doctors.specialty,
    Doctors.level, Doctors.is_active, Units.name.label("unit_name"),
)  # fmt: skip


def doctors_of(session: Session, principal: Principal, jurisdiction: str) -> sa.ColumnElement[bool]:
    """Return the predicate of the doctors whom somebody may look at and whose leave they note."""
    if principal.has(Role.ADMINISTRATOR):
        return sa.true()
    units = [unit.code for unit in supervised_units(session, principal, jurisdiction)]
    return Doctors.unit_code.in_(units)  # type: ignore[no-any-return]


def list_doctors(
    session: Session, scope: sa.ColumnElement[bool], filters: DoctorFilters, *, on: date
) -> tuple[ListedDoctor, ...]:
    """Return the doctors found, by name."""
    rows = session.execute(
        sa.select(
            *_IDENTITY,
            _flows(on).label("flows"),
            sa.func.coalesce(_minutes(on), 0).label("weekly_minutes"),
            _away_until(on).label("away_until"),
            sa.func.coalesce(Loads.open_files, 0).label("open_files"),
        )
        .join(Unit, Units.code == Doctors.unit_code)
        .outerjoin(DoctorLoad, Loads.doctor_id == Doctors.id)
        .where(scope, *_narrowed(filters))
        .order_by(Doctors.name, Doctors.code)
        .limit(2000)
    ).mappings()
    return tuple(ListedDoctor(**{**row, "flows": tuple(row["flows"] or ())}) for row in rows)


def _narrowed(filters: DoctorFilters) -> list[Any]:
    parts: list[Any] = [] if filters.gone else [Doctors.is_active]
    if filters.q:
        parts.append(
            sa.or_(
                Doctors.name.icontains(filters.q, autoescape=True),
                Doctors.code.icontains(filters.q, autoescape=True),
            )
        )
    if filters.unit:
        parts.append(sa.or_(Units.code == filters.unit, Units.parent_code == filters.unit))
    if filters.profession is not None:
        parts.append(Doctors.profession == filters.profession)
    if filters.kind is not None:
        parts.append(Doctors.kind == filters.kind)
    return parts


def _valid(table: Any, on: date) -> sa.ColumnElement[bool]:
    begun = table.valid_from <= on
    return sa.and_(begun, sa.or_(table.valid_to.is_(None), table.valid_to >= on))


def _flows(on: date) -> Any:
    return sa.func.array(
        sa.select(Skills.flow)
        .where(Skills.doctor_id == Doctors.id, _valid(Skills, on))
        .distinct()
        .order_by(Skills.flow)
        .scalar_subquery()
    )


def _minutes(on: date) -> Any:
    return (
        sa.select(sa.func.sum(Hours.minutes))
        .where(Hours.doctor_id == Doctors.id, _valid(Hours, on))
        .scalar_subquery()
    )


def _away_until(on: date) -> Any:
    return (
        sa.select(sa.func.max(Off.last_day))
        .where(Off.doctor_id == Doctors.id, Off.first_day <= on, Off.last_day >= on)
        .scalar_subquery()
    )


def load_doctor(
    session: Session, scope: sa.ColumnElement[bool], code: str, *, on: date
) -> DoctorSheet:
    """Return everything about a doctor that has not ended.

    Raises:
        NotFound: there is none, or it is outside the scope.
    """
    row = session.execute(
        sa.select(
            *_IDENTITY, Doctors.unit_code, Doctors.professional_id, Doctors.practice_address,
            sa.func.coalesce(Loads.open_files, 0).label("open_files"),
            sa.func.coalesce(Loads.open_points, 0).label("open_points"),
        )
        .join(Unit, Units.code == Doctors.unit_code)
        .outerjoin(DoctorLoad, Loads.doctor_id == Doctors.id)
        .where(Doctors.code == code, scope)
    ).mappings().one_or_none()  # fmt: skip
    if row is None:
        raise NotFound(f"no doctor {code}", field="code")
    own = row["id"]
    logins = sa.select(Users.login).where(Users.doctor_id == own, Users.is_active)
    week = _week(session, own, on)
    return DoctorSheet(
        **row,
        week=tuple(minutes for minutes, _ in week),
        starts=tuple(start for _, start in week),
        competences=tuple(
            CompetenceLine(
                id=each.id, flow=each.flow, nature=each.nature, specialty=each.specialty,
                level=each.level, valid_from=each.valid_from, valid_to=each.valid_to,
            )
            for each in _lines(session, Skills, own, on, Skills.flow, Skills.valid_from)
        ),
        absences=tuple(
            AbsenceLine(
                id=each.id, first_day=each.first_day, last_day=each.last_day, reason=each.reason
            )
            for each in session.execute(
                sa.select(Absence)
                .where(Off.doctor_id == own, Off.last_day >= on)
                .order_by(Off.first_day)
            ).scalars()
        ),
        conflicts=tuple(
            ConflictLine(
                id=each.id, kind=each.kind, subject=each.subject,
                valid_from=each.valid_from, valid_to=each.valid_to,
            )
            for each in _lines(session, Barred, own, on, Barred.kind, Barred.subject)
        ),
        units=_links(session, own, on, DoctorUnit, "unit_code", Units, Units.code),
        superiors=_links(session, own, on, DoctorSuperior, "superior_id", Doctors, Doctors.id),
        history=_history(session, own),
        logins=tuple(session.execute(logins.order_by(Users.login)).scalars()),
    )  # fmt: skip


def _lines(session: Session, table: Any, doctor_id: Any, on: date, *order: Any) -> Any:
    ended = sa.and_(table.valid_to.is_not(None), table.valid_to < on)
    statement = sa.select(table).where(table.doctor_id == doctor_id, sa.not_(ended))
    return session.execute(statement.order_by(*order)).scalars()


def _links(
    session: Session, doctor_id: Any, on: date, table: Any, name: str, target: Any, key: Any
) -> tuple[LinkLine, ...]:
    ended = sa.and_(table.valid_to.is_not(None), table.valid_to < on)
    rows = session.execute(
        sa.select(table.id, target.code, target.name, table.valid_from, table.valid_to)
        .select_from(table)
        .join(target, key == getattr(table, name))
        .where(table.doctor_id == doctor_id, sa.not_(ended))
        .order_by(target.code, table.valid_from)
    )
    return tuple(LinkLine(**row._mapping) for row in rows)


def _history(session: Session, doctor_id: Any) -> tuple[ChangeLine, ...]:
    made: Any = DoctorChange
    rows = session.execute(
        sa.select(
            made.what, made.changed_at, made.why, made.before, made.after, Users.name.label("who")
        )
        .outerjoin(UserAccount, Users.id == made.who)
        .where(made.doctor_id == doctor_id)
        .order_by(made.changed_at.desc(), made.id.desc())
        .limit(HISTORY_SHOWN)
    )
    return tuple(
        ChangeLine(
            what=row.what,
            kind="added" if row.before is None else "removed" if row.after is None else "changed",
            changed_at=row.changed_at, who=row.who, why=row.why,
        )
        for row in rows
    )  # fmt: skip


def _week(session: Session, doctor_id: Any, on: date) -> tuple[tuple[int, time | None], ...]:
    """Return the minutes of Monday to Sunday, and from which hour where one is given."""
    rows = session.execute(
        sa.select(Hours.weekday, sa.func.sum(Hours.minutes), sa.func.min(Hours.from_hour))
        .where(Hours.doctor_id == doctor_id, _valid(Hours, on))
        .group_by(Hours.weekday)
    )
    found = {row[0]: (int(row[1]), row[2]) for row in rows}
    return tuple(found.get(weekday, (0, None)) for weekday in range(7))
