"""The list of experts (liste des experts): who may be named, ties, fees, the month's statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from assignment.statements import month_of
from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, InvalidInput
from medcontrol.queries.experts import ExpertPage, ExpertRow, expert_page, experts
from medcontrol.services.doctor_tables import CONFLICT_KINDS
from medcontrol.services.experts import LISTS, ExpertSheet, add_conflict, end_conflict, save_expert
from medcontrol.vocabulary import Role
from ui.amounts import cents_of
from ui.codes import SPECIALTIES
from ui.forms import Errors, is_ticked, text_of
from ui.notices import see_other
from ui.pages.adjacent.sending import Typed, typed_of
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/experts")
READERS = (Role.ADMINISTRATOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR, Role.SUPERVISOR)
_TEXTS = ("code", "name", "specialty", "list_kind", "professional_id", "address", "login")


@dataclass(frozen=True, slots=True)
class ListPage:
    """Every expert, and the form for a new one."""

    rows: Sequence[ExpertRow]
    month: date
    may_edit: bool
    typed: Typed
    errors: Errors
    lists: Sequence[str] = LISTS
    specialties: Sequence[str] = tuple(SPECIALTIES)


@dataclass(frozen=True, slots=True)
class OnePage:
    """One expert's sheet."""

    sheet: ExpertPage
    may_edit: bool
    typed: Typed
    errors: Errors
    today: date
    lists: Sequence[str] = LISTS
    specialties: Sequence[str] = tuple(SPECIALTIES)
    kinds: Sequence[str] = CONFLICT_KINDS


@router.get("")
def show_list(request: Request, visitor: Me) -> Response:
    """Draw the list."""
    visitor.must_have(*READERS)
    return _list(request, visitor, Typed(), Errors())


def _list(request: Request, visitor: Visitor, typed: Typed, errors: Errors) -> Response:
    month = visitor.today.replace(day=1)
    with read_only() as session:
        page = ListPage(
            experts(session, month), month, visitor.principal.has(Role.ADMINISTRATOR), typed, errors
        )
        return render(request, "adjacent/experts.html", page, status_code=422 if errors else 200)


@router.post("")
def create(request: Request, visitor: Me, form: Posted) -> Response:
    """Enter an expert."""
    visitor.must_have(Role.ADMINISTRATOR)
    try:
        with transaction() as session:
            expert = save_expert(session, _sheet(form, is_active=True))
            address = f"/experts/{expert.id}"
    except DomainError as error:
        return _list(request, visitor, typed_of(form), _errors(error))
    return see_other(address, "created")


@router.get("/{expert_id}")
def show_one(request: Request, visitor: Me, expert_id: UUID) -> Response:
    """Draw one expert with the statement of a month."""
    visitor.must_have(*READERS)
    return _one(request, visitor, expert_id, Typed(), Errors())


def _one(
    request: Request, visitor: Visitor, expert_id: UUID, typed: Typed, errors: Errors
) -> Response:
    text = text_of(request.query_params, "month", 7)
    month = month_of(text) if text else visitor.today.replace(day=1)
    with read_only() as session:
        page = OnePage(
            expert_page(session, expert_id, month), visitor.principal.has(Role.ADMINISTRATOR),
            typed, errors, visitor.today,
        )  # fmt: skip
        return render(request, "adjacent/expert.html", page, status_code=422 if errors else 200)


@router.post("/{expert_id}")
def change(request: Request, visitor: Me, form: Posted, expert_id: UUID) -> Response:
    """Change an expert."""
    visitor.must_have(Role.ADMINISTRATOR)
    try:
        with transaction() as session:
            save_expert(session, _sheet(form, is_active=is_ticked(form, "is_active")), expert_id)
    except DomainError as error:
        return _one(request, visitor, expert_id, typed_of(form), _errors(error))
    return see_other(f"/experts/{expert_id}", "saved")


@router.post("/{expert_id}/conflicts")
def tie(request: Request, visitor: Me, form: Posted, expert_id: UUID) -> Response:
    """Enter a conflict of interest."""
    visitor.must_have(Role.ADMINISTRATOR)
    try:
        with transaction() as session:
            add_conflict(
                session, expert_id, text_of(form, "kind", 32), text_of(form, "subject", 64),
                since=visitor.today,
            )  # fmt: skip
    except DomainError as error:
        return _one(request, visitor, expert_id, typed_of(form), _errors(error))
    return see_other(f"/experts/{expert_id}", "saved")


@router.post("/{expert_id}/conflicts/{conflict_id}/end")
def untie(visitor: Me, form: Posted, expert_id: UUID, conflict_id: UUID) -> Response:
    """End a conflict of interest."""
    visitor.must_have(Role.ADMINISTRATOR)
    with transaction() as session:
        end_conflict(session, expert_id, conflict_id, last_day=visitor.today)
    return see_other(f"/experts/{expert_id}", "ended")


def _sheet(form: FormData, *, is_active: bool) -> ExpertSheet:
    texts = {name: text_of(form, name, 200) for name in _TEXTS}
    return ExpertSheet(
        code=texts["code"],
        name=texts["name"],
        specialty=texts["specialty"],
        list_kind=texts["list_kind"],
        professional_id=texts["professional_id"] or None,
        address=texts["address"] or None,
        login=texts["login"] or None,
        on_file_cents=_cents(form, "on_file"),
        in_person_cents=_cents(form, "in_person"),
        is_active=is_active,
    )


def _cents(form: FormData, name: str) -> int | None:
    text = text_of(form, name, 20)
    if not text:
        return None
    cents = cents_of(text)
    if cents is None or cents >= 10**10:
        raise InvalidInput("an amount", field=name)
    return cents


def _errors(error: DomainError) -> Errors:
    """Return a refusal at its field.

    Raises:
        DomainError: nothing that the form could put right.
    """
    if error.field is None:
        raise error
    code = "login_of_expert" if error.field == "login" else "invalid_input"
    return Errors({error.field: code})
