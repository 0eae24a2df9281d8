"""A small fund for tests of a file's whole life: doctors of every level, agents, one message."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from sqlmodel import Session, select

from medcontrol.model import ControlFile, Doctor, HumanTask
from medcontrol.policy import Principal
from medcontrol.vocabulary import ControlLevel, Role, TaskStatus
from tests.factories import NOW, make_doctor, make_principal
from workflows.commands import Completed, CompleteStep, complete_step
from workflows.gate.single import TakenIn, take_in_one
from workflows.tools import Tools

FLOWS = ("ald", "invalidity", "ambulatory", "hospital", "sick_leave", "care_abroad", "disability",
         "medicines")  # fmt: skip

MESSAGE: dict[str, Any] = {
    "schema": "medcontrol.intake.v1",
    "source": "test",
    "external_id": "W-1",
    "received_at": "2026-11-20T09:30:00+01:00",
    "jurisdiction": "ma",
    "scheme": "amo",
    "flow": "ald",
    "nature": "first",
    "channel": "portal",
    "agency": "CASA-1",
    "insured": {
        "registration_number": "999123456",
        "family_name": "Alami",
        "given_name": "Amina",
        "birth_date": "1975-03-02",
        "language": "fr",
        "address": "3, rue des Tanneurs, Casablanca",
    },
    "medical": {"diagnoses": [{"icd10": "E11.9", "main": True}], "pathology": "ma-ald-09",
                "summary": "Suivi régulier."},
    "form": {"declared_by": "treating_doctor"},
}  # fmt: skip


def message(**changes: Any) -> dict[str, Any]:
    """The message with some members changed; ``None`` removes one."""
    made = copy.deepcopy(MESSAGE) | changes
    return {name: value for name, value in made.items() if value is not None}


def raw(**changes: Any) -> bytes:
    return orjson.dumps(message(**changes))


@dataclass
class World:
    """People of a fund, and what they do."""

    session: Session
    tools: Tools
    doctor: Doctor
    regional: Doctor
    central: Doctor
    by_doctor: dict[Any, Principal]
    agent: Principal
    now: datetime = NOW

    def take(self, **changes: Any) -> TakenIn:
        return take_in_one(self.tools, raw(**changes), source_name="test", now=self.now)

    def file(self, taken: TakenIn) -> ControlFile:
        found = self.session.exec(
            select(ControlFile)
            .where(ControlFile.reference == taken.reference)
            .execution_options(populate_existing=True)
        )
        return found.one()

    def task(self, file: ControlFile) -> HumanTask:
        found = self.session.exec(
            select(HumanTask)
            .where(HumanTask.control_file_id == file.id, HumanTask.status == TaskStatus.OPEN)
            .execution_options(populate_existing=True)
        )
        return found.one()

    def who(self, task: HumanTask) -> Principal:
        return self.by_doctor[task.assigned_doctor_id] if task.is_medical else self.agent

    def end(self, file: ControlFile, outcome: str, **more: Any) -> Completed:
        """End the file's open step as the person whose step it is."""
        task = self.task(file)
        command = CompleteStep(task_id=task.id, expected_version=None, outcome=outcome, **more)
        done = complete_step(
            self.session, self.tools, command, principal=self.who(task), now=self.now
        )
        self.session.refresh(file)
        return done

    def walk(self, file: ControlFile, *outcomes: str | tuple[str, Mapping[str, Any]]) -> None:
        for each in outcomes:
            name, more = (each, {}) if isinstance(each, str) else each
            self.end(file, name, **more)


def make_world(session: Session, tools: Tools) -> World:
    doctor = make_doctor(session, flows=FLOWS, minutes=480)
    regional = make_doctor(
        session, flows=FLOWS, level=ControlLevel.REGIONAL, unit_code="MA-06", minutes=480
    )
    central = make_doctor(
        session, flows=FLOWS, level=ControlLevel.CENTRAL, unit_code="MA-CENTRAL", minutes=480
    )
    people = {
        doctor.id: make_principal(session, Role.DOCTOR, "CASA-1", doctor),
        regional.id: make_principal(session, Role.COORDINATOR, "MA-06", regional),
        central.id: make_principal(session, Role.CENTRAL_DOCTOR, "MA-CENTRAL", central),
    }
    agent = make_principal(session, Role.AGENT, "CASA-1")
    return World(session, tools, doctor, regional, central, people, agent)


def day(text: str) -> date:
    return date.fromisoformat(text)
