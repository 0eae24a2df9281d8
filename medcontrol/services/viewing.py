"""Opening a document of a file (consultation d'une pièce): within the policy, and recorded."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from medcontrol.db import read_only, transaction
from medcontrol.documents import DocumentNotFound, DocumentStore
from medcontrol.errors import NotFound
from medcontrol.model import ControlFile, Document, DocumentView
from medcontrol.policy import Principal, visible
from medcontrol.services import medical
from medcontrol.vocabulary import DocumentClass

# Columns of the tables, not values of a row.
Doc: Any = Document
File: Any = ControlFile


def open_document(
    principal: Principal,
    documents: DocumentStore,
    reference: str,
    document_id: UUID,
    *,
    now: datetime,
) -> tuple[Document, bytes]:
    """Return a document of a file and its content, after recording who opens it.

    A medical one is written into the access log before it is decrypted; every one gets the
    reader's tick.

    Raises:
        NotFound: no such file or document, or the policy hides the file.
        Forbidden: a medical document, and the reader may not read medical content.
        DocumentNotFound: it was announced, its bytes never came.
    """
    with read_only() as session:
        document, control_file_id = _find(session, principal, reference, document_id)
    if not document.is_stored:
        raise DocumentNotFound("announced, not received", field="document")
    if DocumentClass(document.document_class) is DocumentClass.MEDICAL:
        what = f"document:{document_id}"
        medical.log_reading(principal, control_file_id, what, "viewer", now=lambda: now)
    content = documents.get(document.sha256)
    with transaction() as session:
        _tick(session, document_id, principal.id, now)
    return document, content


def _find(
    session: Session, principal: Principal, reference: str, document_id: UUID
) -> tuple[Document, UUID]:
    found = session.exec(
        select(Document, ControlFile.id)
        .join(ControlFile, File.received_file_id == Doc.received_file_id)
        .where(Doc.id == document_id, File.reference == reference, visible(principal, ControlFile))
    ).first()
    if found is None:
        raise NotFound(f"no document {document_id}", field="document")
    return found[0], found[1]


def _tick(session: Session, document_id: UUID, user_id: UUID, now: datetime) -> None:
    """Record the first opening; the later ones stand in the access log."""
    session.execute(
        insert(DocumentView)
        .values(document_id=document_id, user_id=user_id, seen_at=now)
        .on_conflict_do_nothing()
    )
