"""Reading slips and the history of physical files, for agents of the two units."""

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session

from medcontrol.errors import NotFound
from medcontrol.model import (
    ControlFile,
    PaperMovement,
    PaperSlip,
    PaperSlipFile,
    ReceivedFile,
    SealedEnvelope,
    Unit,
)
from medcontrol.policy import Principal, agent_units
from medcontrol.queries.paper import (
    Envelope,
    FilePaper,
    MissingFile,
    Movement,
    SlipDetail,
    SlipLine,
    SlipRow,
    SlipsPage,
)
from medcontrol.rules.scanning import read_code
from medcontrol.vocabulary import ControlLevel, PaperFileState, SlipStatus

_SHOWN = 50
_UNDER_WAY = (SlipStatus.DRAFT, SlipStatus.SEALED, SlipStatus.DISPATCHED)

Slip: Any = PaperSlip
Line: Any = PaperSlipFile
File: Any = ControlFile
Received: Any = ReceivedFile
Moved: Any = PaperMovement
Sealed: Any = SealedEnvelope
Sender: Any = aliased(Unit)
Receiver: Any = aliased(Unit)
Units: Any = Unit


def load_slips(
    session: Session, principal: Principal, jurisdiction: str, query: str = ""
) -> SlipsPage:
    """Return the slips of the reader's units; with a query those whose number or file it names."""
    own = agent_units(principal)
    rows = _slip_rows(session, own, _named(query) if query else Slip.status.in_(_UNDER_WAY))
    past: tuple[SlipRow, ...] = ()
    if not query:
        past = _slip_rows(session, own, Slip.status == SlipStatus.RECEIVED)
    names = _units(session, jurisdiction)
    return SlipsPage(
        query=query,
        incoming=tuple(row for row in rows if row.is_incoming),
        outgoing=tuple(row for row in rows if not row.is_incoming),
        past=past,
        missing=() if query else load_missing(session, principal),
        own_units={code: name for _, each in names for code, name in each if code in own},
        units=names,
    )


def _named(query: str) -> sa.ColumnElement[bool]:
    """Slips whose number begins so, or that carry the file of this reference."""
    text = read_code(query) or query.strip().upper()
    holds = (
        sa.select(Line.slip_id)
        .join(ControlFile, File.id == Line.control_file_id)
        .where(File.reference == text)
    )
    return sa.or_(Slip.number.contains(text, autoescape=True), Slip.id.in_(holds))


def _slip_rows(
    session: Session, own: frozenset[str], where: sa.ColumnElement[bool]
) -> tuple[SlipRow, ...]:
    count = sa.func.count(Line.control_file_id)
    is_incoming = sa.and_(
        Slip.to_unit.in_(own), Slip.status.in_((SlipStatus.DISPATCHED, SlipStatus.RECEIVED))
    )
    rows = session.execute(
        sa.select(
            Slip.number, Sender.name.label("from_name"), Receiver.name.label("to_name"),
            Slip.status, Slip.created_at, Slip.dispatched_at, Slip.received_at,
            count.label("files"),
            count.filter(Line.state == PaperFileState.FOUND).label("found"),
            count.filter(Line.state == PaperFileState.MISSING).label("missing"),
            is_incoming.label("is_incoming"),
            Slip.overdue_at.is_not(None).label("is_overdue"),
        )
        .join(Sender, Sender.code == Slip.from_unit)
        .join(Receiver, Receiver.code == Slip.to_unit)
        .outerjoin(PaperSlipFile, Line.slip_id == Slip.id)
        .where(_of_units(own), where)
        .group_by(Slip.id, Sender.name, Receiver.name)
        .order_by(Slip.created_at.desc(), Slip.id.desc())
        .limit(_SHOWN)
    ).mappings()  # fmt: skip
    return tuple(SlipRow(**row) for row in rows)


def _of_units(own: frozenset[str]) -> sa.ColumnElement[bool]:
    """A slip is its sender's; its receiver's too once it left."""
    left = Slip.status.in_((SlipStatus.DISPATCHED, SlipStatus.RECEIVED))
    return sa.or_(Slip.from_unit.in_(own), sa.and_(Slip.to_unit.in_(own), left))


def load_missing(session: Session, principal: Principal) -> tuple[MissingFile, ...]:
    """Return the physical files that are missing between the reader's units, oldest first."""
    is_overdue = Slip.overdue_at.is_not(None)
    late = sa.and_(
        Line.state == PaperFileState.EXPECTED, Slip.status == SlipStatus.DISPATCHED, is_overdue
    )
    rows = session.execute(
        sa.select(
            File.reference, Slip.number.label("slip"), Sender.name.label("from_name"),
            Receiver.name.label("to_name"),
            sa.func.coalesce(Line.checked_at, Slip.dispatched_at).label("since"),
            (Line.state == PaperFileState.EXPECTED).label("is_overdue"),
        )
        .join(PaperSlip, Slip.id == Line.slip_id)
        .join(ControlFile, File.id == Line.control_file_id)
        .join(Sender, Sender.code == Slip.from_unit)
        .join(Receiver, Receiver.code == Slip.to_unit)
        .where(
            _of_units(agent_units(principal)),
            sa.or_(Line.state == PaperFileState.MISSING, late),
        )
        .order_by(sa.text("since"), File.reference)
        .limit(_SHOWN)
    ).mappings()  # fmt: skip
    return tuple(MissingFile(**row) for row in rows)


def _units(
    session: Session, jurisdiction: str
) -> tuple[tuple[ControlLevel, tuple[tuple[str, str], ...]], ...]:
    rows = session.execute(
        sa.select(Units.level, Units.code, Units.name)
        .where(Units.jurisdiction == jurisdiction, Units.is_active)
        .order_by(Units.name)
    ).all()
    levels = (ControlLevel.CENTRAL, ControlLevel.REGIONAL, ControlLevel.LOCAL)
    return tuple(
        (level, tuple((row.code, row.name) for row in rows if row.level == level))
        for level in levels
    )


def load_slip(session: Session, principal: Principal, number: str) -> SlipDetail:
    """Return a slip by its number.

    Raises:
        NotFound: there is none, or it is of other units.
    """
    own = agent_units(principal)
    row = session.execute(
        sa.select(PaperSlip, Sender.name.label("from_name"), Receiver.name.label("to_name"))
        .join(Sender, Sender.code == Slip.from_unit)
        .join(Receiver, Receiver.code == Slip.to_unit)
        .where(Slip.number == number, _of_units(own))
    ).first()
    if row is None:
        raise NotFound(f"no slip {number}")
    slip = row[0]
    return SlipDetail(
        id=slip.id, number=slip.number, from_name=row.from_name, to_name=row.to_name,
        status=slip.status, created_at=slip.created_at, sealed_at=slip.sealed_at,
        dispatched_at=slip.dispatched_at, carrier=slip.carrier, received_at=slip.received_at,
        overdue_at=slip.overdue_at, is_sender=slip.from_unit in own,
        is_receiver=slip.to_unit in own, lines=_lines(session, slip.id),
    )  # fmt: skip


def _lines(session: Session, slip_id: UUID) -> tuple[SlipLine, ...]:
    rows = session.execute(
        sa.select(
            Line.control_file_id, File.reference, File.registration_number, File.received_on,
            Received.details, Line.has_envelope, Line.state, Line.checked_at,
        )
        .join(ControlFile, File.id == Line.control_file_id)
        .join(ReceivedFile, Received.id == File.received_file_id)
        .where(Line.slip_id == slip_id)
        .order_by(Line.position)
    ).mappings()  # fmt: skip
    return tuple(
        SlipLine(
            **{name: value for name, value in row.items() if name != "details"},
            pages=(row["details"].get("paper") or {}).get("pages"),
        )
        for row in rows
    )


def load_paper(session: Session, file: ControlFile) -> FilePaper:
    """Return what is known of a physical file, for whoever may see the file."""
    moved = session.execute(
        sa.select(
            Moved.at, Moved.what, Units.name.label("unit_name"), Moved.location,
            Slip.number.label("slip"), Moved.by_name,
        )
        .join(Unit, Units.code == Moved.unit_code)
        .outerjoin(PaperSlip, Slip.id == Moved.slip_id)
        .where(Moved.control_file_id == file.id)
        .order_by(Moved.at.desc(), Moved.id.desc())
        .limit(200)
    ).mappings()  # fmt: skip
    sealed = session.execute(
        sa.select(
            Sealed.id, Sealed.registered_at, Sealed.opened_at,
            Sealed.opened_by_name.label("opened_by"),
        )
        .where(Sealed.control_file_id == file.id)
        .order_by(Sealed.registered_at, Sealed.id)
    ).mappings()  # fmt: skip
    return FilePaper(
        location=file.paper_location,
        slip=file.paper_slip,
        movements=tuple(Movement(**row) for row in moved),
        envelopes=tuple(Envelope(**row) for row in sealed),
    )


def cover_facts(session: Session, file: ControlFile) -> tuple[date, int | None, bool]:
    """Return the day a file was received, its pages, and whether a sealed envelope is in it."""
    details = session.execute(
        sa.select(Received.details).where(Received.id == file.received_file_id)
    ).scalar_one()
    sealed = session.execute(
        sa.select(Sealed.id)
        .where(Sealed.control_file_id == file.id, Sealed.opened_at.is_(None))
        .limit(1)
    ).first()
    return file.received_on, (details.get("paper") or {}).get("pages"), sealed is not None
