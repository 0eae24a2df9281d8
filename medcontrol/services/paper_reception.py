"""Reception of slips (réception des bordereaux): every physical file found, missing or unexpected.

A scanner goes through the parcel; each code is one command. What was not scanned when the
reception is closed is missing, and found when it turns up later.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol import journal
from medcontrol.model import ControlFile, PaperSlip, PaperSlipFile
from medcontrol.policy import Principal
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.rules.scanning import read_code
from medcontrol.services import files
from medcontrol.services.paper import SlipNotOpen
from medcontrol.services.paper_moves import (
    LONGEST_TEXT,
    Desk,
    lock_expected,
    lock_slip,
    must_be_of,
    note,
    slip_under_way,
    unit_name,
)
from medcontrol.vocabulary import ActorKind, PaperFileState, PaperMove, SlipStatus

_OPEN = (SlipStatus.DISPATCHED, SlipStatus.RECEIVED)


class Scan(StrEnum):
    """What a scanned code turned out to be."""

    FOUND = "found"
    AGAIN = "again"  # scanned before
    UNEXPECTED = "unexpected"  # a file of ours that is not on the slip
    UNKNOWN = "unknown"  # a reference without a file
    UNREADABLE = "unreadable"  # no reference at all
    SLIP = "slip"  # the slip's own code


@dataclass(frozen=True, slots=True)
class Scanned:
    """The answer to one scan; ``text`` is the reference, or what was typed."""

    result: Scan
    text: str
    has_envelope: bool = False
    other_slip: str | None = None  # the slip that an unexpected file stands on


def scan(session: Session, desk: Desk, slip_id: UUID, scanned: str, location: str = "") -> Scanned:
    """Note that a physical file came out of the parcel.

    A file that is not on the slip is written down where it is: paper is where it is found. Nothing
    of it is told but its reference.

    Raises:
        SlipNotOpen: the slip did not leave yet, or was cancelled.
        Forbidden: it was not sent to the agent's unit.
    """
    slip = lock_slip(session, slip_id)
    must_be_of(desk, slip.to_unit)
    if slip.status not in _OPEN:
        raise SlipNotOpen(f"the slip is {slip.status}")
    reference = read_code(scanned)
    if reference is None:
        return Scanned(Scan.UNREADABLE, scanned.strip()[:40])
    if reference == slip.number:
        return Scanned(Scan.SLIP, reference)
    found = session.exec(select(ControlFile.id).where(ControlFile.reference == reference)).first()
    if found is None:
        return Scanned(Scan.UNKNOWN, reference)
    file = files.lock(session, found)
    line = session.get(PaperSlipFile, (slip.id, file.id))
    if line is None:
        return _unexpected(session, desk, slip, file, location)
    return _arrived(session, desk, slip, file, line, location)


def finish(session: Session, desk: Desk, slip_id: UUID) -> int:
    """Close the reception: what was not scanned is missing. Return how many are.

    Raises:
        SlipNotOpen: it did not leave, or was closed before.
    """
    slip = lock_slip(session, slip_id)
    must_be_of(desk, slip.to_unit)
    if slip.status is not SlipStatus.DISPATCHED:
        raise SlipNotOpen(f"the slip is {slip.status}")
    slip.status, slip.received_at = SlipStatus.RECEIVED, desk.now
    slip.received_by = desk.principal.id
    lines = lock_expected(session, slip.id)
    for line in lines:
        line.state, line.travels, line.checked_at = PaperFileState.MISSING, False, desk.now
    missing = [line.control_file_id for line in lines]
    note(session, desk, missing, PaperMove.MISSING, unit=slip.to_unit, slip=slip)
    return len(missing)


def warn_of_overdue(
    session: Session, calendar: WorkingCalendar, *, after_days: int, now: datetime
) -> int:
    """Note slips that should have arrived, each once; return how many.

    Args:
        session: the caller's transaction.
        calendar: whose working days count.
        after_days: working days between dispatch and the warning.
        now: the instant.
    """
    last = calendar.add_working_days(calendar.civil_date(now), -after_days)
    before = calendar.end_of_day(last)
    slips = session.exec(
        select(PaperSlip)
        .where(
            PaperSlip.status == SlipStatus.DISPATCHED,
            col(PaperSlip.overdue_at).is_(None),
            col(PaperSlip.dispatched_at) <= before,
        )
        .order_by(col(PaperSlip.id))
        .limit(500)
        .with_for_update(skip_locked=True)
    ).all()
    nobody = Principal(UUID(int=0), journal.SYSTEM.label, (), kind=ActorKind.SYSTEM)
    for slip in slips:
        slip.overdue_at = now
        late = [line.control_file_id for line in lock_expected(session, slip.id)]
        note(
            session, Desk(nobody, now), late, PaperMove.OVERDUE, unit=slip.to_unit, slip=slip,
            actor=journal.SYSTEM,
        )  # fmt: skip
    return len(slips)


def _arrived(
    session: Session, desk: Desk, slip: PaperSlip, file: ControlFile, line: PaperSlipFile,
    location: str,
) -> Scanned:  # fmt: skip
    if line.state in (PaperFileState.FOUND, PaperFileState.UNEXPECTED):
        return Scanned(Scan.AGAIN, file.reference, line.has_envelope)
    was_missing = line.state is PaperFileState.MISSING
    line.state, line.travels, line.checked_at = PaperFileState.FOUND, False, desk.now
    _put(session, desk, slip, file, PaperMove.FOUND if was_missing else PaperMove.ARRIVED, location)
    return Scanned(Scan.FOUND, file.reference, line.has_envelope)


def _unexpected(
    session: Session, desk: Desk, slip: PaperSlip, file: ControlFile, location: str
) -> Scanned:
    """Write a file down that nobody announced; another slip need not look for it any more."""
    other = slip_under_way(session, file.id)
    number = None
    if other is not None:
        theirs = session.get_one(PaperSlipFile, (other, file.id))
        theirs.state, theirs.travels, theirs.checked_at = PaperFileState.FOUND, False, desk.now
        number = session.get_one(PaperSlip, other).number
    places = session.exec(
        select(sa.func.max(PaperSlipFile.position)).where(PaperSlipFile.slip_id == slip.id)
    ).one()
    session.add(
        PaperSlipFile(
            slip_id=slip.id, control_file_id=file.id, position=(places or 0) + 1,
            state=PaperFileState.UNEXPECTED, travels=False, added_at=desk.now,
            checked_at=desk.now,
        )
    )  # fmt: skip
    _put(session, desk, slip, file, PaperMove.ARRIVED, location)
    return Scanned(Scan.UNEXPECTED, file.reference, other_slip=number)


def _put(
    session: Session, desk: Desk, slip: PaperSlip, file: ControlFile, what: PaperMove,
    location: str,
) -> None:  # fmt: skip
    where = location.strip()[:LONGEST_TEXT]
    name = unit_name(session, slip.to_unit)
    file.paper_location = f"{name} · {where}" if where else name
    file.paper_slip = slip.number
    note(session, desk, [file.id], what, unit=slip.to_unit, slip=slip, location=where or None)
