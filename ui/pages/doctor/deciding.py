"""The opinion: kept as a draft, previewed as a letter, submitted, taken back."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session
from starlette.datastructures import FormData, QueryParams

from medcontrol.db import read_only, transaction
from medcontrol.errors import AlreadyDone, DomainError, Kind, NotTheAssignedDoctor
from medcontrol.policy import Action
from medcontrol.queries.file_loading import open_file
from medcontrol.services import files, medical
from medcontrol.vocabulary import Role
from ui.forms import text_of, whole_of
from ui.notices import Undoable, see_other
from ui.pages.doctor.answering import MOVED, Sheet, attempt, follow, next_address
from ui.pages.doctor.panel import LONGEST_TEXT
from ui.pages.doctor.reading import lines_with_titles, read_step
from ui.pages.doctor.sending import errors_of, opinion_command
from ui.pages.doctor.step_form import Errors
from ui.rendering import render
from ui.security import CSRF_FIELD
from ui.visitors import Me, Posted, Visitor
from workflows.commands import (
    Completed,
    CompleteStep,
    complete_step,
    preview_letter,
    undo_decision,
)
from workflows.letters.writing import LANGUAGES, language_of

router = APIRouter(prefix="/files/{reference}")
CONTROLLERS = (Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR)
# Members of the form that are no part of what the doctor typed.
_NOT_KEPT = frozenset(
    {CSRF_FIELD, "do", "expected_version", "task", "journal_length", "from", "tab"}
)
_MOST_FIELDS = 2_000


@dataclass(frozen=True, slots=True)
class DraftState:
    """When the draft was last kept."""

    saved_at: datetime | None


@dataclass(frozen=True, slots=True)
class LetterPicture:
    """The first page of a letter in a language, as base64 of a PNG."""

    language: str
    png: str
    is_sent: bool  # the insured person's own language


@dataclass(frozen=True, slots=True)
class LetterPage:
    """The letter that a decision would send, or why there is none."""

    reference: str
    pictures: tuple[LetterPicture, ...]
    errors: tuple[tuple[str, str], ...] = ()


@router.post("/opinion")
def submit(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Record the opinion or decision, and go on with the next file."""
    visitor.must_have(*CONTROLLERS)
    sheet = Sheet(request, visitor, reference, form)
    onward = next_address(sheet)

    def work(session: Session) -> tuple[Completed | None, Errors]:
        command, errors = _command(session, sheet)
        if errors:
            return None, errors
        done = _complete(session, visitor, command)
        if done.undo_until is not None:  # what was typed is there again if it is taken back
            _keep(session, visitor, done.control_file_id, form)
        return done, []

    done, page = attempt(sheet, work)
    if page is not None or done is None:
        assert page is not None  # noqa: S101 - attempt gives one of the two
        return page
    if done.decision_id is None:
        return follow(sheet, onward, "task.completed")
    undo = Undoable(reference, done.version, sheet.origin)
    return follow(sheet, onward, "decision.recorded", undo=undo)


def _command(session: Session, sheet: Sheet) -> tuple[CompleteStep, Errors]:
    desk = sheet.desk(session)
    return opinion_command(sheet.form, desk, lines_with_titles(desk.opened, sheet.language))


def _complete(session: Session, visitor: Visitor, command: CompleteStep) -> Completed:
    return complete_step(
        session, visitor.site.tools, command, principal=visitor.principal, now=visitor.now
    )


@router.post("/draft")
def keep_draft(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Keep what was typed so far, encrypted; nobody else reads it."""
    visitor.must_have(*CONTROLLERS)
    with transaction() as session:
        opened = open_file(session, visitor.principal, reference)
        if Action.CONTROL not in opened.allowed or opened.task is None:
            raise NotTheAssignedDoctor
        # Two windows that save at once wait for each other.
        files.lock(session, opened.file.id)
        _keep(session, visitor, opened.file.id, form)
    if request.headers.get("hx-request") == "true":
        return render(request, "file/_draft_state.html", DraftState(visitor.now))
    sheet = Sheet(request, visitor, reference, form)
    return see_other(sheet.file_address() + "#decide", "draft.saved")


@router.post("/step-form")
def refresh(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Compute the checks again on what is typed, and draw the parts that depend on it."""
    visitor.must_have(*CONTROLLERS)
    language = str(request.state.shell.language)
    page = read_step(visitor, language, reference, form)
    return render(request, "file/_refresh.html", page)


def _keep(session: Session, visitor: Visitor, file_id: UUID, form: FormData) -> None:
    medical.save_draft(
        session, visitor.site.tools.keys, file_id, {"fields": _fields(form)},
        author_id=visitor.principal.id, now=visitor.now,
    )  # fmt: skip


def _fields(form: FormData) -> list[tuple[str, str]]:
    pairs = [
        (name[:64], value[:LONGEST_TEXT])
        for name, value in form.multi_items()
        if isinstance(value, str) and value and name not in _NOT_KEPT
    ]
    kept = pairs[:_MOST_FIELDS]
    return [(name, text_of(QueryParams([(name, value)]), name)) for name, value in kept]


@router.post("/letter-preview")
def preview(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Show the letter that this decision would send; nothing is saved."""
    visitor.must_have(*CONTROLLERS)
    sheet = Sheet(request, visitor, reference, form)
    try:
        page = _letters(sheet)
    except MOVED as error:
        return _draw_letter(request, LetterPage(reference, (), (("decide", error.code),)), 409)
    except DomainError as error:
        if error.kind is not Kind.INVALID:
            raise
        return _draw_letter(request, LetterPage(reference, (), tuple(errors_of(error))), 422)
    return _draw_letter(request, page, 422 if page.errors else 200)


def _letters(sheet: Sheet) -> LetterPage:
    visitor = sheet.visitor
    with transaction() as session:
        opened = open_file(session, visitor.principal, sheet.reference)
        command, errors = _command(session, sheet)
        if errors:
            return LetterPage(sheet.reference, (), tuple(errors))
        own = language_of({"language": opened.received.language})
        pictures = []
        for language in sorted(LANGUAGES, key=lambda code: code != own):
            png = preview_letter(
                session, visitor.site.tools, command, principal=visitor.principal,
                now=visitor.now, language=language,
            )  # fmt: skip
            if png is None:
                break
            picture = LetterPicture(language, b64encode(png).decode(), language == own)
            pictures.append(picture)
    return LetterPage(sheet.reference, tuple(pictures))


def _draw_letter(request: Request, page: LetterPage, status: int) -> Response:
    return render(request, "file/letter.html", page, status_code=status)


@router.post("/undo")
def undo(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Take a decision back while nothing of it has left."""
    visitor.must_have(*CONTROLLERS)
    sheet = Sheet(request, visitor, reference, form)
    given = whole_of(form, "expected_version") or whole_of(request.query_params, "version")
    with read_only() as session:
        file_id = open_file(session, visitor.principal, reference).file.id
    try:
        with transaction() as session:
            undo_decision(
                session, visitor.site.tools, file_id,
                expected_version=given or 0,
                principal=visitor.principal, now=visitor.now,
            )  # fmt: skip
    except AlreadyDone:
        return follow(sheet, sheet.file_address(), "decision.too_late")
    return follow(sheet, sheet.file_address(), "decision.undone")
