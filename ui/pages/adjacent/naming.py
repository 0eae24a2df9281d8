"""Naming an expert (désignation): questions, who, which documents; and giving it up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, NotTheAssignedDoctor
from medcontrol.model import ControlFile, Document, HumanTask
from medcontrol.queries.adjacent import (
    Choice,
    documents_to_choose,
    expertise_of,
    experts_to_choose,
    file_by_reference,
    open_task,
)
from medcontrol.vocabulary import Role
from ui.forms import Errors, is_ticked, text_of, texts_of
from ui.notices import see_other
from ui.pages.adjacent.sending import Typed, end_step, errors_of, typed_of, version_of
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.linked.expertise import cancel_expertise

router = APIRouter(prefix="/expertises")
NAMERS = (Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR)


@dataclass(frozen=True, slots=True)
class NamingPage:
    """The form that names an expert."""

    file: ControlFile
    task: HumanTask
    experts: Sequence[Choice]
    documents: Sequence[Document]
    today: date
    typed: Typed
    chosen: Sequence[str]
    errors: Errors


@router.get("/{reference}/naming")
def show_form(request: Request, visitor: Me, reference: str) -> Response:
    """Draw the form for the doctor whose step it is."""
    visitor.must_have(*NAMERS)
    return _draw(request, visitor, reference, Typed(), (), Errors())


def _draw(
    request: Request, visitor: Visitor, reference: str, typed: Typed,
    chosen: Sequence[str], errors: Errors,
) -> Response:  # fmt: skip
    with read_only() as session:
        file = expertise_of(session, visitor.principal, reference)
        task = open_task(session, file.id)
        if task is None or task.assigned_doctor_id != visitor.principal.doctor_id:
            raise NotTheAssignedDoctor
        page = NamingPage(
            file, task, experts_to_choose(session, file, visitor.today),
            documents_to_choose(session, file), visitor.today, typed, chosen, errors,
        )  # fmt: skip
        return render(request, "adjacent/naming.html", page, status_code=422 if errors else 200)


@router.post("/{reference}/naming")
def name(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Name the expert, or give the expertise up."""
    visitor.must_have(*NAMERS)
    is_given_up = is_ticked(form, "give_up")
    lines = text_of(form, "questions", 20_000).splitlines()
    answers: dict[str, object] = {}
    if not is_given_up:
        answers = {
            "questions": [text for each in lines if (text := each.strip())],
            "documents": texts_of(form, "document", 40),
        }
        if expert := text_of(form, "expert", 40):
            answers["expert"] = expert
    try:
        with transaction() as session:
            file = expertise_of(session, visitor.principal, reference)
            command: dict[str, object] = {
                "expected_version": version_of(form),
                "outcome": "given_up" if is_given_up else "named",
                "form": answers,
            }
            if not is_given_up:
                command["gives"] = {"in_person": is_ticked(form, "in_person")}
            end_step(session, visitor, open_task(session, file.id), command)
    except DomainError as error:
        chosen = texts_of(form, "document", 40)
        return _draw(request, visitor, reference, typed_of(form), chosen, errors_of(error))
    return see_other("/queue", "expertise.cancelled" if is_given_up else "expert.named")


@router.post("/{reference}/cancel")
def cancel(visitor: Me, form: Posted, reference: str) -> Response:
    """Stop an expertise that is not needed any more."""
    visitor.must_have(*NAMERS, Role.SUPERVISOR)
    with transaction() as session:
        file = file_by_reference(session, visitor.principal, reference)
        cancel_expertise(
            session, visitor.site.tools, file.id, principal=visitor.principal, now=visitor.now
        )
    return see_other(f"/files/{reference}", "expertise.cancelled")
