"""Lines that did not pass (quarantaine): why, corrected and replayed, or set aside."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from api.auth import Caller, Permission
from api.bodies import JSON_TYPES, Correct, Correction
from api.deps import Db, InContext, Now, ReadDb, WithTools
from api.errors import refusals
from api.intake import TakenInOut, answer, source_name
from api.searching import After, Size
from medcontrol.queries import quarantine as lines
from medcontrol.queries.quarantine import READERS, QuarantineFilters, QuarantineRow
from medcontrol.services.clients import Scope
from medcontrol.services.quarantine import read_members
from medcontrol.vocabulary import QuarantineReason, QuarantineStatus
from workflows.gate import quarantine as commands
from workflows.gate.single import replay

router = APIRouter(prefix="/quarantine", tags=["quarantine"])

Reader = Annotated[Caller, Depends(Permission(Scope.QUARANTINE_READ, READERS))]


class FaultOut(BaseModel):
    """One member that is wrong. ``value`` only on one line's page, and only by right."""

    path: str = Field(description="JSON Pointer; empty when the whole line is meant")
    code: str
    message: str
    medical: bool
    expected: str = ""
    value: str | None = None


class LineOut(BaseModel):
    """A line that did not pass."""

    id: UUID
    batch_id: UUID | None
    batch_name: str
    line_no: int
    reason: QuarantineReason
    status: QuarantineStatus
    source: str | None
    external_id: str | None
    errors: list[FaultOut]
    size: int
    quarantined_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    received_file_id: UUID | None


class LinesOut(BaseModel):
    """A page of the quarantine, the latest first."""

    rows: list[LineOut]
    first: int
    previous: str | None
    next: str | None


def _own(caller: Caller) -> QuarantineFilters:
    """Programs see the lines of their own deliveries only."""
    if not caller.is_program:
        return QuarantineFilters()
    return QuarantineFilters(client_id=caller.principal.id, client_batch_name=source_name(caller))


def _out(row: QuarantineRow, values: dict[str, str] | None = None) -> LineOut:
    shown = values or {}
    errors = [
        FaultOut(
            path=error.path,
            code=error.code,
            message=error.message_fr,
            medical=error.medical,
            expected=error.expected,
            value=shown.get(error.path),
        )
        for error in row.errors
    ]
    names = LineOut.model_fields.keys() - {"errors"}
    return LineOut(errors=errors, **{name: getattr(row, name) for name in names})


@router.get("", response_model=LinesOut)
def list_lines(
    caller: Reader,
    db: ReadDb,
    status: Annotated[QuarantineStatus | None, Query()] = None,
    reason: Annotated[QuarantineReason | None, Query()] = None,
    batch_id: UUID | None = None,
    after: After = "",
    size: Size = 50,
) -> LinesOut:
    """Return a page of lines with what is wrong, never a value."""
    filters = replace(_own(caller), status=status, reason=reason, batch_id=batch_id)
    page = lines.list_lines(db, filters, after=after, size=size)
    return LinesOut(
        rows=[_out(row) for row in page.rows],
        first=page.first,
        previous=page.previous,
        next=page.next,
    )


@router.get("/{quarantine_id}", response_model=LineOut, responses=refusals(404))
def get_line(quarantine_id: UUID, caller: Reader, db: ReadDb, context: InContext) -> LineOut:
    """Return one line; people also get the faulty values, medical ones only by right."""
    row = lines.find_line(db, quarantine_id, _own(caller))
    if caller.is_program:
        return _out(row)
    values = read_members(caller.principal, quarantine_id, context.tools.keys, now=context.clock)
    return _out(row, values)


@router.post(
    "/{quarantine_id}/replay",
    status_code=201,
    response_model=TakenInOut,
    responses={
        200: {"model": TakenInOut, "description": "Known already"},
        **refusals(404, 409, 415),
    },
    openapi_extra={
        "requestBody": {
            "required": False,
            "content": {JSON_TYPES[0]: {"schema": {"type": "object"}}},
        }
    },
)
def post_replay(
    quarantine_id: UUID, caller: Correct, body: Correction, tools: WithTools, now: Now
) -> Response:
    """Take a line in again: corrected when there is a body, else as it is.

    Answers like `POST /intake/files`.
    """
    return answer(replay(tools, quarantine_id, body, by=caller.actor.label, now=now))


@router.post("/{quarantine_id}/discard", status_code=204, responses=refusals(404, 409))
def post_discard(quarantine_id: UUID, caller: Correct, db: Db, now: Now) -> None:
    """Set a line aside for good: it is not to come in. Its bytes are kept."""
    commands.discard(db, quarantine_id, by=caller.actor.label, now=now)
