"""One message taken in by itself, or tried again out of quarantine (dossier seul, rejeu)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.db import transaction
from medcontrol.ids import new_id
from medcontrol.intake import Accepted, Faulty, FieldError, Line, Registers, check_line
from medcontrol.vocabulary import Lane, QuarantineReason, QuarantineStatus
from workflows.gate import identities, quarantine
from workflows.gate.chunks import Checked
from workflows.gate.identities import Sorted
from workflows.gate.registers import registers
from workflows.gate.saving import save
from workflows.tools import Tools

Kind = Literal["accepted", "duplicate", "conflict", "faulty", "already_handled"]


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of one line."""

    kind: Kind
    received_file_id: UUID | None = None
    quarantine_id: UUID | None = None
    reference: str | None = None
    lane: Lane | None = None
    errors: tuple[FieldError, ...] = ()


def take_in_one(tools: Tools, raw: bytes, *, source_name: str, now: datetime) -> TakenIn:
    """Take one message in, in a transaction of its own, and say what became of it."""
    with transaction() as session:
        known = registers(session, tools, now.date())
        checked = _check(raw, 1, known)
        parts = identities.sort(session, [checked], now=now)
        put = quarantine.put(session, tools.keys, parts.bad, batch=(new_id(), source_name), now=now)
        if parts.bad:
            return _not_taken(parts, put)
        if parts.duplicates:
            assert isinstance(checked.result, Accepted)  # noqa: S101 - faulty ones are bad
            return _known_already(session, checked.result)
        return _take_new(session, tools, parts, known, now)


def replay(
    tools: Tools, quarantine_id: UUID, corrected: bytes | None, *, by: str, now: datetime
) -> TakenIn:
    """Try a quarantined line again, as it stands or corrected (rejeu).

    Taken in, or found to be known already, it is settled: the same faulty bytes are "already
    handled" when they come again. Otherwise it waits on, and the answer says what is still wrong.

    Args:
        tools: of this process.
        quarantine_id: the line.
        corrected: its corrected content; None to try the kept bytes.
        by: who did it, kept with the line.
        now: when.

    Raises:
        NotFound, AlreadyDone: as ``quarantine.lock_waiting``.
    """
    with transaction() as session:
        row = quarantine.lock_waiting(session, quarantine_id)
        raw = quarantine.content_of(row, tools.keys) if corrected is None else corrected
        known = registers(session, tools, now.date())
        checked = _check(raw, row.line_no, known)
        if isinstance(checked.result, Faulty):
            return TakenIn("faulty", quarantine_id=row.id, errors=checked.result.errors)
        parts = identities.sort(session, [checked], now=now)
        if parts.bad:
            return TakenIn("conflict", quarantine_id=row.id, errors=parts.bad[0].errors)
        taken = (
            _known_already(session, checked.result)
            if parts.duplicates
            else _take_new(session, tools, parts, known, now)
        )
        quarantine.settle(
            row, QuarantineStatus.REPLAYED, by=by, now=now, received_file_id=taken.received_file_id
        )
        return taken


def _check(raw: bytes, number: int, known: Registers) -> Checked:
    line = Line(no=number, raw=raw, size=len(raw), spool=None, spooled_hash=None)
    return Checked(line, check_line(line, known))


def _take_new(
    session: Session, tools: Tools, parts: Sorted, known: Registers, now: datetime
) -> TakenIn:
    counts, references = save(session, tools, parts.new, known, now)
    (file_id,) = parts.new
    lane = next(Lane(name) for name, count in counts.by_lane.items() if count)
    return TakenIn(
        "accepted", received_file_id=file_id, reference=references.get(file_id), lane=lane
    )


def _not_taken(parts: Sorted, put: quarantine.Put) -> TakenIn:
    bad = parts.bad[0]
    if put.settled:
        return TakenIn("already_handled", quarantine_id=put.ids[0], errors=bad.errors)
    kind: Kind = "conflict" if bad.reason is QuarantineReason.CONFLICT else "faulty"
    return TakenIn(kind, quarantine_id=put.ids[0], errors=bad.errors)


def _known_already(session: Session, found: Accepted) -> TakenIn:
    row = session.execute(
        sa.text(
            "SELECT m.subject_id, f.reference, d.lane FROM inbox_message m"
            " LEFT JOIN control_file f ON f.received_file_id = m.subject_id"
            " LEFT JOIN selectivity_decision d ON d.received_file_id = m.subject_id"
            " WHERE m.source = :source AND m.external_id = :external_id"
        ),
        {"source": found.source, "external_id": found.external_id},
    ).one()
    lane = Lane(row[2]) if row[2] else None
    return TakenIn("duplicate", received_file_id=row[0], reference=row[1], lane=lane)
