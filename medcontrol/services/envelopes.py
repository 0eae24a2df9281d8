"""Sealed medical envelopes (plis confidentiels): registered closed, opened by a doctor alone."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from medcontrol import journal
from medcontrol.clock import Clock
from medcontrol.db import transaction
from medcontrol.errors import DomainError, Forbidden, Kind, NotFound
from medcontrol.ids import new_id
from medcontrol.model import SealedEnvelope
from medcontrol.policy import Action, Principal, may
from medcontrol.services import files, medical
from medcontrol.vocabulary import Role

#: Who opens envelopes, each with the rights of a doctor over the file.
OPENERS = (Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR)


class EnvelopeOpen(DomainError):
    """The envelope was opened before; nothing was changed."""

    kind = Kind.CONFLICT
    code = "envelope.open"


def register(
    session: Session, principal: Principal, control_file_id: UUID, *, now: datetime
) -> UUID:
    """Note that a sealed envelope lies in the physical file; nobody looks into it.

    Raises:
        Forbidden: the agent does not administrate this file.
    """
    if not may(session, principal, control_file_id, Action.ADMINISTRATE):
        raise Forbidden("this file is not of your units")
    files.lock(session, control_file_id)
    envelope = SealedEnvelope(
        id=new_id(), control_file_id=control_file_id, registered_at=now, registered_by=principal.id
    )
    session.add(envelope)
    _note(session, principal, envelope, "envelope.registered", now)
    return envelope.id


def open_envelope(
    principal: Principal, control_file_id: UUID, envelope_id: UUID, *, now: Clock
) -> None:
    """Note that a doctor opens an envelope; the access log knows it before the journal does.

    In transactions of its own: reading is recorded even if the rest fails.

    Raises:
        Forbidden: not a doctor, or not one who may read this file's medical content.
        EnvelopeOpen: somebody opened it before.
        NotFound: the file has no such envelope.
    """
    if principal.doctor_id is None or not principal.has(*OPENERS):
        raise Forbidden("only a doctor opens a sealed envelope")
    medical.log_reading(principal, control_file_id, f"envelope:{envelope_id}", "control", now=now)
    with transaction() as session:
        files.lock(session, control_file_id)
        envelope = session.get(SealedEnvelope, envelope_id, with_for_update=True)
        if envelope is None or envelope.control_file_id != control_file_id:
            raise NotFound("no such envelope in this file")
        if envelope.opened_at is not None:
            raise EnvelopeOpen
        envelope.opened_at, envelope.opened_by = now(), principal.id
        envelope.opened_by_name = principal.name
        _note(session, principal, envelope, "envelope.opened", now())


def _note(
    session: Session, principal: Principal, envelope: SealedEnvelope, action: str, now: datetime
) -> None:
    session.flush()
    journal.record(
        session, envelope.control_file_id, action, {"envelope": str(envelope.id)},
        actor=journal.Actor(principal.kind, principal.name, principal.id), now=now,
    )  # fmt: skip
