"""What some steps need beside an outcome: a free slot, a commission, an expert (compléments)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.clock import ZONES, civil_date
from medcontrol.model import ControlFile, Doctor, Expert, ExpertMission, HumanTask
from medcontrol.vocabulary import AppointmentKind, ControlLevel, StepKind
from runtime.simulation.answers import REASONING, Extra, Waiting
from workflows.linked.appeal_steps import SEATS, may_not_sit
from workflows.linked.hearings import is_free
from workflows.steps import booking
from workflows.tools import Tools

_CONCLUSIONS = "Conclusions conformes aux constatations de l’examen."
_ADDRESS = "12, rue des Orangers"
#: A hearing is set well after the longest notice that the law gives.
_HEARING_IN = timedelta(days=21)
#: Days from then on that are looked at.
_HEARING_WITHIN = 20
#: Slots that are looked at before a booking is left for the afternoon.
_FEW = 3


class Extras:
    """Makes what an answer needs at one instant."""

    def __init__(self, tools: Tools, now: datetime) -> None:
        """Keep the tools and the instant."""
        self._tools, self._now = tools, now
        self._by_kind: Mapping[StepKind, Callable[[Session, Waiting, str], Extra | None]] = {
            StepKind.APPOINTMENT: self._appointment,
            StepKind.HEARING: self._hearing,
            StepKind.COMMISSION: self._votes,
            StepKind.EXPERT_NAMING: self._naming,
            StepKind.EXPERT_REPORT: self._report,
            StepKind.ADMISSIBILITY: self._admissibility,
        }

    def of(self, session: Session, task: Waiting, outcome: str) -> Extra | None:
        """Return what the step needs; None when nothing is free, and somebody tries again later."""
        make = self._by_kind.get(task.kind)
        return make(session, task, outcome) if make else Extra()

    def named_expert(self, session: Session, control_file_id: UUID) -> UUID | None:
        """Return the account of the expert whose mission is under way for an expertise."""
        return session.exec(
            select(Expert.user_id)
            .join(ExpertMission, col(ExpertMission.expert_id) == col(Expert.id))
            .where(ExpertMission.control_file_id == control_file_id)
            .where(ExpertMission.status == "named")
        ).first()

    def _appointment(self, session: Session, task: Waiting, outcome: str) -> Extra | None:
        if outcome != booking.BOOKED:
            return Extra()
        file = session.get_one(ControlFile, task.control_file_id)
        row = session.get_one(HumanTask, task.id)
        ahead = booking.awaited(session, task.pack, file, row)
        search = booking.Search(limit=_FEW)
        found = booking.offers(session, task.pack, file, ahead, search, now=self._now)
        if not found.slots and found.doctors:
            search = booking.Search(limit=_FEW, everybody=True)
            found = booking.offers(session, task.pack, file, ahead, search, now=self._now)
        place = _ADDRESS if ahead.kind is AppointmentKind.VISIT else ""
        if not found.slots:
            if found.doctors:
                return None
            notice = datetime.combine(found.notice_ends_on, time(10), ZONES[file.jurisdiction])
            return Extra(appointment_at=notice + timedelta(days=1), place=place)
        slot = found.slots[0]
        return Extra(
            appointment_at=slot.span.starts_at, with_doctor=slot.doctor_id, room_id=slot.room_id,
            place=place,
        )  # fmt: skip

    def _hearing(self, session: Session, task: Waiting, outcome: str) -> Extra | None:
        if outcome != booking.BOOKED:
            return Extra()
        file = session.get_one(ControlFile, task.control_file_id)
        barred = may_not_sit(session, file)
        doctors = session.exec(
            select(Doctor.id)
            .where(col(Doctor.is_active), Doctor.level != ControlLevel.LOCAL)
            .order_by(col(Doctor.code))
        )
        free = [each for each in doctors if each not in barred]
        return self._session_of(session, file, free)

    def _session_of(
        self, session: Session, file: ControlFile, doctors: Sequence[UUID]
    ) -> Extra | None:
        """Return the first day after the notice on which enough doctors are free at ten."""
        first = civil_date(self._now, file.jurisdiction) + _HEARING_IN
        for later in range(_HEARING_WITHIN):
            day = first + timedelta(days=later)
            at = datetime.combine(day, time(10), ZONES[file.jurisdiction])
            members = [str(each) for each in doctors if is_free(session, file, each, at)]
            if len(members) >= len(SEATS):
                return Extra(form={"hearing_at": at.isoformat(), "members": members[: len(SEATS)]})
        return None

    def _votes(self, _session: Session, _task: Waiting, outcome: str) -> Extra:
        if outcome in ("maintained", "overturned", "partly_overturned"):
            return Extra(form={"votes": dict.fromkeys(SEATS, outcome)})
        return Extra(form={"votes": dict.fromkeys(SEATS, "absent")})

    def _naming(self, session: Session, _task: Waiting, outcome: str) -> Extra | None:
        if outcome != "named":
            return Extra()
        expert = session.execute(
            sa.select(col(Expert.id)).where(col(Expert.is_active), col(Expert.user_id).is_not(None))
            .order_by(sa.func.random()).limit(1)
        ).scalar()  # fmt: skip
        if expert is None:
            return None
        return Extra(form={"expert": str(expert), "questions": ["L’état est-il consolidé ?"]})

    def _report(self, _session: Session, _task: Waiting, outcome: str) -> Extra:
        if outcome != "reported":
            return Extra()
        return Extra(form={"report": REASONING, "conclusions": _CONCLUSIONS})

    def _admissibility(self, _session: Session, _task: Waiting, _outcome: str) -> Extra:
        return Extra(form={"standing": True, "late_accepted": True})
