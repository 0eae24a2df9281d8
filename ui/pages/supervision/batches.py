"""What became of a reassignment: progress, each file, once more, and back again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from fastapi import APIRouter, Request, Response

from assignment.reassignments import UNDO_FOR, retry, undo
from medcontrol.db import read_only, transaction
from medcontrol.ids import new_id
from medcontrol.queries.reassignments import (
    SHOWN,
    BatchPage,
    BatchRow,
    load_batch,
    recent_batches,
)
from medcontrol.vocabulary import BatchStatus, ItemStatus, Role
from ui.codes import word_for
from ui.downloads import saved_table
from ui.forms import as_uuid, member_of, text_of
from ui.i18n import translations
from ui.labels import label_of
from ui.pages.supervision.reassign import follow_batch
from ui.pages.supervision.wish import back_address
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/supervision/reassignments")
_SHOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ListPage:
    """The batches of the last weeks."""

    batches: tuple[BatchRow, ...]


@dataclass(frozen=True, slots=True)
class ResultPage:
    """One batch, with what can be done about it now."""

    batch: BatchPage
    back: str
    status: ItemStatus | None
    reason: str
    undo_until: datetime | None
    next_id: UUID
    shown: int = SHOWN

    @property
    def address(self) -> str:
        """The page itself."""
        return f"/supervision/reassignments/{self.batch.row.id}"


@router.get("")
def show_list(request: Request, visitor: Me) -> Response:
    """List what was moved in the last weeks."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with read_only() as session:
        found = recent_batches(session, visitor.principal, since=visitor.now - _SHOWN_FOR)
    return render(request, "supervision/batches.html", ListPage(found))


@router.get("/{batch_id}")
def show_batch(request: Request, visitor: Me, batch_id: UUID) -> Response:
    """Show how far a batch is, then what became of each file."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    query = request.query_params
    status, reason = member_of(query, "status", ItemStatus), text_of(query, "reason", 64)
    back = back_address(text_of(query, "back", 2000))
    page = _load(visitor, batch_id, status, reason, back)
    is_done = page.batch.row.status is BatchStatus.DONE
    # Whoever watched the progress now gets the whole page of the result.
    headers = {"HX-Refresh": "true"} if is_done and "hx-request" in request.headers else {}
    return render(request, "supervision/batch.html", page, headers=headers)


@router.get("/{batch_id}/result.csv")
def export(request: Request, visitor: Me, batch_id: UUID) -> Response:
    """Return what became of each file, for a spreadsheet."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with read_only() as session:
        found = load_batch(session, visitor.principal, batch_id, limit=None)
    rows = _table(found, request.state.shell.language)
    return saved_table(rows, f"reassignment-{batch_id}.csv")


@router.post("/{batch_id}/retry")
def try_again(visitor: Me, form: Posted, batch_id: UUID) -> Response:
    """Ask once more for what was refused."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with transaction() as session:
        made = retry(
            session, _next_id(form), batch_id, principal=visitor.principal, now=visitor.now
        )
    return follow_batch(visitor, made, back_address(text_of(form, "back", 2000)))


@router.post("/{batch_id}/undo")
def take_back(visitor: Me, form: Posted, batch_id: UUID) -> Response:
    """Give the files back to where they were."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with transaction() as session:
        made = undo(session, _next_id(form), batch_id, principal=visitor.principal, now=visitor.now)
    return follow_batch(visitor, made, back_address(text_of(form, "back", 2000)))


def _next_id(form: Posted) -> UUID:
    return as_uuid(text_of(form, "next", 40)) or new_id()


def _load(
    visitor: Visitor, batch_id: UUID, status: ItemStatus | None, reason: str, back: str
) -> ResultPage:
    with read_only() as session:
        found = load_batch(session, visitor.principal, batch_id, status=status, reason=reason)
    ends = None if found.finished_at is None else found.finished_at + UNDO_FOR
    can_undo = found.can_undo(visitor.now, UNDO_FOR)
    return ResultPage(found, back, status, reason, ends if can_undo else None, new_id())


def _table(found: BatchPage, language: str) -> Iterator[tuple[str, ...]]:
    catalog = translations(language)

    def words(codes: tuple[str, ...], kind: str) -> str:
        names = (code.split(":")[0] for code in codes)
        return "; ".join(catalog.gettext(word_for(kind, name) or name) for name in names)

    yield ("reference", "status", "from", "to", "refused_for", "warnings", "codes")
    for each in found.items:
        yield (
            each.reference, catalog.gettext(label_of(each.status)), each.from_doctor or "",
            each.to_doctor or "", words(each.refusals, "constraint"),
            words(each.warnings, "reservation"), " ".join(each.refusals),
        )  # fmt: skip
