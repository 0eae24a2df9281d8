"""How a form about a file is answered: done, refused on its page with what was typed, or moved."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import urlencode

from fastapi import Request, Response
from sqlmodel import Session
from starlette.datastructures import FormData

from medcontrol.db import read_only, transaction
from medcontrol.errors import (
    DomainError,
    Kind,
    NotTheAssignedDoctor,
    StaleControlFile,
    StepNotOpen,
)
from medcontrol.queries.file_loading import load_neighbours
from medcontrol.queries.file_page import FileTab
from medcontrol.queries.worklist import QueueFilters
from medcontrol.queries.worklist_selection import select_rows
from medcontrol.services.calendar import working_calendar
from ui.forms import member_of, text_of, whole_of
from ui.notices import Undoable, see_other
from ui.pages.doctor.filters import filters_in
from ui.pages.doctor.panel import Desk
from ui.pages.doctor.queue import address_of_file
from ui.pages.doctor.reading import Refusal, open_desk, read_page
from ui.pages.doctor.sending import errors_of
from ui.pages.doctor.step_form import Errors
from ui.pages.doctor.tabs import Wanted
from ui.rendering import render
from ui.visitors import Visitor

Done = TypeVar("Done")
MOVED = (StaleControlFile, StepNotOpen, NotTheAssignedDoctor)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form that was sent about a file."""

    request: Request
    visitor: Visitor
    reference: str
    form: FormData
    action: str = ""  # which of the other actions it is; the opinion when empty

    @property
    def language(self) -> str:
        """The reader's language."""
        return str(self.request.state.shell.language)

    @property
    def origin(self) -> str:
        """The queue that the file was opened from, as an address."""
        held = self.form if "from" in self.form else self.request.query_params
        return text_of(held, "from", 2000)

    @property
    def step(self) -> str:
        """The step that the page was drawn for."""
        return text_of(self.form, "step", 64)

    def file_address(self, tab: FileTab | None = None) -> str:
        """Return the file's own address, on a tab, with the queue it was opened from."""
        tab = tab or member_of(self.form, "tab", FileTab)
        shown = "" if tab in (None, FileTab.SUMMARY) else str(tab)
        pairs = {"tab": shown, "from": self.origin}
        query = urlencode({name: value for name, value in pairs.items() if value})
        return f"/files/{self.reference}" + (f"?{query}" if query else "")

    def desk(self, session: Session) -> Desk:
        """Return the step that the form is about.

        Raises:
            StepNotOpen: nothing is open any more.
        """
        found = open_desk(session, self.visitor, self.language, self.reference, self.step)
        if found is None:
            raise StepNotOpen
        return found


def attempt(
    sheet: Sheet, work: Callable[[Session], tuple[Done, Errors]]
) -> tuple[Done | None, Response | None]:
    """Do the work in a transaction of its own; what is refused becomes the page to show.

    ``work`` returns what it did, or the errors for which it did nothing.

    Raises:
        NotFound, Forbidden: as for any page.
    """
    try:
        with transaction() as session:
            done, errors = work(session)
    except MOVED as error:
        return None, refused(sheet, [], cause=error, has_moved=True)
    except DomainError as error:
        if error.kind not in (Kind.INVALID, Kind.CONFLICT):
            raise
        return None, refused(sheet, errors_of(error), cause=error)
    return (None, refused(sheet, errors)) if errors else (done, None)


def refused(
    sheet: Sheet, errors: Errors, *, cause: DomainError | None = None, has_moved: bool = False
) -> Response:
    """Draw the file's page again with all that was typed: 422 for errors, 409 when it moved.

    Raises:
        DomainError: ``cause``, when the page has no place left for what was typed.
    """
    refusal = Refusal(
        sent=sheet.form,
        errors=tuple(errors),
        since=(whole_of(sheet.form, "journal_length") or 0) if has_moved else None,
        step=sheet.step,
        is_opinion=not sheet.action,
    )
    wanted = Wanted(
        reference=sheet.reference,
        tab=member_of(sheet.form, "tab", FileTab) or FileTab.SUMMARY,
        open_action=sheet.action,
        origin=sheet.origin,
    )
    page = read_page(sheet.visitor, sheet.language, wanted, refusal)
    if page.panel is None and cause is not None:
        raise cause
    return render(sheet.request, "file.html", page, status_code=409 if has_moved else 422)


def follow(sheet: Sheet, address: str, notice: str, *, undo: Undoable | None = None) -> Response:
    """Go to an address with a word about what was done; htmx goes there with the window."""
    response: Response = see_other(address, notice, undo=undo)
    if sheet.request.headers.get("hx-request") == "true":
        response.status_code = 204
        response.headers["HX-Redirect"] = response.headers["location"]
        del response.headers["location"]
    return response


def next_address(sheet: Sheet) -> str:
    """Return the file that follows in the queue one came from; asked before the work is done."""
    visitor, filters = sheet.visitor, replace(filters_in(sheet.origin), after="")
    with read_only() as session:
        calendar = working_calendar(session, visitor.site.jurisdiction)
        around = load_neighbours(
            session, visitor.principal, filters, sheet.reference, now=visitor.now,
            calendar=calendar,
        )  # fmt: skip
        found = around and (around.next_reference or around.previous_reference)
        if not found:
            filters = QueueFilters()
            rows = select_rows(
                session, visitor.principal, filters, now=visitor.now, calendar=calendar, limit=2
            )
            found = next((r.reference for r in rows if r.reference != sheet.reference), None)
    return address_of_file(found, filters) if found else "/queue"
