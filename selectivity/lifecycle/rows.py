"""Rows of versions and of what was done with them: lock, change, record (écriture)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.errors import Forbidden, NotFound
from medcontrol.ids import new_id
from medcontrol.model import RuleSetEvent, RuleSetVersion
from medcontrol.policy import Principal
from medcontrol.vocabulary import Role, RuleSetStatus
from selectivity import packaged
from selectivity.lifecycle.refusals import StaleRules, WrongState

LONGEST_NOTE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Somebody does something with a version.

    Attributes:
        code, version: which one.
        revision: as the page showed it; ``None`` to do it whatever was changed since.
        actor: an analyst.
        now: the instant, aware.
        note: why, for those who read it later.
    """

    code: str
    version: int
    actor: Principal
    now: datetime
    revision: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a version's history."""

    at: datetime
    actor_name: str
    action: str
    from_status: RuleSetStatus | None
    to_status: RuleSetStatus
    sha256: str
    note: str


def must_write(actor: Principal) -> None:
    """Refuse everybody but analysts.

    Raises:
        Forbidden: the actor is none.
    """
    if not actor.has(Role.ANALYST):
        raise Forbidden("rules are written by analysts")


def locked(session: Session, act: Act, *allowed: RuleSetStatus) -> RuleSetVersion:
    """Return a version's row, locked until the caller's transaction ends.

    Raises:
        Forbidden: the actor is no analyst.
        NotFound: there is no such version.
        WrongState: it is in none of the allowed states; versions that come with the system
            are published, and nothing is ever done with them.
        StaleRules: its content changed since the page was drawn.
    """
    must_write(act.actor)
    found = session.exec(
        select(RuleSetVersion)
        .where(
            col(RuleSetVersion.code) == act.code,
            col(RuleSetVersion.version) == act.version,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        if act.version in packaged.versions(act.code):
            raise WrongState(f"{act.code}/{act.version} comes with the system")
        raise NotFound(f"there is no rule set {act.code}/{act.version}", field="version")
    if found.status not in allowed:
        raise WrongState(f"{act.code}/{act.version} is {found.status}")
    if act.revision is not None and act.revision != found.revision:
        raise StaleRules(f"{act.code}/{act.version} is at revision {found.revision}")
    return found


def move(
    session: Session, row: RuleSetVersion, act: Act, status: RuleSetStatus, action: str
) -> None:
    """Set a version's state and record who did it, in the caller's transaction."""
    before, row.status = row.status, status
    record(session, row, act, action, before)


def record(
    session: Session,
    row: RuleSetVersion,
    act: Act,
    action: str,
    before: RuleSetStatus | None,
) -> None:
    """Add a line to the history of a version."""
    session.add(row)
    session.flush()
    session.execute(
        sa.insert(RuleSetEvent).values(
            id=new_id(),
            rule_set_version_id=row.id,
            at=act.now,
            actor_id=act.actor.id,
            actor_name=act.actor.name,
            action=action,
            from_status=before.value if before else None,
            to_status=row.status.value,
            sha256=row.sha256,
            note=act.note.strip()[:LONGEST_NOTE],
        )
    )


def events(session: Session, version_id: UUID) -> Sequence[Event]:
    """Return what was done with a version, newest first."""
    rows = session.exec(
        select(RuleSetEvent)
        .where(col(RuleSetEvent.rule_set_version_id) == version_id)
        .order_by(col(RuleSetEvent.at).desc(), col(RuleSetEvent.id).desc())
    )
    return [
        Event(
            row.at,
            row.actor_name,
            row.action,
            RuleSetStatus(row.from_status) if row.from_status else None,
            RuleSetStatus(row.to_status),
            row.sha256,
            row.note,
        )
        for row in rows
    ]


def content(session: Session, code: str, version: int) -> Any:
    """Return a version as plain data, whether or not it could be used as it stands.

    Raises:
        NotFound: there is no such version.
    """
    text = session.exec(
        select(RuleSetVersion.content).where(
            col(RuleSetVersion.code) == code, col(RuleSetVersion.version) == version
        )
    ).first()
    if text is not None:
        return orjson.loads(text)
    return packaged.data(code, version)
