"""What assignment could do (prévision): free time, a plan that writes nothing, and why."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, StringConstraints

from api.auth import Caller, Permission
from api.commands import Given
from api.deps import InContext, Now, ReadDb
from api.errors import refusals
from assignment import rebalancing
from assignment.batch_run import BatchRun, reason_of, run_batch
from assignment.calendar import horizon
from assignment.capacity import free_time
from assignment.explaining import TaskExplained, explain
from assignment.orders import LoadChange
from medcontrol.clock import civil_date
from medcontrol.errors import Forbidden
from medcontrol.policy import Action
from medcontrol.queries import files, tasks
from medcontrol.services.clients import Scope
from medcontrol.vocabulary import ControlLevel, Role

router = APIRouter(tags=["assignments"])

Planner = Annotated[
    Caller,
    Depends(Permission(Scope.ASSIGNMENT_WRITE, {Role.SUPERVISOR, Role.COORDINATOR, Role.ANALYST})),
]
Explained = Annotated[Caller, Depends(Permission(None, {Role.SUPERVISOR, Role.ANALYST}))]
UnitCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Days = Annotated[int, Query(ge=1, le=20, description="Working days from today on")]


class CellOut(BaseModel):
    """Free minutes of the doctors who may control a flow up to a level, in a region on a day."""

    competence: str
    level: ControlLevel
    region: str | None
    day: date
    points: int


class TotalOut(BaseModel):
    """Free minutes of all doctors of a level and region, each doctor counted once."""

    level: ControlLevel
    region: str | None
    day: date
    points: int


class CapacityOut(BaseModel):
    """A doctor who may control several flows counts in the cell of each; never add cells up."""

    cells: list[CellOut]
    totals: list[TotalOut]


class PlanIn(Given):
    """Of which pool; of the whole fund when nothing is said."""

    region: UnitCode | None = None
    agency: UnitCode | None = None


class GivenOut(BaseModel):
    """A task that would get a doctor."""

    task_id: UUID
    control_file_id: UUID
    doctor_id: UUID
    points: int
    rule: str


class WaitsOut(BaseModel):
    """A task that would wait: how many doctors each constraint keeps from it, in order."""

    task_id: UUID
    control_file_id: UUID
    reason: str
    removed: dict[str, int]
    expected_on: date | None


class PlanOut(BaseModel):
    """What a run would do now. Figures are of the whole pool, rows of files one may see."""

    waiting: int
    assigned: int
    unassigned: dict[str, int]
    lower_bound: float | None
    worst_utilisation: float | None
    late_points: int | None
    late_points_bound: int | None
    given: list[GivenOut]
    waits: list[WaitsOut]


class MoveOut(BaseModel):
    """A file that would pass from a doctor to another."""

    task_id: UUID
    control_file_id: UUID
    points: int
    from_doctor: UUID
    to_doctor: UUID


class RebalancingOut(BaseModel):
    """Which files would move; figures are utilisation of the busiest doctor, now and then.

    To accept it, send the files of each doctor to `POST /reassignments`.
    """

    before: float
    after: float
    bound: float
    threshold: float
    budget: int
    opened: int
    moves: list[MoveOut]
    loads: list[LoadChange]


@router.get("/assignment/capacity", response_model=CapacityOut)
def get_capacity(
    caller: Planner, db: ReadDb, context: InContext, now: Now, days: Days = 5
) -> CapacityOut:
    """Return the minutes that doctors still have, by competence, level, region and day."""
    place = context.settings.jurisdiction
    calendar = horizon(db, civil_date(now, place), place, days)
    cells, totals = free_time(db, place, calendar)
    return CapacityOut(
        cells=[
            CellOut(**cell._asdict(), points=points)
            for cell, points in sorted(cells.items(), key=lambda each: str(each[0]))
        ],
        totals=[
            TotalOut(level=level, region=region, day=day, points=points)
            for (level, region, day), points in sorted(totals.items(), key=str)
        ],
    )


@router.post("/assignment/plan", response_model=PlanOut)
def post_plan(body: PlanIn, caller: Planner, db: ReadDb, context: InContext, now: Now) -> PlanOut:
    """Plan the pool and write nothing."""
    would = run_batch(
        context.settings.jurisdiction, now=lambda: now,
        region=body.region, agency=body.agency, is_dry_run=True,
    )  # fmt: skip
    seen = tasks.visible_tasks(db, caller.principal, _tasks_of(would))
    return PlanOut(
        waiting=would.waiting,
        assigned=would.assigned,
        unassigned=dict(would.unassigned),
        lower_bound=would.lower_bound,
        worst_utilisation=would.worst_utilisation,
        late_points=would.late_points,
        late_points_bound=would.late_points_bound,
        given=[
            GivenOut(
                task_id=each.task.id, control_file_id=each.task.control_file_id,
                doctor_id=each.doctor_id, points=each.task.points, rule=each.why.rule.value,
            )
            for each in would.plan.assignments
            if each.task.id in seen
        ],
        waits=[
            WaitsOut(
                task_id=left.task.id, control_file_id=left.task.control_file_id,
                reason=reason_of(left), expected_on=left.expected_on,
                removed={name.value: count for name, count in left.removed.items()},
            )
            for left in would.plan.unassigned
            if left.task.id in seen
        ],
    )  # fmt: skip


@router.get("/assignment/rebalancing", response_model=RebalancingOut)
def get_rebalancing(
    caller: Planner, db: ReadDb, context: InContext, now: Now, region: UnitCode | None = None
) -> RebalancingOut:
    """Propose the fewest files that would have to move to make loads even; nothing moves."""
    place = context.settings.jurisdiction
    doctors = rebalancing.doctors_of(db, place, region)
    held = rebalancing.held_by(db, doctors, jurisdiction=place, now=now)
    seen = tasks.visible_tasks(db, caller.principal, list(held.free))
    found = rebalancing.propose(db, doctors, jurisdiction=place, now=now, held=held, only=seen)
    return RebalancingOut(
        before=found.before, after=found.after, bound=found.bound, threshold=found.threshold,
        budget=found.budget, opened=found.opened, loads=list(found.loads),
        moves=[
            MoveOut(
                task_id=each.task.id, control_file_id=each.task.control_file_id,
                points=each.task.points, from_doctor=each.from_doctor, to_doctor=each.to_doctor,
            )
            for each in found.moves
        ],
    )  # fmt: skip


def _tasks_of(run: BatchRun) -> list[UUID]:
    planned = [each.task.id for each in run.plan.assignments]
    return planned + [left.task.id for left in run.plan.unassigned]


@router.get(
    "/control-files/{control_file_id}/assignment",
    response_model=list[TaskExplained],
    responses=refusals(404),
)
def get_assignment(
    control_file_id: UUID, caller: Explained, db: ReadDb, context: InContext, now: Now
) -> list[TaskExplained]:
    """Return, for each open medical step, why it has its doctor, or who may not have it and why."""
    files.find_file(db, caller.principal, control_file_id)
    if Action.EXPLAIN not in files.allowed_actions(db, caller.principal, control_file_id):
        raise Forbidden("why this doctor has the file")
    return explain(db, control_file_id, jurisdiction=context.settings.jurisdiction, now=now)
