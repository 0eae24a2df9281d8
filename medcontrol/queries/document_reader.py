"""The document reader (lecteur de documents): what is open, at which page, and its neighbours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from medcontrol.queries.file_tabs import DocumentRow

LAST_PAGE = 9_999


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document in the reader; ``page`` counts from 1, neighbours are those that may be opened."""

    row: DocumentRow
    page: int
    before: UUID | None
    after: UUID | None


def openable(rows: Iterable[DocumentRow]) -> list[DocumentRow]:
    """Return the documents that the reader may open and whose bytes are here."""
    return [row for row in rows if row.may_open and row.is_stored]


def show(
    rows: Sequence[DocumentRow], wanted: UUID | None, page: int | None = None
) -> ShownDocument | None:
    """Return the wanted document, at its first page when the page can't be; else None."""
    found = openable(rows)
    at = next((n for n, row in enumerate(found) if row.id == wanted), None)
    if at is None:
        return None
    return ShownDocument(
        row=found[at],
        page=page if page is not None and 1 <= page <= LAST_PAGE else 1,
        before=found[at - 1].id if at else None,
        after=found[at + 1].id if at + 1 < len(found) else None,
    )
