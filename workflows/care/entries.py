"""Entries into an establishment open a reassessment by themselves (entrée en établissement).

The reassessment enters by the gate like a periodic one, under an identity made of the right and
the day of entry: whatever runs twice opens one file.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.clock import Clock, civil_date
from medcontrol.db import transaction
from medcontrol.ids import new_id
from medcontrol.intake import Line
from medcontrol.legal import lu
from medcontrol.model import Entitlement
from medcontrol.turns import take_turn
from medcontrol.vocabulary import EntitlementStatus
from workflows.gate.counts import BatchName, Counts
from workflows.gate.intake import take_in
from workflows.gate.opening import REVIEW_PREFIX
from workflows.rights.reviews import CARE, review_message
from workflows.tools import Tools

NATURE: Final = "establishment"
CHUNK: Final = 500
#: Why an entry opened nothing: no right is running, or a decision knew of it.
NO_RIGHT, DECIDED = "no_right", "decided_since"
_CANDIDATES = sa.text("""
SELECT e.id, e.entered_on, e.establishment_id, e.recorded_at, r.id AS right_id, r.status,
       (SELECT max(coalesce(l.sent_at, l.written_at)) FROM letter l
        WHERE l.control_file_id = r.control_file_id AND l.recipient = 'insured'
          AND l.status <> 'cancelled' AND l.context->'decision'->>'outcome' IS NOT NULL
       ) AS notified_at
FROM care_entry e
LEFT JOIN LATERAL (
  SELECT * FROM entitlement r
  WHERE r.registration_number = e.registration_number AND r.flow = :flow AND r.status <> 'ended'
  ORDER BY r.valid_from DESC, r.id DESC LIMIT 1
) r ON true
WHERE e.control_id IS NULL AND e.replaced_at IS NULL AND e.entered_on <= :until
  AND (e.recorded_at, e.id) > (:after, :after_id)
ORDER BY e.recorded_at, e.id LIMIT :chunk
""")
_MARK = sa.text("UPDATE care_entry SET control_id = :control WHERE id = :id")
_HANDLED = sa.text("""
SELECT external_id FROM inbox_message
WHERE source = 'medcontrol' AND external_id = ANY(:wanted)
""")
_START = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


def open_entries(tools: Tools, *, now: Clock) -> Counts:
    """Open the reassessment of every person who entered an establishment since their decision.

    While another reassessment of the right is open, an entry waits: the open one takes it into
    account, and only if it ends without a decision the entry opens its own. If we die between
    intake and the mark, the next run finds the message handled and marks it.

    Returns:
        What became of the messages.
    """
    total, batch = Counts(), BatchName(new_id(), "care-entries")
    after = _START
    while True:
        with transaction() as turn:
            if not take_turn(turn, "care.entries"):
                return total
            rows = _candidates(turn, now(), after)
            due = [row for row in rows if _reason(row) == ""]
            known = set(turn.scalars(_HANDLED, {"wanted": [identity(row) for row in due]}))
            fresh = [row for row in due if identity(row) not in known]
            if fresh:
                total.add(take_in(tools, _lines(turn, tools, fresh, now()), batch=batch, now=now))
            for row in rows:
                if (reason := _reason(row)) is not None:
                    turn.execute(_MARK, {"control": reason or identity(row), "id": row.id})
        if len(rows) < CHUNK:
            return total
        after = rows[-1].recorded_at, rows[-1].id


def identity(row: Any) -> str:
    """Return the external id of the reassessment that an entry opens."""
    return f"{REVIEW_PREFIX}{row.right_id}:entry:{row.entered_on}"


def _candidates(session: Session, now: datetime, after: tuple[datetime, UUID]) -> Sequence[Any]:
    today = civil_date(now, "lu")
    wait = timedelta(days=lu.reassessment.establishment_days.at(today).value)
    values = {"flow": CARE, "until": today - wait, "chunk": CHUNK,
              "after": after[0], "after_id": after[1]}  # fmt: skip
    return session.execute(_CANDIDATES, values).all()


def _reason(row: Any) -> str | None:
    """Return why an entry opens nothing: empty when it does, None when it waits."""
    if row.right_id is None:
        return NO_RIGHT
    if row.notified_at is not None and row.entered_on < civil_date(row.notified_at, "lu"):
        return DECIDED
    return "" if row.status == EntitlementStatus.ACTIVE.value else None


def _lines(session: Session, tools: Tools, rows: Sequence[Any], now: datetime) -> Iterator[Line]:
    ids = [row.right_id for row in rows]
    rights = {
        right.id: right
        for right in session.exec(select(Entitlement).where(col(Entitlement.id).in_(ids)))
    }
    for number, row in enumerate(rows, 1):
        message = review_message(tools.catalog, rights[row.right_id], now)
        message |= {
            "external_id": identity(row),
            "nature": NATURE,
            "provider": {"id": row.establishment_id, "kind": "other"},
            "form": message["form"] | {"entered_on": row.entered_on.isoformat()},
        }
        raw = orjson.dumps(message)
        yield Line(no=number, raw=raw, size=len(raw))
