"""An expert's desk (bureau de l'expert): one file, its questions and the documents chosen.

Nothing here goes through the file's own pages: who is named sees the mission, and only while it
runs (``policy.Action.MISSION``).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.db import read_only
from medcontrol.documents import DocumentStore
from medcontrol.errors import DomainError, Forbidden, Kind, NotFound
from medcontrol.model import (
    ControlFile,
    Document,
    ExpertMission,
    HumanTask,
    MedicalRecord,
    ReceivedFile,
)
from medcontrol.policy import Action, Principal, may, visible
from medcontrol.services import medical
from medcontrol.vocabulary import StepKind, TaskStatus
from workflows import effects, engine
from workflows.linked.opinion_reading import shared_documents
from workflows.steps import moving
from workflows.steps.ending import actor_of
from workflows.tools import Tools


class MissionOver(DomainError):
    """The expertise is not under way any more."""

    kind = Kind.CONFLICT
    code = "expertise.over"


@dataclass(frozen=True, slots=True)
class MissionView:
    """What a named expert sees of the file. ``repr`` shows no content."""

    mission: ExpertMission
    file: ControlFile
    received: ReceivedFile
    questions: tuple[str, ...]
    documents: tuple[Document, ...]
    task: HumanTask | None

    def __repr__(self) -> str:
        """Show the id only."""
        return f"MissionView({self.mission.id})"


def missions(session: Session, principal: Principal) -> list[tuple[ExpertMission, ControlFile]]:
    """Return the missions under way of an expert, the most pressing first."""
    rows = session.execute(
        sa.select(ExpertMission, ControlFile)
        .join(ControlFile, col(ControlFile.id) == ExpertMission.control_file_id)
        .where(
            col(ExpertMission.status) == "named",
            visible(principal, ControlFile, Action.MISSION),
        )
        .order_by(col(ExpertMission.due_on), col(ExpertMission.id))
    )
    return [(mission, file) for mission, file in rows]


def read_mission(
    principal: Principal, tools: Tools, mission_id: UUID, *, now: datetime
) -> MissionView:
    """Return a mission with its questions, after logging who reads it.

    Raises:
        NotFound: no such mission, another expert's, or over: all look the same.
    """
    with read_only() as session:
        mission, file = _mine(session, principal, mission_id)
        received = session.get_one(ReceivedFile, file.received_file_id)
        asked = session.get_one(MedicalRecord, mission.questions_id)
        documents = shared_documents(session, mission.id)
        task = session.exec(
            select(HumanTask).where(
                HumanTask.control_file_id == file.id,
                HumanTask.kind == StepKind.EXPERT_REPORT,
                HumanTask.status == TaskStatus.OPEN,
            )
        ).first()
        session.expunge_all()
    _log(principal, file.id, f"mission:{mission.id}", now)
    content = medical.unsealed(tools.keys, asked)
    return MissionView(mission, file, received, tuple(content["questions"]), documents, task)


def read_document(
    principal: Principal, store: DocumentStore, mission_id: UUID, document_id: UUID, *,
    now: datetime,
) -> tuple[Document, bytes]:  # fmt: skip
    """Return a document that the mission opens, after logging who reads it.

    Raises:
        NotFound: not a document of a mission of theirs that runs.
    """
    with read_only() as session:
        mission, file = _mine(session, principal, mission_id)
        documents = shared_documents(session, mission.id)
        document = next((each for each in documents if each.id == document_id), None)
        session.expunge_all()
    if document is None:
        raise NotFound("there is no such document")
    _log(principal, file.id, f"document:{document.id}", now)
    return document, store.get(document.sha256)


def _mine(
    session: Session, principal: Principal, mission_id: UUID
) -> tuple[ExpertMission, ControlFile]:
    mission = session.get(ExpertMission, mission_id)
    if (
        mission is None
        or mission.status != "named"
        or not may(session, principal, mission.control_file_id, Action.MISSION)
    ):
        raise NotFound("there is no such mission")
    return mission, session.get_one(ControlFile, mission.control_file_id)


def _log(principal: Principal, file_id: UUID, what: str, now: datetime) -> None:
    medical.log_reading(
        principal, file_id, what, "expertise", now=lambda: now,
        allowed=lambda session: may(session, principal, file_id, Action.MISSION),
    )  # fmt: skip


def cancel_expertise(
    session: Session, tools: Tools, file_id: UUID, *, principal: Principal, now: datetime
) -> None:
    """Stop an expertise that is not needed any more; the file that asked for it goes on.

    ``file_id`` is the expertise's own file.

    Raises:
        NotFound, Forbidden: no such file, or neither its controller nor its supervisor.
        MissionOver: the report is there, or it was cancelled before.
    """
    move = moving.begin(session, tools, file_id, actor=actor_of(principal), now=now)
    allowed = (Action.CONTROL, Action.REASSIGN)
    ids = [each for each in (file_id, move.file.parent_id) if each is not None]
    if not any(may(session, principal, each, action) for each in ids for action in allowed):
        raise Forbidden("this file is not yours")
    advance = engine.receive(move.pack, move.flow.state, "expertise_cancel")
    if advance is None:
        raise MissionOver("the expertise is over")
    move.tell("message.received", message="expertise_cancel")
    session.flush()
    effects.carry_out(move, advance)
    moving.settle(move, advance)
