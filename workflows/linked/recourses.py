"""Recourses after an appeal, outside the fund (ANAM, tribunal): recorded on the appeal's file.

Nothing is decided here: a body's outcome that changes the decision is carried out by its own file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from medcontrol import journal
from medcontrol.clock import civil_date
from medcontrol.errors import AlreadyDone, DomainError, Forbidden, InvalidInput, Kind, NotFound
from medcontrol.ids import new_id
from medcontrol.model import Appeal, ControlFile, ExternalRecourse
from medcontrol.policy import Action, Principal, may
from medcontrol.services import files
from medcontrol.vocabulary import Role
from workflows.steps.ending import actor_of

BODIES = ("anam", "administrative_court", "ordinary_court")
OUTCOMES = ("maintained", "overturned", "partly_overturned", "withdrawn")


class RecoursePending(DomainError):
    """This body has the case already."""

    kind = Kind.CONFLICT
    code = "recourse.pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecourse:
    """A recourse that the person filed outside: with whom, when, and how the case is called."""

    body: str
    filed_on: date
    case_number: str = ""


def recourses_of(session: Session, control_file_id: UUID) -> Sequence[ExternalRecourse]:
    """Return the recourses of an appeal, the first one first."""
    return session.exec(
        select(ExternalRecourse)
        .where(ExternalRecourse.control_file_id == control_file_id)
        .order_by(col(ExternalRecourse.filed_on), col(ExternalRecourse.id))
    ).all()


def record(
    session: Session, control_file_id: UUID, new: NewRecourse, *, by: Principal, now: datetime
) -> ExternalRecourse:
    """Record a recourse against a decided appeal; locks the appeal's file.

    Raises:
        NotFound, Forbidden: no such appeal, or not its secretary.
        RecoursePending: the same body has it already.
        InvalidInput: ``field`` names what is wrong.
    """
    file = _lock(session, control_file_id, by)
    appeal = session.get(Appeal, control_file_id)
    if appeal is None or appeal.decided_at is None:
        raise NotFound("no appeal was decided under this number")
    decided_on = civil_date(appeal.decided_at, file.jurisdiction)
    if new.body not in BODIES:
        raise InvalidInput("which body", field="body")
    if not decided_on <= new.filed_on <= civil_date(now, file.jurisdiction):
        raise InvalidInput(f"between {decided_on} and today", field="recourse_filed_on")
    number = new.case_number.strip()
    if len(number) > 64 or not number.isprintable():
        raise InvalidInput("at most 64 characters", field="case_number")
    known = recourses_of(session, control_file_id)
    if any(each.body == new.body and each.outcome is None for each in known):
        raise RecoursePending(field="body")
    row = ExternalRecourse(
        id=new_id(), control_file_id=control_file_id, body=new.body, filed_on=new.filed_on,
        case_number=number or None, recorded_by=by.id, recorded_at=now,
    )  # fmt: skip
    session.add(row)
    _tell(session, row, "recourse.recorded", {"body": row.body}, by, now)
    return row


def settle(
    session: Session, recourse_id: UUID, outcome: str, decided_on: date, *, by: Principal,
    now: datetime,
) -> ExternalRecourse:  # fmt: skip
    """Record what a body outside decided, once.

    Raises:
        NotFound, Forbidden: no such recourse, or not the appeal's secretary.
        AlreadyDone: its outcome is on record.
        InvalidInput: ``field`` names what is wrong.
    """
    found = session.get(ExternalRecourse, recourse_id)
    if found is None:
        raise NotFound("no such recourse")
    file = _lock(session, found.control_file_id, by)
    session.refresh(found)
    if found.outcome is not None:
        raise AlreadyDone("its outcome is on record")
    if outcome not in OUTCOMES:
        raise InvalidInput("which outcome", field="recourse_outcome")
    if not found.filed_on <= decided_on <= civil_date(now, file.jurisdiction):
        raise InvalidInput(f"between {found.filed_on} and today", field="decided_on")
    found.outcome, found.decided_on, found.settled_by = outcome, decided_on, by.id
    facts = {"body": found.body, "outcome": outcome}
    _tell(session, found, "recourse.settled", facts, by, now)
    return found


def _lock(session: Session, control_file_id: UUID, by: Principal) -> ControlFile:
    if not may(session, by, control_file_id, Action.SEE):
        raise NotFound("no such appeal")
    if not by.has(Role.APPEALS_SECRETARY):
        raise Forbidden("recourses are recorded by the appeals secretary")
    return files.lock(session, control_file_id)


def _tell(
    session: Session, row: ExternalRecourse, action: str, facts: dict[str, str], by: Principal,
    now: datetime,
) -> None:  # fmt: skip
    session.flush()
    told = {"recourse": str(row.id), **facts}
    journal.record(session, row.control_file_id, action, told, now=now, actor=actor_of(by))
