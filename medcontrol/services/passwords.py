"""Passwords (mots de passe): argon2id, one answer for every failure, lock-out after eight."""

from datetime import datetime, timedelta
from functools import cache

from pwdlib import PasswordHash
from sqlmodel import Session, select

from medcontrol.errors import InvalidInput
from medcontrol.ids import new_id
from medcontrol.model import UserAccount

SHORTEST_PASSWORD = 12
# argon2 takes any length; a limit keeps a login from being a way to keep us busy.
LONGEST_PASSWORD = 256
MAX_FAILURES = 8
LOCK_OUT = timedelta(minutes=15)


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobody() -> str:
    """Return a hash no password fits, so that an unknown login takes as long as a known one."""
    return _hasher().hash(new_id().hex)


def authenticate(
    session: Session, login: str, password: str, *, now: datetime
) -> UserAccount | None:
    """Return the account that login and password belong to, or None for any other reason.

    The caller commits in both cases, so that failures count. Unknown, locked and closed accounts
    take as long as others and answer the same, so that nobody learns who has an account. Eight
    failures in a row lock an account for fifteen minutes. Attempts on one account wait for each
    other, so that the eight can't be had all at once.
    """
    statement = select(UserAccount).where(UserAccount.login == login.strip().lower()[:64])
    locking = statement.with_for_update().execution_options(populate_existing=True)
    # What can't be shown is no login, and the database would not take it.
    user = session.exec(locking).first() if login.isprintable() else None
    known = user.password_hash if user is not None and user.is_active else None
    fits, better = _verify(password, known)
    if user is None or (user.locked_until is not None and user.locked_until > now):
        return None
    if fits:
        user.failed_logins, user.locked_until = 0, None
        user.password_hash = better or user.password_hash
    else:
        _count_failure(user, now)
    session.flush()
    return user if fits else None


def _verify(password: str, known: str | None) -> tuple[bool, str | None]:
    """Return whether a password fits, and its hash under newer settings when there are some."""
    tried = password[:LONGEST_PASSWORD].encode(errors="replace")
    is_right, better = _hasher().verify_and_update(tried, known or _nobody())
    if known is None or not is_right or len(password) > LONGEST_PASSWORD:
        return False, None
    return True, better


def _count_failure(user: UserAccount, now: datetime) -> None:
    if user.locked_until is not None:  # a lock-out that is over: count anew
        user.failed_logins, user.locked_until = 0, None
    user.failed_logins += 1
    if user.failed_logins >= MAX_FAILURES:
        user.locked_until = now + LOCK_OUT


def hash_password(password: str, login: str) -> str:
    """Return the argon2id hash of a password that is good enough.

    Raises:
        InvalidInput: shorter than 12 or longer than 256 characters, holds the login, or says
            one or two characters over and over.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidInput(
            f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters",
            field="password",
        )
    if login.strip().lower() in password.lower():
        raise InvalidInput("a password does not hold the login", field="password")
    if len(set(password)) < 3:
        raise InvalidInput("a password has more than two different characters", field="password")
    if not password.isprintable():
        raise InvalidInput("a password holds no control character", field="password")
    return _hasher().hash(password)
