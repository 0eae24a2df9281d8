"""Cases about a provider, at central level (suspicions sur un professionnel).

What stands out across files is never held against the persons of those files: a case names the
provider, the figures and the files by reference. It writes no letter and touches no file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from medcontrol.errors import AlreadyDone, Forbidden, InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.model import ProviderCase, ProviderCaseEvent, ProviderCaseFile
from medcontrol.policy import Principal
from medcontrol.vocabulary import ControlLevel, ProviderCaseStatus, Role

LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """Why a case is opened, or what is added to it.

    Attributes:
        origin: segment, probe, row or person.
        facts: figures and codes only; no name.
        files: files that it rests on, by id.
    """

    provider_id: str
    origin: str
    facts: Mapping[str, Any]
    files: tuple[UUID, ...] = ()


def may_work(actor: Principal) -> bool:
    """Return whether somebody works on cases: analysts, and doctors of the central level."""
    return actor.has(Role.ANALYST) or any(
        grant.role is Role.CENTRAL_DOCTOR and grant.level is ControlLevel.CENTRAL
        for grant in actor.grants
    )


def open_case(
    session: Session,
    jurisdiction: str,
    suspicion: Suspicion,
    *,
    actor: Principal | None,
    now: datetime,
) -> ProviderCase:
    """Open a case, or add to the one that is open about the same provider.

    Args:
        session: a transaction.
        jurisdiction: whose provider.
        suspicion: what it rests on.
        actor: who opens it; ``None`` when a probe escalated by itself.
        now: the instant.

    Raises:
        Forbidden: the actor does not work on cases.
        InvalidInput: no provider is named.
    """
    if actor is not None and not may_work(actor):
        raise Forbidden("cases about providers are worked on at central level")
    provider = suspicion.provider_id.strip()
    if not provider:
        raise InvalidInput("a case is about a provider", field="provider_id")
    evidence = {"origin": suspicion.origin, "at": now.isoformat(timespec="seconds"),
                **suspicion.facts}  # fmt: skip
    found = _open_about(session, jurisdiction, provider)
    if found is None:
        found = ProviderCase.model_validate(
            {
                "id": new_id(), "jurisdiction": jurisdiction, "provider_id": provider,
                "status": ProviderCaseStatus.OPEN, "opened_at": now,
                "opened_by": actor.id if actor else None, "origin": suspicion.origin,
                "evidence": [evidence],
            }
        )  # fmt: skip
        session.add(found)
        session.flush()
        _tell(session, found, actor, "opened", "", now)
    else:
        found.evidence = [*found.evidence, evidence]
        found.version += 1
        _tell(session, found, actor, "evidence_added", "", now)
    add_files(session, found.id, suspicion.files, now)
    return found


def _open_about(session: Session, jurisdiction: str, provider_id: str) -> ProviderCase | None:
    session.execute(
        sa.text("SELECT pg_advisory_xact_lock(hashtext('provider_case'), hashtext(:provider))"),
        {"provider": f"{jurisdiction}:{provider_id}"},
    )
    return session.exec(
        select(ProviderCase)
        .where(
            ProviderCase.jurisdiction == jurisdiction,
            ProviderCase.provider_id == provider_id,
            col(ProviderCase.closed_at).is_(None),
        )
        .with_for_update()
    ).first()


def add_files(session: Session, case_id: UUID, files: Iterable[UUID], now: datetime) -> None:
    """Link files to a case; those that are linked already stay as they are."""
    rows = [{"case_id": case_id, "file_id": each, "added_at": now} for each in sorted(set(files))]
    if rows:
        session.execute(insert(ProviderCaseFile).on_conflict_do_nothing(), rows)


def locked(
    session: Session, case_id: UUID, actor: Principal, *, version: int | None = None
) -> ProviderCase:
    """Return a case that is not closed, under lock.

    Raises:
        Forbidden: not this person's work.
        NotFound: there is no such case.
        AlreadyDone: it is closed, or somebody did something with it meanwhile.
    """
    if not may_work(actor):
        raise Forbidden("cases about providers are worked on at central level")
    found = session.exec(
        select(ProviderCase)
        .where(ProviderCase.id == case_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise NotFound("there is no such case", field="case")
    if found.status.is_closed or (version is not None and found.version != version):
        raise AlreadyDone("somebody did something with this case meanwhile")
    return found


def take(
    session: Session, case_id: UUID, *, actor: Principal, now: datetime, version: int | None = None
) -> ProviderCase:
    """Take a case into one's hands: as its analyst, or as its central doctor."""
    case = locked(session, case_id, actor, version=version)
    if actor.has(Role.ANALYST):
        case.analyst_id = actor.id
    else:
        case.doctor_user_id = actor.id
    case.status = ProviderCaseStatus.UNDER_REVIEW
    case.version += 1
    _tell(session, case, actor, "taken", "", now)
    return case


def note(
    session: Session, case_id: UUID, text: str, *, actor: Principal, now: datetime
) -> ProviderCase:
    """Add a remark. Nothing medical and nobody's name belongs into it; the page says so."""
    case = locked(session, case_id, actor)
    _tell(session, case, actor, "noted", _checked(text), now)
    return case


def conclude(
    session: Session,
    case_id: UUID,
    *,
    founded: bool,
    text: str,
    actor: Principal,
    now: datetime,
    version: int | None = None,
) -> ProviderCase:
    """Close a case with its conclusion and a reason.

    Raises:
        InvalidInput: no reason is given.
    """
    case = locked(session, case_id, actor, version=version)
    case.status = ProviderCaseStatus.FOUNDED if founded else ProviderCaseStatus.UNFOUNDED
    case.closed_at = now
    case.version += 1
    _tell(session, case, actor, case.status.value, _checked(text), now)
    return case


def _checked(text: str) -> str:
    found = text.strip()
    if not found:
        raise InvalidInput("say why", field="note")
    if len(found) > LONGEST_NOTE:
        raise InvalidInput(f"at most {LONGEST_NOTE} characters", field="note")
    return found


def _tell(
    session: Session,
    case: ProviderCase,
    actor: Principal | None,
    action: str,
    text: str,
    now: datetime,
) -> None:
    session.add(
        ProviderCaseEvent.model_validate(
            {
                "id": new_id(), "case_id": case.id, "at": now,
                "user_id": actor.id if actor else None,
                "user_name": actor.name if actor else "medcontrol",
                "action": action, "note": text,
            }
        )
    )  # fmt: skip
    session.flush()
