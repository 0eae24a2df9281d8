"""Closed files of the past as rows (dossiers clos): journal, tasks, opinions, decision, letters."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from medcontrol import journal
from medcontrol.ids import new_id
from medcontrol.model import (
    Appointment,
    Assignment,
    ControlFile,
    ControlOutcome,
    Deadline,
    Decision,
    FlowInstance,
    HumanTask,
    JournalEntry,
    LineOpinion,
    MedicalRecord,
    Opinion,
)
from medcontrol.rules.names import search_name
from medcontrol.rules.references import make_reference
from medcontrol.services.medical import seal
from medcontrol.vocabulary import (
    ActorKind,
    AppointmentKind,
    AppointmentState,
    AssignmentMode,
    ControlFileStatus,
    ControlMode,
    DeadlineStatus,
    LineOutcome,
    MedicalRecordKind,
    StepKind,
    TaskStatus,
)
from runtime.demo.bulk import Gathered
from runtime.demo.closed import Closed, appointment_at, decided_with, motive_of
from runtime.demo.journeys import Stage
from runtime.demo.past_outcomes import outcome_of
from runtime.demo.staff_rows import Loaded
from workflows import engine
from workflows.steps import rows
from workflows.steps.limits import Limits

EXAMINED_FOR = timedelta(minutes=30)
INTAKE = journal.Actor(ActorKind.SYSTEM, "intake")
REASONING = (
    "Dossier examiné au vu des pièces transmises. Les éléments cliniques et paracliniques "
    "concordent avec l’avis rendu."
)


class PastWriter:
    """Makes the rows of closed files; letters and rights are added by ``past_letters``."""

    def __init__(
        self, gathered: Gathered, staff: Loaded, names: Mapping[str, str],
        units: Mapping[str, str], limits: Limits,
    ) -> None:  # fmt: skip
        """Keep what all files share; ``names`` are the doctors' names by code, ``units`` theirs."""
        self.gathered, self.staff, self.limits = gathered, staff, limits
        self.names, self.units = names, units

    def write(self, closed: Closed, serial: int, keys: Any) -> None:
        """Gather everything of a closed file but its letters and its journal (see ``finish``)."""
        closed.doctor_id = self.staff.doctors[closed.outcome.doctor_code]
        self._file(closed, serial)
        self._opening(closed, keys)
        for place, stage in enumerate(closed.journey.stages):
            self._stage(closed, place, stage, keys)
        self._decision(closed)
        self._add(ControlOutcome, outcome_of(closed))

    def finish(self, closed: Closed) -> None:
        """Chain the journal, in the order of time, and gather the file's row with its head."""
        length, head = 0, b""
        for at, actor, entry in sorted(closed.entries, key=lambda each: each[0]):
            linked, length, head = journal.chain(
                [entry], actor=actor, now=at, length=length, head=head
            )
            self._add(JournalEntry, *linked)
        closed.file |= {"journal_length": length, "journal_head": head, "version": length}
        self._add(ControlFile, closed.file)

    def _add(self, table: type[SQLModel], *many: Mapping[str, Any]) -> None:
        self.gathered.add(table, *many)

    def actor(self, closed: Closed) -> journal.Actor:
        """Return the doctor who decided, as an actor of the journal."""
        code = closed.outcome.doctor_code
        return journal.Actor(ActorKind.USER, self.names[code], self.staff.user_of_doctor.get(code))

    def _file(self, closed: Closed, serial: int) -> None:
        received, outcome = closed.received, closed.outcome
        insured = f"{received['family_name']} {received['given_name']}"
        other = received["beneficiary_family_name"]
        person = f"{other} {received['beneficiary_given_name']}" if other else insured
        same = (
            "jurisdiction", "scheme", "flow", "nature", "channel", "agency_code", "region_code",
            "is_urgent", "registration_number", "national_id", "prescriber_id", "provider_id",
            "amount_cents", "received_on",
        )  # fmt: skip
        prefix, year = closed.pack.served.reference_prefix, received["received_on"].year
        closed.file = {name: received[name] for name in same} | {
            "id": new_id(),
            "reference": make_reference(prefix, year, serial),
            "received_file_id": received["id"],
            "pack": closed.pack.key,
            "level": closed.selected.level,
            "assigned_doctor_id": closed.doctor_id,
            "mode": closed.selected.mode or ControlMode.ON_FILE,
            "lane": closed.selected.lane,
            "status": ControlFileStatus.CLOSED,
            "insured_name": insured,
            "person_name": person,
            "person_birth_date": received["beneficiary_birth_date"] or received["birth_date"],
            "search_name": search_name(insured, person) if other else search_name(insured),
            "opened_at": outcome.opened_at,
            "due_at": None,
            "closed_at": outcome.decided_at,
            "outcome": closed.journey.decided,
        }

    def _opening(self, closed: Closed, keys: Any) -> None:
        file, opened_at = closed.file, closed.outcome.opened_at
        clocks = rows.file_deadlines(closed.pack, file, closed.received["received_at"], self.limits)
        file["due_at"] = min((clock["due_at"] for clock in clocks), default=None)
        met = {"status": DeadlineStatus.MET, "settled_at": closed.outcome.decided_at}
        self._add(Deadline, *(clock | met for clock in clocks))
        self._add(
            FlowInstance,
            {
                "control_file_id": file["id"],
                "pack": closed.pack.key,
                "pack_hash": closed.pack.digest,
                "serializer_version": engine.SERIALIZER_VERSION,
                "state": closed.journey.state,
                "ended_at": closed.outcome.decided_at,
            },
        )
        content = {k: closed.message[k] for k in ("medical", "form") if closed.message.get(k)}
        if content:
            self._medical(file["id"], MedicalRecordKind.INTAKE, content, None, opened_at, keys)
        closed.tell(
            opened_at, INTAKE, "file.opened",
            received_file=str(closed.received["id"]), pack=closed.pack.key,
            lane=closed.selected.lane.value, level=closed.selected.level.value,
            rule_set=closed.selected.rule_set,
            reasons=[reason.code for reason in closed.selected.reasons],
        )  # fmt: skip

    def _medical(
        self, file_id: UUID, kind: MedicalRecordKind, content: dict[str, Any],
        author: UUID | None, at: datetime, keys: Any,
    ) -> UUID:  # fmt: skip
        record_id = new_id()
        key_id, sealed = seal(keys, record_id, content)
        self._add(
            MedicalRecord,
            {
                "id": record_id, "control_file_id": file_id, "kind": kind, "author_id": author,
                "created_at": at, "key_id": key_id, "content": sealed,
            },
        )  # fmt: skip
        return record_id

    def _stage(self, closed: Closed, place: int, stage: Stage, keys: Any) -> None:
        """Gather a done task and, where a doctor did it, assignment and opinion."""
        begun = closed.instant(place - 1) if place else closed.outcome.opened_at
        ended = closed.instant(place)
        target = rows.step_deadline(closed.pack, closed.file, stage.task, self.limits, begun)
        if target is not None:
            met = {"status": DeadlineStatus.MET, "settled_at": ended}
            self._add(Deadline, target | met)
        task = rows.task_row(
            closed.pack, closed.file, stage.task, due_at=target["due_at"] if target else None,
            received_at=closed.received["received_at"], limits=self.limits, now=begun,
        ) | {"status": TaskStatus.DONE, "done_at": ended, "outcome": stage.outcome}  # fmt: skip
        if task["is_medical"]:
            task |= {
                "assigned_doctor_id": closed.doctor_id, "done_by_doctor_id": closed.doctor_id,
            }  # fmt: skip
            closed.minutes += task["points"]
            self._assignment(closed, task, begun, ended)
            self._opinion(closed, task, stage, ended, keys)
        elif task["kind"] == StepKind.APPOINTMENT:
            self._appointment(closed, ended)
        closed.tell(
            ended, self.actor(closed) if task["is_medical"] else journal.SYSTEM,
            "step.completed", step=stage.task.step, outcome=stage.outcome, task=str(task["id"]),
        )  # fmt: skip
        self._add(HumanTask, task)

    def _assignment(
        self, closed: Closed, task: Mapping[str, Any], begun: datetime, ended: datetime
    ) -> None:
        self._add(
            Assignment,
            {
                "id": new_id(),
                "control_file_id": closed.file["id"],
                "human_task_id": task["id"],
                "doctor_id": closed.doctor_id,
                "mode": AssignmentMode.AUTOMATIC,
                "points": task["points"],
                "assigned_at": begun,
                "why": {"rule": "cheapest", "chosen": None, "others": []},
                "ended_at": ended,
                "end_reason": "done",
            },
        )
        closed.tell(
            begun, INTAKE, "assignment.made",
            task=str(task["id"]), doctor=str(closed.doctor_id), rule="cheapest", mode="automatic",
        )  # fmt: skip

    def _opinion(
        self, closed: Closed, task: Mapping[str, Any], stage: Stage, at: datetime, keys: Any
    ) -> None:
        decides = closed.pack.meta.outcomes[stage.outcome].decides
        file, outcome = closed.file, closed.outcome
        author = self.staff.user_of_doctor.get(outcome.doctor_code)
        reasoning = self._medical(
            file["id"],
            MedicalRecordKind.REASONING,
            {"reasoning": REASONING, "step": stage.task.step},
            author,
            at,
            keys,
        )
        row = {
            "id": new_id(), "control_file_id": file["id"], "human_task_id": task["id"],
            "doctor_id": closed.doctor_id, "step": stage.task.step, "outcome": stage.outcome,
            "given_at": at, "is_proposal": decides is not None, "reasoning_id": reasoning,
        }  # fmt: skip
        if decides is not None:
            closed.proposal = row["id"]
            row |= {
                "motive_code": motive_of(closed, decides.value),
                "valid_from": outcome.valid_from, "valid_to": outcome.valid_to,
            }  # fmt: skip
            self._add(LineOpinion, *self._lines(closed, row["id"]))
        self._add(Opinion, row)
        closed.tell(
            at, self.actor(closed), "opinion.recorded",
            opinion=str(row["id"]), step=stage.task.step, outcome=stage.outcome,
        )  # fmt: skip

    def _lines(self, closed: Closed, opinion_id: UUID) -> list[dict[str, Any]]:
        found = []
        for line in closed.outcome.lines:
            motive = None
            if line.outcome is not LineOutcome.ACCEPTED:
                motive = motive_of(closed, line.outcome.value)
            found.append(
                {
                    "opinion_id": opinion_id, "line_no": line.line_no, "outcome": line.outcome,
                    "motive_code": motive, "quantity": line.quantity,
                    "amount_cents": line.amount_cents,
                }
            )  # fmt: skip
        return found

    def _appointment(self, closed: Closed, booked_at: datetime) -> None:
        self._add(
            Appointment,
            {
                "id": new_id(),
                "control_file_id": closed.file["id"],
                "doctor_id": closed.doctor_id,
                "unit_code": closed.file["agency_code"],
                "kind": AppointmentKind.EXAMINATION,
                "place": self.units[closed.file["agency_code"]],
                "registration_number": closed.file["registration_number"],
                "person_birth_date": closed.file["person_birth_date"],
                "starts_at": appointment_at(closed),
                "ends_at": appointment_at(closed) + EXAMINED_FOR,
                "state": AppointmentState.ATTENDED,
                "is_early_agreed": False,
                "booked_at": booked_at,
                "arrived_at": appointment_at(closed),
                "settled_at": appointment_at(closed) + EXAMINED_FOR,
            },
        )

    def _decision(self, closed: Closed) -> None:
        decided = closed.journey.decided
        self._add(
            Decision,
            {
                "id": closed.decision,
                "control_file_id": closed.file["id"],
                "opinion_id": closed.proposal,
                "outcome": decided,
                "motive_code": motive_of(closed, decided.value),
                "valid_from": closed.outcome.valid_from,
                "valid_to": closed.outcome.valid_to,
                "decided_at": closed.outcome.decided_at,
                "decided_by": self.staff.user_of_doctor.get(closed.outcome.doctor_code),
                "decided_with": decided_with(closed),
            },
        )  # fmt: skip
        closed.tell(
            closed.outcome.decided_at, self.actor(closed), "decision.made",
            decision=str(closed.decision), outcome=decided.value,
        )  # fmt: skip
