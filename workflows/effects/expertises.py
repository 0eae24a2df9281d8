"""Expertises (expertises médicales): opened by a flow, ended with the expert's mission."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from medcontrol.clock import civil_date
from medcontrol.ids import new_id
from medcontrol.model import Expert, ExpertFee, ExpertMission
from medcontrol.vocabulary import ControlLevel, ControlMode
from workflows.engine.paths import OperationCall
from workflows.linked.expert_fees import fee_of
from workflows.linked.expertise_steps import open_mission
from workflows.steps.moving import Move, save

_HEAD = b"SELECT journal_length, journal_head FROM control_file WHERE id = %(file)s"


def open_expertise(move: Move, _call: OperationCall, arguments: dict[str, Any]) -> None:
    """Open the expertise's own file; its first step says what is asked and names the expert."""
    from workflows.linked.files import NewLinked, open_linked

    file, nature = move.file, arguments["nature"]
    level = ControlLevel.REGIONAL if file.level is ControlLevel.LOCAL else file.level
    mode = ControlMode.IN_PERSON if nature == "in_person" else ControlMode.ON_FILE
    new = NewLinked(
        flow="expertise", nature=nature, level=level, form={"asked_for": file.flow},
        is_urgent=file.is_urgent, mode=mode,
    )  # fmt: skip
    # What the move gathered comes first: who may have the new file depends on it, and both write
    # this file's journal.
    save(move)
    open_linked(move.session, move.tools, file, new, now=move.now)
    file.journal_length, file.journal_head = move.ask(_HEAD, file=file.id)[0]


def tell(move: Move, _call: OperationCall, arguments: dict[str, Any]) -> None:
    """Deliver a message to the file that this one is about."""
    from workflows.linked.files import tell_parent

    if move.file.parent_id is not None:
        tell_parent(move.session, move.tools, move.file, arguments["message"], now=move.now)


def end_mission(move: Move, _call: OperationCall, arguments: dict[str, Any]) -> None:
    """End the mission that is under way; the expert sees nothing of the file from now on."""
    move.session.flush()
    mission = open_mission(move.session, move.file.id)
    if mission is None:
        return
    mission.status, mission.ended_at = arguments["status"], move.now
    move.session.add(mission)
    move.tell("mission.ended", mission=str(mission.id), how=mission.status)


def owe_fee(move: Move, _call: OperationCall, _arguments: dict[str, Any]) -> None:
    """Put the fee of the reported mission on the month's statement, once."""
    mission = move.session.exec(
        select(ExpertMission)
        .where(ExpertMission.control_file_id == move.file.id, ExpertMission.status == "reported")
        .order_by(col(ExpertMission.ended_at).desc())
        .limit(1)
    ).first()
    if mission is None or _is_owed(move, mission):
        return
    expert = move.session.get_one(Expert, mission.expert_id)
    today = civil_date(move.now, move.file.jurisdiction)
    cents, basis = fee_of(expert, move.file.jurisdiction, mission.is_in_person, today)
    fee = ExpertFee(
        id=new_id(), mission_id=mission.id, expert_id=expert.id, amount_cents=cents, basis=basis,
        month=today.replace(day=1), entered_by=move.actor.id, entered_at=move.now,
    )  # fmt: skip
    move.session.add(fee)
    move.tell("fee.owed", mission=str(mission.id), cents=cents)


def _is_owed(move: Move, mission: ExpertMission) -> bool:
    known = sa.select(col(ExpertFee.id)).where(col(ExpertFee.mission_id) == mission.id)
    return move.session.execute(known).first() is not None
