"""What did not pass the gate (quarantaine): shown with its faults, corrected, taken in again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import AlreadyDone, InvalidInput
from medcontrol.intake import FieldError
from medcontrol.intake.correcting import Correctable
from medcontrol.queries.quarantine import (
    MEDICAL_READERS,
    READERS,
    WRITERS,
    QuarantineFilters,
    QuarantineRow,
    count_lines,
    find_line,
    list_lines,
)
from medcontrol.queries.worklist import Paging
from medcontrol.services.quarantine import merge_correction, read_correctable, read_members
from medcontrol.vocabulary import QuarantineReason, QuarantineStatus
from ui.forms import member_of, text_of, texts_of
from ui.notices import see_other
from ui.pages.administration.addresses import Address
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.gate import quarantine as store
from workflows.gate.single import replay

router = APIRouter(prefix="/quarantine")
_SIZE = 50


@dataclass(frozen=True, slots=True)
class ListPage:
    """The lines, with how many wait."""

    rows: Sequence[QuarantineRow]
    address: Address
    status: QuarantineStatus | None
    reason: QuarantineReason | None
    paging: Paging
    waiting: int
    statuses: Sequence[QuarantineStatus] = tuple(QuarantineStatus)
    reasons: Sequence[QuarantineReason] = tuple(QuarantineReason)


@dataclass(frozen=True, slots=True)
class LinePage:
    """One line: its faults, the faulty values, and the text to correct."""

    line: QuarantineRow
    errors: Sequence[FieldError]
    members: Mapping[str, str]
    correctable: Correctable
    text: str
    may_write: bool
    may_read_medical: bool
    is_new_fault: bool = False
    refusal: str | None = None


@router.get("")
def show_list(request: Request, visitor: Me) -> Response:
    """Draw the lines of a state, those to be handled unless another is asked for."""
    visitor.must_have(*READERS)
    query = request.query_params
    is_all = text_of(query, "status", 16) == "all"
    status = member_of(query, "status", QuarantineStatus) or QuarantineStatus.WAITING
    filters = QuarantineFilters(
        status=None if is_all else status, reason=member_of(query, "reason", QuarantineReason)
    )
    with read_only() as session:
        found = list_lines(session, filters, after=text_of(query, "after", 400), size=_SIZE)
        total = count_lines(session, filters)
        waiting = count_lines(session, QuarantineFilters(status=QuarantineStatus.WAITING))
    chosen = {"status": "all" if is_all else status.value, "reason": filters.reason or ""}
    last = found.first + len(found.rows) - 1
    page = ListPage(
        rows=found.rows,
        address=Address(chosen),
        status=filters.status,
        reason=filters.reason,
        paging=Paging(
            first=found.first if found.rows else 0, last=last if found.rows else 0, total=total,
            previous=found.previous, next=found.next,
        ),
        waiting=waiting,
    )  # fmt: skip
    return render(request, "administration/quarantine.html", page)


@router.get("/{line_id}")
def show_line(request: Request, visitor: Me, line_id: UUID) -> Response:
    """Draw one line with what is wrong with it."""
    visitor.must_have(*READERS)
    return _draw(request, visitor, line_id)


@router.post("/{line_id}/replay")
def replay_line(request: Request, visitor: Me, form: Posted, line_id: UUID) -> Response:
    """Take the line in again, corrected or as it stands."""
    visitor.must_have(*WRITERS)
    text = text_of(form, "text")
    content = None
    try:
        if text_of(form, "do", 16) != "as_is":
            content = merge_correction(
                visitor.principal, line_id, visitor.site.tools.keys, text,
                frozenset(texts_of(form, "drop", 100)),
            )  # fmt: skip
        taken = replay(
            visitor.site.tools, line_id, content, by=visitor.principal.name, now=visitor.now
        )
    except InvalidInput:
        return _draw(request, visitor, line_id, text=text, refusal="json_invalid")
    except AlreadyDone:
        return _draw(request, visitor, line_id, refusal="quarantine.settled")
    if taken.kind in ("faulty", "conflict"):
        return _draw(request, visitor, line_id, text=text, errors=taken.errors)
    notice = "quarantine.replayed" if taken.kind == "accepted" else "quarantine.duplicate"
    return see_other(f"/quarantine/{line_id}", notice)


@router.post("/{line_id}/discard")
def discard_line(request: Request, visitor: Me, form: Posted, line_id: UUID) -> Response:
    """Settle the line without taking it in; its bytes stay."""
    visitor.must_have(*WRITERS)
    try:
        with transaction() as session:
            store.discard(session, line_id, by=visitor.principal.name, now=visitor.now)
    except AlreadyDone:
        return _draw(request, visitor, line_id, refusal="quarantine.settled")
    return see_other("/quarantine", "quarantine.discarded")


def _draw(
    request: Request,
    visitor: Visitor,
    line_id: UUID,
    *,
    text: str | None = None,
    errors: Sequence[FieldError] | None = None,
    refusal: str | None = None,
) -> Response:
    principal, keys = visitor.principal, visitor.site.tools.keys
    with read_only() as session:
        line = find_line(session, line_id)
    found = read_correctable(principal, line_id, keys, now=visitor.site.clock)
    page = LinePage(
        line=line,
        errors=line.errors if errors is None else errors,
        members=read_members(principal, line_id, keys, now=visitor.site.clock),
        correctable=found,
        text=found.text or "" if text is None else text,
        may_write=principal.has(*WRITERS) and line.status is QuarantineStatus.WAITING,
        may_read_medical=principal.has(*MEDICAL_READERS),
        is_new_fault=errors is not None,
        refusal=refusal,
    )
    status = 409 if refusal == "quarantine.settled" else 422 if refusal or errors else 200
    return render(request, "administration/line.html", page, status_code=status)
