"""Lists of open tasks: what a figure of the board stands for, and the queue of one doctor."""

from dataclasses import dataclass
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.datastructures import FormData, QueryParams

from assignment.facts import DoctorFacts
from assignment.service import load_doctors
from medcontrol.db import read_only
from medcontrol.errors import NotFound
from medcontrol.queries.list_columns import ListColumn
from medcontrol.queries.saved_views import NO_VIEWS, ViewsOfList, load_views, opens_with
from medcontrol.queries.supervision import DueBucket, TaskFilters, TaskList, TaskState, UnitName
from medcontrol.queries.supervision_scope import supervised_units
from medcontrol.queries.supervision_tasks import count_each, load_tasks
from medcontrol.queries.worklist import QueueSort
from medcontrol.reference.flows import flows
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import ControlLevel, Lane, Role
from ui.forms import as_uuid, is_ticked, member_of, members_of, text_of
from ui.rendering import render
from ui.visitors import Me, Visitor

router = APIRouter(prefix="/supervision")
PATH = "/supervision/tasks"
_SIZES = (25, 50, 100)


@dataclass(frozen=True, slots=True)
class TasksPage:
    """A list, with whose it is and what one may narrow it to."""

    list: TaskList
    flows: tuple[str, ...]
    units: tuple[UnitName, ...]
    doctor: DoctorFacts | None
    action: str
    saved: ViewsOfList = NO_VIEWS
    states: tuple[TaskState, ...] = tuple(TaskState)
    buckets: tuple[DueBucket, ...] = tuple(DueBucket)
    lanes: tuple[Lane, ...] = tuple(Lane)


def filters_of(query: QueryParams | FormData, *, doctor: UUID | None = None) -> TaskFilters:
    """Return the filters that an address says; what it says wrongly is left out."""
    size = text_of(query, "size", 4)
    usual = TaskState.TODO if doctor else TaskState.ALL
    return TaskFilters(
        doctor=doctor or as_uuid(text_of(query, "doctor", 40)),
        unit=text_of(query, "unit", 64),
        bucket=members_of(query, "bucket", DueBucket),
        state=member_of(query, "state", TaskState) or usual,
        flow=text_of(query, "flow", 64),
        lane=member_of(query, "lane", Lane),
        reason=text_of(query, "reason", 64),
        breach=is_ticked(query, "breach"),
        sort=member_of(query, "sort", QueueSort) or QueueSort.DUE,
        descending=is_ticked(query, "descending"),
        columns=members_of(query, "columns", ListColumn),
        size=int(size) if size in map(str, _SIZES) else 50,
        after=text_of(query, "after", 400),
    )


@router.get("/tasks")
def show_tasks(request: Request, visitor: Me) -> Response:
    """Draw the list that a figure of the board opens."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    if not request.url.query:
        with read_only() as session:
            chosen = opens_with(session, visitor.principal, PATH)
        if chosen:
            return RedirectResponse(PATH + chosen, status_code=303)
    return _draw(request, visitor, filters_of(request.query_params), PATH)


@router.get("/doctors/{doctor_id}")
def show_queue(request: Request, visitor: Me, doctor_id: UUID) -> Response:
    """Draw a doctor's queue, in the order in which the doctor sees it; nothing can be decided."""
    filters = filters_of(request.query_params, doctor=doctor_id)
    return _draw(request, visitor, filters, f"/supervision/doctors/{doctor_id}")


def _draw(request: Request, visitor: Visitor, filters: TaskFilters, action: str) -> Response:
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    jurisdiction = visitor.site.jurisdiction
    with read_only() as session:
        calendar = working_calendar(session, jurisdiction)
        found = load_tasks(session, visitor.principal, filters, now=visitor.now, calendar=calendar)
        doctor = None
        if filters.doctor is not None:
            if found.doctor_name is None:
                raise NotFound(f"no doctor {filters.doctor}")
            doctor = load_doctors(session, visitor.today, jurisdiction, ids=[filters.doctor])[0]
        units = supervised_units(session, visitor.principal, jurisdiction)
        saved = NO_VIEWS if doctor else _saved(session, visitor)
    page = TasksPage(
        list=found,
        flows=tuple(code for code, flow in flows().items() if jurisdiction in flow.jurisdictions),
        units=tuple(unit for unit in units if unit.level is not ControlLevel.CENTRAL),
        doctor=doctor,
        action=action,
        saved=saved,
    )
    return render(request, "supervision/tasks.html", page)


def _saved(session: Session, visitor: Visitor) -> ViewsOfList:
    """Return the views at the side, each with how many files it holds now for this person."""
    found = load_views(session, visitor.principal, PATH)
    addresses = (parse_qsl(view.address.removeprefix("?")) for view in found.views)
    counts = count_each(
        session, visitor.principal, [filters_of(QueryParams(each)) for each in addresses],
        now=visitor.now, calendar=working_calendar(session, visitor.site.jurisdiction),
    )  # fmt: skip
    return found.counted(counts)
