"""An expert's fee (honoraires): computed by the law or the agreement, put on the statement."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput, StepNotOpen
from medcontrol.model import ControlFile, HumanTask
from medcontrol.policy import Action
from medcontrol.queries.adjacent import file_by_reference, open_task
from medcontrol.queries.experts import Reported, reported
from medcontrol.vocabulary import Role, StepKind
from ui.forms import text_of
from ui.notices import see_other
from ui.pages.adjacent.sending import end_step, version_of
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.linked.expert_fees import AGREED, fee_of

router = APIRouter(prefix="/expertises")


@dataclass(frozen=True, slots=True)
class FeePage:
    """What the expert is owed, before it is put on the statement."""

    file: ControlFile
    found: Reported
    cents: int
    basis: str

    @property
    def is_agreed(self) -> bool:
        """Whether the fee was agreed with this expert."""
        return self.basis == AGREED


def _file(session: Session, visitor: Visitor, reference: str) -> tuple[ControlFile, HumanTask]:
    file = file_by_reference(session, visitor.principal, reference, Action.ADMINISTRATE)
    task = open_task(session, file.id)
    if task is None or task.kind is not StepKind.FEE:
        raise StepNotOpen("no fee is to be entered")
    return file, task


@router.get("/{reference}/fee")
def show_fee(request: Request, visitor: Me, reference: str) -> Response:
    """Draw the fee."""
    visitor.must_have(Role.AGENT)
    with read_only() as session:
        file, _task = _file(session, visitor, reference)
        found = reported(session, file.id)
        cents, basis = fee_of(found.expert, file.jurisdiction, found.is_in_person, visitor.today)
        return render(request, "adjacent/fee.html", FeePage(file, found, cents, basis))


@router.post("/{reference}/fee")
def end_fee(visitor: Me, form: Posted, reference: str) -> Response:
    """Put the fee on the month's statement, or say that nothing is owed."""
    visitor.must_have(Role.AGENT)
    outcome = text_of(form, "outcome", 16)
    if outcome not in ("owed", "not_owed"):
        raise InvalidInput("owed or not", field="outcome")
    with transaction() as session:
        _found, task = _file(session, visitor, reference)
        command: dict[str, object] = {"expected_version": version_of(form), "outcome": outcome}
        if note := text_of(form, "note", 1000):
            command["form"] = {"note": note}
        end_step(session, visitor, task, command)
    return see_other("/reception/today", "task.completed")
