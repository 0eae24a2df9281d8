"""Handing in files: one at once, or a batch that a worker takes in (réception)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StringConstraints

from api.auth import Caller, Permission
from api.bodies import BATCH_TYPES, JSON_TYPES, Delivery, HandInBatch, HandInFile, Message
from api.deps import Db, Now, ReadDb, WithTools
from api.errors import problem, refusals
from medcontrol.intake import FieldError
from medcontrol.services.clients import Scope
from medcontrol.vocabulary import Lane, Role
from workflows.gate.batches import BatchReport, find_batch, hand_in
from workflows.gate.handing_in import Request, hand_in_one
from workflows.gate.single import TakenIn

router = APIRouter(prefix="/intake", tags=["intake"])

_STATUS = {"accepted": 201, "duplicate": 200, "already_handled": 200}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$")]


class TakenInOut(BaseModel):
    """What became of a file that was handed in."""

    result: str = Field(description="accepted, duplicate, already_handled")
    received_file_id: UUID | None = None
    quarantine_id: UUID | None = None
    reference: str | None = Field(default=None, description="Of the control file, if one opened")
    lane: Lane | None = None


def source_name(caller: Caller) -> str:
    """Return under which name the files of a caller stand in quarantine."""
    return f"api:{caller.principal.name}"


@router.post(
    "/files",
    status_code=201,
    response_model=TakenInOut,
    responses={
        200: {"model": TakenInOut, "description": "Received before; nothing was done"},
        **refusals(409, 415),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON_TYPES[0]: {"schema": {"type": "object"}}},
        }
    },
)
def post_file(
    caller: HandInFile,
    body: Message,
    tools: WithTools,
    now: Now,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Response:
    """Hand in one file in the format of docs/intake.md.

    201 accepted; 200 received before with the same content; 409 received before with other
    content; 422 faulty. The last two keep it in quarantine, whose id is in the problem.
    """
    request = Request(
        raw=body,
        caller_id=caller.principal.id,
        source_name=source_name(caller),
        key=idempotency_key,
    )
    return answer(hand_in_one(tools, request, now=now))


def answer(taken: TakenIn) -> Response:
    """Return the response that says what became of one message."""
    return _refused(taken) if taken.kind in ("conflict", "faulty") else _accepted(taken)


def _accepted(taken: TakenIn) -> Response:
    body = TakenInOut(
        result=taken.kind,
        received_file_id=taken.received_file_id,
        quarantine_id=taken.quarantine_id,
        reference=taken.reference,
        lane=taken.lane,
    )
    return JSONResponse(body.model_dump(mode="json"), _STATUS[taken.kind])


def _refused(taken: TakenIn) -> Response:
    is_conflict = taken.kind == "conflict"
    return problem(
        409 if is_conflict else 422,
        f"intake.{taken.kind}",
        "another content stands under this identity; the first stays"
        if is_conflict
        else "the file does not pass; it waits in quarantine",
        quarantine_id=str(taken.quarantine_id),
        errors=[field_problem(error) for error in taken.errors],
    )


def field_problem(error: FieldError) -> dict[str, str]:
    """Return an error of intake as a member of a problem."""
    return {
        "path": error.path,
        "code": error.code,
        "message": error.message_fr,
        "expected": error.expected,
    }


@router.post(
    "/batches",
    status_code=202,
    response_model=BatchReport,
    responses=refusals(415),
    openapi_extra={
        "requestBody": {"required": True, "content": dict.fromkeys(BATCH_TYPES, _BINARY)}
    },
)
def post_batch(
    caller: HandInBatch,
    delivery: Delivery,
    db: Db,
    now: Now,
    response: Response,
    name: Annotated[Name | None, Query(description="As it stands in quarantine")] = None,
) -> BatchReport:
    """Hand in a batch: one file a line (NDJSON), plain or gzip.

    202: it is safely kept and a worker takes it in; `Location` tells how far it is.
    """
    report = hand_in(
        db,
        delivery.batch_id,
        name=name or source_name(caller),
        client_id=caller.principal.id,
        now=now,
    )
    response.headers["Location"] = f"/api/v1/intake/batches/{report.id}"
    return report


ReadBatch = Annotated[Caller, Depends(Permission(Scope.INTAKE_WRITE, {Role.ADMINISTRATOR}))]


@router.get("/batches/{batch_id}", response_model=BatchReport, responses=refusals(404))
def get_batch(batch_id: UUID, caller: ReadBatch, db: ReadDb) -> BatchReport:
    """Return how far a batch is and what became of its lines; programs see their own."""
    return find_batch(db, batch_id, client_id=caller.principal.id if caller.is_program else None)
