"""Files that another file opens (dossiers liés): appeal, expertise, second reading.

A linked file is a control file of its own, with its own flow, journal and people. Its parent is
the file that it is about; who it concerns and what was asked are taken from there.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session, col, select

from assignment.service import assign_tasks, load_tasks
from medcontrol import journal
from medcontrol.clock import civil_date
from medcontrol.crypto import bind
from medcontrol.errors import NotFound
from medcontrol.ids import new_id
from medcontrol.model import ControlFile, HumanTask, InboxMessage, ReceivedFile
from medcontrol.ports import SelectivityOutcome, SelectivityReason
from medcontrol.services import files
from medcontrol.vocabulary import Channel, ControlLevel, ControlMode, Lane, Origin
from workflows import effects, engine
from workflows.gate.opening import REVIEW_SOURCE, ToOpen, open_files
from workflows.steps import moving
from workflows.steps.ending import save_change
from workflows.tools import Tools

RULE_SET = "linked/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLinked:
    """A linked file to open.

    Attributes:
        form: answers that its pack's facts may read; administrative, encrypted all the same.
        mode: on file, or in person.
        care_from: first day that it is about; the parent's days of care when absent.
    """

    flow: str
    nature: str
    level: ControlLevel
    form: Mapping[str, Any]
    is_urgent: bool = False
    mode: ControlMode = ControlMode.ON_FILE
    care_from: date | None = None


def open_linked(
    session: Session, tools: Tools, parent: ControlFile, new: NewLinked, *, now: datetime
) -> ControlFile:
    """Open a file about another one, in the caller's transaction, and journal it on both.

    Locks the parent. Each flow counts its files of a parent from 1: the identity in the inbox
    keeps two openings at once apart.

    Raises:
        NotFound: no pack serves the flow today.
    """
    files.lock(session, parent.id)
    received = _received(session, tools, parent, new, now)
    session.add(ReceivedFile.model_validate(received))
    session.add(
        InboxMessage(
            source=received["source"], external_id=received["external_id"],
            content_hash=hashlib.sha256(received["payload"]).digest(), subject_id=received["id"],
            seen_at=now,
        )
    )  # fmt: skip
    session.flush()
    message = {
        "flow": new.flow, "nature": new.nature, "form": dict(new.form),
        "lines": received["details"].get("lines") or (),
    }  # fmt: skip
    to_open = ToOpen(received, message, _outcome(new), parent_id=parent.id)
    reference = open_files(session, tools, [to_open], now=now).references[received["id"]]
    child = session.exec(select(ControlFile).where(ControlFile.reference == reference)).one()
    journal.record(
        session, parent.id, f"{new.flow}.opened", {"file": str(child.id)}, now=now,
        actor=journal.SYSTEM,
    )  # fmt: skip
    _give(session, child, now)
    return child


def _give(session: Session, child: ControlFile, now: datetime) -> None:
    """Give the first step to a doctor, none of those whom the file is kept from."""
    waiting = sa.select(col(HumanTask.id)).where(
        col(HumanTask.control_file_id) == child.id, col(HumanTask.is_medical)
    )
    tasks = load_tasks(session, session.execute(waiting).scalars().all())
    assign_tasks(session, tasks, now=now, jurisdiction=child.jurisdiction, actor=journal.SYSTEM)
    session.refresh(child)


def tell_parent(
    session: Session, tools: Tools, child: ControlFile, message: str, *, now: datetime
) -> bool:
    """Deliver a message of the diagram to the flow of the file that this one is about.

    Returns:
        False when nothing waits for it there (any more): it is journaled all the same.

    Raises:
        NotFound: the file is about no other one.
    """
    if child.parent_id is None:
        raise NotFound("this file is about no other file")
    move = moving.begin(session, tools, child.parent_id, actor=journal.SYSTEM, now=now)
    advance = engine.receive(move.pack, move.flow.state, message)
    if advance is None:
        save_change(move, "message.late", message=message, file=str(child.id))
        return False
    move.tell("message.received", message=message, file=str(child.id))
    move.session.flush()
    move.holder = move.file.assigned_doctor_id
    effects.carry_out(move, advance)
    moving.settle(move, advance)
    return True


def _received(
    session: Session, tools: Tools, parent: ControlFile, new: NewLinked, now: datetime
) -> dict[str, Any]:
    """Return the row of what came in: the parent's, but for what is asked now."""
    asked = session.get_one(ReceivedFile, parent.received_file_id)
    count = session.execute(
        sa.select(sa.func.count()).where(
            col(ControlFile.parent_id) == parent.id, col(ControlFile.flow) == new.flow
        )
    ).scalar_one()
    received_id = new_id()
    said = {"flow": new.flow, "parent": parent.reference, "form": dict(new.form)}
    key_id, payload = tools.keys.encrypt(orjson.dumps(said), bind("received_file", received_id))
    return (
        asked.model_dump()
        | {
            "id": received_id,
            "key_id": key_id,
            "payload": payload,
            "source": REVIEW_SOURCE,
            "external_id": f"{new.flow}:{parent.id}:{count + 1}",
            "channel": Channel.INTERNAL,
            "flow": new.flow,
            "nature": new.nature,
            "is_urgent": new.is_urgent,
            "received_at": now,
            "recorded_at": now,
            "received_on": civil_date(now, parent.jurisdiction),
        }
        | ({"care_from": new.care_from, "care_to": None} if new.care_from else {})
    )


def _outcome(new: NewLinked) -> SelectivityOutcome:
    """Return why the file is controlled: because another one asked for it."""
    return SelectivityOutcome(
        lane=Lane.RED if new.mode is ControlMode.IN_PERSON else Lane.ORANGE,
        level=new.level,
        mode=new.mode,
        reasons=(SelectivityReason(code=f"linked.{new.flow}", text=""),),
        origins=(Origin.MANDATORY,),
        matched_rows=(),
        u=0.0,
        draw=bytes(8),
        period="",
        inclusion_probability=1.0,
        rule_set=RULE_SET,
        rule_set_hash="",
        features={},
        medical_features={},
        engine_version="",
    )


def children(session: Session, parent_id: UUID, flow: str) -> list[ControlFile]:
    """Return the files of a flow that are about this one, oldest first."""
    found = session.execute(
        sa.select(ControlFile)
        .where(col(ControlFile.parent_id) == parent_id, col(ControlFile.flow) == flow)
        .order_by(col(ControlFile.opened_at))
    )
    return list(found.scalars())
