"""What happens to an appointment after it was booked: moved, released, kept, missed (suites)."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from assignment.service import Occasion as Assigning
from assignment.service import load_tasks, plan_tasks, release, write_plan
from medcontrol import journal, outbox
from medcontrol.clock import ZONES, civil_date
from medcontrol.errors import Forbidden, InvalidInput, NotFound, StepNotOpen
from medcontrol.legal.loading import law
from medcontrol.model import Appointment, HumanTask
from medcontrol.policy import Action, Principal, may
from medcontrol.services import bookings
from medcontrol.services.bookings import NotBooked
from medcontrol.vocabulary import (
    AppointmentKind,
    AppointmentReason,
    AppointmentState,
    LetterWay,
    TaskStatus,
)
from workflows import effects, engine
from workflows.effects import letters
from workflows.engine.paths import OperationCall
from workflows.letters.writing import way_for
from workflows.steps import moving
from workflows.steps.booking import booking_of, tell_letters
from workflows.steps.command import Completed, CompleteStep
from workflows.steps.ending import actor_of, completed
from workflows.steps.moving import Move
from workflows.steps.records import NO_SHOW, RESCHEDULE, SEEN
from workflows.tools import Tools

#: Why an agent may move or release an appointment.
MOVED = (
    AppointmentReason.PERSON_ASKED, AppointmentReason.DOCTOR_AWAY, AppointmentReason.PLACE_CLOSED,
)  # fmt: skip
ABSENCES = (AppointmentReason.ABSENT, AppointmentReason.EXCUSED)


def arrive(
    session: Session, tools: Tools, appointment_id: UUID, *, principal: Principal, now: datetime,
    is_here: bool = True,
) -> None:  # fmt: skip
    """Tick that the person is here, or take the tick back. The examination ends the appointment.

    Raises:
        NotFound, Forbidden: no such appointment, or another unit's.
        NotBooked: it was kept, missed or cancelled already.
        InvalidInput: it is on another day (``appointment``).
    """
    move, row = _begin(session, tools, appointment_id, principal, now)
    jurisdiction = move.file.jurisdiction
    if civil_date(row.starts_at, jurisdiction) != civil_date(now, jurisdiction):
        raise InvalidInput("the appointment is on another day", field="appointment")
    if is_here is (row.arrived_at is not None):
        return
    row.arrived_at = now if is_here else None
    session.flush()
    move.tell("appointment.arrived", appointment=str(row.id), is_here=is_here)
    moving.save(move)  # the version stays: the doctor's page is not disturbed


def reschedule(
    session: Session,
    tools: Tools,
    appointment_id: UUID,
    command: CompleteStep,
    reason: AppointmentReason,
    *,
    principal: Principal,
    now: datetime,
) -> UUID:
    """Move an appointment, in one transaction: the old one ends, a new one is booked and told.

    The flow stays where it is: the examination waits for another day. ``command`` says when,
    where and with whom, as in ``CompleteStep``; its task, outcome and version are not read.

    Returns:
        The new appointment.

    Raises:
        NotFound, Forbidden, NotBooked: as ``arrive``.
        SlotTaken, OutsideHours, InvalidInput: as ``booking.book_step``.
    """
    move, row = _begin(session, tools, appointment_id, principal, now)
    _refuse_hearing(row)
    if reason not in MOVED:
        raise InvalidInput("say why the appointment is moved", field="reason")
    if command.appointment_at is None or command.appointment_at <= now:
        raise InvalidInput("the appointment lies in the past", field="appointment_at")
    _end(row, AppointmentState.CANCELLED, reason, now)
    session.flush()
    booking = booking_of(move, row.kind, command, moved_from=row.id)
    new_id = bookings.book(session, booking, by=principal.id, now=now)
    tell_letters(move, booking)
    letter = _summons(move, row.kind)
    if letter is not None:
        call = OperationCall("appointment", "send_letter", {"letter": letter})
        letters.send_letter(move, call, call.arguments)
    move.tell(
        "appointment.moved", appointment=str(new_id), before=str(row.id),
        reason=reason.value, early_agreed=booking.is_early_agreed,
    )  # fmt: skip
    moving.save(move)
    if booking.doctor_id is not None:
        _follow(move, booking.doctor_id)
    return new_id


def cancel(
    session: Session,
    tools: Tools,
    appointment_id: UUID,
    reason: AppointmentReason,
    *,
    principal: Principal,
    now: datetime,
) -> Completed:
    """Cancel an appointment without a new one: the file waits for a date again.

    Raises:
        NotFound, Forbidden, NotBooked: as ``arrive``.
        StepNotOpen: the file does not wait for this examination.
    """
    move, row = _begin(session, tools, appointment_id, principal, now)
    _refuse_hearing(row)
    if reason not in MOVED:
        raise InvalidInput("say why the appointment is cancelled", field="reason")
    _end(row, AppointmentState.CANCELLED, reason, now)
    session.flush()
    move.tell("appointment.cancelled", appointment=str(row.id), reason=reason.value)
    return _end_step(move, RESCHEDULE)


def note_absence(
    session: Session,
    tools: Tools,
    appointment_id: UUID,
    reason: AppointmentReason,
    *,
    principal: Principal,
    now: datetime,
) -> Completed:
    """Say that the person did not come; whether it counts is a parameter of the law.

    Raises:
        NotFound, Forbidden, NotBooked: as ``arrive``.
        InvalidInput: the person is still waited for, or is here (``appointment``).
        StepNotOpen: the file does not wait for this examination.
    """
    move, row = _begin(session, tools, appointment_id, principal, now)
    if reason not in ABSENCES:
        raise InvalidInput("say whether the person was excused", field="reason")
    if row.arrived_at is not None:
        raise InvalidInput("the person is here", field="appointment")
    if now < row.starts_at + waited_for(move.file.jurisdiction, now):
        raise InvalidInput("the person is still waited for", field="appointment")
    _end(row, AppointmentState.MISSED, reason, now)
    session.flush()
    move.tell("appointment.missed", appointment=str(row.id), reason=reason.value)
    numbers = law(move.file.jurisdiction).at(move.file.received_on)
    counts = bool(numbers.value("convocation.excused_absence_counts").value)
    excused = reason is AppointmentReason.EXCUSED and not counts
    return _end_step(move, RESCHEDULE if excused else NO_SHOW)


def waited_for(jurisdiction: str, now: datetime) -> timedelta:
    """Return how long a person who is late is waited for."""
    today = civil_date(now, jurisdiction)
    minutes = law(jurisdiction).number("convocation.late_arrival_minutes", today).value
    return timedelta(minutes=minutes)


def _begin(
    session: Session, tools: Tools, appointment_id: UUID, principal: Principal, now: datetime
) -> tuple[Move, Appointment]:
    """Lock the appointment's file, then read the appointment as it is now."""
    file_id = session.execute(
        sa.select(col(Appointment.control_file_id)).where(col(Appointment.id) == appointment_id)
    ).scalar()
    if file_id is None:
        raise NotFound(f"no appointment {appointment_id}")
    move = moving.begin(session, tools, file_id, actor=actor_of(principal), now=now)
    if not may(session, principal, file_id, Action.SEE):
        raise NotFound(f"no appointment {appointment_id}")
    row = session.get_one(Appointment, appointment_id, populate_existing=True)
    is_own = principal.doctor_id is not None and row.doctor_id == principal.doctor_id
    if not is_own and not may(session, principal, file_id, Action.ADMINISTRATE):
        raise Forbidden("this appointment belongs to another unit")
    if row.state is not AppointmentState.BOOKED:
        raise NotBooked
    return move, row


def _refuse_hearing(row: Appointment) -> None:
    """Refuse to move one agenda of a hearing: its notice and its other members stay behind."""
    if row.kind is AppointmentKind.COMMISSION:
        raise InvalidInput("a hearing is set by the appeals secretary", field="appointment")


def _end(
    row: Appointment, state: AppointmentState, reason: AppointmentReason, now: datetime
) -> None:
    row.state, row.reason, row.settled_at = state, reason, now


def _end_step(move: Move, outcome: str) -> Completed:
    """End the step in which the person would have been seen, in its doctor's stead."""
    task = next((t for t in move.tasks if t.kind in SEEN and outcome in _outcomes(move, t)), None)
    if task is None:
        raise StepNotOpen("the file does not wait for this appointment")
    advance = engine.complete(
        move.pack, move.flow.state, task.engine_task_id, {"outcome": outcome}
    )  # fmt: skip
    task.status, task.done_at, task.outcome = TaskStatus.DONE, move.now, outcome
    task.held_until = task.hold_reason = None
    move.tell("step.completed", step=task.step, outcome=outcome, task=str(task.id))
    effects.carry_out(move, advance)
    moving.settle(move, advance, finished=[task.id])
    return completed(move)


def _outcomes(move: Move, task: HumanTask) -> tuple[str, ...]:
    return tuple(move.pack.meta.steps[task.step].outcomes)


def _summons(move: Move, kind: AppointmentKind) -> str | None:
    """Return the letter that tells of an appointment, as the pack calls it; None without one."""
    wanted = "visit_notice" if kind is AppointmentKind.VISIT else "convocation"
    telling = [code for code, one in move.pack.meta.letters.items() if "appointment" in one.needs]
    return wanted if wanted in telling else next(iter(telling), None)


def _follow(move: Move, doctor_id: UUID) -> None:
    """Let the examination go to the doctor whose agenda has it now; the move is saved."""
    session, now = move.session, move.now
    tasks = [t.id for t in move.tasks if t.kind in SEEN and t.assigned_doctor_id != doctor_id]
    if not tasks:
        return
    occasion = Assigning(now=now, actor=move.actor)
    release(session, tasks, now=now, actor=move.actor, reason="appointment", to_pool=True)
    waiting = load_tasks(session, tasks, waiting_only=True)
    plan = plan_tasks(
        session, waiting, now=now, jurisdiction=move.file.jurisdiction, holder=doctor_id,
        reserved=True,
    )  # fmt: skip
    write_plan(session, plan, occasion)


def due_reminders(session: Session, jurisdiction: str, *, now: datetime) -> list[tuple[UUID, UUID]]:
    """Return appointments whose person is to be reminded by now, with their files, in order."""
    numbers = law(jurisdiction)
    days = numbers.number("convocation.reminder_days", civil_date(now, jurisdiction)).value
    rows = session.execute(
        sa.text(
            "SELECT a.id, f.id FROM appointment a JOIN control_file f ON f.id = a.control_file_id"
            " WHERE a.state = 'booked' AND a.beside_id IS NULL AND a.reminded_at IS NULL"
            " AND f.jurisdiction = :place"
            " AND a.starts_at > :now AND a.starts_at <= :until"
            " AND a.booked_at < a.starts_at - :ahead ORDER BY a.starts_at, a.id"
        ),
        {"place": jurisdiction, "now": now, "until": now + timedelta(days=days),
         "ahead": timedelta(days=days)},
    )  # fmt: skip
    return [(row[0], row[1]) for row in rows]


def remind(session: Session, tools: Tools, appointment_id: UUID, *, now: datetime) -> bool:
    """Remind the person of an appointment, and tell other systems that it nears, once.

    The pack's letter goes as the person's other letters do; not where an agency would have to
    print it, since it would come too late. False when there is nothing to tell.
    """
    row = session.get(Appointment, appointment_id)
    if row is None:
        return False
    move = moving.begin(session, tools, row.control_file_id, actor=journal.SYSTEM, now=now)
    session.refresh(row)
    if row.state is not AppointmentState.BOOKED or row.reminded_at is not None:
        return False
    row.reminded_at = now
    session.flush()
    payload = {
        "event": "appointment.near",
        "control_file_id": str(move.file.id),
        "appointment_id": str(row.id),
    }
    key = f"event:appointment.near:{row.id}"
    move.publish(outbox.NewMessage(topic="events.deliver", key=key, payload=payload))
    _write_reminder(move, row)
    move.tell("appointment.reminded", appointment=str(row.id))
    moving.save(move)
    return True


def _write_reminder(move: Move, row: Appointment) -> None:
    steps = move.pack.meta.steps.values()
    code = next((step.reminder for step in steps if step.reminder is not None), None)
    if (
        code is None
        or way_for(
            move.pack, code, move.tools.letter_ways, file=move.columns(), received=move.received
        )
        is LetterWay.AGENCY
    ):
        return
    move.occasion.appointment = {
        "starts_at": row.starts_at.astimezone(ZONES[move.file.jurisdiction]), "place": row.place
    }  # fmt: skip
    call = OperationCall(f"reminder-{row.id}", "send_letter", {"letter": code})
    letters.send_letter(move, call, call.arguments)
