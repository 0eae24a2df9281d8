"""Reassignment (réaffectation): to whom, what it would do, and off it goes.

What became of it is the page of the batch, see ``batches``.
"""

from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session
from starlette.datastructures import QueryParams

from assignment.orders import FileResult, Reassign, ToDoctor, ToDoctors, ToPool
from assignment.reassignment import reassign
from assignment.reassignments import Order, target_json
from assignment.reassignments import request as request_batch
from assignment.running import run_batch
from medcontrol.db import read_only, transaction
from medcontrol.errors import NotFound
from medcontrol.journal import Actor
from medcontrol.model import ReassignmentBatch, SelectionToken
from medcontrol.queries.supervision import ChosenTask
from medcontrol.queries.supervision_scope import supervised_units
from medcontrol.queries.supervision_tasks import (
    allowed_tasks,
    chosen_tasks,
    doctor_names,
    load_targets,
    select_tasks,
)
from medcontrol.services import selections
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import ActorKind, BatchKind, Role
from ui.desk_codes import REASSIGN_REASONS
from ui.forms import Errors, as_uuid, is_ticked, text_of, uuids_of
from ui.notices import see_other
from ui.pages.supervision.eligible import candidates
from ui.pages.supervision.tasks import filters_of
from ui.pages.supervision.wish import (
    ChoosePage,
    Line,
    PreviewPage,
    Targets,
    Wish,
    back_address,
    wish_of,
)
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/supervision")
_Target = ToDoctor | ToDoctors | ToPool
#: Up to so many files are moved before the answer leaves; more go to a worker.
AT_ONCE = 25


@router.get("/reassign")
def choose(request: Request, visitor: Me) -> Response:
    """Ask to whom the ticked files, or all results of a list, go.

    The choice is kept here under an id first: the browser gets no list of files.
    """
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    query = request.query_params
    back = back_address(text_of(query, "back", 2000))
    token_id = as_uuid(text_of(query, "selection", 40))
    if token_id is None:
        with transaction() as session:
            kept = _keep(session, visitor, query)
        if kept is None:
            return see_other(back, "nothing.selected")
        return see_other(f"/supervision/reassign?{urlencode({'selection': kept, 'back': back})}")
    with read_only() as session:
        token = selections.find(session, token_id, visitor.principal, now=visitor.now)
        tasks = _tasks(session, visitor, token)
        if not tasks:
            return see_other(back, "nothing.selected")
        wish = Wish(token.id, back=back, without=_sole_holder(session, tasks))
        return _draw_choice(request, session, visitor, wish, tasks, {})


@router.post("/reassign/preview")
def preview(request: Request, visitor: Me, form: Posted) -> Response:
    """Say what the reassignment would do: loads, and who is refused why. Nothing changes."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with read_only() as session:
        token = _token(session, visitor, text_of(form, "selection", 40))
        wish = wish_of(form, token.id)
        tasks = _tasks(session, visitor, token)
        errors = wish.errors()
        if errors or is_ticked(form, "change"):
            return _draw_choice(request, session, visitor, wish, tasks, errors)
        page = _preview(session, visitor, wish, tasks)
    return render(request, "supervision/preview.html", page)


@router.post("/reassign")
def apply(request: Request, visitor: Me, form: Posted) -> Response:
    """Ask for the moves; a few are done at once, many by a worker."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with transaction() as session:
        token = _token(session, visitor, text_of(form, "selection", 40))
        wish = wish_of(form, token.id)
        tasks = _tasks(session, visitor, token)
        errors = wish.errors()
        if errors or not tasks:
            missing = errors or {"target": "not_found"}
            return _draw_choice(request, session, visitor, wish, tasks, missing)
        batch = _ask(session, visitor, wish, tasks)
    return follow_batch(visitor, batch, wish.back)


def follow_batch(visitor: Visitor, batch: ReassignmentBatch, back: str) -> Response:
    """Do a small batch at once, then lead to the page of the batch."""
    if batch.total <= AT_ONCE:
        run_batch(batch.id, now=visitor.site.clock)
    return see_other(f"/supervision/reassignments/{batch.id}?{urlencode({'back': back})}")


def _keep(session: Session, visitor: Visitor, query: QueryParams) -> UUID | None:
    """Keep what was ticked, or the filters of the list; None when nothing was."""
    principal, now = visitor.principal, visitor.now
    if is_ticked(query, "everything"):
        filters = text_of(query, "list", 4000).removeprefix("?")
        return selections.take_results(session, principal, filters, now=now).id
    ticked = allowed_tasks(session, principal, uuids_of(query, "task"))
    return selections.take_rows(session, principal, ticked, now=now).id if ticked else None


def _token(session: Session, visitor: Visitor, text: str) -> SelectionToken:
    return selections.find(session, as_uuid(text), visitor.principal, now=visitor.now)


def _tasks(session: Session, visitor: Visitor, token: SelectionToken) -> list[UUID]:
    """Return the tasks of a selection that the visitor may reassign."""
    if token.task_ids is not None:
        return allowed_tasks(session, visitor.principal, token.task_ids)
    calendar = working_calendar(session, visitor.site.jurisdiction)
    filters = filters_of(QueryParams(token.filters or ""))
    return select_tasks(
        session, visitor.principal, filters, as_of=token.taken_at, calendar=calendar
    )


def _sole_holder(session: Session, tasks: list[UUID]) -> tuple[UUID, ...]:
    """Return the doctor who holds all of the tasks, if one does: files go to the others."""
    holders = {each.doctor_id for each in chosen_tasks(session, tasks).values()}
    return tuple(each for each in holders if each is not None) if len(holders) == 1 else ()


def _draw_choice(
    request: Request,
    session: Session,
    visitor: Visitor,
    wish: Wish,
    tasks: list[UUID],
    errors: Mapping[str, str],
) -> Response:
    targets = targets_of(session, visitor)
    chosen = chosen_tasks(session, tasks)
    holders = {each.task_id: each.doctor_id for each in chosen.values()}
    found, checked = candidates(
        session, targets.doctors, holders, visitor.today, visitor.site.jurisdiction
    )
    page = ChoosePage(
        wish=wish,
        total=len(tasks),
        references=tuple(each.reference for each in chosen.values())[:200],
        candidates=found,
        pools=targets.pools,
        reasons=tuple(REASSIGN_REASONS),
        errors=Errors(errors),
        checked_tasks=checked,
    )
    return render(request, "supervision/choose.html", page, status_code=422 if errors else 200)


def targets_of(session: Session, visitor: Visitor) -> Targets:
    """Return whom and what a visitor may give files to."""
    jurisdiction = visitor.site.jurisdiction
    units = supervised_units(session, visitor.principal, jurisdiction)
    return Targets(*load_targets(session, units, jurisdiction))


def _target(
    session: Session, visitor: Visitor, wish: Wish
) -> tuple[ToDoctor | ToDoctors | ToPool, str]:
    """Return where the files go, and its name.

    Raises:
        NotFound: not among the targets of the visitor's units.
    """
    targets = targets_of(session, visitor)
    if wish.target == "pool":
        if wish.unit not in {each.code for each in targets.pools}:
            raise NotFound("no such pool for files of these units", field="target")
        return ToPool(wish.unit), targets.name(wish)
    ids = wish.doctors
    if wish.target == "spread":
        ids = targets.within(wish.within, wish.without)
    if not ids or not {*ids} <= {each.id for each in targets.doctors}:
        raise NotFound("no such doctor for files of these units", field="target")
    return (ToDoctor(ids[0]) if len(ids) == 1 else ToDoctors(ids)), targets.name(wish)


def _preview(session: Session, visitor: Visitor, wish: Wish, tasks: list[UUID]) -> PreviewPage:
    target, name = _target(session, visitor, wish)
    chosen = chosen_tasks(session, tasks)
    free = [each for each in chosen.values() if not each.waits_elsewhere]
    result = reassign(
        session,
        Reassign(
            file_ids=[each.file_id for each in free], task_ids=[each.task_id for each in free],
            target=target, reason=wish.reason, is_dry_run=True,
        ),
        now=visitor.now,
        jurisdiction=visitor.site.jurisdiction,
        actor=Actor(ActorKind.USER, visitor.principal.name, visitor.principal.id),
    )  # fmt: skip
    ids = {load.doctor_id for load in result.loads}
    names = doctor_names(session, ids)
    lines = [_line(each, chosen, names) for each in result.files if each.task_id in chosen]
    lines += [
        Line(each.reference, each.doctor, ("other_batch",))
        for each in chosen.values()
        if each.waits_elsewhere
    ]
    refused = [line for line in lines if line.refused]
    moved = [line for line in lines if not line.refused]
    return PreviewPage(
        wish, name, tuple(moved), tuple(refused),
        tuple((names.get(load.doctor_id, "–"), load) for load in result.loads),
        dict(Counter(line.refused[0].split(":")[0] for line in refused).most_common()),
        dict(Counter(code for line in moved for code in line.warnings).most_common()),
    )  # fmt: skip


def _line(each: FileResult, chosen: Mapping[UUID, ChosenTask], names: Mapping[UUID, str]) -> Line:
    task = chosen[each.task_id] if each.task_id else None
    to = None if each.to_doctor is None else names.get(each.to_doctor)
    return Line(
        task.reference if task else "", task.doctor if task else None,
        each.refused, to, each.warnings,
    )  # fmt: skip


def _ask(session: Session, visitor: Visitor, wish: Wish, tasks: list[UUID]) -> ReassignmentBatch:
    target, _ = _target(session, visitor, wish)
    order = Order(
        batch_id=wish.batch or wish.selection,
        kind=BatchKind.REASSIGN,
        target=target_json(target),
        reason=wish.reason,
        note=wish.note or None,
    )
    return request_batch(
        session, order, dict.fromkeys(tasks), principal=visitor.principal,
        jurisdiction=visitor.site.jurisdiction, now=visitor.now,
    )  # fmt: skip
