"""Opinions asked of me, and those that I asked (avis demandés)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session
from starlette.datastructures import FormData

from assignment.exclusions import excluded_from
from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError
from medcontrol.legal.loading import law
from medcontrol.model import Document, OpinionRequest
from medcontrol.queries.adjacent import (
    Choice,
    doctors_to_choose,
    documents_to_choose,
    experts_to_choose,
)
from medcontrol.queries.opinion_requests import RequestRow, draft_of, late_requests, requests_of
from medcontrol.vocabulary import Role
from ui.downloads import shown_document
from ui.forms import Errors, as_uuid, day_of, is_ticked, text_of, uuids_of
from ui.notices import see_other
from ui.pages.adjacent.sending import Typed, errors_of, typed_of
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.linked.opinion_asks import LIMIT, OpinionAsk
from workflows.linked.opinion_reading import AskedPage, asked_of, read_asked, read_document
from workflows.linked.opinions import answer_request, revoke_request, send_request

router = APIRouter(prefix="/opinions")
PEOPLE = (Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR, Role.EXPERT, Role.SUPERVISOR)
ASKERS = (Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR)


@dataclass(frozen=True, slots=True)
class ListPage:
    """What is asked of me, what I asked, and what is late in my units."""

    of_me: Sequence[OpinionRequest]
    mine: Sequence[RequestRow]
    late: Sequence[RequestRow]
    is_asker: bool
    is_supervisor: bool
    today: date


@dataclass(frozen=True, slots=True)
class AnswerPage:
    """One question, and the documents chosen."""

    asked: AskedPage
    typed: Typed
    errors: Errors
    today: date


@dataclass(frozen=True, slots=True)
class WritePage:
    """A request to be written: who is asked, what, until when, with which documents."""

    request_id: UUID
    reference: str
    doctors: Sequence[Choice]
    experts: Sequence[Choice]
    documents: Sequence[Document]
    first_day: date
    last_day: date
    typed: Typed
    chosen: Sequence[str]
    errors: Errors


@router.get("")
def show_list(request: Request, visitor: Me) -> Response:
    """Draw the opinions asked of me, those I asked, and the late ones."""
    visitor.must_have(*PEOPLE)
    who = visitor.principal
    is_supervisor = who.has(Role.SUPERVISOR, Role.COORDINATOR)
    with read_only() as session:
        page = ListPage(
            asked_of(session, who),
            requests_of(session, who),
            late_requests(session, who, visitor.today) if is_supervisor else (),
            who.has(*ASKERS),
            is_supervisor,
            visitor.today,
        )
        return render(request, "adjacent/opinions.html", page)


@router.get("/{request_id}")
def show_question(request: Request, visitor: Me, request_id: UUID) -> Response:
    """Draw one question; reading it is recorded."""
    visitor.must_have(*PEOPLE)
    return _question(request, visitor, request_id, Typed(), Errors())


def _question(
    request: Request, visitor: Visitor, request_id: UUID, typed: Typed, errors: Errors
) -> Response:
    keys = visitor.site.tools.keys
    asked = read_asked(visitor.principal, keys, request_id, now=visitor.now)
    page = AnswerPage(asked, typed, errors, visitor.today)
    return render(request, "adjacent/opinion.html", page, status_code=422 if errors else 200)


@router.get("/{request_id}/documents/{document_id}")
def show_document(visitor: Me, request_id: UUID, document_id: UUID) -> Response:
    """Return a document that was chosen for the question."""
    visitor.must_have(*PEOPLE)
    store = visitor.site.tools.documents
    found = read_document(visitor.principal, store, request_id, document_id, now=visitor.now)
    return shown_document(*found)


@router.post("/{request_id}/answer")
def answer(request: Request, visitor: Me, form: Posted, request_id: UUID) -> Response:
    """Give the opinion; the file goes on and the door closes."""
    visitor.must_have(*PEOPLE)
    try:
        with transaction() as session:
            answer_request(
                session, visitor.site.tools, request_id, text_of(form, "opinion", 20_001),
                principal=visitor.principal, now=visitor.now,
            )  # fmt: skip
    except DomainError as error:
        if error.field is None:
            raise
        return _question(request, visitor, request_id, typed_of(form), errors_of(error))
    return see_other("/opinions", "opinion.answered")


@router.post("/{request_id}/revoke")
def revoke(visitor: Me, form: Posted, request_id: UUID) -> Response:
    """Take a request back."""
    visitor.must_have(*ASKERS, Role.SUPERVISOR)
    with transaction() as session:
        revoke_request(
            session, visitor.site.tools, request_id, principal=visitor.principal, now=visitor.now
        )
    return see_other("/opinions", "opinion.revoked")


@router.get("/{request_id}/write")
def show_writing(request: Request, visitor: Me, request_id: UUID) -> Response:
    """Draw the form of a request that was not sent yet."""
    visitor.must_have(*ASKERS)
    with read_only() as session:
        page = _writing(session, visitor, request_id, Typed(), (), Errors())
        return render(request, "adjacent/write_opinion.html", page)


def _writing(
    session: Session, visitor: Visitor, request_id: UUID, typed: Typed,
    chosen: Sequence[str], errors: Errors,
) -> WritePage:  # fmt: skip
    file = draft_of(session, visitor.principal, request_id)
    barred = excluded_from(session, file.id)
    own = {visitor.principal.doctor_id} if visitor.principal.doctor_id else set()
    doctors = doctors_to_choose(session, visitor.site.jurisdiction, barred)
    days = law(file.jurisdiction).number(LIMIT, file.received_on).value
    return WritePage(
        request_id=request_id,
        reference=file.reference,
        doctors=[each for each in doctors if each.id not in own],
        experts=experts_to_choose(session, file, visitor.today),
        documents=documents_to_choose(session, file),
        first_day=visitor.today + timedelta(days=1),
        last_day=visitor.today + timedelta(days=days),
        typed=typed,
        chosen=chosen,
        errors=errors,
    )


@router.post("/{request_id}/write")
def write(request: Request, visitor: Me, form: Posted, request_id: UUID) -> Response:
    """Send a request."""
    visitor.must_have(*ASKERS)
    try:
        with transaction() as session:
            send_request(
                session, visitor.site.tools, request_id, _ask(form),
                principal=visitor.principal, now=visitor.now,
            )  # fmt: skip
    except DomainError as error:
        errors = errors_of(error)
        chosen = [str(each) for each in uuids_of(form, "document")]
        with read_only() as session:
            page = _writing(session, visitor, request_id, typed_of(form), chosen, errors)
            return render(request, "adjacent/write_opinion.html", page, status_code=422)
    return see_other("/opinions", "opinion.asked")


def _ask(form: FormData) -> OpinionAsk:
    kind, _, key = text_of(form, "whom", 64).partition(":")
    found = as_uuid(key)
    return OpinionAsk(
        question=text_of(form, "question", 4001),
        doctor_id=found if kind == "doctor" else None,
        expert_id=found if kind == "expert" else None,
        due_on=day_of(form, "due_on"),
        document_ids=tuple(uuids_of(form, "document")),
        is_pseudonymised=is_ticked(form, "is_pseudonymised"),
    )
