"""Who changed what of a doctor, when and why (historique des médecins-conseils)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.ids import new_id
from medcontrol.model import DoctorChange

_LONGEST_WHY = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """By whom, why and when something is said of a doctor.

    Attributes:
        who: the account; None for an operator at the command line.
        why: the reason given; what a file brings needs none.
        at: when; the transaction's own time when the caller does not say.
    """

    who: UUID | None = None
    why: str | None = None
    at: datetime | None = None


def note(
    session: Session,
    doctor_id: UUID,
    what: str,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    said: Said | None,
) -> None:
    """Keep one change: a line that is new, changed (only what differs) or taken back."""
    said = said or Said()
    values = {
        "id": new_id(),
        "doctor_id": doctor_id,
        "what": what,
        "before": _plain(before),
        "after": _plain(after),
        "changed_at": said.at or sa.func.now(),
        "who": said.who,
        "why": said.why[:_LONGEST_WHY] if said.why else None,
    }
    session.flush()
    session.execute(sa.insert(DoctorChange).values(**values))


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if values is None else {name: _text(value) for name, value in values.items()}


def _text(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | time | UUID):
        return str(value)
    return value


def changes_of(session: Session, doctor_id: UUID, *, limit: int = 50) -> list[DoctorChange]:
    """Return what was said of a doctor, the last first."""
    own = select(DoctorChange).where(DoctorChange.doctor_id == doctor_id)
    order = (col(DoctorChange.changed_at).desc(), col(DoctorChange.id).desc())
    return list(session.exec(own.order_by(*order).limit(limit)))
