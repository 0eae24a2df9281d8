"""Cases about providers as lists and pages show them."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.errors import NotFound
from medcontrol.model import ProviderCase, ProviderCaseEvent, UserAccount


@dataclass(frozen=True, slots=True)
class LinkedFile:
    """A file of a case: no person, only what leads to it."""

    file_id: UUID
    reference: str | None
    flow: str
    nature: str
    received_on: date
    result: str | None
    amount_cents: int


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as its page shows it."""

    case: ProviderCase
    events: tuple[ProviderCaseEvent, ...]
    files: tuple[LinkedFile, ...]
    analyst: str | None
    doctor: str | None


_FILES = """
SELECT l.file_id,
       coalesce(f.reference, coalesce(r.source, h.source) || '/' ||
                coalesce(r.external_id, h.external_id)),
       coalesce(r.flow, h.flow), coalesce(r.nature, h.nature),
       coalesce((r.received_at)::date, h.received_on), o.result, coalesce(o.avoided, 0)
FROM provider_case_file l
LEFT JOIN received_file r ON r.id = l.file_id
LEFT JOIN past_file h ON h.id = l.file_id
LEFT JOIN control_file f ON f.received_file_id = l.file_id
LEFT JOIN LATERAL (
  SELECT CASE WHEN is_overturned THEN 'conform' ELSE result END AS result,
         CASE WHEN is_overturned THEN 0 ELSE amount_avoided_cents END AS avoided
  FROM control_outcome WHERE received_file_id = l.file_id OR past_file_id = l.file_id
  ORDER BY is_overturned, decided_on DESC, id DESC LIMIT 1) o ON true
WHERE l.case_id = :case ORDER BY 5, 1
"""


def cases(session: Session, jurisdiction: str, *, most: int = 200) -> list[ProviderCase]:
    """Return the cases, those that are open first, then the newest."""
    found = session.exec(
        select(ProviderCase)
        .where(ProviderCase.jurisdiction == jurisdiction)
        .order_by(col(ProviderCase.closed_at).is_not(None), col(ProviderCase.opened_at).desc())
        .limit(most)
    )
    return list(found.all())


def view(session: Session, case_id: UUID) -> CaseView:
    """Return a case with its files and what was done.

    Raises:
        NotFound: there is no such case.
    """
    case = session.get(ProviderCase, case_id)
    if case is None:
        raise NotFound("there is no such case", field="case")
    events = session.exec(
        select(ProviderCaseEvent)
        .where(ProviderCaseEvent.case_id == case_id)
        .order_by(col(ProviderCaseEvent.at), col(ProviderCaseEvent.id))
    ).all()
    files = session.execute(sa.text(_FILES), {"case": case_id}).all()
    return CaseView(
        case, tuple(events), tuple(LinkedFile(*row) for row in files),
        _name(session, case.analyst_id), _name(session, case.doctor_user_id),
    )  # fmt: skip


def _name(session: Session, user_id: UUID | None) -> str | None:
    user = session.get(UserAccount, user_id) if user_id else None
    return user.name if user else None
