"""Opening the file that follows from a decision (dossier suivant), such as a pension's claim.

It is a file like any other of its flow: its own clocks, pieces and doctors. What was handed in
and the medical content as received come along.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol import journal, outbox
from medcontrol.clock import civil_date
from medcontrol.model import ControlFile, Entitlement
from medcontrol.services import files
from medcontrol.vocabulary import ControlLevel, ControlMode, EntitlementStatus
from workflows.linked.files import NewLinked, open_linked
from workflows.linked.requests import copy_request
from workflows.tools import Tools


def open_asked(session: Session, tools: Tools, message_id: UUID, *, now: datetime) -> None:
    """Open the file that a message asks for; called again, it finds that done."""
    waiting = outbox.begin(session, message_id)
    if waiting is None:
        return
    asked = waiting.payload
    open_next(
        session, tools, UUID(asked["control_file_id"]), flow=asked["flow"], nature=asked["nature"],
        now=now,
    )  # fmt: skip
    outbox.finish(waiting, now=now)


def open_next(
    session: Session, tools: Tools, control_file_id: UUID, *, flow: str, nature: str, now: datetime
) -> ControlFile | None:
    """Open a file of another flow about the person of a file, once.

    Locks the file. None, and an entry in its journal, when the person has an open file or a
    running right of that flow already: nobody asks for the same thing twice.

    Raises:
        NotFound: no such file, or no pack serves the flow today.
    """
    parent = files.lock(session, control_file_id)
    known = _known(session, parent, flow, now)
    if known is not None:
        journal.record(
            session, parent.id, "file.not_opened", {"flow": flow, "because": known}, now=now,
            actor=journal.SYSTEM,
        )  # fmt: skip
        return None
    since = None
    if parent.entitlement_id is not None:
        since = session.get_one(Entitlement, parent.entitlement_id).valid_from
    new = NewLinked(
        flow=flow, nature=nature, level=ControlLevel.LOCAL, form={}, mode=ControlMode.IN_PERSON,
        care_from=since,
    )  # fmt: skip
    child = open_linked(session, tools, parent, new, now=now)
    copy_request(session, tools.keys, parent, child, now=now)
    return child


def _known(session: Session, parent: ControlFile, flow: str, now: datetime) -> str | None:
    """Return the reference or number of what the person has of a flow; None when there is none."""
    file = session.exec(
        select(ControlFile.reference).where(
            ControlFile.registration_number == parent.registration_number,
            ControlFile.person_birth_date == parent.person_birth_date,
            ControlFile.flow == flow,
            col(ControlFile.closed_at).is_(None),
        )
    ).first()
    if file is not None:
        return file
    born = sa.func.coalesce(col(Entitlement.beneficiary_birth_date), col(Entitlement.birth_date))
    today = civil_date(now, parent.jurisdiction)
    return session.exec(
        select(Entitlement.number).where(
            Entitlement.registration_number == parent.registration_number,
            born == parent.person_birth_date,
            Entitlement.flow == flow,
            Entitlement.status != EntitlementStatus.ENDED,
            sa.or_(col(Entitlement.valid_to).is_(None), col(Entitlement.valid_to) >= today),
        )
    ).first()
