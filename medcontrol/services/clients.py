"""Programs that call the API: a token, shown once and kept as a hash, and scopes."""

import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.errors import AlreadyDone, InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.journal import Actor
from medcontrol.model import ApiClient, Unit
from medcontrol.policy import Grant, Principal
from medcontrol.services.sessions import token_hash
from medcontrol.vocabulary import ActorKind, Role

PREFIX = "mc_"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,63}")


class Scope(StrEnum):
    """What a program may do."""

    INTAKE_WRITE = "intake:write"  # hand in files
    FILES_READ = "files:read"  # see the files of its unit, never medical content
    FILES_WRITE = "files:write"  # add pieces, book appointments, completeness
    QUARANTINE_READ = "quarantine:read"  # see why lines of its own deliveries did not pass
    ASSIGNMENT_WRITE = "assignment:write"  # give files of its unit to other doctors
    ENTITLEMENTS_READ = "entitlements:read"  # rights of its unit, with what paying them needs
    INCIDENTS_READ = "incidents:read"  # see what fails, in groups: no file, no person


# Scopes that reach files, and the role whose rights the policy then lends at the unit.
_LENT = {
    Scope.FILES_READ: Role.AGENT,
    Scope.FILES_WRITE: Role.AGENT,
    Scope.ASSIGNMENT_WRITE: Role.SUPERVISOR,
    Scope.ENTITLEMENTS_READ: Role.AGENT,
}


@dataclass(frozen=True, slots=True)
class Client:
    """A program that showed a good token.

    The API asks for the scope first; which files are meant is the principal's and the policy's.
    """

    id: UUID
    name: str
    scopes: frozenset[Scope]
    unit_code: str | None
    principal: Principal

    @property
    def actor(self) -> Actor:
        """Who did it, for the journal."""
        return Actor(ActorKind.CLIENT, self.name, self.id)

    def may(self, scope: Scope) -> bool:
        """Return whether it holds a scope."""
        return scope in self.scopes


def create(
    session: Session,
    *,
    name: str,
    scopes: Collection[str],
    unit_code: str | None = None,
    now: datetime,
) -> tuple[ApiClient, str]:
    """Save a client and return it with its token, which nobody can read again.

    Raises:
        InvalidInput: the name, a scope, or a scope over files without a unit.
        NotFound: no such unit.
        AlreadyDone: the name is taken, be it by a client that was revoked.
    """
    checked = _check_scopes(scopes, unit_code)
    if not _NAME.fullmatch(name):
        raise InvalidInput("a name has 2 to 64 letters, digits, or . _ -", field="name")
    is_known = unit_code is None or (
        unit_code.isprintable() and session.get(Unit, unit_code) is not None
    )
    if not is_known:
        raise NotFound(f"there is no unit {unit_code}", field="unit_code")
    if session.exec(select(ApiClient.id).where(ApiClient.name == name)).first():
        raise AlreadyDone(f"there is a client {name} already", field="name")
    token = PREFIX + secrets.token_urlsafe(32)
    client = ApiClient(
        id=new_id(),
        name=name,
        token_hash=token_hash(token),
        scopes=checked,
        unit_code=unit_code,
        created_at=now,
    )
    session.add(client)
    session.flush()
    return client, token


def find(session: Session, token: str) -> Client | None:
    """Return the client of a token; None when it is unknown or was revoked. One statement."""
    if not token.startswith(PREFIX):
        return None
    row = session.execute(
        sa.select(ApiClient, col(Unit.level))
        .outerjoin(Unit, col(Unit.code) == ApiClient.unit_code)
        .where(col(ApiClient.token_hash) == token_hash(token), col(ApiClient.revoked_at).is_(None))
    ).first()
    if row is None:
        return None
    client, level = row
    # A scope that a newer version knew and this one does not gives nothing.
    scopes = frozenset(Scope(scope) for scope in client.scopes if scope in set(Scope))
    lent = sorted({_LENT[scope] for scope in scopes if scope in _LENT})
    grants = tuple(Grant(role, level, client.unit_code) for role in lent if level is not None)
    principal = Principal(client.id, client.name, grants, kind=ActorKind.CLIENT)
    return Client(client.id, client.name, scopes, client.unit_code, principal)


def revoke(session: Session, name: str, *, now: datetime) -> None:
    """Let a client's token be good for nothing from now on.

    Raises:
        NotFound: no such client.
        AlreadyDone: it was revoked before.
    """
    client = session.exec(select(ApiClient).where(ApiClient.name == name).with_for_update()).first()
    if client is None:
        raise NotFound(f"there is no client {name}", field="name")
    if client.revoked_at is not None:
        raise AlreadyDone(f"{name} was revoked before", field="name")
    client.revoked_at = now
    session.flush()


def list_clients(session: Session) -> Sequence[ApiClient]:
    """Return every client by name, those revoked too."""
    return session.exec(select(ApiClient).order_by(col(ApiClient.name))).all()


def _check_scopes(scopes: Collection[str], unit_code: str | None) -> list[str]:
    if not scopes:
        raise InvalidInput(f"at least one scope of {', '.join(Scope)} is needed", field="scopes")
    for scope in scopes:
        if scope not in set(Scope):
            raise InvalidInput(f"{scope!r} is none of {', '.join(Scope)}", field="scopes")
        if scope in _LENT and unit_code is None:
            raise InvalidInput(f"{scope} needs the unit whose files are meant", field="unit_code")
    return sorted(set(map(str, scopes)))
