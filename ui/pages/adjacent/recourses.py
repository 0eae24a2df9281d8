"""Recourses outside the fund on an appeal's page, with their outcome (recours externes)."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from medcontrol.db import transaction
from medcontrol.errors import DomainError, NotFound
from medcontrol.queries.adjacent import appeal_page
from medcontrol.vocabulary import Role
from ui.forms import Errors, day_of, text_of
from ui.notices import see_other
from ui.pages.adjacent.appeals import draw
from ui.pages.adjacent.sending import typed_of
from ui.visitors import Me, Posted
from workflows.linked.recourses import NewRecourse, record, settle

router = APIRouter(prefix="/appeals")


def _errors(error: DomainError) -> Errors:
    field = error.field or "body"
    return Errors({field: error.code if error.code.startswith("recourse.") else field})


@router.post("/{reference}/recourses")
def add(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Record a recourse that the person filed outside the fund."""
    visitor.must_have(Role.APPEALS_SECRETARY)
    new = NewRecourse(
        body=text_of(form, "body", 40),
        filed_on=day_of(form, "recourse_filed_on") or visitor.today.max,
        case_number=text_of(form, "case_number", 64),
    )
    try:
        with transaction() as session:
            file = appeal_page(session, visitor.principal, reference).file
            record(session, file.id, new, by=visitor.principal, now=visitor.now)
    except NotFound:
        raise
    except DomainError as error:
        return draw(request, visitor, reference, typed_of(form), _errors(error))
    return see_other(f"/appeals/{reference}", "saved")


@router.post("/{reference}/recourses/{recourse_id}")
def end(request: Request, visitor: Me, form: Posted, reference: str, recourse_id: UUID) -> Response:
    """Record what the body outside decided."""
    visitor.must_have(Role.APPEALS_SECRETARY)
    try:
        with transaction() as session:
            settle(
                session, recourse_id, text_of(form, "recourse_outcome", 40),
                day_of(form, "decided_on") or visitor.today.max,
                by=visitor.principal, now=visitor.now,
            )  # fmt: skip
    except NotFound:
        raise
    except DomainError as error:
        return draw(request, visitor, reference, typed_of(form), _errors(error))
    return see_other(f"/appeals/{reference}", "saved")
