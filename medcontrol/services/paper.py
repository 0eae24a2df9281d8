"""Slips of physical files (bordereaux): filled, sealed, dispatched.

Every command first locks the slip, then its files by ascending id. Agents of the two units only.
"""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.errors import DomainError, InvalidInput, Kind, NotFound
from medcontrol.model import PaperSlip, PaperSlipFile, SealedEnvelope, Unit
from medcontrol.rules.references import make_reference
from medcontrol.services import files
from medcontrol.services.paper_moves import (
    LONGEST_TEXT,
    Desk,
    find_file,
    lines_of,
    lock_files,
    lock_slip,
    must_be_of,
    note,
    slip_under_way,
    unit_name,
)
from medcontrol.vocabulary import PaperMove, SlipStatus

PREFIX = "BRD"
MOST_FILES = 500


class SlipNotOpen(DomainError):
    """The slip is past this: it was sealed, dispatched, received or cancelled."""

    kind = Kind.CONFLICT
    code = "paper.slip_not_open"


class SlipEmpty(InvalidInput):
    """There is no file on the slip."""

    code = "paper.slip_empty"


class SlipFull(InvalidInput):
    """The slip holds as many files as one may; begin another."""

    code = "paper.slip_full"


class OnOtherSlip(DomainError):
    """The file stands on another slip that was not received yet."""

    kind = Kind.CONFLICT
    code = "paper.on_other_slip"


class AlreadyOnSlip(DomainError):
    """The file stands on this slip already; nothing was changed."""

    kind = Kind.CONFLICT
    code = "paper.already_on_slip"


def create(session: Session, desk: Desk, from_unit: str, to_unit: str) -> PaperSlip:
    """Begin a slip from one of the agent's units to another unit.

    Raises:
        Forbidden: ``from_unit`` is not the agent's.
        InvalidInput: ``to_unit`` is the same, closed, unknown or of another jurisdiction.
    """
    must_be_of(desk, from_unit)
    here = session.get(Unit, from_unit)
    there = session.get(Unit, to_unit)
    is_other = there is not None and there.code != from_unit and there.is_active
    if here is None or there is None or not is_other or there.jurisdiction != here.jurisdiction:
        raise InvalidInput("another open unit of the fund", field="to_unit")
    serial = session.execute(sa.text("SELECT nextval('paper_slip_serial')")).scalar_one()
    slip = PaperSlip(
        number=make_reference(PREFIX, desk.now.year, serial),
        from_unit=from_unit,
        to_unit=to_unit,
        created_at=desk.now,
        created_by=desk.principal.id,
    )
    session.add(slip)
    session.flush()
    return slip


def add(session: Session, desk: Desk, slip_id: UUID, scanned: str) -> str:
    """Put a physical file on a slip by its scanned or typed reference; return the reference.

    Raises:
        UnreadableCode: no reference.
        NotFound: no such file, or not for this agent to see.
        AlreadyOnSlip, OnOtherSlip, SlipFull, SlipNotOpen: nothing was changed.
    """
    slip = lock_slip(session, slip_id)
    must_be_of(desk, slip.from_unit)
    _must_be(slip, SlipStatus.DRAFT)
    file = find_file(session, desk, scanned)
    _must_be_free(session, slip, file.id)
    places = session.exec(
        select(PaperSlipFile.position).where(PaperSlipFile.slip_id == slip.id)
    ).all()
    if len(places) >= MOST_FILES:
        raise SlipFull(field="scan")
    session.add(
        PaperSlipFile(
            slip_id=slip.id,
            control_file_id=file.id,
            position=max(places, default=0) + 1,
            has_envelope=_has_sealed_envelope(session, file.id),
            added_at=desk.now,
        )
    )
    file.paper_slip = slip.number
    session.flush()
    return file.reference


def remove(session: Session, desk: Desk, slip_id: UUID, control_file_id: UUID) -> None:
    """Take a file off a slip that is still being filled.

    Raises:
        NotFound: it does not stand there.
        SlipNotOpen: the slip was sealed.
    """
    slip = lock_slip(session, slip_id)
    must_be_of(desk, slip.from_unit)
    _must_be(slip, SlipStatus.DRAFT)
    line = session.get(PaperSlipFile, (slip.id, control_file_id))
    if line is None:
        raise NotFound("this file is not on the slip")
    files.lock(session, control_file_id).paper_slip = None
    session.delete(line)
    session.flush()


def seal(session: Session, desk: Desk, slip_id: UUID) -> PaperSlip:
    """Close a slip; it is printed as it stands and nothing joins it any more.

    Raises:
        SlipEmpty, SlipNotOpen: nothing was changed.
    """
    slip = lock_slip(session, slip_id)
    must_be_of(desk, slip.from_unit)
    _must_be(slip, SlipStatus.DRAFT)
    if not lines_of(session, slip.id):
        raise SlipEmpty(field="scan")
    slip.status, slip.sealed_at = SlipStatus.SEALED, desk.now
    session.flush()
    return slip


def reopen(session: Session, desk: Desk, slip_id: UUID) -> PaperSlip:
    """Fill a sealed slip again, as long as it did not leave."""
    slip = lock_slip(session, slip_id)
    must_be_of(desk, slip.from_unit)
    _must_be(slip, SlipStatus.SEALED)
    slip.status, slip.sealed_at = SlipStatus.DRAFT, None
    session.flush()
    return slip


def dispatch(session: Session, desk: Desk, slip_id: UUID, carrier: str = "") -> PaperSlip:
    """Note that the parcel left, and with whom.

    Raises:
        SlipNotOpen: it is not sealed, or left before.
    """
    slip = lock_slip(session, slip_id)
    must_be_of(desk, slip.from_unit)
    _must_be(slip, SlipStatus.SEALED)
    slip.status, slip.dispatched_at = SlipStatus.DISPATCHED, desk.now
    slip.carrier = carrier[:LONGEST_TEXT] or None
    on_the_way = f"{unit_name(session, slip.from_unit)} → {unit_name(session, slip.to_unit)}"
    moved = [line.control_file_id for line in lines_of(session, slip.id)]
    for file in lock_files(session, moved):
        file.paper_location = on_the_way
    note(session, desk, moved, PaperMove.DISPATCHED, unit=slip.from_unit, slip=slip)
    return slip


def cancel(session: Session, desk: Desk, slip_id: UUID) -> PaperSlip:
    """Give a slip up before it leaves; its files are free for another one."""
    slip = lock_slip(session, slip_id)
    must_be_of(desk, slip.from_unit)
    _must_be(slip, SlipStatus.DRAFT, SlipStatus.SEALED)
    slip.status = SlipStatus.CANCELLED
    lines = lines_of(session, slip.id)
    for file in lock_files(session, [line.control_file_id for line in lines]):
        file.paper_slip = None
    for line in lines:
        line.travels = False
    session.flush()
    return slip


def place(session: Session, desk: Desk, unit: str, scanned: str, location: str) -> str:
    """Note on which shelf of a unit a physical file lies; return its reference.

    Raises:
        Forbidden: the unit is not the agent's.
        OnOtherSlip: it is on its way; receive its slip first.
        UnreadableCode, NotFound: as ``add``.
    """
    must_be_of(desk, unit)
    file = find_file(session, desk, scanned)
    if slip_under_way(session, file.id) is not None:
        raise OnOtherSlip(field="scan")
    where = location.strip()[:LONGEST_TEXT]
    name = unit_name(session, unit)
    file.paper_location = f"{name} · {where}" if where else name
    note(session, desk, [file.id], PaperMove.PLACED, unit=unit, location=where or None)
    return file.reference


def _must_be(slip: PaperSlip, *allowed: SlipStatus) -> None:
    if slip.status not in allowed:
        raise SlipNotOpen(f"the slip is {slip.status}")


def _must_be_free(session: Session, slip: PaperSlip, file_id: UUID) -> None:
    if session.get(PaperSlipFile, (slip.id, file_id)) is not None:
        raise AlreadyOnSlip(field="scan")
    if slip_under_way(session, file_id) is not None:
        raise OnOtherSlip(field="scan")


def _has_sealed_envelope(session: Session, file_id: UUID) -> bool:
    found = session.exec(
        select(SealedEnvelope.id).where(
            SealedEnvelope.control_file_id == file_id, col(SealedEnvelope.opened_at).is_(None)
        )
    ).first()
    return found is not None
