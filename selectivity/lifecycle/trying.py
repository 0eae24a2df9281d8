"""A rule tried on a real file or on values typed in (essai d'une règle), cell by cell."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import civil_date
from medcontrol.crypto import KeyRing, bind
from medcontrol.errors import Forbidden, NotFound
from medcontrol.ids import new_id
from medcontrol.model import AccessLog, ControlFile, ReceivedFile, SelectivityDecision
from medcontrol.policy import Principal
from medcontrol.vocabulary import Role

PURPOSE = "rule_test"
READERS = (Role.ANALYST, Role.AUDITOR, Role.SUPERVISOR)

Decided: Any = SelectivityDecision
Received: Any = ReceivedFile
Opened: Any = ControlFile

# The identity's index begins with the sender. There are few senders: go from one to the next.
_BY_NUMBER = sa.text("""
WITH RECURSIVE sender AS (
  SELECT min(source) AS source FROM inbox_message
  UNION ALL
  SELECT (SELECT min(source) FROM inbox_message WHERE source > sender.source)
  FROM sender WHERE sender.source IS NOT NULL
)
SELECT inbox.subject_id FROM sender
JOIN inbox_message AS inbox ON inbox.source = sender.source AND inbox.external_id = :name
""")


@dataclass(frozen=True, slots=True)
class TriedFile:
    """What selectivity knew of a file when it was decided; nothing of who it is about.

    Attributes:
        name: as it was asked for.
        received_on: civil day of reception.
        snapshot: stored features, medical ones among them; never shown as they are.
        lane: what was decided, and by which rule set.
    """

    name: str
    received_on: date
    snapshot: Mapping[str, Any]
    lane: str
    rule_set: str


def find(
    session: Session,
    principal: Principal,
    keys: KeyRing,
    name: str,
    *,
    now: datetime,
    with_medical: bool = True,
) -> TriedFile:
    """Return the stored features of a file, by its reference or its number at the sender.

    Features of class medical are decrypted so that rules on them can be tried; that is logged in
    the caller's transaction as a reading, so it must be one that writes. The caller shows whether
    a cell on them is met, not the value. ``with_medical=False`` leaves them out, unread.

    Raises:
        Forbidden: the principal is no analyst, auditor or supervisor.
        NotFound: selectivity decided on no such file.
    """
    if not principal.has(*READERS):
        raise Forbidden("features of files")
    row = _decision(session, name.strip())
    if row is None:
        raise NotFound(f"selectivity decided on no file {name!r}", field="file")
    snapshot = dict(row.features)
    if row.medical_features is not None and with_medical:
        _log(session, principal, row.received_file_id, row.control_file_id, now)
        sealed = keys.decrypt(
            row.key_id, row.medical_features, bind("selectivity_decision", row.received_file_id)
        )
        snapshot |= orjson.loads(sealed)
    day = civil_date(row.received_at, row.jurisdiction)
    return TriedFile(name.strip(), day, snapshot, row.lane.value, row.rule_set)


def _decision(session: Session, name: str) -> Any:
    if not name or not name.isprintable():
        return None
    statement = (
        sa.select(
            Decided.received_file_id,
            Decided.features,
            Decided.medical_features,
            Decided.key_id,
            Decided.lane,
            Decided.rule_set,
            Received.received_at,
            Received.jurisdiction,
            Opened.id.label("control_file_id"),
        )
        .join(ReceivedFile, Received.id == Decided.received_file_id)
        .outerjoin(ControlFile, Opened.received_file_id == Received.id)
        .order_by(Received.received_at.desc())
        .limit(1)
    )
    by_reference = session.execute(statement.where(Opened.reference == name)).first()
    if by_reference is not None:
        return by_reference
    ids = session.execute(_BY_NUMBER, {"name": name}).scalars().all()
    return session.execute(statement.where(Received.id.in_(ids))).first() if ids else None


def _log(
    session: Session,
    principal: Principal,
    received_file_id: UUID,
    control_file_id: UUID | None,
    now: datetime,
) -> None:
    session.execute(
        sa.insert(AccessLog).values(
            id=new_id(),
            at=now,
            user_id=principal.id,
            control_file_id=control_file_id,
            what=f"selectivity:{received_file_id}",
            purpose=PURPOSE,
        )
    )
