"""The appeals secretary's desk (secrétariat des recours): register, admit, hear, decide a part."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, NotFound
from medcontrol.model import ExternalRecourse
from medcontrol.queries.adjacent import (
    AppealPage,
    AppealRow,
    Choice,
    ClosedFile,
    appeal_page,
    appeals,
    closed_files,
    doctors_to_choose,
    file_by_reference,
)
from medcontrol.reference.motives import motives
from medcontrol.vocabulary import Role, StepKind
from ui.forms import Errors, day_of, is_ticked, text_of, texts_of
from ui.notices import see_other
from ui.pages.adjacent.sending import (
    Typed,
    documents_in,
    end_step,
    errors_of,
    instant_of,
    typed_of,
    version_of,
)
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.linked.appeal_snapshot import is_intact
from workflows.linked.appeal_steps import may_not_sit
from workflows.linked.appeals import (
    CONTESTS,
    FILED_BY,
    Contested,
    RegisterAppeal,
    contested_decision,
    receive_observations,
    register_appeal,
)
from workflows.linked.hearings import MemberBusy
from workflows.linked.recourses import BODIES, OUTCOMES, recourses_of

router = APIRouter(prefix="/appeals")
READERS = (Role.APPEALS_SECRETARY, Role.COORDINATOR, Role.CENTRAL_DOCTOR, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class DeskPage:
    """The list of appeals, and the search for a closed file."""

    rows: Sequence[AppealRow]
    closed: Sequence[AppealRow]
    asked: str
    found: Sequence[ClosedFile]
    may_register: bool
    today: date


@dataclass(frozen=True, slots=True)
class NewPage:
    """The form that registers an appeal."""

    file: ClosedFile
    contested: Contested
    today: date
    typed: Typed
    errors: Errors
    filed_by: Sequence[str] = FILED_BY
    contests: Sequence[str] = CONTESTS


@dataclass(frozen=True, slots=True)
class OnePage:
    """One appeal: its facts, and the step that is the secretary's."""

    view: AppealPage
    is_intact: bool
    doctors: Sequence[Choice]
    motives: Sequence[tuple[str, str]]
    may_work: bool
    today: date
    typed: Typed
    errors: Errors
    recourses: Sequence[ExternalRecourse] = ()
    recourse_bodies: Sequence[str] = BODIES
    recourse_outcomes: Sequence[str] = OUTCOMES

    @property
    def is_late(self) -> bool:
        """Whether it was filed after the limit."""
        return self.view.appeal.filed_on > self.view.appeal.limit_on

    @property
    def step(self) -> str:
        """The secretary's step that is open, or what is waited for."""
        task = self.view.task
        if task is not None and not task.is_medical:
            return task.step
        return "observations" if self.view.file.status == "awaiting_observations" else ""


@router.get("")
def show_desk(request: Request, visitor: Me) -> Response:
    """Draw the appeals under way and what a search finds."""
    visitor.must_have(*READERS)
    asked = text_of(request.query_params, "q", 64)
    with read_only() as session:
        page = DeskPage(
            appeals(session, visitor.principal),
            appeals(session, visitor.principal, is_open=False)[:20],
            asked,
            closed_files(session, visitor.principal, asked),
            visitor.principal.has(Role.APPEALS_SECRETARY),
            visitor.today,
        )
    return render(request, "adjacent/appeals.html", page)


@router.get("/new")
def show_form(request: Request, visitor: Me) -> Response:
    """Draw the form for the decision of a closed file."""
    visitor.must_have(Role.APPEALS_SECRETARY)
    return _form(request, visitor, text_of(request.query_params, "file", 64), Typed(), Errors())


def _form(
    request: Request, visitor: Visitor, reference: str, typed: Typed, errors: Errors
) -> Response:
    with read_only() as session:
        file = file_by_reference(session, visitor.principal, reference)
        found = contested_decision(session, file, visitor.site.tools.undo_seconds, visitor.now)
        row = ClosedFile(
            file.reference, file.person_name, file.registration_number, file.flow, file.outcome,
            file.closed_at or visitor.now,
        )  # fmt: skip
        page = NewPage(row, found, visitor.today, typed, errors)
        return render(request, "adjacent/new_appeal.html", page, status_code=422 if errors else 200)


@router.post("")
def register(request: Request, visitor: Me, form: Posted) -> Response:
    """Register an appeal and freeze what the decision was taken on."""
    visitor.must_have(Role.APPEALS_SECRETARY)
    reference = text_of(form, "file", 64)
    try:
        with transaction() as session:
            file = file_by_reference(session, visitor.principal, reference)
            command = RegisterAppeal(
                contested_file_id=file.id,
                filed_on=day_of(form, "filed_on") or date.min,
                filed_by=text_of(form, "filed_by", 32),
                contests=text_of(form, "contests", 32),
                reasons=text_of(form, "reasons", 20_000),
                documents=documents_in(form, "documents", "letter"),
            )
            appeal = register_appeal(
                session, visitor.site.tools, command, by=visitor.principal, now=visitor.now
            )
            address = f"/appeals/{appeal.reference}"
    except DomainError as error:
        return _form(request, visitor, reference, typed_of(form), errors_of(error))
    return see_other(address, "appeal.registered")


@router.get("/{reference}")
def show_appeal(request: Request, visitor: Me, reference: str) -> Response:
    """Draw one appeal."""
    visitor.must_have(*READERS)
    return draw(request, visitor, reference, Typed(), Errors())


def draw(
    request: Request, visitor: Visitor, reference: str, typed: Typed, errors: Errors
) -> Response:
    """Return the page of one appeal, with what was typed and what is wrong with it."""
    language = request.state.shell.language
    with read_only() as session:
        view = appeal_page(session, visitor.principal, reference)
        doctors: Sequence[Choice] = ()
        if view.task is not None and view.task.kind is StepKind.HEARING:
            barred = may_not_sit(session, view.file)
            doctors = doctors_to_choose(session, visitor.site.jurisdiction, barred)
        page = OnePage(
            view,
            is_intact(session, visitor.site.tools.keys, view.appeal),
            doctors,
            [
                (code, each.wording.in_language(language))
                for code, each in motives(visitor.site.jurisdiction).items()
                if each.flows == ("appeal",) and each.kind == "administrative"
            ],
            visitor.principal.has(Role.APPEALS_SECRETARY),
            visitor.today,
            typed,
            errors,
            recourses_of(session, view.file.id),
        )
        return render(request, "adjacent/appeal.html", page, status_code=422 if errors else 200)


@router.post("/{reference}/step")
def end(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """End the secretary's step: admissibility, hearing, or the administrative part."""
    visitor.must_have(Role.APPEALS_SECRETARY)
    try:
        with transaction() as session:
            view = appeal_page(session, visitor.principal, reference)
            end_step(session, visitor, view.task, _command(form, visitor, view))
    except MemberBusy as error:
        typed = typed_of(form)
        typed["busy"] = error.detail
        return draw(request, visitor, reference, typed, Errors({"members": error.code}))
    except DomainError as error:
        return draw(request, visitor, reference, typed_of(form), errors_of(error))
    return see_other(f"/appeals/{reference}", "task.completed")


def _command(form: FormData, visitor: Visitor, view: AppealPage) -> dict[str, object]:
    is_hearing = view.task is not None and view.task.kind is StepKind.HEARING
    answers: dict[str, object] = {}
    if is_hearing:
        members = list(dict.fromkeys([*texts_of(form, "chair", 40), *texts_of(form, "member", 40)]))
        answers = {
            "hearing_at": instant_of(form, visitor),
            "place": text_of(form, "place", 200) or view.file.agency_code,
            "members": members,
        }
    elif view.task is not None and view.task.step == "admissibility":
        answers = {
            "standing": is_ticked(form, "standing"),
            "late_accepted": is_ticked(form, "late_accepted"),
        }
    if note := text_of(form, "note", 1000):
        answers["note"] = note
    return {
        "expected_version": version_of(form),
        "outcome": "booked" if is_hearing else text_of(form, "outcome", 64),
        "motive_code": text_of(form, "motive_code", 64) or None,
        "form": answers,
    }


@router.post("/{reference}/observations")
def observations(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Enter what the person says to what was found."""
    visitor.must_have(Role.APPEALS_SECRETARY)
    try:
        with transaction() as session:
            file_id: UUID = appeal_page(session, visitor.principal, reference).file.id
            receive_observations(
                session, visitor.site.tools, file_id, text_of(form, "text", 20_000),
                principal=visitor.principal, now=visitor.now,
            )  # fmt: skip
    except NotFound:
        raise
    except DomainError as error:
        return draw(request, visitor, reference, typed_of(form), errors_of(error))
    return see_other(f"/appeals/{reference}", "saved")
