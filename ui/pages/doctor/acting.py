"""What else a doctor does with a file: ask for pieces, escalate, hold, take, write."""

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from assignment.service import Reassign, ToDoctor, reassign
from medcontrol.errors import InvalidInput, NotEligible
from medcontrol.policy import Action
from medcontrol.queries.file_loading import open_file
from medcontrol.queries.file_page import FileTab
from medcontrol.services import files
from medcontrol.vocabulary import MessageAudience
from ui.codes import HOLD_REASONS
from ui.forms import day_of, member_of, text_of
from ui.pages.doctor.answering import Sheet, attempt, follow, next_address
from ui.pages.doctor.deciding import CONTROLLERS
from ui.pages.doctor.panel import Desk
from ui.pages.doctor.sending import (
    completion_command,
    escalation_command,
    task_of,
    version_of,
)
from ui.pages.doctor.step_form import Errors
from ui.visitors import Me, Posted
from workflows.commands import (
    Completed,
    CompleteStep,
    complete_step,
    hold,
    waive_completion,
    wake,
    write_message,
)
from workflows.steps.ending import actor_of

router = APIRouter(prefix="/files/{reference}")
MakeCommand = Callable[[Sheet, Desk], tuple[CompleteStep, Errors]]


@router.post("/completion-requests")
def request_pieces(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Ask for pieces; the clock stops until they come."""
    sheet = Sheet(request, visitor, reference, form, "request_completion")
    return _end_step(sheet, lambda s, desk: completion_command(s.form, desk), "pieces.requested")


@router.post("/escalations")
def escalate(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Put a question to a colleague of another level."""
    sheet = Sheet(request, visitor, reference, form, "escalate")
    notice = "opinion.to_write" if form.get("outcome") == "ask_opinion" else "file.escalated"
    return _end_step(sheet, lambda s, desk: escalation_command(s.form, desk), notice)


def _end_step(sheet: Sheet, make: MakeCommand, notice: str) -> Response:
    visitor = sheet.visitor
    visitor.must_have(*CONTROLLERS)
    onward = next_address(sheet)

    def work(session: Session) -> tuple[Completed | None, Errors]:
        command, errors = make(sheet, sheet.desk(session))
        if errors:
            return None, errors
        tools, now = visitor.site.tools, visitor.now
        return complete_step(session, tools, command, principal=visitor.principal, now=now), []

    _, page = attempt(sheet, work)
    return page or follow(sheet, onward, notice)


@router.post("/hold")
def put_on_hold(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Put the file aside until a day."""
    sheet = Sheet(request, visitor, reference, form, "hold")
    onward = next_address(sheet)
    until, reason = day_of(form, "until"), text_of(form, "reason", 64)

    def work(session: Session) -> tuple[Completed | None, Errors]:
        errors: Errors = []
        if until is None or until <= visitor.today:
            errors.append(("hold-until", "date_past"))
        if reason not in HOLD_REASONS:
            errors.append(("hold-reason", "reason_required"))
        if errors or until is None:
            return None, errors
        task_id = task_of(form, sheet.desk(session))
        done = hold(
            session, visitor.site.tools, task_id, until=until, reason=reason,
            expected_version=version_of(form), principal=visitor.principal, now=visitor.now,
        )  # fmt: skip
        return done, []

    _, page = attempt(sheet, work)
    return page or follow(sheet, onward, "file.held")


@router.post("/release")
def release(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Take a held file up again."""
    sheet = Sheet(request, visitor, reference, form)

    def work(session: Session) -> tuple[bool, Errors]:
        task_id = task_of(form, sheet.desk(session))
        tools, now = visitor.site.tools, visitor.now
        return wake(session, tools, task_id, principal=visitor.principal, now=now), []

    _, page = attempt(sheet, work)
    return page or follow(sheet, sheet.file_address(), "file.released")


@router.post("/claim")
def claim(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Take a file that is in nobody's hands; who may not have it is told why."""
    sheet = Sheet(request, visitor, reference, form)
    doctor_id = visitor.principal.doctor_id

    def work(session: Session) -> tuple[bool, Errors]:
        opened = open_file(session, visitor.principal, reference)
        if doctor_id is None or Action.REASSIGN not in opened.allowed:
            raise NotEligible("only from the pool of one's own unit, with the next file")
        files.lock(session, opened.file.id, expected_version=version_of(form))
        result = reassign(
            session,
            Reassign(file_ids=[opened.file.id], target=ToDoctor(doctor_id), reason="claimed"),
            now=visitor.now,
            jurisdiction=visitor.site.jurisdiction,
            actor=actor_of(visitor.principal),
        )
        return all(each.is_moved for each in result.files), []

    is_mine, page = attempt(sheet, work)
    notice = "file.claimed" if is_mine else "claim.refused"
    return page or follow(sheet, sheet.file_address(), notice)


@router.post("/waive-completion")
def go_on_without_pieces(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Go on without the pieces that were asked for."""
    sheet = Sheet(request, visitor, reference, form)

    def work(session: Session) -> tuple[Completed, Errors]:
        file_id = open_file(session, visitor.principal, reference).file.id
        done = waive_completion(
            session, visitor.site.tools, file_id, expected_version=version_of(form),
            principal=visitor.principal, now=visitor.now,
        )  # fmt: skip
        return done, []

    _, page = attempt(sheet, work)
    return page or follow(sheet, sheet.file_address(), "pieces.waived")


@router.post("/messages")
def send_message(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Write to the others who work on the file."""
    sheet = Sheet(request, visitor, reference, form, "message")
    audience = member_of(form, "audience", MessageAudience) or MessageAudience.EVERYONE

    def work(session: Session) -> tuple[bool, Errors]:
        opened = open_file(session, visitor.principal, reference)
        if opened.allowed.isdisjoint({Action.CONTROL, Action.ADMINISTRATE}):
            raise InvalidInput("who may not work on the file does not write on it", field="text")
        write_message(
            session, visitor.site.tools, opened.file.id, text_of(form, "text", 4001), audience,
            principal=visitor.principal, now=visitor.now,
        )  # fmt: skip
        return True, []

    _, page = attempt(sheet, work)
    return page or follow(sheet, sheet.file_address(FileTab.MESSAGES), "message.sent")
