"""The list of experts: who may be named, their ties and agreed fees (liste des experts)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session, col, select

from medcontrol.errors import InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.model import Expert, ExpertConflict, RoleGrant, UserAccount
from medcontrol.services.doctor_tables import CONFLICT_KINDS
from medcontrol.vocabulary import Role

LISTS = ("court", "university", "fund")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertSheet:
    """What an administrator enters of an expert; fees in centimes, the law's when absent.

    ``login``: the account that looks at missions; one with the role of an expert.
    """

    code: str
    name: str
    specialty: str
    list_kind: str
    professional_id: str | None = None
    address: str | None = None
    login: str | None = None
    on_file_cents: int | None = None
    in_person_cents: int | None = None
    is_active: bool = True


def save_expert(session: Session, sheet: ExpertSheet, expert_id: UUID | None = None) -> Expert:
    """Enter an expert, or change one. Missions under way keep their file.

    Raises:
        InvalidInput: ``field`` names what does not fit. NotFound: no such expert.
    """
    for name in ("code", "name", "specialty"):
        if not getattr(sheet, name).strip():
            raise InvalidInput("may not be empty", field=name)
    if sheet.list_kind not in LISTS:
        raise InvalidInput("one of the lists", field="list_kind")
    expert = session.get(Expert, expert_id, with_for_update=True) if expert_id else None
    if expert_id is not None and expert is None:
        raise NotFound("there is no such expert")
    same = session.exec(select(Expert).where(Expert.code == sheet.code)).first()
    if same is not None and same.id != expert_id:
        raise InvalidInput("another expert has this code", field="code")
    user_id = _account(session, sheet.login, expert_id)
    row = expert or Expert(id=new_id(), code="", name="", specialty="", list_kind="fund")
    for name in ("code", "name", "specialty", "list_kind", "professional_id", "address",
                 "on_file_cents", "in_person_cents", "is_active"):  # fmt: skip
        setattr(row, name, getattr(sheet, name))
    row.user_id = user_id
    session.add(row)
    session.flush()
    return row


def _account(session: Session, login: str | None, expert_id: UUID | None) -> UUID | None:
    """Return the account of an expert: one with that role, and of nobody else."""
    if not login:
        return None
    found = session.exec(
        select(UserAccount)
        .join(RoleGrant, col(RoleGrant.user_id) == UserAccount.id)
        .where(UserAccount.login == login.strip().lower(), RoleGrant.role == Role.EXPERT)
    ).first()
    if found is None:
        raise InvalidInput("an account with the role of an expert", field="login")
    other = session.exec(select(Expert).where(Expert.user_id == found.id)).first()
    if other is not None and other.id != expert_id:
        raise InvalidInput("the account of another expert", field="login")
    return found.id


def add_conflict(
    session: Session, expert_id: UUID, kind: str, subject: str, *, since: date
) -> ExpertConflict:
    """Keep an expert from the files of a person, a professional or an establishment.

    Raises:
        InvalidInput: another kind, or nobody named. NotFound: no such expert.
    """
    if session.get(Expert, expert_id) is None:
        raise NotFound("there is no such expert")
    if kind not in CONFLICT_KINDS:
        raise InvalidInput("one of the kinds", field="kind")
    if not 0 < len(subject.strip()) <= 64:
        raise InvalidInput("who it is", field="subject")
    row = ExpertConflict(
        id=new_id(), expert_id=expert_id, kind=kind, subject=subject.strip(), valid_from=since
    )
    session.add(row)
    session.flush()
    return row


def end_conflict(session: Session, expert_id: UUID, conflict_id: UUID, *, last_day: date) -> None:
    """End a conflict of interest; it stays on record.

    Raises:
        NotFound: no such conflict of this expert.
    """
    row = session.get(ExpertConflict, conflict_id)
    if row is None or row.expert_id != expert_id:
        raise NotFound("there is no such conflict")
    row.valid_to = max(last_day, row.valid_from)
    session.add(row)
    session.flush()
