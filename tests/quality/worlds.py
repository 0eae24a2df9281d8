"""A fund with second readers, and refusals of care abroad, which are always read again."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, select

from medcontrol.model import ControlFile, Decision, Doctor, HumanTask, SecondReading
from medcontrol.policy import Principal
from medcontrol.vocabulary import ControlLevel, Role, TaskStatus
from tests.factories import NOW, make_doctor, make_principal
from tests.flow_world import FLOWS, World, make_world
from workflows.commands import Completed, CompleteStep, complete_step
from workflows.linked import quality
from workflows.tools import Tools

LATER = NOW + timedelta(minutes=5)  # behind the time to undo


@dataclass
class Readers:
    """A small fund with one reader or more."""

    world: World
    readers: dict[Any, Principal]

    @property
    def session(self) -> Session:
        return self.world.session

    def refused(self, external_id: str = "Q-1", **changes: Any) -> ControlFile:
        """A refusal of care abroad, signed by the centre just now."""
        world = self.world
        taken = world.take(
            external_id=external_id, flow="care_abroad", nature="authorisation",
            medical={"summary": "Chirurgie cardiaque.",
                     "diagnoses": [{"icd10": "Q21.3", "main": True}]},
            form=None, **changes,
        )  # fmt: skip
        file = world.file(taken)
        world.walk(
            file,
            ("refused_medical", {"motive_code": "med.not_justified",
                                 "reasoning": "Soin disponible au Maroc. [Doc 1 p. 4]"}),
            "agreed",
        )  # fmt: skip
        return file

    def reading_of(self, file: ControlFile) -> SecondReading:
        return self.session.exec(
            select(SecondReading)
            .where(SecondReading.control_file_id == file.id)
            .execution_options(populate_existing=True)
            .order_by(col(SecondReading.drawn_at).desc(), col(SecondReading.id).desc())
        ).first()  # type: ignore[return-value]

    def opened(self, file: ControlFile) -> SecondReading:
        """The file's reading, opened once the time to undo is over."""
        reading = self.reading_of(file)
        quality.open_reading(self.session, self.world.tools, reading.id, now=LATER)
        self.session.flush()
        return reading

    def task(self, reading: SecondReading) -> HumanTask:
        return self.session.exec(
            select(HumanTask)
            .where(
                HumanTask.control_file_id == reading.reading_file_id,
                HumanTask.status == TaskStatus.OPEN,
            )
            .execution_options(populate_existing=True)
        ).one()

    def reader(self, reading: SecondReading) -> Principal:
        return self.readers[self.task(reading).assigned_doctor_id]

    def end(self, reading: SecondReading, outcome: str, **more: Any) -> Completed:
        """End the reading's open step as its reader."""
        task = self.task(reading)
        command = CompleteStep(task_id=task.id, expected_version=None, outcome=outcome, **more)
        done = complete_step(
            self.session, self.world.tools, command,
            principal=self.readers[task.assigned_doctor_id], now=LATER,
        )  # fmt: skip
        self.session.refresh(reading)
        return done

    def decision(self, file: ControlFile) -> Decision:
        return self.session.exec(
            select(Decision)
            .where(Decision.control_file_id == file.id)
            .execution_options(populate_existing=True)
        ).one()


def make_reader(
    session: Session, unit: str = "MA-CENTRAL", **changes: Any
) -> tuple[Doctor, Principal]:
    doctor = make_doctor(
        session, flows=FLOWS, level=ControlLevel.CENTRAL, unit_code=unit, minutes=480, **changes
    )
    return doctor, make_principal(session, Role.QUALITY_READER, unit, doctor)


def make_readers(session: Session, tools: Tools, count: int = 1) -> Readers:
    world = make_world(session, tools)
    made = [make_reader(session) for _ in range(count)]
    return Readers(world, {doctor.id: principal for doctor, principal in made})
