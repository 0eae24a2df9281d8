"""A fund with appeals and experts: a refused file, a secretary, doctors of two regions, experts."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, select

from medcontrol.ids import new_id
from medcontrol.model import (
    Appeal,
    ControlFile,
    Decision,
    Doctor,
    Expert,
    ExpertMission,
    OpinionRequest,
)
from medcontrol.policy import Principal
from medcontrol.services.users import principal_for
from medcontrol.vocabulary import ControlLevel, Role
from tests.factories import make_doctor, make_principal, make_user
from tests.flow_world import FLOWS, World, make_world
from workflows.commands import CompleteStep, complete_step
from workflows.linked.appeals import RegisterAppeal, register_appeal
from workflows.tools import Tools

REFUSED = {"motive_code": "med.not_justified", "reasoning": "Critères non réunis."}


class AdjacentWorld(World):
    """The world of the flows, with people of appeals and expertises."""

    secretary: Principal

    def doctor_at(self, level: ControlLevel, unit: str, role: Role, **more: Any) -> Doctor:
        made = make_doctor(
            self.session, flows=FLOWS, level=level, unit_code=unit, minutes=480, **more
        )
        self.by_doctor[made.id] = make_principal(self.session, role, unit, made)
        return made

    def refused(self, **changes: Any) -> ControlFile:
        """A file of long-term illness that the doctor refused an hour ago."""
        file = self.file(self.take(**changes))
        self.end(file, "refused_medical", **REFUSED)
        self.now += timedelta(hours=1)
        return file

    def appeal(self, file: ControlFile, **changes: Any) -> ControlFile:
        command = RegisterAppeal(
            **{
                "contested_file_id": file.id,
                "filed_on": self.now.date(),
                "filed_by": "insured",
                "contests": "medical",
                "reasons": "Je conteste : mon état s’est aggravé.",
            }
            | changes
        )
        return register_appeal(self.session, self.tools, command, by=self.secretary, now=self.now)

    def who(self, task: Any) -> Principal:
        if not task.is_medical and "agent" not in self.roles_of(task):
            return self.secretary
        return super().who(task)

    def roles_of(self, task: Any) -> tuple[str, ...]:
        file = self.session.get_one(ControlFile, task.control_file_id)
        pack = self.tools.catalog.get(file.pack, file.flow)
        return tuple(pack.meta.steps[task.step].roles)

    def admit(self, appeal: ControlFile) -> None:
        self.end(appeal, "admissible", form={"standing": True})

    def row(self, appeal: ControlFile) -> Appeal:
        return self.session.get_one(Appeal, appeal.id, populate_existing=True)

    def decisions(self, file: ControlFile) -> list[Decision]:
        found = self.session.exec(
            select(Decision)
            .where(Decision.control_file_id == file.id)
            .order_by(col(Decision.decided_at), col(Decision.id))
        )
        return list(found)

    def child(self, file: ControlFile, flow: str) -> ControlFile:
        found = self.session.exec(
            select(ControlFile)
            .where(ControlFile.parent_id == file.id, ControlFile.flow == flow)
            .order_by(col(ControlFile.opened_at).desc(), col(ControlFile.id).desc())
            .execution_options(populate_existing=True)
        )
        return found.first()  # type: ignore[return-value]

    def request(self, file: ControlFile) -> OpinionRequest:
        found = self.session.exec(
            select(OpinionRequest)
            .where(OpinionRequest.control_file_id == file.id)
            .order_by(col(OpinionRequest.opened_at).desc(), col(OpinionRequest.id).desc())
            .execution_options(populate_existing=True)
        )
        return found.first()  # type: ignore[return-value]

    def mission(self, expertise: ControlFile) -> ExpertMission:
        found = self.session.exec(
            select(ExpertMission)
            .where(ExpertMission.control_file_id == expertise.id)
            .order_by(col(ExpertMission.named_at).desc(), col(ExpertMission.id).desc())
            .execution_options(populate_existing=True)
        )
        return found.first()  # type: ignore[return-value]

    def expert(self, **changes: Any) -> tuple[Expert, Principal]:
        """An expert with an account, and who they are when logged in today."""
        user = make_user(self.session, Role.EXPERT, "MA-CENTRAL")
        row = Expert.model_validate(
            {
                "id": new_id(),
                "code": f"E{user.login}",
                "name": "Pr Karim Bennis",
                "specialty": "cardiology",
                "list_kind": "court",
                "user_id": user.id,
            }
            | changes
        )
        self.session.add(row)
        self.session.flush()
        return row, principal_for(self.session, user, self.now.date())

    def as_expert(self, expert: Expert) -> Principal:
        from medcontrol.model import UserAccount

        user = self.session.get_one(UserAccount, expert.user_id)
        return principal_for(self.session, user, self.now.date())

    def name(self, expertise: ControlFile, expert: Expert, **more: Any) -> ExpertMission:
        form = {"questions": ["L’état justifie-t-il la demande ?"], "expert": str(expert.id)}
        form |= more.pop("form", {})
        self.end(expertise, "named", form=form, **more)
        return self.mission(expertise)

    def end_as(self, who: Principal, file: ControlFile, outcome: str, **more: Any) -> None:
        command = CompleteStep(
            task_id=self.task(file).id, expected_version=None, outcome=outcome, **more
        )
        complete_step(self.session, self.tools, command, principal=who, now=self.now)
        self.session.refresh(file)


def make_adjacent_world(session: Session, tools: Tools) -> AdjacentWorld:
    base = make_world(session, tools)
    world = AdjacentWorld(
        base.session, base.tools, base.doctor, base.regional, base.central, base.by_doctor,
        base.agent, base.now,
    )  # fmt: skip
    world.secretary = make_principal(session, Role.APPEALS_SECRETARY, "MA-06")
    return world
