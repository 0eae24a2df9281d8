"""Several files of a queue at once: put on hold, exported, or handed to the reassignment page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError
from medcontrol.queries.worklist import BulkAction, QueueRow
from medcontrol.queries.worklist_selection import select_rows
from medcontrol.services.calendar import working_calendar
from ui.codes import HOLD_REASONS, word_for
from ui.downloads import saved_table
from ui.forms import day_of, is_ticked, member_of, text_of, uuids_of
from ui.i18n import translations
from ui.labels import label_of
from ui.notices import see_other
from ui.pages.doctor.filters import filters_in
from ui.pages.doctor.queue import WORKERS
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.commands import hold

router = APIRouter(prefix="/queue")
# One transaction a file: more would keep the page waiting.
MOST_HELD = 200
# They travel in an address.
MOST_MOVED = 500


@dataclass(frozen=True, slots=True)
class HoldPage:
    """Until when and why the ticked files wait."""

    rows: tuple[QueueRow, ...]
    today: date
    back: str
    filters: str
    until: str = ""
    reason: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    reasons: tuple[str, ...] = tuple(HOLD_REASONS)

    def error_of(self, name: str) -> str | None:
        """Return the error code of a field, or None."""
        return dict(self.errors).get(name)


@router.post("/bulk")
def act_on_selection(request: Request, visitor: Me, form: Posted) -> Response:
    """Do what the button says with the ticked rows, or with all results."""
    visitor.must_have(*WORKERS)
    filters = text_of(form, "filters", 2000)
    action = member_of(form, "action", BulkAction)
    if action is BulkAction.REASSIGN:
        chosen = [("task", str(each)) for each in uuids_of(form, "task")]
        if is_ticked(form, "everything"):
            chosen = [("task", str(row.task_id)) for row in _selected(visitor, form)]
        values = urlencode([*chosen[:MOST_MOVED], ("back", "/queue" + _checked(filters))])
        return see_other(f"/supervision/reassign?{values}")
    rows = _selected(visitor, form)
    if not rows or action is None:
        return see_other("/queue" + _checked(filters), "nothing.selected")
    if action is BulkAction.HOLD:
        page = HoldPage(rows[:MOST_HELD], visitor.today, "/queue" + _checked(filters), filters)
        return render(request, "doctor/hold.html", page)
    return _export(rows, request.state.shell.language)


@router.post("/hold")
def hold_selection(request: Request, visitor: Me, form: Posted) -> Response:
    """Put the ticked files on hold, each by itself; those that refuse stay as they are."""
    visitor.must_have(*WORKERS)
    filters = text_of(form, "filters", 2000)
    back = "/queue" + _checked(filters)
    until, reason = day_of(form, "until"), text_of(form, "reason", 64)
    errors = []
    if until is None or until <= visitor.today:
        errors.append(("until", "date_past"))
    if reason not in HOLD_REASONS:
        errors.append(("reason", "reason_required"))
    rows = _selected(visitor, form)[:MOST_HELD]
    if errors or until is None:
        page = HoldPage(
            rows, visitor.today, back, filters, text_of(form, "until", 10), reason, tuple(errors)
        )
        return render(request, "doctor/hold.html", page, status_code=422)
    held = sum(_hold_one(visitor, row.task_id, until, reason) for row in rows)
    return see_other(back, "files.held" if held == len(rows) else "files.held_some", held)


def _hold_one(visitor: Visitor, task_id: UUID, until: date, reason: str) -> bool:
    try:
        with transaction() as session:
            hold(
                session, visitor.site.tools, task_id, until=until, reason=reason,
                expected_version=None, principal=visitor.principal, now=visitor.now,
            )  # fmt: skip
    except DomainError:
        return False
    return True


def _selected(visitor: Visitor, form: FormData) -> tuple[QueueRow, ...]:
    """Return the ticked rows of the queue that the form was drawn from, or all of them."""
    filters = replace(filters_in(text_of(form, "filters", 2000)), after="")
    ticked = None if is_ticked(form, "everything") else uuids_of(form, "task")
    with read_only() as session:
        return select_rows(
            session,
            visitor.principal,
            filters,
            now=visitor.now,
            calendar=working_calendar(session, visitor.site.jurisdiction),
            only=ticked,
        )


def _checked(filters: str) -> str:
    """Return filters as we would write them, so that an address holds nothing else."""
    return filters_in(filters).address()


_COLUMNS: tuple[tuple[str, Callable[[QueueRow], object]], ...] = (
    ("reference", lambda row: row.reference),
    ("person_name", lambda row: row.person_name),
    ("person_birth_year", lambda row: row.person_birth_year),
    ("flow", lambda row: row.flow),
    ("nature", lambda row: row.nature),
    ("lane", lambda row: row.lane),
    ("level", lambda row: row.level),
    ("step", lambda row: row.step),
    ("status", lambda row: row.status),
    ("due_on", lambda row: row.due.on),
    ("received_on", lambda row: row.received_on),
    ("age_working_days", lambda row: row.age_days),
    ("urgent", lambda row: int(row.is_urgent)),
    ("held_until", lambda row: row.held_until),
    ("outcome", lambda row: row.outcome),
    ("doctor", lambda row: row.assigned_to),
)


def _export(rows: Sequence[QueueRow], language: str) -> Response:
    """Return rows as CSV: codes as words of the reader, days ISO 8601."""
    words = translations(language).gettext
    heads = [words(word_for("column", name) or name) for name, _ in _COLUMNS]
    lines = [[_cell(name, value(row), words) for name, value in _COLUMNS] for row in rows]
    return saved_table([heads, *lines], "medcontrol.csv")


def _cell(name: str, value: object, words: Callable[[str], str]) -> str:
    if value is None:
        return ""
    if name in ("lane", "level", "status"):
        return words(label_of(value))  # type: ignore[arg-type]
    kind = name
    known = word_for(kind, str(value))
    return words(known) if known else str(value)
