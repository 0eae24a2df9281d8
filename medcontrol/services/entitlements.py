"""What happened to granted rights (journal des droits), and telling the paying system of it.

A row of the journal and an event are written with the change itself, by whoever makes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from medcontrol import outbox
from medcontrol.copying import copy_rows
from medcontrol.ids import new_id
from medcontrol.journal import Actor
from medcontrol.model import Entitlement, EntitlementEvent, OutboxMessage
from medcontrol.vocabulary import Annulled, EntitlementChange

#: What the journal keeps of a right: days and states, nothing about the person.
KEPT = ("status", "valid_from", "valid_to", "next_review_on", "opens_on", "milestone",
        "suspended_on", "resumed_on")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A change of one right.

    Attributes:
        number: of the right, as the paying system knows it.
        before, after: the members of ``KEPT`` that are known, as column values.
        file_id: the control file that it comes from, when it comes from one.
        batch_id: of a postponement of many.
        reason: of a postponement, or why it was annulled.
    """

    right_id: UUID
    number: str
    change: EntitlementChange
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    file_id: UUID | None = None
    batch_id: UUID | None = None
    reason: str | None = None


def days_of(right: Entitlement) -> dict[str, Any]:
    """Return what the journal keeps of a right, as column values."""
    return {name: getattr(right, name) for name in KEPT}


def event_row(changed: Changed, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return the row of the journal: what differs, by name."""
    before, after = _written(changed.before), _written(changed.after)
    moved = [name for name in KEPT if name in after and before.get(name) != after[name]]
    return {
        "id": new_id(),
        "entitlement_id": changed.right_id,
        "at": now,
        "change": changed.change,
        "control_file_id": changed.file_id,
        "batch_id": changed.batch_id,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_label": actor.label,
        "reason": changed.reason,
        "before": {name: before[name] for name in moved if name in before},
        "after": {name: after[name] for name in moved},
    }


def message(
    event_id: UUID, changed: Changed, *, not_before: datetime | None = None
) -> outbox.NewMessage:
    """Return the thin event of a change: number and ids only; the export says the rest."""
    payload = {
        "event": "entitlement.changed",
        "entitlement_id": str(changed.right_id),
        "number": changed.number,
        "change": changed.change.value,
    }
    if changed.file_id is not None:
        payload["control_file_id"] = str(changed.file_id)
    return outbox.NewMessage(
        topic="events.deliver", key=f"event:entitlement.changed:{event_id}", payload=payload,
        not_before=not_before,
    )  # fmt: skip


def record(session: Session, changes: Sequence[Changed], *, actor: Actor, now: datetime) -> None:
    """Write the journal and the events of rights that the caller has under lock, by COPY."""
    rows = [event_row(each, actor=actor, now=now) for each in changes]
    copy_rows(session, EntitlementEvent, rows)
    told = (
        message(row["id"], each)
        for row, each in zip(rows, changes, strict=True)
        if each.reason != Annulled.UNSEEN
    )
    copy_rows(session, OutboxMessage, [outbox.row(each, now) for each in told])


def _written(values: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: _plain(value) for name, value in values.items() if name in KEPT}


def _plain(value: Any) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)
