"""One appointment: moved, cancelled, or an absence noted (rendez-vous)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session
from starlette.datastructures import FormData

from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, Kind
from medcontrol.model import ControlFile
from medcontrol.queries.agenda import Booked
from medcontrol.queries.agenda_loading import load_appointment
from medcontrol.queries.file_loading import open_file
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import AppointmentReason, Role
from ui.forms import Errors, Sent, is_ticked, member_of, text_of
from ui.notices import see_other
from ui.pages.agenda.slots import SlotPicker, chosen_of, find_slot, picker_of
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.definition.catalog import Pack
from workflows.steps import appointments
from workflows.steps.appointments import ABSENCES, MOVED
from workflows.steps.booking import Ahead
from workflows.steps.command import CompleteStep
from workflows.steps.records import SEEN

router = APIRouter(prefix="/reception/agenda/appointments/{appointment_id}")


Work = Callable[[Session], None]


@dataclass(frozen=True, slots=True)
class AppointmentPage:
    """An appointment with what can be done about it now."""

    booked: Booked
    picker: SlotPicker | None
    may_note_absence: bool
    typed: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    reasons: tuple[AppointmentReason, ...] = MOVED
    absences: tuple[AppointmentReason, ...] = ABSENCES


@router.get("")
def show(request: Request, visitor: Me, appointment_id: UUID) -> Response:
    """Draw the appointment with the slots that it could be moved to."""
    visitor.must_have(Role.AGENT)
    return _draw(request, visitor, appointment_id, request.query_params, {})


@router.post("/move")
def move(request: Request, visitor: Me, form: Posted, appointment_id: UUID) -> Response:
    """Move the appointment to another slot; the person is told by letter."""
    visitor.must_have(Role.AGENT)
    reason, chosen = member_of(form, "reason", AppointmentReason), chosen_of(form)
    errors = _missing(reason)
    if chosen is None:
        errors["slot"] = "slot_required"
    if errors or reason is None or chosen is None:
        return _draw(request, visitor, appointment_id, form, errors)

    def work(session: Session) -> None:
        booked, pack, file, ahead = _open(session, visitor, appointment_id)
        slot = find_slot(session, visitor, pack, file, ahead, form, chosen)
        command = CompleteStep(
            task_id=ahead.task_id, expected_version=None, outcome="",
            appointment_at=slot.span.starts_at, with_doctor=slot.doctor_id,
            room_id=slot.room_id, place=slot.place or text_of(form, "place", 200) or booked.place,
            is_early_agreed=is_ticked(form, "early"),
        )  # fmt: skip
        appointments.reschedule(
            session, visitor.site.tools, appointment_id, command, reason,
            principal=visitor.principal, now=visitor.now,
        )  # fmt: skip

    return _run(request, visitor, appointment_id, form, work, "appointment.moved")


@router.post("/cancel")
def cancel(request: Request, visitor: Me, form: Posted, appointment_id: UUID) -> Response:
    """Cancel the appointment; the file waits for a date again."""
    visitor.must_have(Role.AGENT)
    reason = member_of(form, "cancel_reason", AppointmentReason)
    if reason is None:
        return _draw(request, visitor, appointment_id, form, {"cancel_reason": "reason_required"})

    def work(session: Session) -> None:
        appointments.cancel(
            session, visitor.site.tools, appointment_id, reason, principal=visitor.principal,
            now=visitor.now,
        )  # fmt: skip

    return _run(request, visitor, appointment_id, form, work, "appointment.cancelled")


@router.post("/absence")
def note_absence(request: Request, visitor: Me, form: Posted, appointment_id: UUID) -> Response:
    """Note that the person did not come, excused or not."""
    visitor.must_have(Role.AGENT)
    reason = member_of(form, "absence", AppointmentReason)
    if reason is None:
        return _draw(request, visitor, appointment_id, form, {"absence": "reason_required"})

    def work(session: Session) -> None:
        appointments.note_absence(
            session, visitor.site.tools, appointment_id, reason, principal=visitor.principal,
            now=visitor.now,
        )  # fmt: skip

    return _run(request, visitor, appointment_id, form, work, "appointment.missed")


def _missing(reason: AppointmentReason | None) -> dict[str, str]:
    return {} if reason in MOVED else {"reason": "reason_required"}


def _run(
    request: Request,
    visitor: Visitor,
    key: UUID,
    form: FormData,
    work: Callable[[Session], None],
    notice: str,
) -> Response:
    """Run a command; what is refused is shown with what was typed."""
    try:
        with transaction() as session:
            work(session)
    except DomainError as error:
        if error.kind not in (Kind.INVALID, Kind.CONFLICT) or error.code.endswith("not_booked"):
            raise
        name = "slot" if error.kind is Kind.CONFLICT else error.field or "slot"
        return _draw(request, visitor, key, form, {name: error.code})
    return see_other("/reception/agenda", notice)


def _draw(
    request: Request, visitor: Visitor, key: UUID, sent: Sent, errors: Mapping[str, str]
) -> Response:
    with read_only() as session:
        booked, pack, file, ahead = _open(session, visitor, key)
        picker = None
        if booked.is_open and ahead.step and booked.ends_at > visitor.now:
            picker = picker_of(session, visitor, pack, file, ahead, sent)
    waited = appointments.waited_for(visitor.site.jurisdiction, visitor.now)
    late = booked.is_open and booked.arrived_at is None and visitor.now >= booked.starts_at + waited
    typed = {name: text_of(sent, name, 200) for name in ("reason", "cancel_reason", "absence")}
    page = AppointmentPage(booked, picker, late, typed, Errors(errors))
    return render(request, "agenda/appointment.html", page, status_code=422 if errors else 200)


def _open(session: Session, visitor: Visitor, key: UUID) -> tuple[Booked, Pack, ControlFile, Ahead]:
    """Return the appointment, its file, and the step that waits for it (empty when none does)."""
    calendar = working_calendar(session, visitor.site.jurisdiction, visitor.today)
    booked = load_appointment(session, visitor.principal, key, now=visitor.now, calendar=calendar)
    opened = open_file(session, visitor.principal, booked.reference)
    file, task = opened.file, opened.task
    if task is not None and task.kind not in SEEN:
        task = None
    pack = visitor.site.tools.catalog.get(file.pack, file.flow)
    ahead = Ahead(task.id if task else key, task.step if task else "", booked.kind,
                  task is not None and task.is_medical)  # fmt: skip
    return booked, pack, file, ahead
