"""Reviews postponed together: what was ticked, a preview with those that can't, and back again."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session
from starlette.datastructures import FormData, QueryParams

from medcontrol.db import read_only, transaction
from medcontrol.ids import new_id
from medcontrol.model import SelectionToken
from medcontrol.queries.postponements import (
    PostponementPage,
    PostponementRow,
    load_postponement,
    recent_postponements,
)
from medcontrol.services import selections
from medcontrol.vocabulary import Jurisdiction, Role
from ui.forms import Errors, as_uuid, is_ticked, text_of, uuids_of
from ui.notices import see_other
from ui.pages.supervision.periodic import filters_of
from ui.periodic_codes import POSTPONE_REASONS
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.rights.postponing import (
    MOST_DAYS,
    Moved,
    Postpone,
    Postponed,
    Refused,
    postpone,
    rights_of,
    undo,
)

router = APIRouter(prefix="/supervision/periodic")
_LIST = "/supervision/periodic/rights"
_SHOWN = 200
_SHOWN_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed; kept when something is missing."""

    selection: UUID
    days: str
    reason: str
    note: str
    list: str
    id: UUID

    def errors(self) -> dict[str, str]:
        """Return the code of what is missing, by field."""
        found = {}
        if not (self.days.isdecimal() and 1 <= int(self.days[:9]) <= MOST_DAYS):
            found["days"] = "days_required"
        if self.reason not in POSTPONE_REASONS:
            found["reason"] = "reason_required"
        elif self.reason == "other" and not self.note:
            found["note"] = "note_required"
        return found

    @property
    def back(self) -> str:
        """The list that it was chosen in."""
        return f"{_LIST}?{self.list}" if self.list else _LIST


@dataclass(frozen=True, slots=True)
class PostponePage:
    """The form, and what it would do once it was filled in; the first rows of many."""

    wish: Wish
    total: int
    reasons: tuple[str, ...]
    errors: Mapping[str, str]
    would: Postponed | None = None

    @property
    def moved(self) -> tuple[Moved, ...]:
        """Rows of what opens later."""
        return self.would.moved[:_SHOWN] if self.would else ()

    @property
    def refused(self) -> tuple[Refused, ...]:
        """Rows of what stays."""
        return self.would.refused[:_SHOWN] if self.would else ()

    @property
    def why(self) -> Mapping[str, int]:
        """How many stay, by reason."""
        found = Counter(each.why for each in self.would.refused) if self.would else Counter[str]()
        return dict(found.most_common())


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """The postponements of the last weeks."""

    rows: tuple[PostponementRow, ...]


@dataclass(frozen=True, slots=True)
class ResultPage:
    """What became of a postponement."""

    batch: PostponementPage


@router.post("/choose")
def choose(visitor: Me, form: Posted) -> Response:
    """Keep what was ticked, or the filters of the list, and ask by how much."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    filters = text_of(form, "list", 4000).removeprefix("?")
    with transaction() as session:
        if is_ticked(form, "everything"):
            token = selections.take_results(session, visitor.principal, filters, now=visitor.now)
        elif ticked := uuids_of(form, "right"):
            token = selections.take_rows(session, visitor.principal, ticked, now=visitor.now)
        else:
            return see_other(f"{_LIST}?{filters}" if filters else _LIST, "nothing.selected")
        kept = token.id
    query = urlencode({"selection": kept, "list": filters})
    return see_other(f"/supervision/periodic/postpone?{query}")


@router.get("/postpone")
def ask(request: Request, visitor: Me) -> Response:
    """Ask by how many days, and why."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with read_only() as session:
        wish, ids = _wish(session, visitor, request.query_params)
    page = PostponePage(wish, len(ids), tuple(POSTPONE_REASONS), Errors())
    return render(request, "periodic/postpone.html", page)


@router.post("/postpone/preview")
def preview(request: Request, visitor: Me, form: Posted) -> Response:
    """Say which reviews would open later, and which can't and why. Nothing changes."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with transaction() as session:  # it locks, though nothing is written
        wish, ids = _wish(session, visitor, form)
        errors = wish.errors()
        would = None if errors else _postpone(session, visitor, wish, ids, is_dry_run=True)
    page = PostponePage(wish, len(ids), tuple(POSTPONE_REASONS), Errors(errors), would)
    return render(request, "periodic/postpone.html", page, status_code=422 if errors else 200)


@router.post("/postpone")
def run(request: Request, visitor: Me, form: Posted) -> Response:
    """Postpone the reviews that can be."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with transaction() as session:
        wish, ids = _wish(session, visitor, form)
        errors = wish.errors()
        if not errors:
            _postpone(session, visitor, wish, ids)
    if errors:
        page = PostponePage(wish, len(ids), tuple(POSTPONE_REASONS), Errors(errors))
        return render(request, "periodic/postpone.html", page, status_code=422)
    return see_other(f"/supervision/periodic/postponements/{wish.id}")


@router.get("/postponements")
def show_history(request: Request, visitor: Me) -> Response:
    """List what was postponed in the last weeks."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with read_only() as session:
        rows = recent_postponements(
            session, visitor.principal, visitor.site.jurisdiction, since=visitor.now - _SHOWN_FOR
        )
    return render(request, "periodic/postponements.html", HistoryPage(rows))


@router.get("/postponements/{batch_id}")
def show_result(request: Request, visitor: Me, batch_id: UUID) -> Response:
    """Show what became of each right."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with read_only() as session:
        found = load_postponement(session, visitor.principal, batch_id)
    return render(request, "periodic/postponement.html", ResultPage(found))


@router.post("/postponements/{batch_id}/undo")
def take_back(visitor: Me, _form: Posted, batch_id: UUID) -> Response:
    """Open the reviews on the days on which they would have."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with transaction() as session:
        load_postponement(session, visitor.principal, batch_id)  # one that may be seen
        undo(session, visitor.principal, batch_id, now=visitor.now)
    return see_other(f"/supervision/periodic/postponements/{batch_id}", "postponement.undone")


def _wish(
    session: Session, visitor: Visitor, sent: FormData | QueryParams
) -> tuple[Wish, list[UUID]]:
    """Return what was typed, and the rights that were chosen."""
    token = selections.find(
        session, as_uuid(text_of(sent, "selection", 40)), visitor.principal, now=visitor.now
    )
    wish = Wish(
        selection=token.id,
        days=text_of(sent, "days", 9),
        reason=text_of(sent, "reason", 64),
        note=text_of(sent, "note", 500),
        list=text_of(sent, "list", 4000),
        id=as_uuid(text_of(sent, "id", 40)) or new_id(),
    )
    return wish, _rights(session, visitor, token)


def _rights(session: Session, visitor: Visitor, token: SelectionToken) -> list[UUID]:
    if token.task_ids is not None:  # rows of a list, whatever they are of
        return list(token.task_ids)
    filters = filters_of(QueryParams(token.filters or ""))
    return rights_of(session, visitor.principal, filters, visitor.site.jurisdiction)


def _postpone(
    session: Session, visitor: Visitor, wish: Wish, ids: list[UUID], *, is_dry_run: bool = False
) -> Postponed:
    command = Postpone(
        id=wish.id, right_ids=ids, days=int(wish.days), reason=wish.reason, note=wish.note
    )
    return postpone(
        session, visitor.site.tools.catalog, visitor.principal, command,
        jurisdiction=Jurisdiction(visitor.site.jurisdiction), now=visitor.now,
        is_dry_run=is_dry_run,
    )  # fmt: skip
