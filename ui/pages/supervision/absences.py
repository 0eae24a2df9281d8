"""Absences of the team: entered, moved, taken back, and what is due meanwhile handed over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session
from starlette.datastructures import FormData

from assignment.absences import By, announce, cancel, change, find, mark_handed_over
from assignment.handover import Proposal, propose
from assignment.reassignments import Order
from assignment.reassignments import request as request_batch
from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.queries.absences import (
    AbsenceRow,
    find_absence,
    load_absences,
    supervised_doctors,
)
from medcontrol.queries.supervision_tasks import allowed_tasks, doctor_names
from medcontrol.vocabulary import AbsenceKind, BatchKind, Role
from ui.desk_codes import ABSENCES
from ui.forms import Errors, as_uuid, day_of, member_of, text_of, uuids_of
from ui.notices import see_other
from ui.pages.supervision.reassign import follow_batch, targets_of
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/supervision/absences")
FIELDS = ("doctor", "first_day", "last_day", "reason", "kind")


@dataclass(frozen=True, slots=True)
class AbsencesPage:
    """The absences of the team, and the form for another."""

    absences: tuple[AbsenceRow, ...]
    doctors: tuple[tuple[UUID, str], ...]
    today: date
    typed: Mapping[str, str]
    errors: Mapping[str, str]
    reasons: tuple[str, ...] = tuple(ABSENCES)
    kinds: tuple[AbsenceKind, ...] = tuple(AbsenceKind)


@dataclass(frozen=True, slots=True)
class HandoverPage:
    """One absence with a colleague proposed for each file that is due."""

    absence: AbsenceRow
    proposal: Proposal
    names: Mapping[UUID, str]
    today: date
    batch: UUID
    errors: Mapping[str, str]


@router.get("")
def show_absences(request: Request, visitor: Me) -> Response:
    """List the absences of one's doctors."""
    return _draw(request, visitor, {}, {})


@router.post("")
def enter(request: Request, visitor: Me, form: Posted) -> Response:
    """Enter an absence, then show what is due during it."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    doctor, reason = as_uuid(text_of(form, "doctor", 40)), text_of(form, "reason", 64)
    first, last = day_of(form, "first_day"), day_of(form, "last_day")
    errors = _missing(visitor, doctor, reason, first, last)
    if errors or doctor is None or first is None or last is None:
        return _draw(request, visitor, _typed(form), errors)
    try:
        with transaction() as session:
            made = announce(
                session, doctor, first_day=first, last_day=last, reason=reason, by=by(visitor),
                kind=member_of(form, "kind", AbsenceKind),
            )  # fmt: skip
    except DomainError as refusal:
        return _draw(request, visitor, _typed(form), fault_of(refusal))
    return see_other(f"/supervision/absences/{made.id}", "absence.entered")


@router.get("/{absence_id}")
def show_handover(request: Request, visitor: Me, absence_id: UUID) -> Response:
    """Propose a colleague for each file that is due during an absence."""
    return _draw_handover(request, visitor, absence_id, {})


@router.post("/{absence_id}/handover")
def hand_over(visitor: Me, form: Posted, absence_id: UUID) -> Response:
    """Give the ticked files to the colleagues chosen for them."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with transaction() as session:
        row = _find(session, visitor, absence_id)
        chosen = chosen_colleagues(session, visitor, form)
        mark_handed_over(session, row.id)
        if not chosen:
            return see_other("/supervision/absences", "absence.handed_over")
        order = Order(
            batch_id=as_uuid(text_of(form, "batch", 40)) or new_id(), kind=BatchKind.HANDOVER,
            target={}, reason="absence", absence_id=absence_id,
        )  # fmt: skip
        batch = request_batch(
            session, order, chosen, principal=visitor.principal,
            jurisdiction=visitor.site.jurisdiction, now=visitor.now,
        )  # fmt: skip
    return follow_batch(visitor, batch, f"/supervision/absences/{absence_id}")


@router.post("/{absence_id}/change")
def move(request: Request, visitor: Me, form: Posted, absence_id: UUID) -> Response:
    """Move, shorten or extend an absence."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    first, last = day_of(form, "first_day"), day_of(form, "last_day")
    try:
        if first is None or last is None:
            raise InvalidInput("a day is needed", field="last_day" if first else "first_day")
        with transaction() as session:
            _find(session, visitor, absence_id)
            change(session, absence_id, first_day=first, last_day=last, by=by(visitor))
    except (InvalidInput, DomainError) as refusal:
        if isinstance(refusal, NotFound):
            raise
        return _draw_handover(request, visitor, absence_id, fault_of(refusal))
    return see_other(f"/supervision/absences/{absence_id}", "saved")


@router.post("/{absence_id}/cancel")
def take_back(visitor: Me, form: Posted, absence_id: UUID) -> Response:
    """Take an absence back; one that has begun ends the day before."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with transaction() as session:
        _find(session, visitor, absence_id)
        cancel(session, absence_id, by=by(visitor))
    return see_other("/supervision/absences", "absence.cancelled")


def by(visitor: Visitor) -> By:
    """Return the visitor as who enters an absence."""
    return By(visitor.principal.id, visitor.now, visitor.today)


def fault_of(refusal: DomainError) -> dict[str, str]:
    """Return what is wrong with an absence, by field."""
    codes = {"first_day": "absence.days", "last_day": "date_order", "reason": "reason_required"}
    name = refusal.field or "first_day"
    is_own = refusal.code.startswith("absence.")
    return {name: refusal.code if is_own else codes.get(name, refusal.code)}


def _missing(
    visitor: Visitor, doctor: UUID | None, reason: str, first: date | None, last: date | None
) -> dict[str, str]:
    with read_only() as session:
        jurisdiction = visitor.site.jurisdiction
        known = dict(supervised_doctors(session, visitor.principal, jurisdiction))
    found = {}
    if doctor not in known:
        found["doctor"] = "doctor_required"
    if first is None:
        found["first_day"] = "required"
    if last is None:
        found["last_day"] = "required"
    if reason not in ABSENCES:
        found["reason"] = "reason_required"
    return found


def _typed(form: FormData) -> dict[str, str]:
    return {name: text_of(form, name, 64) for name in FIELDS}


def _draw(
    request: Request, visitor: Visitor, typed: Mapping[str, str], errors: Mapping[str, str]
) -> Response:
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    principal, jurisdiction = visitor.principal, visitor.site.jurisdiction
    with read_only() as session:
        found = load_absences(session, principal, jurisdiction, now=visitor.now)
        doctors = supervised_doctors(session, principal, jurisdiction)
    known = {name: typed.get(name, text_of(request.query_params, name, 64)) for name in FIELDS}
    page = AbsencesPage(found, doctors, visitor.today, known, Errors(errors))
    status = 422 if errors else 200
    return render(request, "supervision/absences.html", page, status_code=status)


def _find(session: Session, visitor: Visitor, absence_id: UUID) -> AbsenceRow:
    jurisdiction = visitor.site.jurisdiction
    return find_absence(session, visitor.principal, jurisdiction, absence_id, now=visitor.now)


def _draw_handover(
    request: Request, visitor: Visitor, absence_id: UUID, errors: Mapping[str, str]
) -> Response:
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with read_only() as session:
        row = _find(session, visitor, absence_id)
        absence = find(session, absence_id)
        colleagues = [each.id for each in targets_of(session, visitor).doctors]
        proposal = propose(
            session, absence, colleagues, jurisdiction=visitor.site.jurisdiction, now=visitor.now
        )
        ids = {key for each in proposal.rows for key in each.offered}
        names = doctor_names(session, ids | {load.doctor_id for load in proposal.loads})
    page = HandoverPage(row, proposal, names, visitor.today, new_id(), Errors(errors))
    status = 422 if errors else 200
    return render(request, "supervision/handover.html", page, status_code=status)


def chosen_colleagues(
    session: Session, visitor: Visitor, form: FormData
) -> dict[UUID, UUID | None]:
    """Return the ticked tasks that one may move, each with the colleague chosen for it.

    Raises:
        NotFound: a colleague is none of those who may be chosen.
    """
    targets = {each.id for each in targets_of(session, visitor).doctors}
    chosen: dict[UUID, UUID | None] = {}
    for task in allowed_tasks(session, visitor.principal, uuids_of(form, "task")):
        colleague = as_uuid(text_of(form, f"to-{task}", 40))
        if colleague is None:
            continue
        if colleague not in targets:
            raise NotFound("no such doctor for files of these units", field="to")
        chosen[task] = colleague
    return chosen
