"""Marks that quote a page of a document (renvois), such as [Doc 3 p. 2], in what people wrote."""

import re
from collections.abc import Sequence
from typing import Protocol

from markupsafe import Markup, escape

from medcontrol.queries.file_tabs import DocumentRow

# People type it by hand as well: with or without points, spaces and a comma.
_MARK = re.compile(r"\[\s*doc\.?\s*([0-9]{1,4})\s*,?\s*p\.?\s*([0-9]{1,4})\s*\]", re.I)


class Page(Protocol):
    """A page that shows texts with marks.

    Attributes:
        citable: the documents that its reader may open, nothing of any other.
        document_address: of the document reader; the id of a document ends it.
    """

    @property
    def citable(self) -> Sequence[DocumentRow]: ...

    @property
    def document_address(self) -> str: ...


def cites(text: str) -> bool:
    """Return whether a text quotes a page."""
    return _MARK.search(text) is not None


def cited(text: str, page: Page) -> Markup:
    """Return a text, escaped, whose marks are links to the page they quote.

    A mark of a document that the reader may not open, or that does not exist, stays as it was
    typed: the two can't be told apart.
    """
    known = {row.number: row for row in page.citable}

    def link(mark: re.Match[str]) -> str:
        row, number = known.get(int(mark[1])), int(mark[2])
        if row is None or not number:
            return mark[0]
        address = f"{page.document_address}{row.id}&page={number}"
        return Markup('<a class="mark-link" href="{}" title="{}"><bdi>{}</bdi></a>').format(
            address, row.title, mark[0]
        )

    return Markup(_MARK.sub(link, str(escape(text))))  # noqa: S704 - escaped, then links put in
