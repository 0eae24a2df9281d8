"""What letters of appeals and expertises say beside the file (courriers)."""

from datetime import timedelta
from typing import Any

from medcontrol.clock import civil_date
from medcontrol.legal.loading import law
from medcontrol.model import Appeal, ControlFile, Decision, Expert, MedicalRecord
from medcontrol.services.medical import unsealed
from workflows.letters.writing import language_of
from workflows.linked.expertise_steps import open_mission
from workflows.steps.moving import Move

OBSERVATION_DAYS = "clocks.appeal_observation_days"


def prepare(move: Move, needs: tuple[str, ...]) -> None:
    """Read what a letter needs of the appeal or the mission; codes, days and names only."""
    if "contest" in needs and move.occasion.contest is None:
        move.occasion.contest = _contest(move)
    if "mission" in needs and move.occasion.mission is None:
        move.occasion.mission = _mission(move)


def _contest(move: Move) -> dict[str, Any] | None:
    session, jurisdiction = move.session, move.file.jurisdiction
    appeal = session.get(Appeal, move.file.id, populate_existing=True)
    if appeal is None:
        return None
    contested = session.get_one(ControlFile, appeal.contested_file_id)
    decision = session.get_one(Decision, appeal.contested_decision_id)
    pack = move.tools.catalog.get(contested.pack, contested.flow)
    titles = pack.served.titles
    days = law(jurisdiction).number(OBSERVATION_DAYS, move.file.received_on).value
    return {
        "reference": contested.reference,
        "flow": titles.ar if language_of(move.received) == "ar" else titles.fr,
        "decided_on": civil_date(decision.decided_at, jurisdiction),
        "filed_on": appeal.filed_on,
        "limit_on": appeal.limit_on,
        "observations_by": civil_date(move.now, jurisdiction) + timedelta(days=days),
        "contests": appeal.contests,
    }


def _mission(move: Move) -> dict[str, Any] | None:
    session = move.session
    mission = open_mission(session, move.file.id)
    if mission is None:
        return None
    expert = session.get_one(Expert, mission.expert_id)
    asked = session.get_one(MedicalRecord, mission.questions_id)
    move.occasion.extra["address"] = expert.address
    return {
        "expert": expert.name,
        "questions": len(unsealed(move.tools.keys, asked)["questions"]),
        "due_on": mission.due_on,
        "access_until": mission.valid_to,
        "is_in_person": mission.is_in_person,
    }
