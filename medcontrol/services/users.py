"""People who log in (utilisateurs): accounts, passwords, and roles with their validity."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.errors import AlreadyDone, InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.model import Doctor, RoleGrant, Unit, UserAccount, UserSession
from medcontrol.policy import Principal, grants_of, missions_of
from medcontrol.services.passwords import authenticate, hash_password
from medcontrol.vocabulary import ControlLevel, Role

__all__ = [
    "Listed", "authenticate", "by_login", "central_unit", "change_password", "check_login",
    "create_first_administrator", "create_user", "deactivate", "end_grant", "grant",
    "has_administrator", "list_users", "principal_for",
]  # fmt: skip

LANGUAGES = ("fr", "ar", "en")

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,63}")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """An account with its roles as an administrator sees them: ``role@unit``, valid that day."""

    user: UserAccount
    grants: tuple[str, ...]


def create_user(
    session: Session,
    *,
    login: str,
    name: str,
    password: str | None = None,
    language: str = "fr",
    doctor_code: str | None = None,
) -> UserAccount:
    """Save a new account, without any role, in the caller's transaction.

    Args:
        session: the caller's transaction.
        login: 2 to 64 letters, digits, ``. _ @ + -``; capitals are made small.
        name: as it stands on screens and in the journal.
        password: none when somebody else proves who it is; then nobody can log in with one.
        language: of the screens, ``fr``, ``ar`` or ``en``.
        doctor_code: the control doctor who this is.

    Raises:
        InvalidInput: names the field.
        NotFound: there is no such doctor.
        AlreadyDone: the login is taken.
    """
    user = UserAccount(
        id=new_id(),
        login=check_login(login),
        name=_check_name(name),
        password_hash=None if password is None else hash_password(password, login),
        language=_check_language(language),
        doctor_id=None if doctor_code is None else _doctor_id(session, doctor_code),
    )
    if session.exec(select(UserAccount.id).where(UserAccount.login == user.login)).first():
        raise AlreadyDone(f"the login {user.login} is taken", field="login")
    session.add(user)
    session.flush()
    return user


def create_first_administrator(
    session: Session, *, login: str, name: str, password: str, unit_code: str, on: date
) -> UserAccount:
    """Save the account that makes all others, unless somebody administrates already.

    Raises:
        AlreadyDone: there is an administrator; that one makes further accounts.
        InvalidInput, NotFound: as ``create_user`` and ``grant``.
    """
    # Two that come at once wait for each other, so that only one finds the place empty.
    session.execute(sa.text("SELECT pg_advisory_xact_lock(7140002)"))
    if has_administrator(session, on):
        raise AlreadyDone("there is an administrator already")
    user = create_user(session, login=login, name=name, password=password)
    grant(session, user.id, Role.ADMINISTRATOR, unit_code, valid_from=on)
    return user


def has_administrator(session: Session, on: date) -> bool:
    """Return whether an active account holds the role of administrator on a day."""
    found = session.exec(
        select(RoleGrant.id)
        .join(UserAccount, col(UserAccount.id) == col(RoleGrant.user_id))
        .where(
            RoleGrant.role == Role.ADMINISTRATOR,
            col(UserAccount.is_active),
            RoleGrant.valid_from <= on,
            sa.or_(col(RoleGrant.valid_to).is_(None), col(RoleGrant.valid_to) >= on),
        )
    ).first()
    return found is not None


def grant(
    session: Session,
    user_id: UUID,
    role: Role,
    unit_code: str,
    *,
    valid_from: date,
    valid_to: date | None = None,
) -> RoleGrant:
    """Give a role at a unit from a day to a day, both included; the same twice is one.

    Raises:
        NotFound: no such unit, or it is closed.
        InvalidInput: the last day is before the first.
    """
    unit = session.get(Unit, unit_code) if unit_code.isprintable() else None
    if unit is None or not unit.is_active:
        raise NotFound(f"there is no unit {unit_code}", field="unit_code")
    if valid_to is not None and valid_to < valid_from:
        raise InvalidInput("the last day is before the first", field="valid_to")
    found = session.exec(
        select(RoleGrant).where(
            RoleGrant.user_id == user_id,
            RoleGrant.role == role,
            RoleGrant.unit_code == unit_code,
            RoleGrant.valid_from == valid_from,
        )
    ).first()
    given = found or RoleGrant(
        id=new_id(), user_id=user_id, role=role, unit_code=unit_code, valid_from=valid_from
    )
    given.valid_to = valid_to
    session.add(given)
    session.flush()
    return given


def end_grant(session: Session, grant_id: UUID, *, last_day: date) -> None:
    """Let a role end with a day; one that had not begun is taken back.

    Raises:
        NotFound: no such grant.
    """
    given = session.get(RoleGrant, grant_id, with_for_update=True)
    if given is None:
        raise NotFound("there is no such grant", field="grant_id")
    if given.valid_from > last_day:
        session.delete(given)
    else:
        given.valid_to = last_day
    session.flush()


def change_password(session: Session, user_id: UUID, password: str) -> None:
    """Set a password and end every login of the account; a lock-out ends too.

    Raises:
        InvalidInput: the password is too weak.
        NotFound: no such account.
    """
    user = _locked(session, user_id)
    user.password_hash = hash_password(password, user.login)
    user.failed_logins, user.locked_until = 0, None
    _end_logins(session, user_id)
    session.flush()


def deactivate(session: Session, user_id: UUID) -> None:
    """Close an account at once: its logins end with this transaction. Nothing is deleted.

    Raises:
        NotFound: no such account.
    """
    _locked(session, user_id).is_active = False
    _end_logins(session, user_id)
    session.flush()


def activate(session: Session, user_id: UUID) -> None:
    """Open a closed account again, with the password and the roles that it had.

    Raises:
        NotFound: no such account.
    """
    _locked(session, user_id).is_active = True
    session.flush()


def principal_for(session: Session, user: UserAccount, on: date) -> Principal:
    """Return who acts, with the roles that are valid on a day."""
    grants = grants_of(session, user.id, on)
    return Principal(
        id=user.id,
        name=user.name,
        grants=grants,
        doctor_id=user.doctor_id,
        language=user.language,
        missions=missions_of(session, user.id, grants, on),
    )


def by_login(session: Session, login: str) -> UserAccount:
    """Return an account by its login.

    Raises:
        NotFound: there is none.
    """
    statement = select(UserAccount).where(UserAccount.login == login.strip().lower())
    # What no terminal or page can show is no login, and the database would not take it.
    found = session.exec(statement).first() if login.isprintable() else None
    if found is None:
        raise NotFound(f"nobody has the login {login}", field="login")
    return found


def list_users(session: Session, on: date) -> Sequence[Listed]:
    """Return every account by login, with the roles of a day. Two statements."""
    rows = session.execute(
        sa.select(col(RoleGrant.user_id), col(RoleGrant.role), col(RoleGrant.unit_code))
        .where(
            col(RoleGrant.valid_from) <= on,
            sa.or_(col(RoleGrant.valid_to).is_(None), col(RoleGrant.valid_to) >= on),
        )
        .order_by(RoleGrant.role, RoleGrant.unit_code)
    )
    held: dict[UUID, list[str]] = {}
    for user_id, role, unit_code in rows:
        held.setdefault(user_id, []).append(f"{role}@{unit_code}")
    users = session.exec(select(UserAccount).order_by(col(UserAccount.login))).all()
    return [Listed(user, tuple(held.get(user.id, ()))) for user in users]


def central_unit(session: Session, jurisdiction: str) -> str:
    """Return the code of the central body, where an administrator stands.

    Raises:
        NotFound: the reference data is missing.
    """
    found = session.exec(
        select(Unit.code).where(
            Unit.jurisdiction == jurisdiction, Unit.level == ControlLevel.CENTRAL
        )
    ).first()
    if found is None:
        raise NotFound("the units of the fund are not loaded", field="unit_code")
    return found


def check_login(login: str) -> str:
    """Return a login in small letters.

    Raises:
        InvalidInput: another character, too short or too long.
    """
    login = login.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise InvalidInput(
            "a login has 2 to 64 letters without accent, digits, or . _ @ + -", field="login"
        )
    return login


def _check_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidInput(f"a name of 1 to {_LONGEST_NAME} characters is needed", field="name")
    return name


def _check_language(language: str) -> str:
    if language not in LANGUAGES:
        raise InvalidInput(f"a language is one of {', '.join(LANGUAGES)}", field="language")
    return language


def _doctor_id(session: Session, code: str) -> UUID:
    statement = select(Doctor.id).where(Doctor.code == code)
    found = session.exec(statement).first() if code.isprintable() else None
    if found is None:
        raise NotFound(f"there is no doctor {code}", field="doctor_code")
    return found


def _locked(session: Session, user_id: UUID) -> UserAccount:
    user = session.get(UserAccount, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound("there is no such account", field="user_id")
    return user


def _end_logins(session: Session, user_id: UUID) -> None:
    session.execute(sa.delete(UserSession).where(col(UserSession.user_id) == user_id))
