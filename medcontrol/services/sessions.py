"""Logins (sessions): the browser holds a random token, the table only its hash."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.clock import civil_date
from medcontrol.model import RoleGrant, Unit, UserAccount, UserSession
from medcontrol.policy import Grant, Principal, missions_of
from medcontrol.settings import settings

TOKEN_BYTES = 32


class Login(NamedTuple):
    """A login that is good now."""

    principal: Principal
    csrf: str
    user: UserAccount


def open(session: Session, user: UserAccount, *, now: datetime) -> tuple[str, str]:
    """Begin a login, always with a fresh token, and return token and CSRF token.

    It ends ``MEDCONTROL_SESSION_HOURS`` later, whatever is done meanwhile.
    """
    token, csrf = secrets.token_urlsafe(TOKEN_BYTES), secrets.token_urlsafe(TOKEN_BYTES)
    session.execute(
        sa.insert(UserSession).values(
            token_hash=token_hash(token),
            user_id=user.id,
            created_at=now,
            expires_at=now + timedelta(hours=settings().session_hours),
            csrf_token=csrf,
        )
    )
    return token, csrf


def find(session: Session, token: str, *, now: datetime) -> Login | None:
    """Return the login of a token with the roles of today; None when it is over or unknown.

    One statement, for an expert another one.
    """
    on = civil_date(now, settings().jurisdiction)
    valid = sa.and_(
        col(RoleGrant.user_id) == UserAccount.id,
        col(RoleGrant.valid_from) <= on,
        sa.or_(col(RoleGrant.valid_to).is_(None), col(RoleGrant.valid_to) >= on),
    )
    rows = session.execute(
        sa.select(
            UserAccount, col(UserSession.csrf_token), col(RoleGrant.role), col(Unit.level),
            col(Unit.code),
        )
        .join(UserSession, col(UserSession.user_id) == UserAccount.id)
        .outerjoin(RoleGrant, valid)
        .outerjoin(Unit, col(Unit.code) == RoleGrant.unit_code)
        .where(
            col(UserSession.token_hash) == token_hash(token),
            col(UserSession.expires_at) > now,
            col(UserAccount.is_active),
        )
        .order_by(RoleGrant.role, Unit.code)
    ).all()  # fmt: skip
    if not rows:
        return None
    user, csrf = rows[0][0], rows[0][1]
    grants = tuple(Grant(role, level, code) for _, _, role, level, code in rows if role is not None)
    missions = missions_of(session, user.id, grants, on)
    who = Principal(
        user.id, user.name, grants, user.doctor_id, user.language, missions=missions
    )  # fmt: skip
    return Login(who, csrf, user)


def close(session: Session, token: str) -> None:
    """End a login; one that is over already stays so."""
    session.execute(sa.delete(UserSession).where(col(UserSession.token_hash) == token_hash(token)))


def forget_expired(session: Session, *, now: datetime) -> int:
    """Delete the logins that are over and return how many there were."""
    result = session.connection().execute(
        sa.delete(UserSession).where(col(UserSession.expires_at) <= now)
    )
    return int(result.rowcount)


def token_hash(token: str) -> bytes:
    """Return what is kept of a token. It is random and long, so a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
