"""Steps of an expertise: naming the expert, the report (désignation, rapport)."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, select

from medcontrol.clock import civil_date
from medcontrol.errors import Forbidden, InvalidInput
from medcontrol.ids import new_id
from medcontrol.legal.loading import law
from medcontrol.model import Document, Expert, ExpertMission, MedicalRecord
from medcontrol.services import medical
from medcontrol.vocabulary import MedicalRecordKind
from workflows.linked.opinion_asks import check_expert, documents_of, share
from workflows.steps.command import CompleteStep
from workflows.steps.moving import Move

NAMED, REPORTED = "named", "reported"
REPORT_DAYS, MISSION_DAYS = "clocks.expertise_report_days", "clocks.expertise_mission_days"


def open_mission(session: Session, control_file_id: UUID) -> ExpertMission | None:
    """Return the mission that is under way for an expertise."""
    return session.exec(
        select(ExpertMission).where(
            ExpertMission.control_file_id == control_file_id, ExpertMission.status == "named"
        )
    ).first()


def _questions(command: CompleteStep) -> list[str]:
    given = command.form.get("questions")
    found = given if isinstance(given, list | tuple) else str(given or "").splitlines()
    return [text for each in found if (text := str(each).strip())]


def _expert_id(command: CompleteStep) -> UUID:
    try:
        return UUID(str(command.form.get("expert", "")))
    except ValueError:
        raise InvalidInput("name an expert", field="form.expert") from None


def _documents(move: Move, command: CompleteStep) -> list[Document]:
    given = command.form.get("documents")
    try:
        wanted = tuple(UUID(str(each)) for each in given) if isinstance(given, list) else ()
    except ValueError:
        raise InvalidInput("a document of this file", field="form.documents") from None
    return documents_of(move.session, move.file, wanted)


def check_naming(move: Move, command: CompleteStep) -> None:
    """Refuse a mission without question, or an expert who may not have it."""
    if command.outcome != NAMED:
        return
    if not _questions(command):
        raise InvalidInput("say what is asked", field="form.questions")
    today = civil_date(move.now, move.file.jurisdiction)
    check_expert(move.session, move.file, _expert_id(command), today, field="form.expert")
    _documents(move, command)


def write_naming(move: Move, command: CompleteStep) -> None:
    """Open the mission: questions, documents chosen, and access for its days only."""
    if command.outcome != NAMED:
        return
    session, file = move.session, move.file
    expert = session.get_one(Expert, _expert_id(command))
    questions = medical.write(
        session, move.tools.keys, file.id, MedicalRecordKind.INTAKE,
        {"questions": _questions(command)}, author_id=move.actor.id, now=move.now,
    )  # fmt: skip
    today = civil_date(move.now, file.jurisdiction)
    numbers = law(file.jurisdiction).at(file.received_on)
    mission = ExpertMission(
        id=new_id(), control_file_id=file.id, expert_id=expert.id, named_by=move.actor.id,
        named_at=move.now, valid_from=today,
        valid_to=today + timedelta(days=numbers.number(MISSION_DAYS).value - 1),
        due_on=today + timedelta(days=numbers.number(REPORT_DAYS).value),
        is_in_person=bool(command.gives.get("in_person")), questions_id=questions,
    )  # fmt: skip
    session.add(mission)
    session.flush()
    share(session, mission.id, _documents(move, command))
    session.flush()
    move.tell("expert.named", mission=str(mission.id), expert=str(expert.id))


def check_report(move: Move, command: CompleteStep) -> None:
    """Refuse a report by anybody but the named expert, or without its two parts."""
    mission = open_mission(move.session, move.file.id)
    expert = move.session.get(Expert, mission.expert_id) if mission else None
    if expert is None or expert.user_id != move.actor.id:
        raise Forbidden("this mission is another expert's")
    if command.outcome != REPORTED:
        return
    for name in ("report", "conclusions"):
        if not str(command.form.get(name) or "").strip():
            raise InvalidInput("the report and its conclusions", field=f"form.{name}")


def write_report(move: Move, command: CompleteStep) -> None:
    """Keep the report, and hand it to the file that asked for the expertise."""
    session, file = move.session, move.file
    mission = open_mission(session, file.id)
    if command.outcome != REPORTED or mission is None or file.parent_id is None:
        return
    expert = session.get_one(Expert, mission.expert_id)
    asked = session.get_one(MedicalRecord, mission.questions_id)
    content = {
        "expert": expert.name, "expertise": file.reference,
        "questions": medical.unsealed(move.tools.keys, asked).get("questions", []),
        "report": command.form["report"], "conclusions": command.form["conclusions"],
        "had_treating_doctor": bool(command.form.get("had_treating_doctor")),
    }  # fmt: skip
    mission.report_id = medical.write(
        session, move.tools.keys, file.parent_id, MedicalRecordKind.EXPERT_REPORT, content,
        author_id=move.actor.id, now=move.now,
    )  # fmt: skip
    mission.had_treating_doctor = content["had_treating_doctor"]
    session.add(mission)
    session.flush()
