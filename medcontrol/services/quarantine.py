"""Reading a quarantined line to correct it: what is medical only by right, and logged."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import Clock, utc_now
from medcontrol.crypto import KeyRing, bind
from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.intake import FieldError
from medcontrol.intake.correcting import Correctable, correctable, corrected
from medcontrol.intake.showing import faulty_members
from medcontrol.model import AccessLog, QuarantinedMessage
from medcontrol.policy import Principal
from medcontrol.vocabulary import Role

Line: Any = QuarantinedMessage  # columns of the table, not values of a row
MEDICAL_READERS = frozenset({Role.COORDINATOR})


def read_members(
    principal: Principal, quarantine_id: UUID, keys: KeyRing, *, now: Clock = utc_now
) -> dict[str, str]:
    """Return path → faulty value of the members that this person may see.

    Medical members only for those who read medical content, and only after a row of the access
    log was committed in a transaction of its own: no log, no content.

    Raises:
        NotFound: no such line.
    """
    with read_only() as session:
        line = session.execute(
            sa.select(Line.errors, Line.key_id, Line.content).where(Line.id == quarantine_id)
        ).one_or_none()
    if line is None:
        raise NotFound(f"no quarantined line {quarantine_id}", field="quarantine_id")
    errors = tuple(
        FieldError(each["path"], each["code"], each["message"], each["medical"], each["expected"])
        for each in line.errors
    )
    may_read = principal.has(*MEDICAL_READERS)
    if may_read and any(error.medical for error in errors):
        with transaction() as session:
            _log(session, principal, quarantine_id, now)
    raw = keys.decrypt(line.key_id, line.content, bind("quarantined_message", quarantine_id))
    return faulty_members(raw, errors, may_read_medical=may_read)


def read_correctable(
    principal: Principal, quarantine_id: UUID, keys: KeyRing, *, now: Clock = utc_now
) -> Correctable:
    """Return a line as text that this person may read and correct; medical readings are logged.

    Raises:
        NotFound: no such line.
    """
    may_read = principal.has(*MEDICAL_READERS)
    line = _find(quarantine_id)
    if may_read:
        with transaction() as session:
            _log(session, principal, quarantine_id, now)
    return correctable(_raw(line, keys), may_read_medical=may_read)


def merge_correction(
    principal: Principal, quarantine_id: UUID, keys: KeyRing, text: str, dropped: frozenset[str]
) -> bytes:
    """Return the corrected line; members that the person did not see are those of the original.

    Raises:
        NotFound: no such line.
        InvalidInput: the text is no JSON object.
    """
    line = _find(quarantine_id)
    may_read = principal.has(*MEDICAL_READERS)
    try:
        return corrected(_raw(line, keys), text, may_read_medical=may_read, dropped=dropped)
    except ValueError as error:
        raise InvalidInput("the text is no JSON object", field="text") from error


def _find(quarantine_id: UUID) -> QuarantinedMessage:
    with read_only() as session:
        line = session.get(QuarantinedMessage, quarantine_id)
    if line is None:
        raise NotFound(f"no quarantined line {quarantine_id}", field="quarantine_id")
    return line


def _raw(line: QuarantinedMessage, keys: KeyRing) -> bytes:
    return keys.decrypt(line.key_id, line.content, bind("quarantined_message", line.id))


def _log(session: Session, principal: Principal, quarantine_id: UUID, now: Clock) -> None:
    session.add(
        AccessLog(
            id=new_id(),
            at=now(),
            user_id=principal.id,
            what=f"quarantine:{quarantine_id}",
            purpose="correct",
        )
    )
