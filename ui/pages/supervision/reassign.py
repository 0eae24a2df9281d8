"""Reassignment (réaffectation) in three pages: to whom, what it would do, what it did."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session
from starlette.datastructures import FormData, QueryParams

from assignment.service import (
    FileResult,
    ReassignmentResult,
    reassign,
)
from medcontrol.db import read_only, transaction
from medcontrol.errors import NotFound
from medcontrol.journal import Actor
from medcontrol.queries.supervision import DoctorName, UnitName
from medcontrol.queries.supervision_scope import supervised_units
from medcontrol.queries.supervision_tasks import (
    doctor_names,
    files_of_tasks,
    holder_names,
    load_reassigned,
    load_targets,
    open_tasks,
    reassignable,
    select_files,
)
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import ActorKind, Role
from ui.desk_codes import REASSIGN_REASONS
from ui.forms import Errors, as_uuid, is_ticked, text_of, uuid_list_of, uuids_of
from ui.notices import see_other
from ui.pages.supervision.eligible import candidates
from ui.pages.supervision.packing import MOST_SHOWN, pack, unpack
from ui.pages.supervision.tasks import filters_of
from ui.pages.supervision.wish import (
    ChoosePage,
    Line,
    PreviewPage,
    ResultPage,
    Wish,
    back_address,
)
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/supervision")


@router.get("/reassign")
def choose(request: Request, visitor: Me) -> Response:
    """Ask to whom the ticked files, or all results of a list, go."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    query = request.query_params
    back = back_address(text_of(query, "back", 2000))
    with read_only() as session:
        files = _selected(session, visitor, query)
        if not files:
            return see_other(back, "nothing.selected")
        return _draw_choice(request, session, visitor, Wish(tuple(files), back=back), {})


@router.post("/reassign/preview")
def preview(request: Request, visitor: Me, form: Posted) -> Response:
    """Say what the reassignment would do: loads, and who is refused why. Nothing changes."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with read_only() as session:
        wish, references = _wish(session, visitor, form)
        errors = wish.errors()
        if errors or is_ticked(form, "change"):
            return _draw_choice(request, session, visitor, wish, errors)
        result = _run(session, visitor, wish, is_dry_run=True)
        names = _names(session, result)
        target = _target_name(session, visitor, wish)
    lines = [_line(each, references, names) for each in result.files]
    page = PreviewPage(
        wish,
        target,
        tuple(line for line in lines if not line.refused),
        tuple(line for line in lines if line.refused),
        tuple((names.get(load.doctor_id, "–"), load) for load in result.loads),
    )
    return render(request, "supervision/preview.html", page)


@router.post("/reassign")
def apply(request: Request, visitor: Me, form: Posted) -> Response:
    """Move the files, then show what became of each."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with transaction() as session:
        wish, _ = _wish(session, visitor, form)
        errors = wish.errors()
        if errors or not wish.files:
            return _draw_choice(request, session, visitor, wish, errors or {"target": "not_found"})
        result = _run(session, visitor, wish, is_dry_run=False)
    refused = sum(not each.is_moved for each in result.files)
    values = {
        "target": wish.target,
        "to": wish.unit if wish.target == "pool" else str(wish.doctor),
        "moved": len(result.files) - refused,
        "refused": refused,
        "back": wish.back,
        "which": pack(result.files),
    }
    return see_other(f"/supervision/reassign/{result.batch_id}?{urlencode(values)}")


@router.get("/reassign/{batch_id}")
def show_result(request: Request, visitor: Me, batch_id: UUID) -> Response:
    """Show what a reassignment moved and what it refused."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    query = request.query_params
    refused = unpack(text_of(query, "which", 8000))
    wish = Wish((), text_of(query, "target", 8), as_uuid(text_of(query, "to", 40)))
    with read_only() as session:
        shown = load_reassigned(session, visitor.principal, batch_id)
        references = reassignable(session, visitor.principal, [file_id for file_id, _ in refused])
        holders = holder_names(session, references)
        target = _target_name(session, visitor, replace(wish, unit=text_of(query, "to", 64)))
    page = ResultPage(
        target_name=target,
        moved=_number(query, "moved"),
        shown=tuple(shown),
        refused=tuple(
            Line(references[file_id], holders.get(file_id), reasons)
            for file_id, reasons in refused
            if file_id in references
        ),
        refused_total=_number(query, "refused"),
        most_shown=MOST_SHOWN,
        back=back_address(text_of(query, "back", 2000)),
    )
    return render(request, "supervision/result.html", page)


def _selected(session: Session, visitor: Visitor, query: QueryParams) -> list[UUID]:
    """Return the files that were ticked, or all that the list's filters leave."""
    if is_ticked(query, "everything"):
        filters = filters_of(QueryParams(text_of(query, "list", 4000).removeprefix("?")))
        calendar = working_calendar(session, visitor.site.jurisdiction)
        return select_files(session, visitor.principal, filters, now=visitor.now, calendar=calendar)
    return files_of_tasks(session, visitor.principal, uuids_of(query, "task"))


def _wish(session: Session, visitor: Visitor, form: FormData) -> tuple[Wish, dict[UUID, str]]:
    """Return what the form says, with the references of the files that one may move."""
    files = uuid_list_of(form, "files")
    references = reassignable(session, visitor.principal, files)
    wish = Wish(
        files=tuple(file_id for file_id in files if file_id in references),
        target=text_of(form, "target", 16),
        doctor=as_uuid(text_of(form, "doctor", 40)),
        unit=text_of(form, "unit", 64),
        reason=text_of(form, "reason", 64),
        note=text_of(form, "note", 500),
        back=back_address(text_of(form, "back", 2000)),
    )
    return wish, references


def _draw_choice(
    request: Request, session: Session, visitor: Visitor, wish: Wish, errors: Mapping[str, str]
) -> Response:
    jurisdiction = visitor.site.jurisdiction
    doctors, pools = _targets(session, visitor)
    found, checked = candidates(
        session, doctors, open_tasks(session, wish.files), visitor.today, jurisdiction
    )
    references = reassignable(session, visitor.principal, wish.files)
    page = ChoosePage(
        wish=wish,
        references=tuple(references[each] for each in wish.files if each in references),
        candidates=found,
        pools=pools,
        reasons=tuple(REASSIGN_REASONS),
        errors=Errors(errors),
        checked_tasks=checked,
    )
    return render(request, "supervision/choose.html", page, status_code=422 if errors else 200)


def _targets(
    session: Session, visitor: Visitor
) -> tuple[tuple[DoctorName, ...], tuple[UnitName, ...]]:
    units = supervised_units(session, visitor.principal, visitor.site.jurisdiction)
    return load_targets(session, units, visitor.site.jurisdiction)


def _run(session: Session, visitor: Visitor, wish: Wish, *, is_dry_run: bool) -> ReassignmentResult:
    doctors, pools = _targets(session, visitor)
    known = {each.id for each in doctors} if wish.target == "doctor" else {p.code for p in pools}
    if (wish.doctor if wish.target == "doctor" else wish.unit) not in known:
        raise NotFound("no such target for files of these units", field="target")
    principal = visitor.principal
    return reassign(
        session,
        wish.command(is_dry_run=is_dry_run),
        now=visitor.now,
        jurisdiction=visitor.site.jurisdiction,
        actor=Actor(ActorKind.USER, principal.name, principal.id),
    )


def _names(session: Session, result: ReassignmentResult) -> dict[UUID, str]:
    ids: set[UUID] = {load.doctor_id for load in result.loads}
    ids |= {each.from_doctor for each in result.files if each.from_doctor is not None}
    return doctor_names(session, ids)


def _line(each: FileResult, references: Mapping[UUID, str], names: Mapping[UUID, str]) -> Line:
    doctor = None if each.from_doctor is None else names.get(each.from_doctor)
    return Line(references[each.control_file_id], doctor, each.refused)


def _target_name(session: Session, visitor: Visitor, wish: Wish) -> str:
    doctors, pools = _targets(session, visitor)
    if wish.target == "doctor":
        return next((each.name for each in doctors if each.id == wish.doctor), "–")
    return next((each.name for each in pools if each.code == wish.unit), "–")


def _number(query: QueryParams, name: str) -> int:
    text = text_of(query, name, 6)
    return int(text) if text.isascii() and text.isdecimal() else 0
