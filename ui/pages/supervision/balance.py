"""Even loads (rééquilibrage): which files could pass from the busiest doctors to others."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from assignment.reassignments import Order
from assignment.reassignments import request as request_batch
from assignment.rebalancing import Rebalancing, held_by, propose
from medcontrol.db import read_only, transaction
from medcontrol.ids import new_id
from medcontrol.queries.supervision_tasks import allowed_tasks, doctor_names
from medcontrol.vocabulary import BatchKind, Role
from ui.forms import as_uuid, text_of
from ui.notices import see_other
from ui.pages.supervision.absences import chosen_colleagues
from ui.pages.supervision.reassign import follow_batch, targets_of
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/supervision/balance")
ADDRESS = "/supervision/balance"


@dataclass(frozen=True, slots=True)
class BalancePage:
    """The proposal, with the names of who gives and gets."""

    proposal: Rebalancing
    names: Mapping[UUID, str]
    batch: UUID


@router.get("")
def show_balance(request: Request, visitor: Me) -> Response:
    """Propose moves between the doctors of one's units; nothing changes."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with read_only() as session:
        found = _propose(session, visitor)
        names = doctor_names(session, {load.doctor_id for load in found.loads})
    return render(request, "supervision/balance.html", BalancePage(found, names, new_id()))


@router.post("/accept")
def accept(visitor: Me, form: Posted) -> Response:
    """Move the ticked files: an ordinary reassignment, with its undoing."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with transaction() as session:
        chosen = chosen_colleagues(session, visitor, form)
        if not chosen:
            return see_other(ADDRESS)
        doctors = sorted({str(each) for each in chosen.values()})
        order = Order(
            batch_id=as_uuid(text_of(form, "batch", 40)) or new_id(), kind=BatchKind.REASSIGN,
            target={"doctors": doctors}, reason="workload",
        )  # fmt: skip
        batch = request_batch(
            session, order, chosen, principal=visitor.principal,
            jurisdiction=visitor.site.jurisdiction, now=visitor.now,
        )  # fmt: skip
    return follow_batch(visitor, batch, ADDRESS)


def _propose(session: Session, visitor: Visitor) -> Rebalancing:
    jurisdiction = visitor.site.jurisdiction
    doctors = [each.id for each in targets_of(session, visitor).doctors]
    held = held_by(session, doctors, jurisdiction=jurisdiction, now=visitor.now)
    return propose(
        session, doctors, jurisdiction=jurisdiction, now=visitor.now, held=held,
        only=allowed_tasks(session, visitor.principal, list(held.free)),
    )  # fmt: skip
