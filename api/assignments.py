"""Who has which file (affectation): reassign one or many, with a preview; take the next."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, StringConstraints, model_validator

from api.auth import Caller, Permission
from api.commands import Given, ShortText
from api.deps import Db, InContext, Now
from api.errors import refusals
from assignment.service import Reassign, ReassignmentResult, ToDoctor, ToPool, claim_next, reassign
from medcontrol.errors import Forbidden, NotFound
from medcontrol.policy import Action
from medcontrol.queries import files, tasks
from medcontrol.queries.tasks import TaskRow
from medcontrol.services.clients import Scope
from medcontrol.vocabulary import Role

router = APIRouter(tags=["assignments"])

Supervisor = Annotated[
    Caller,
    Depends(Permission(Scope.ASSIGNMENT_WRITE, {Role.SUPERVISOR, Role.COORDINATOR})),
]
Controller = Annotated[
    Caller, Depends(Permission(None, {Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR}))
]
Reason = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
UnitCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class ReassignIn(Given):
    """Files to a doctor, or to the pool of an agency or region."""

    control_file_ids: Annotated[list[UUID], Field(min_length=1, max_length=500)]
    to_doctor: UUID | None = None
    to_unit: UnitCode | None = None
    reason: Reason = Field(description="Code of why: `absence`, `workload`, `conflict`…")
    note: ShortText | None = None
    preview: bool = Field(default=False, description="Only say what would happen")

    @model_validator(mode="after")
    def _one_target(self) -> "ReassignIn":
        if (self.to_doctor is None) == (self.to_unit is None):
            raise ValueError("give either to_doctor or to_unit")
        return self

    @property
    def target(self) -> ToDoctor | ToPool:
        """Where the files go."""
        return ToDoctor(self.to_doctor) if self.to_doctor else ToPool(str(self.to_unit))


class ClaimOut(BaseModel):
    """The task that is now the caller's; none when nothing is left for them."""

    task: TaskRow | None


@router.post("/reassignments", response_model=ReassignmentResult, responses=refusals(404, 409))
def post_reassignment(
    body: ReassignIn, caller: Supervisor, db: Db, context: InContext, now: Now
) -> ReassignmentResult:
    """Move files; a file that can't move stays, and says why. `preview` changes nothing."""
    for file_id in body.control_file_ids:
        allowed = files.allowed_actions(db, caller.principal, file_id)
        if Action.SEE not in allowed:
            raise NotFound(f"no control file {file_id}", field="control_file_ids")
        if Action.REASSIGN not in allowed:
            raise Forbidden(f"file {file_id} is not yours to reassign", field="control_file_ids")
    command = Reassign(
        file_ids=body.control_file_ids,
        target=body.target,
        reason=body.reason,
        note=body.note,
        is_dry_run=body.preview,
    )
    return reassign(
        db, command, now=now, jurisdiction=context.settings.jurisdiction, actor=caller.actor
    )


@router.post("/tasks/claim-next", response_model=ClaimOut, responses=refusals(404, 409))
def post_claim(caller: Controller, db: Db, context: InContext, now: Now) -> ClaimOut:
    """Give the caller the most urgent task of their pool that they may have."""
    if caller.principal.doctor_id is None:
        raise Forbidden("only a control doctor takes files")
    found = claim_next(
        db,
        caller.principal.doctor_id,
        now=now,
        jurisdiction=context.settings.jurisdiction,
        actor=caller.actor,
    )
    if found is None:
        return ClaimOut(task=None)
    db.flush()
    return ClaimOut(task=tasks.find_task(db, caller.principal, found.id))
