"""What an agent does with a file: completeness, appointment, pieces that arrive."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.datastructures import FormData, QueryParams, UploadFile

from medcontrol.clock import ZONES
from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, Forbidden, Kind, StepNotOpen
from medcontrol.policy import Action
from medcontrol.queries.file_loading import OpenFile, open_file
from medcontrol.queries.reception_loading import load_desk
from medcontrol.services.bookings import OutsideHours, SlotTaken
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import DocumentClass, StepKind
from ui.forms import as_uuid, as_whole, day_of, files_of, hour_of, is_ticked, text_of
from ui.notices import see_other
from ui.pages.agenda.slots import Chosen, chosen_of, find_slot
from ui.pages.reception.file_context import (
    ahead_at,
    answers_of,
    asked_of,
    checks_of,
    earliest_day,
    pack_of,
    page_of,
    picker_here,
)
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.commands import NewDocument, add_documents, complete_step
from workflows.definition.catalog import Pack
from workflows.steps.computed_refusals import ComputedRefusal
from workflows.steps.ending import CompleteStep, PieceAsked

router = APIRouter(prefix="/reception/files")
OTHER = "other"
ASKED_STATES = ("missing", "incorrect")
# Steps beside the flows have pages of their own.
_ELSEWHERE = {
    StepKind.FEE: "/expertises/{}/fee",
    StepKind.ADMISSIBILITY: "/appeals/{}",
    StepKind.HEARING: "/appeals/{}",
}


@router.get("/{reference}")
def show(request: Request, visitor: Me, reference: str) -> Response:
    """Draw the checklist, the booking or the pieces awaited, whichever is due."""
    with read_only() as session:
        task = _open(session, visitor, reference).task
    elsewhere = _ELSEWHERE.get(task.kind) if task is not None else None
    if elsewhere is not None:
        return RedirectResponse(elsewhere.format(reference), status_code=303)
    return _draw(request, visitor, reference, {}, {})


@router.post("/{reference}/completeness")
def check_completeness(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """End the completeness check: complete, incomplete with pieces, refused, or withdrawn."""
    typed = _typed(form)
    outcome = typed.get("outcome", "")
    pieces = _asked(form) if outcome == "incomplete" else ()
    errors = {} if outcome else {"outcome": "outcome_required"}
    if outcome == "incomplete" and not pieces:
        errors["pieces"] = "pieces_required"
    with read_only() as session:
        opened = _open(session, visitor, reference)
    own, given, wrong = answers_of(visitor, opened, form)
    errors |= wrong
    asks = asked_of(visitor, opened)
    ticks = ("rights_open", "identity_checked")
    answers: dict[str, Any] = own | {name: is_ticked(form, name) for name in ticks if name in asks}
    if typed.get("note") and "note" in asks:
        answers["note"] = typed["note"]
    command = CompleteStep(
        task_id=as_uuid(typed.get("task", "")) or visitor.principal.id,
        expected_version=_version(typed),
        outcome=outcome,
        motive_code=typed.get("motive_code") or None,
        pieces=pieces,
        gives=given | ({"completion_kind": _kind_of(form)} if pieces else {}),
        form=answers,
    )
    return _complete(request, visitor, reference, command, typed, errors, "task.completed")


@router.post("/{reference}/appointment")
def book(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Book a free slot, or another hour that was agreed upon, and summon the person."""
    typed = _typed(form)
    chosen = chosen_of(form)
    if chosen is None and not typed.get("day"):
        return _draw(request, visitor, reference, typed, {"slot": "slot_required"})
    if chosen is not None:
        return _book_slot(request, visitor, form, reference, chosen)
    at, errors = _instant(form, visitor)
    if not typed.get("place"):
        errors["place"] = "place_required"
    command = CompleteStep(
        task_id=as_uuid(typed.get("task", "")) or visitor.principal.id,
        expected_version=_version(typed),
        outcome="booked",
        appointment_at=at,
        place=typed.get("place", ""),
        is_early_agreed=is_ticked(form, "agreed"),
    )
    return _complete(request, visitor, reference, command, typed, errors, "appointment.booked")


def _book_slot(
    request: Request, visitor: Visitor, form: FormData, reference: str, chosen: Chosen
) -> Response:
    """Book a slot that was offered, if it is still free."""
    typed = _typed(form)
    try:
        with read_only() as session:
            opened = _open(session, visitor, reference)
            slot = find_slot(
                session, visitor, pack_of(visitor, opened), opened.file,
                ahead_at(session, visitor, opened), form, chosen,
            )  # fmt: skip
    except SlotTaken as error:
        return _draw(request, visitor, reference, typed, {"slot": error.code})
    place = slot.place or typed.get("place", "")
    command = CompleteStep(
        task_id=as_uuid(typed.get("task", "")) or visitor.principal.id,
        expected_version=_version(typed),
        outcome="booked",
        appointment_at=slot.span.starts_at,
        place=place,
        with_doctor=slot.doctor_id,
        room_id=slot.room_id,
        is_early_agreed=is_ticked(form, "early"),
    )
    errors = {} if place else {"place": "place_required"}
    return _complete(request, visitor, reference, command, typed, errors, "appointment.booked")


@router.post("/{reference}/documents")
def receive_documents(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Add documents that arrived; a file that waited for them goes on."""
    try:
        with transaction() as session:
            opened = _open(session, visitor, reference)
            documents = _documents(form, pack_of(visitor, opened))
            if documents:
                add_documents(
                    session, visitor.site.tools, opened.file.id, documents,
                    by=visitor.principal, now=visitor.now,
                )  # fmt: skip
    except DomainError as error:
        if error.kind is not Kind.INVALID:
            raise
        return _draw(request, visitor, reference, _typed(form), {"documents": error.code})
    if not documents:
        return _draw(request, visitor, reference, _typed(form), {"documents": "file_required"})
    return see_other(f"/reception/files/{reference}", "documents.added")


def _complete(
    request: Request,
    visitor: Visitor,
    reference: str,
    command: CompleteStep,
    typed: Mapping[str, str],
    errors: dict[str, str],
    notice: str,
) -> Response:
    """Run a command; what is wrong with it is shown with all that was typed."""
    if errors:
        return _draw(request, visitor, reference, typed, errors)
    try:
        with transaction() as session:
            _open(session, visitor, reference)
            complete_step(
                session, visitor.site.tools, command, principal=visitor.principal, now=visitor.now
            )
    except DomainError as error:
        if error.kind not in (Kind.INVALID, Kind.CONFLICT):
            raise
        return _draw(request, visitor, reference, typed, _error_of(error))
    return see_other("/reception/today", notice)


def _error_of(error: DomainError) -> dict[str, str]:
    """Return a refusal at the field it is about."""
    if isinstance(error, SlotTaken):
        return {"slot": error.code}
    if error.kind is Kind.CONFLICT:
        return {"stale": error.code}
    if isinstance(error, OutsideHours):
        return {"day": error.code}
    codes = {
        "motive_code": "motive_required", "outcome": "outcome_required",
        "pieces": "pieces_required", "appointment_at": "date_past", "agreed": "notice_too_short",
    }  # fmt: skip
    name = error.field or "outcome"
    if isinstance(error, ComputedRefusal):
        return {name.replace("form.", "form-", 1): error.code}
    return {name: codes.get(name, "invalid_input")}


def _open(session: Session, visitor: Visitor, reference: str) -> OpenFile:
    opened = open_file(session, visitor.principal, reference)
    if Action.ADMINISTRATE not in opened.allowed:
        raise Forbidden("this file is not of your reception desk")
    return opened


def _typed(form: FormData) -> dict[str, str]:
    """Return every text field as it was typed."""
    return {
        name: text_of(form, name, 2000)
        for name, value in form.items()
        if not isinstance(value, UploadFile)
    }


def _version(typed: Mapping[str, str]) -> int | None:
    version = as_whole(typed.get("expected_version", ""))
    if version is None:
        raise StepNotOpen("the form does not say which version it was drawn from")
    return version


def _asked(form: FormData) -> tuple[PieceAsked, ...]:
    """Return the pieces that were ticked as missing or to be corrected."""
    found = []
    for name in form:
        kind = name.removeprefix("piece.")
        if name.startswith("piece.") and text_of(form, name, 16) in ASKED_STATES:
            found.append(PieceAsked(kind=kind, note=text_of(form, f"note.{kind}", 500)))
    if other := text_of(form, "note.other", 500):
        found.append(PieceAsked(kind=OTHER, note=other))
    return tuple(found)


def _kind_of(form: FormData) -> str:
    """Return how the clock moves: something missing weighs more than something to correct."""
    states = {text_of(form, name, 16) for name in form if name.startswith("piece.")}
    is_only_incorrect = "incorrect" in states and "missing" not in states
    has_other = bool(text_of(form, "note.other", 500))
    return "incorrect" if is_only_incorrect and not has_other else "incomplete"


def _instant(form: FormData, visitor: Visitor) -> tuple[datetime | None, dict[str, str]]:
    """Return the instant of the appointment, and what is wrong with it."""
    day, hour = day_of(form, "day"), hour_of(form, "hour")
    if day is None or hour is None:
        return None, {"day": "time_required"}
    with read_only() as session:
        calendar = working_calendar(session, visitor.site.jurisdiction, visitor.today)
    at = datetime.combine(day, hour, ZONES[visitor.site.jurisdiction])
    if at <= visitor.now:
        return None, {"day": "date_past"}
    if not calendar.is_working_day(day):
        return at, {"day": "day_not_worked"}
    if day < earliest_day(visitor) and not is_ticked(form, "agreed"):
        return at, {"day": "notice_too_short"}
    return at, {}


def _documents(form: FormData, pack: Pack) -> list[NewDocument]:
    found = []
    for kind in (*pack.meta.pieces, OTHER):
        piece = pack.meta.pieces.get(kind)
        is_medical = piece is not None and piece.document_class == "medical"
        for sent in files_of(form, f"piece-{kind}"):
            title = text_of(form, "other-title", 200) if kind == OTHER else ""
            found.append(
                NewDocument(
                    kind=kind,
                    title=title or (sent.filename or kind)[:200],
                    content=sent.file.read(),
                    document_class=(
                        DocumentClass.MEDICAL if is_medical else DocumentClass.ADMINISTRATIVE
                    ),
                )
            )
    return found


def _draw(
    request: Request,
    visitor: Visitor,
    reference: str,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> Response:
    with read_only() as session:
        opened = _open(session, visitor, reference)
        calendar = working_calendar(session, visitor.site.jurisdiction)
        desk = load_desk(session, visitor.principal, opened, now=visitor.now, calendar=calendar)
        picker = picker_here(session, visitor, opened, request.query_params, typed)
        language = request.state.shell.language
        checks = checks_of(session, visitor, opened, QueryParams(dict(typed)), language)
    page = page_of(visitor, opened, desk, calendar, typed, errors, language, picker)
    page = replace(page, checks=checks)
    status = 409 if "stale" in errors else 422 if errors else 200
    return render(request, "reception/file.html", page, status_code=status)
