"""Commands on control files: steps, holds, documents, messages, assignments."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator

from api.auth import Caller, Permission
from api.deps import Db, Now, WithTools
from api.errors import refusals
from medcontrol.queries import tasks
from medcontrol.services.clients import Scope
from medcontrol.vocabulary import (
    ControlFileStatus,
    LineOutcome,
    Role,
)
from workflows import commands

router = APIRouter(tags=["commands"])

_CONTROLLERS = {Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR}
Worker = Annotated[Caller, Depends(Permission(Scope.FILES_WRITE, {*_CONTROLLERS, Role.AGENT}))]

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./:-]{1,64}$")]
Number = Annotated[str, StringConstraints(pattern=r"^\d{1,9}([.]\d{1,4})?$")]
_NO_CONTROL = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"
LongText = Annotated[str, StringConstraints(max_length=20_000, pattern=_NO_CONTROL)]
ShortText = Annotated[str, StringConstraints(max_length=500, pattern=_NO_CONTROL)]
Version = Annotated[int, Field(ge=1, le=2**31 - 1, description="Of the file, as it was read")]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2999, 12, 31))]


class Given(BaseModel):
    """A body; unknown members are refused."""

    model_config = ConfigDict(extra="forbid")


class VerdictIn(Given):
    """The opinion on one line of the request."""

    line_no: Annotated[int, Field(ge=0, le=2**31 - 1)]
    outcome: LineOutcome
    motive_code: Code | None = None
    quantity: Number | None = None
    amount_cents: Annotated[int, Field(ge=0, le=10**12)] | None = None


class PieceIn(Given):
    """A piece that is asked for."""

    kind: Code
    note: ShortText = ""


class CompleteIn(Given):
    """How a step ends; what is needed depends on the step and its outcome in the pack."""

    expected_version: Version
    outcome: Code
    lines: Annotated[list[VerdictIn], Field(max_length=2000)] = []
    motive_code: Code | None = None
    reasoning: LongText = ""
    valid_from: Day | None = None
    valid_to: Day | None = None
    is_for_life: bool = False
    gives: Annotated[dict[Code, Code | bool | None], Field(max_length=50)] = {}
    pieces: Annotated[list[PieceIn], Field(max_length=50)] = []
    appointment_at: AwareDatetime | None = None
    place: ShortText = ""
    with_doctor: UUID | None = None
    room_id: UUID | None = None
    is_early_agreed: bool = False
    form: Annotated[dict[str, Any], Field(max_length=200)] = {}

    @field_validator("appointment_at")
    @classmethod
    def _within_reach(cls, value: datetime | None) -> datetime | None:
        if value is not None and not 2000 <= value.year <= 2999:
            raise ValueError("a year between 2000 and 2999")
        return value

    @field_validator("form")
    @classmethod
    def _is_plain(cls, value: dict[str, Any]) -> dict[str, Any]:
        """Refuse numbers, texts and depths that could not be kept."""
        try:
            orjson.dumps(value)
        except orjson.JSONEncodeError as error:
            raise ValueError("numbers of 64 bits, whole characters, no deep nesting") from error
        return value


class CompletedOut(BaseModel):
    """Where the file stands after a command."""

    model_config = ConfigDict(from_attributes=True)

    control_file_id: UUID
    status: ControlFileStatus
    decision_id: UUID | None
    is_closed: bool
    undo_until: datetime | None
    version: int = Field(description="Of the file now; the next command gives it back")


class HoldIn(Given):
    """Put a task aside until a day."""

    expected_version: Version
    until: Day
    reason: Code


class WokenOut(BaseModel):
    """Whether the task had been put aside."""

    is_woken: bool


def _visible_task(db: Db, caller: Caller, task_id: UUID) -> None:
    """Refuse a task that the caller may not know of, before anything is locked."""
    tasks.find_task(db, caller.principal, task_id)


@router.post("/tasks/{task_id}/complete", response_model=CompletedOut, responses=refusals(404, 409))
def complete(
    task_id: UUID, body: CompleteIn, caller: Worker, db: Db, tools: WithTools, now: Now
) -> CompletedOut:
    """End a step with one of its outcomes; the file moves on in the same transaction."""
    _visible_task(db, caller, task_id)
    command = commands.CompleteStep(
        task_id=task_id,
        expected_version=body.expected_version,
        outcome=body.outcome,
        lines=tuple(commands.LineVerdict(**each.model_dump()) for each in body.lines),
        motive_code=body.motive_code,
        reasoning=body.reasoning,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        is_for_life=body.is_for_life,
        gives=body.gives,
        pieces=tuple(commands.PieceAsked(kind=each.kind, note=each.note) for each in body.pieces),
        appointment_at=body.appointment_at,
        place=body.place,
        with_doctor=body.with_doctor,
        room_id=body.room_id,
        is_early_agreed=body.is_early_agreed,
        form=body.form,
    )
    done = commands.complete_step(db, tools, command, principal=caller.principal, now=now)
    return CompletedOut.model_validate(done)


@router.post("/tasks/{task_id}/hold", response_model=CompletedOut, responses=refusals(404, 409))
def hold(
    task_id: UUID, body: HoldIn, caller: Worker, db: Db, tools: WithTools, now: Now
) -> CompletedOut:
    """Put a task aside until a day; it comes back by itself."""
    _visible_task(db, caller, task_id)
    done = commands.hold(
        db,
        tools,
        task_id,
        until=body.until,
        reason=body.reason,
        expected_version=body.expected_version,
        principal=caller.principal,
        now=now,
    )
    return CompletedOut.model_validate(done)


@router.post("/tasks/{task_id}/wake", response_model=WokenOut, responses=refusals(404, 409))
def wake(task_id: UUID, caller: Worker, db: Db, tools: WithTools, now: Now) -> WokenOut:
    """Bring a task back that was put aside; one that was not stays as it is."""
    _visible_task(db, caller, task_id)
    woken = commands.wake(db, tools, task_id, principal=caller.principal, now=now)
    return WokenOut(is_woken=woken)
