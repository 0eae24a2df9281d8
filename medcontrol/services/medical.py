"""Medical content (contenu médical): written encrypted, read through one logged door."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.clock import Clock, utc_now
from medcontrol.crypto import KeyRing, bind
from medcontrol.db import transaction
from medcontrol.errors import Forbidden
from medcontrol.ids import new_id
from medcontrol.model import AccessLog, MedicalRecord
from medcontrol.policy import Action, Principal, may
from medcontrol.vocabulary import MedicalRecordKind


@dataclass(frozen=True, slots=True)
class MedicalContent:
    """One decrypted record. Its ``repr`` shows no content."""

    id: UUID
    kind: MedicalRecordKind
    author_id: UUID | None
    created_at: datetime
    content: dict[str, Any]

    def __repr__(self) -> str:
        """Show the id only, so that no log line can hold content."""
        return f"MedicalContent({self.id})"


def seal(keys: KeyRing, record_id: UUID, content: dict[str, Any]) -> tuple[str, bytes]:
    """Return the key id and the encrypted content of a record, bound to its row."""
    return keys.encrypt(orjson.dumps(content), bind("medical_record", record_id))


def unsealed(keys: KeyRing, record: MedicalRecord) -> dict[str, Any]:
    """Return the content of a record, for the flow's own work.

    Whoever reads it for a person logs the reading first.
    """
    plain = keys.decrypt(record.key_id, record.content, bind("medical_record", record.id))
    found: dict[str, Any] = orjson.loads(plain)
    return found


def write(
    session: Session,
    keys: KeyRing,
    control_file_id: UUID,
    kind: MedicalRecordKind,
    content: dict[str, Any],
    *,
    author_id: UUID | None,
    now: datetime,
) -> UUID:
    """Save a record in the caller's transaction and return its id."""
    record_id = new_id()
    key_id, sealed = seal(keys, record_id, content)
    session.execute(
        sa.insert(MedicalRecord).values(
            id=record_id,
            control_file_id=control_file_id,
            kind=kind,
            author_id=author_id,
            created_at=now,
            key_id=key_id,
            content=sealed,
        )
    )
    return record_id


def read_medical(
    principal: Principal,
    control_file_id: UUID,
    keys: KeyRing,
    *,
    purpose: str,
    kinds: Collection[MedicalRecordKind] = tuple(MedicalRecordKind),
    now: Clock = utc_now,
) -> list[MedicalContent]:
    """Return the medical content of a file, oldest first, after logging who reads it.

    The only way to read it. The access-log row is committed in a short transaction of its own
    before anything is decrypted: no log, no content. Drafts come back to their author only.

    Raises:
        Forbidden: the policy does not let this person read this file's medical content.
    """
    what = ",".join(sorted(kinds)) if len(kinds) < len(MedicalRecordKind) else "all"
    log_reading(principal, control_file_id, what[:64], purpose, now=now)
    with transaction() as session:
        rows = session.exec(
            select(MedicalRecord)
            .where(
                col(MedicalRecord.control_file_id) == control_file_id,
                col(MedicalRecord.kind).in_(list(kinds)),
                sa.or_(
                    col(MedicalRecord.kind) != MedicalRecordKind.DRAFT,
                    col(MedicalRecord.author_id) == principal.id,
                ),
            )
            .order_by(col(MedicalRecord.id))
        ).all()
    return [
        MedicalContent(
            row.id,
            row.kind,
            row.author_id,
            row.created_at,
            unsealed(keys, row),
        )
        for row in rows
    ]


def log_reading(
    principal: Principal,
    control_file_id: UUID,
    what: str,
    purpose: str,
    *,
    now: Clock = utc_now,
    allowed: Callable[[Session], bool] | None = None,
) -> None:
    """Check the policy and commit an access-log row, before the caller decrypts anything.

    ``allowed`` is another check than the right to read the file's medical content.

    Raises:
        Forbidden: the policy says no; nothing is logged, nothing may be read.
    """
    with transaction() as session:
        is_allowed = (
            allowed(session)
            if allowed
            else may(session, principal, control_file_id, Action.READ_MEDICAL)
        )
        if not is_allowed:
            raise Forbidden("medical content of this file")
        session.execute(
            sa.insert(AccessLog).values(
                id=new_id(),
                at=now(),
                user_id=principal.id,
                control_file_id=control_file_id,
                what=what,
                purpose=purpose,
            )
        )


def save_draft(
    session: Session,
    keys: KeyRing,
    control_file_id: UUID,
    content: dict[str, Any],
    *,
    author_id: UUID,
    now: datetime,
) -> None:
    """Keep what somebody typed so far, one draft a person and file, whatever it says."""
    drop_draft(session, control_file_id, author_id=author_id)
    write(
        session,
        keys,
        control_file_id,
        MedicalRecordKind.DRAFT,
        content,
        author_id=author_id,
        now=now,
    )


def drop_draft(session: Session, control_file_id: UUID, *, author_id: UUID) -> None:
    """Forget the draft of a person for a file."""
    session.execute(
        sa.delete(MedicalRecord).where(
            col(MedicalRecord.control_file_id) == control_file_id,
            col(MedicalRecord.kind) == MedicalRecordKind.DRAFT,
            col(MedicalRecord.author_id) == author_id,
        )
    )
