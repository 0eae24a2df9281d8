"""A small fund of Luxembourg: two evaluators, two doctors of the fund, an agent."""

from datetime import UTC, datetime

from sqlmodel import Session

from medcontrol.services.reference import load_reference_data
from medcontrol.vocabulary import ControlLevel, Role
from tests.factories import make_doctor, make_principal
from tests.flow_world import World
from workflows.tools import Tools

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
FLOWS = ("care_reassessment", "fluctuation_control")


def make_care_world(db: Session, tools: Tools) -> World:
    """Two evaluators and a doctor of the fund, in Luxembourg."""
    load_reference_data(db, "lu")
    near = make_doctor(db, flows=FLOWS, unit_code="AEC-LUX", minutes=480)
    second = make_doctor(
        db, flows=FLOWS, unit_code="LU-CENTRAL", level=ControlLevel.CENTRAL, minutes=480
    )
    third = make_doctor(
        db, flows=FLOWS, unit_code="LU-CENTRAL", level=ControlLevel.CENTRAL, minutes=480
    )
    people = {
        near.id: make_principal(db, Role.DOCTOR, "AEC-LUX", near),
        second.id: make_principal(db, Role.CENTRAL_DOCTOR, "LU-CENTRAL", second),
        third.id: make_principal(db, Role.CENTRAL_DOCTOR, "LU-CENTRAL", third),
    }
    agent = make_principal(db, Role.AGENT, "AEC-LUX")
    return World(db, tools, near, second, third, people, agent, NOW)
