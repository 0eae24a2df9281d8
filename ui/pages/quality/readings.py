"""A reader's second readings: the queue, the blind page, the comparison with its grid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, Kind, StepNotOpen
from medcontrol.model import ControlFile, Document
from medcontrol.queries.document_reader import ShownDocument, openable, show
from medcontrol.queries.file_loading import OpenFile
from medcontrol.queries.file_page import OpinionPanel
from medcontrol.queries.file_tabs import DocumentRow, MedicalSummary, RequestLine, RequestTab
from medcontrol.queries.readings import MadeReading, QueuedReading, own_past, own_queue
from medcontrol.queries.tabs_loading import lines_of, request_of
from medcontrol.services.readings import (
    FirstSide,
    OpenReading,
    documents_of,
    find_reading,
    open_document,
    read_first_side,
    read_request,
)
from medcontrol.vocabulary import CURRENCIES, DecisionOutcome, DocumentClass, Role
from ui.downloads import shown_document
from ui.forms import Sent, as_uuid, text_of, whole_of
from ui.notices import see_other
from ui.pages.doctor.answering import MOVED
from ui.pages.doctor.medical import medical_summary
from ui.pages.doctor.panel import Desk, draft_of, panel_of
from ui.pages.doctor.sending import errors_of, opinion_command
from ui.pages.doctor.step_form import Errors
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from ui.words import PackWords
from workflows.commands import complete_step

router = APIRouter(prefix="/quality/readings")


@dataclass(frozen=True, slots=True)
class QueuePage:
    """The readings to make, and those made."""

    queue: Sequence[QueuedReading]
    made: Sequence[MadeReading]
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingPage:
    """A reading: what was asked, the reader's form, and after it what was decided first."""

    reading: OpenReading
    request: RequestTab
    lines: tuple[RequestLine, ...]
    medical: MedicalSummary | None
    documents: Sequence[DocumentRow]
    shown: ShownDocument | None
    panel: OpinionPanel | None
    first: FirstSide | None
    words: PackWords
    kinds: PackWords

    @property
    def file(self) -> ControlFile:
        """The reading's own file."""
        return self.reading.file

    @property
    def address(self) -> str:
        """The page itself."""
        return f"/quality/readings/{self.file.reference}"

    @property
    def citable(self) -> Sequence[DocumentRow]:
        """What a mark in the first doctor's reasoning may open."""
        return openable(self.documents)

    @property
    def document_address(self) -> str:
        """The reader's address, which the id of a document ends."""
        return f"{self.address}?document="

    @property
    def currency(self) -> str:
        """Of the amounts that were asked."""
        return self.reading.received.currency or CURRENCIES[self.file.jurisdiction]

    @property
    def second_outcome(self) -> DecisionOutcome | None:
        """What the reader decided."""
        said = self.reading.reading.second_outcome
        return DecisionOutcome(said) if said else None

    @property
    def version(self) -> int:
        """The version that the form was drawn from."""
        return self.file.version


@router.get("")
def show_queue(request: Request, visitor: Me) -> Response:
    """List the readings in one's hands."""
    visitor.must_have(Role.QUALITY_READER)
    with read_only() as session:
        queue = own_queue(session, visitor.principal)
        made = own_past(session, visitor.principal)
    return render(request, "quality/queue.html", QueuePage(queue, made, visitor.today))


@router.get("/{reference}")
def show_reading(request: Request, visitor: Me, reference: str) -> Response:
    """Draw a reading: blind until the reader has decided."""
    page = _page(request, visitor, reference, request.query_params)
    return render(request, "quality/reading.html", page)


@router.post("/{reference}")
def submit(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Record the reader's decision, or what the grid found."""
    visitor.must_have(Role.QUALITY_READER)
    try:
        errors = _submit(request, visitor, form, reference)
    except MOVED:
        return see_other("/quality/readings", "reading.moved")
    except DomainError as error:
        if error.kind is not Kind.INVALID:
            raise
        errors = errors_of(error)
    if errors:
        page = _page(request, visitor, reference, form, errors)
        return render(request, "quality/reading.html", page, status_code=422)
    if text_of(form, "outcome", 64) == "recused":
        return see_other("/quality/readings", "reading.recused")
    return see_other(f"/quality/readings/{reference}", "reading.saved")


def _submit(request: Request, visitor: Visitor, form: FormData, reference: str) -> Errors:
    language = request.state.shell.language
    with transaction() as session:
        opened = find_reading(session, visitor.principal, reference)
        desk = _desk(visitor, opened, language)
        if desk is None:
            raise StepNotOpen("this reading is over")
        command, errors = opinion_command(form, desk, lines_of(desk.opened))
        if errors:
            return errors
        if command.outcome == "recused":
            command = replace(command, lines=(), form={}, valid_from=None, valid_to=None)
        complete_step(
            session, visitor.site.tools, command, principal=visitor.principal, now=visitor.now
        )
    return []


@router.get("/{reference}/documents/{document_id}")
def show_document(visitor: Me, reference: str, document_id: UUID) -> Response:
    """Return a document of the file that is read again."""
    visitor.must_have(Role.QUALITY_READER)
    document, content = open_document(
        visitor.principal, visitor.site.tools.documents, reference, document_id, now=visitor.now
    )
    return shown_document(document, content)


def _page(
    request: Request, visitor: Visitor, reference: str, sent: Sent, errors: Errors | None = None
) -> ReadingPage:
    visitor.must_have(Role.QUALITY_READER)
    language = request.state.shell.language
    tools, principal = visitor.site.tools, visitor.principal
    with read_only() as session:
        opened = find_reading(session, principal, reference)
        documents = [_row(*each) for each in enumerate(documents_of(session, opened), start=1)]
    content = read_request(principal, opened, tools.keys, now=visitor.now)
    first = None
    if not opened.is_blind:
        first = read_first_side(principal, opened, tools.keys, now=visitor.now)
    parent_pack = tools.catalog.get(opened.parent.pack, opened.parent.flow)
    wanted = as_uuid(text_of(sent, "document", 40))
    as_asked = _as_asked(opened)
    desk = _desk(visitor, opened, language)
    return ReadingPage(
        reading=opened,
        request=request_of(as_asked),
        lines=lines_of(as_asked),
        medical=medical_summary([content] if content else [], parent_pack, language),
        documents=documents,
        shown=show(documents, wanted, whole_of(sent, "page")),
        panel=None if desk is None else _panel(desk, sent, errors or []),
        first=first,
        words=PackWords(tools.catalog.get(opened.file.pack, opened.file.flow), language),
        kinds=PackWords(parent_pack, language),
    )


def _row(number: int, document: Document) -> DocumentRow:
    """Return a document of the request; its reader may open every one."""
    return DocumentRow(
        id=document.id, number=number, kind=document.kind, title=document.title,
        document_class=DocumentClass(document.document_class), media_type=document.media_type,
        size=document.size, added_at=document.added_at, is_stored=document.is_stored,
        may_open=True,
    )  # fmt: skip


def _as_asked(opened: OpenReading) -> OpenFile:
    """Return the request under the reading's own file: nothing of the other one's hangs on it."""
    return OpenFile(opened.file, opened.task, opened.received, "", None, frozenset())


def _desk(visitor: Visitor, opened: OpenReading, language: str) -> Desk | None:
    """Return the open step as its reader sees it; None when the reading is over."""
    task = opened.task
    if task is None or task.assigned_doctor_id != visitor.principal.doctor_id:
        return None
    pack = visitor.site.tools.catalog.get(opened.file.pack, opened.file.flow)
    return Desk(_as_asked(opened), pack, task.step, language)


def _panel(desk: Desk, sent: Sent, errors: Errors) -> OpinionPanel:
    lines = lines_of(desk.opened)
    return replace(panel_of(desk, lines, draft_of(sent, lines), sent), errors=tuple(errors))
