"""The forms of files about a file: appeals, expertises and second readings, step by step."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from medcontrol import db as database
from medcontrol.model import ControlFile, HumanTask
from medcontrol.policy import Principal
from medcontrol.vocabulary import ControlLevel, Role
from tests.adjacent_world import AdjacentWorld
from tests.e2e.gallery.stage import Stage
from tests.quality.worlds import LATER, Readers, make_reader
from workflows.linked.appeals import receive_observations

_REPORT = {"report": "Examen du dossier.", "conclusions": "Oui à la première question."}
_FORMS = {"counter_examination": "", "commission": "#step-form > summary"}


def shoot_beside(stage: Stage, wanted: Collection[str]) -> None:
    """Take the pictures of the flows that are wanted, of all when none is."""
    for flow, shoot in (("appeal", _appeal), ("expertise", _expertise), ("quality", _quality)):
        if not wanted or flow in wanted:
            shoot(stage)


def _appeal(stage: Stage) -> None:
    """The secretary's and the doctors' steps, then the part that is no doctor's."""
    seen = _Appeal(stage, "medical")
    seen.shoot()
    seen.go("admissible", form={"standing": True})
    seen.shoot()
    seen.go("to_commission")
    seen.shoot()
    seen.hear()
    seen.shoot("observations")
    seen.observe()
    seen.shoot()
    other = _Appeal(stage, "administrative")
    other.go("admissible", form={"standing": True})
    other.shoot()


class _Appeal:
    """An appeal against a refusal, and where it stands."""

    def __init__(self, stage: Stage, contests: str) -> None:
        self.stage = stage
        with database.transaction() as session:
            here = stage.people(session)
            refused = here.refused(external_id=f"G-appeal-{contests}-{stage.now:%H%M}")
            stage.now = here.now
            self.file = here.appeal(refused, contests=contests)

    def go(self, outcome: str, **more: Any) -> None:
        """End the open step."""
        with database.transaction() as session:
            here, file = self.open(session)
            here.end(file, outcome, **more)

    def open(self, session: Session) -> tuple[AdjacentWorld, ControlFile]:
        """Return people and the appeal for a block of work."""
        return self.stage.people(session), session.get_one(ControlFile, self.file.id)

    def hear(self) -> None:
        """Set the hearing, with three doctors of another region."""
        with database.transaction() as session:
            here, file = self.open(session)
            members = [
                here.doctor_at(ControlLevel.REGIONAL, "MA-04", Role.COORDINATOR) for _ in range(3)
            ]
            form = {
                "hearing_at": (here.now + timedelta(days=20)).isoformat(),
                "place": "Salle 4",
                "members": [str(each.id) for each in members],
            }
            here.end(file, "booked", form=form)

    def observe(self) -> None:
        """Let the person answer what was found."""
        with database.transaction() as session:
            receive_observations(
                session, self.stage.tools, self.file.id, "J’ai de nouveaux examens.",
                principal=self.stage.secretary, now=self.stage.now,
            )  # fmt: skip

    def shoot(self, wait: str = "") -> None:
        """Take the page of whoever works now: of the secretary during a wait."""
        task, who = (None, self.stage.secretary) if wait else self.task()
        step = task.step if task else wait
        is_medical = task is not None and task.is_medical
        place = "files" if is_medical else "appeals"
        self.stage.shoot(
            f"form-appeal-{step}", f"/{place}/{self.file.reference}", who, _FORMS.get(step, "")
        )

    def task(self) -> tuple[HumanTask, Principal]:
        """Return the open step, and whose it is."""
        with database.transaction() as session:
            here, file = self.open(session)
            task = here.task(file)
            return task, here.who(task)


def _expertise(stage: Stage) -> None:
    """Naming, the expert's mission, the fee."""
    appeal = _Appeal(stage, "both")
    appeal.go("admissible", form={"standing": True})
    appeal.go("expertise")
    with database.transaction() as session:
        here, parent = appeal.open(session)
        file = here.child(parent, "expertise")
        expert, _ = here.expert()
        who = here.who(here.task(file))
    address = f"/expertises/{file.reference}"
    stage.shoot("form-expertise-expert_naming", f"{address}/naming", who)
    with database.transaction() as session:
        here = stage.people(session)
        mission = here.name(session.get_one(ControlFile, file.id), session.merge(expert))
        as_expert = here.as_expert(expert)
    stage.shoot("form-expertise-expert_report", f"/missions/{mission.id}", as_expert)
    with database.transaction() as session:
        here = stage.people(session)
        here.end_as(as_expert, session.get_one(ControlFile, file.id), "reported", form=_REPORT)
    stage.shoot("form-expertise-fee", f"{address}/fee", stage.world.agent)


def _quality(stage: Stage) -> None:
    """The blind reading, then the grid beside both decisions."""
    with database.transaction() as session:
        refused = Readers(stage.people(session), {}).refused("G-quality")
    stage.now = max(stage.now, LATER)
    with database.transaction() as session:
        doctor, reader = make_reader(session)
        readers = Readers(stage.people(session), {doctor.id: reader})
        reading = readers.opened(session.get_one(ControlFile, refused.id))
        address = f"/quality/readings/{readers.task(reading).reference}"
    stage.shoot("form-quality-second_reading", address, reader)
    with database.transaction() as session:
        readers = Readers(stage.people(session), {doctor.id: reader})
        reading = readers.reading_of(session.get_one(ControlFile, refused.id))
        readers.end(reading, "granted", reasoning="Soin indisponible.")
    stage.shoot("form-quality-grid", address, reader)
