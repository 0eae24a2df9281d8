"""Reading the tabs of a file's page; each costs one or two statements, and only when shown."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol.model import (
    CompletionRequest,
    ControlFile,
    Doctor,
    Document,
    DocumentView,
    Entitlement,
    HumanTask,
    JournalEntry,
    SelectivityDecision,
)
from medcontrol.model.entitlement import is_annulled
from medcontrol.policy import Action, Principal, blinded, visible
from medcontrol.queries.file_loading import OpenFile, others_of_person
from medcontrol.queries.file_tabs import (
    HistoryRow,
    MedicalSummary,
    Piece,
    PieceState,
    Professional,
    Reason,
    RequestLine,
    RequestTab,
    Right,
    SummaryTab,
)
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import (
    Annulled,
    Origin,
)

RECENT = 5

# Columns of the tables, not values of a row.
File: Any = ControlFile
Task: Any = HumanTask
Doc: Any = Document
Seen: Any = DocumentView
Names: Any = Doctor
Entry: Any = JournalEntry


def load_summary(
    session: Session,
    principal: Principal,
    opened: OpenFile,
    required: Mapping[str, tuple[str, bool]],
    medical: MedicalSummary | None,
    calendar: WorkingCalendar,
) -> SummaryTab:
    """Return the first tab.

    Args:
        session: a read-only transaction.
        principal: the reader.
        opened: the file with the reader's rights.
        required: the pack's pieces for this nature: kind → title, whether it is required.
        medical: what ``services.medical`` gave, None when nothing or not allowed.
        calendar: of the jurisdiction.
    """
    chosen = session.get(SelectivityDecision, opened.file.received_file_id)
    explain = Action.EXPLAIN in opened.allowed
    knows = explain or not opened.allowed.isdisjoint((Action.READ_MEDICAL, Action.CONTROL))
    recent = load_history(session, principal, opened, calendar)
    return SummaryTab(
        reasons=tuple(Reason(**reason) for reason in chosen.reasons) if chosen and knows else (),
        origins=tuple(Origin(origin) for origin in chosen.origins) if chosen and explain else (),
        matched_rows=tuple(chosen.matched_rows) if chosen and explain else (),
        medical=medical,
        rights=_load_rights(session, principal, opened),
        pieces=_load_pieces(session, opened, required),
        may_know_why=knows,
        may_explain=explain and chosen is not None,
        recent=recent[:RECENT],
        recent_total=len(recent),
    )


def _load_rights(session: Session, principal: Principal, opened: OpenFile) -> tuple[Right, ...]:
    """Return the person's rights, but those that tell a second reader what was decided.

    One whose decision was undone before anybody saw it never was one.
    """
    right: Any = Entitlement
    hidden = blinded(principal)
    is_told: Any = sa.true()
    if hidden is not None:
        is_told = sa.not_(sa.func.coalesce(right.control_file_id.in_(hidden), sa.false()))
    rows = session.exec(
        select(Entitlement, is_annulled().label("is_annulled"))
        .where(
            right.registration_number == opened.file.registration_number,
            is_told,
            sa.not_(is_annulled(Annulled.UNSEEN)),
        )
        .order_by(right.valid_from.desc())
        .limit(20)
    )
    return tuple(
        Right(
            number=row.number,
            flow=row.flow,
            title=None,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            next_review_on=row.next_review_on,
            status=row.status,
            is_annulled=annulled,
        )
        for row, annulled in rows
    )


def _load_pieces(
    session: Session, opened: OpenFile, required: Mapping[str, tuple[str, bool]]
) -> tuple[Piece, ...]:
    """Compare what the pack asks for with what is here, announced or requested."""
    documents = session.execute(
        sa.select(Doc.kind, Doc.id, Doc.is_stored)
        .where(Doc.received_file_id == opened.file.received_file_id)
        .order_by(Doc.is_stored)
    ).all()
    here = {row.kind: row for row in documents}
    request: Any = CompletionRequest
    lists = session.execute(
        sa.select(request.pieces).where(
            request.control_file_id == opened.file.id, request.answered_at.is_(None)
        )
    ).scalars()
    requested = {piece["kind"] for pieces in lists for piece in pieces if "kind" in piece}

    def state_of(kind: str) -> PieceState:
        if kind in here:
            return PieceState.PRESENT if here[kind].is_stored else PieceState.ANNOUNCED
        return PieceState.REQUESTED if kind in requested else PieceState.MISSING

    return tuple(
        Piece(
            kind=kind,
            title=title,
            state=state_of(kind),
            is_required=is_required,
            document_id=here[kind].id if kind in here and here[kind].is_stored else None,
        )
        for kind, (title, is_required) in required.items()
    )


def load_history(
    session: Session, principal: Principal, opened: OpenFile, calendar: WorkingCalendar
) -> tuple[HistoryRow, ...]:
    """Return the person's other files, newest first, 200 at most; see ``others_of_person``."""
    may_open = visible(principal, ControlFile)
    rows = session.execute(
        sa.select(
            File.reference, File.flow, File.nature, File.lane, File.received_on, File.closed_at,
            File.outcome, File.amount_cents, Names.name, may_open.label("may_open"),
        )
        .outerjoin(Doctor, Names.id == File.assigned_doctor_id)
        .where(others_of_person(principal, opened))
        .order_by(File.received_on.desc(), File.id.desc())
        .limit(200)
    )  # fmt: skip
    return tuple(
        HistoryRow(
            reference=row.reference,
            flow=row.flow,
            nature=row.nature,
            lane=row.lane,
            received_on=row.received_on,
            closed_on=None if row.closed_at is None else calendar.civil_date(row.closed_at),
            outcome=row.outcome,
            doctor_name=row.name,
            amount_cents=row.amount_cents,
            may_open=bool(row.may_open),
        )
        for row in rows
    )


def lines_of(opened: OpenFile) -> tuple[RequestLine, ...]:
    """Return the lines of the request, as the sender gave them."""
    return tuple(
        RequestLine(
            no=line["no"],
            act=line["act"],
            title=line.get("label"),
            quantity=line["quantity"],
            unit_price_cents=_cents(line.get("unit_price")),
            amount_cents=_cents(line["amount"]) or 0,
            on=_day(line.get("date")),
            tooth=line.get("tooth"),
        )
        for line in opened.received.details.get("lines", [])
    )


def request_of(opened: OpenFile) -> RequestTab:
    """Return what was asked, without the lines; nothing medical is in it."""
    received, details = opened.received, opened.received.details
    paper = details.get("paper", {})
    return RequestTab(
        channel=received.channel,
        source=received.source,
        external_id=received.external_id,
        received_at=received.received_at,
        amount_cents=received.amount_cents,
        prescriber=_professional(details.get("prescriber"), received.prescriber_id),
        provider=_professional(details.get("provider"), received.provider_id),
        care_from=received.care_from,
        care_to=received.care_to,
        authorisation=details.get("authorisation"),
        ald_number=details.get("ald_number"),
        paper_location=opened.file.paper_location or paper.get("location"),
        paper_slip=opened.file.paper_slip or paper.get("slip"),
        paper_pages=paper.get("pages"),
    )


def _professional(details: Mapping[str, str] | None, number: str | None) -> Professional | None:
    if number is None:
        return None
    given = details or {}
    return Professional(
        id=number,
        name=given.get("name"),
        specialty=given.get("specialty"),
        kind=given.get("kind"),
    )


def _cents(amount: str | None) -> int | None:
    return None if amount is None else int(Decimal(amount).scaleb(2))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
