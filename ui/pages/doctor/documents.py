"""A file's documents: shown inside the page, and added."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from medcontrol.queries.file_loading import open_file
from medcontrol.queries.file_page import FileTab
from medcontrol.services.viewing import open_document
from medcontrol.vocabulary import DocumentClass
from ui.downloads import shown_document
from ui.forms import files_of, member_of, text_of
from ui.pages.doctor.answering import Sheet, attempt, follow
from ui.pages.doctor.step_form import Errors
from ui.visitors import Me, Posted
from workflows.commands import Completed, NewDocument, add_documents

router = APIRouter(prefix="/files/{reference}/documents")
_MOST = 20
_UNSORTED = "other"


@router.get("/{document_id}")
def show_document(visitor: Me, reference: str, document_id: UUID) -> Response:
    """Return a document for the viewer; what a browser does not show is downloaded."""
    document, content = open_document(
        visitor.principal,
        visitor.site.tools.documents,
        reference,
        document_id,
        now=visitor.now,
    )
    return shown_document(document, content)


@router.post("")
def add_document(request: Request, visitor: Me, form: Posted, reference: str) -> Response:
    """Add documents to the file; who waits for them is told."""
    sheet = Sheet(request, visitor, reference, form, "document")
    kind = text_of(form, "kind", 40) or _UNSORTED
    secrecy = member_of(form, "document_class", DocumentClass) or DocumentClass.MEDICAL
    given = [
        NewDocument(
            kind=kind,
            title=(each.filename or kind)[:200],
            content=each.file.read(),
            document_class=secrecy,
        )
        for each in files_of(form, "document")[:_MOST]
    ]

    def work(session: Session) -> tuple[Completed, Errors]:
        file_id = open_file(session, visitor.principal, reference).file.id
        done = add_documents(
            session, visitor.site.tools, file_id, given, by=visitor.principal, now=visitor.now
        )
        return done, []

    _, page = attempt(sheet, work)
    return page or follow(sheet, sheet.file_address(FileTab.DOCUMENTS), "documents.added")
