"""Appeals that a program or a page of the fund hands in (recours)."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, StringConstraints

from api.auth import Caller, Permission
from api.commands import Day, Given, LongText
from api.deps import Db, Now, WithTools
from api.errors import refusals
from api.file_commands import DocumentIn
from medcontrol.clock import civil_date
from medcontrol.queries import files
from medcontrol.services.clients import Scope
from medcontrol.vocabulary import Role
from workflows import commands
from workflows.linked.appeals import RegisterAppeal, register_appeal

router = APIRouter(prefix="/control-files/{control_file_id}/appeals", tags=["commands"])

Registrar = Annotated[Caller, Depends(Permission(Scope.FILES_WRITE, {Role.APPEALS_SECRETARY}))]


class AppealIn(Given):
    """An appeal as it came in; the reasons are medical content and are kept encrypted."""

    filed_on: Day
    filed_by: Literal["insured", "beneficiary", "representative", "provider", "treating_doctor"]
    contests: Literal["medical", "administrative", "both"] = "medical"
    reasons: Annotated[LongText, StringConstraints(min_length=1, strip_whitespace=True)]
    documents: Annotated[list[DocumentIn], Field(max_length=20)] = []


class AppealOut(BaseModel):
    """The appeal's own file."""

    control_file_id: UUID
    reference: str
    received_on: date
    due_on: date | None


@router.post("", status_code=201, response_model=AppealOut, responses=refusals(404, 409))
def register(
    control_file_id: UUID, body: AppealIn, caller: Registrar, db: Db, tools: WithTools, now: Now
) -> AppealOut:
    """Register an appeal against the file's decision; it opens a file of its own."""
    files.find_file(db, caller.principal, control_file_id)
    command = RegisterAppeal(
        contested_file_id=control_file_id,
        filed_on=body.filed_on,
        filed_by=body.filed_by,
        contests=body.contests,
        reasons=body.reasons,
        documents=[
            commands.NewDocument(
                kind=each.kind,
                title=each.title,
                content=each.content(),
                document_class=each.document_class,
            )
            for each in body.documents
        ],
    )
    appeal = register_appeal(db, tools, command, by=caller.principal, now=now)
    return AppealOut(
        control_file_id=appeal.id,
        reference=appeal.reference,
        received_on=appeal.received_on,
        due_on=civil_date(appeal.due_at, appeal.jurisdiction) if appeal.due_at else None,
    )
