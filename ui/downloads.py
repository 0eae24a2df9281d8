"""Files that a page hands out: drawn in the viewer, or saved under a name."""

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from fastapi import Response

from medcontrol.documents import VIEWABLE_TYPES
from medcontrol.model import Document
from medcontrol.queries.csv_export import CSV, as_csv
from ui.security import EMBEDDED_POLICY

_LONGEST = 120  # of a name that people gave


def shown_document(document: Document, content: bytes) -> Response:
    """Return a document for the viewer; what a browser does not show is downloaded."""
    is_shown = document.media_type in VIEWABLE_TYPES
    name = quote(document.title.replace("/", "-")[:_LONGEST], safe="")
    place = "inline" if is_shown else "attachment"
    return Response(
        content,
        media_type=document.media_type if is_shown else "application/octet-stream",
        headers={
            "content-security-policy": EMBEDDED_POLICY,
            "content-disposition": f"{place}; filename*=UTF-8''{name}",
        },
    )


def shown_pdf(pdf: bytes, name: str) -> Response:
    """Return a PDF of ours that the browser shows or prints."""
    return Response(
        pdf,
        media_type="application/pdf",
        headers={
            "content-security-policy": EMBEDDED_POLICY,
            "content-disposition": f'inline; filename="{name}"',
        },
    )


def saved(content: bytes | str, name: str, media_type: str) -> Response:
    """Return a file that the browser saves; ``name`` is of our own letters and numbers."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


def saved_table(rows: Iterable[Sequence[object]], name: str) -> Response:
    """Return rows, headings first, as CSV for a spreadsheet."""
    return saved(as_csv(rows), name, CSV)
