"""The rows of files that are opened together (lignes d'ouverture), gathered before any COPY."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from assignment.facts import Affinity, TaskFacts, affinity_of
from medcontrol import journal, outbox
from medcontrol.ids import new_id
from medcontrol.model import (
    ControlFile,
    Deadline,
    FlowInstance,
    HumanTask,
    Letter,
    MedicalRecord,
    OutboxMessage,
)
from medcontrol.rules.names import search_name
from medcontrol.rules.references import make_reference
from medcontrol.services.medical import seal
from medcontrol.services.points import Size, Work
from medcontrol.vocabulary import (
    ControlFileStatus,
    ControlLevel,
    ControlMode,
    MedicalRecordKind,
    Profession,
    StepKind,
)
from workflows import engine
from workflows.definition.catalog import Pack
from workflows.engine.paths import Advance, WaitingTask
from workflows.gate.opening_lookups import Lookups, ToOpen
from workflows.gate.opening_paper import add_paper
from workflows.letters.writing import Occasion, letter_rows
from workflows.steps import rows
from workflows.steps.writing import Gathered
from workflows.tools import Tools


class OpeningRows:
    """The rows of one bulk opening.

    Attributes:
        gathered: rows to copy. files, tasks: those of control files and human tasks, by id;
            they may still be changed.
        entries: the journal of each file, not yet chained.
        facts: medical tasks that want a doctor.
    """

    def __init__(self, tools: Tools, lookups: Lookups, now: datetime) -> None:
        self.tools, self.lookups, self.now = tools, lookups, now
        self.gathered = Gathered()
        self.files: dict[UUID, dict[str, Any]] = {}
        self.tasks: dict[UUID, dict[str, Any]] = {}
        self.entries: dict[UUID, list[journal.Entry]] = defaultdict(list)
        self.facts: list[TaskFacts] = []

    def add(self, each: ToOpen, serial: int) -> str:
        """Gather everything that the opening of a file leaves; return its reference."""
        received, outcome = each.received, each.outcome
        pack = self.lookups.pack(
            received["jurisdiction"], received["flow"], received["received_on"]
        )
        file = self._file_row(each, serial, pack)
        advance = engine.start(pack, self.lookups.facts(pack, each))
        file["status"] = advance.status
        limits = self.lookups.limits(received["jurisdiction"])
        deadlines = rows.file_deadlines(pack, file, received["received_at"], limits)
        file["due_at"] = min((row["due_at"] for row in deadlines), default=None)
        for row in deadlines:
            self.gathered.add(Deadline, row)
        self.gathered.add(ControlFile, file)
        self.files[file["id"]] = file
        self.gathered.add(FlowInstance, _flow_row(file["id"], pack, advance))
        self._medical(file["id"], each.message)
        self.tell(
            file["id"],
            "file.opened",
            received_file=str(received["id"]),
            pack=pack.key,
            lane=outcome.lane,
            level=outcome.level,
            rule_set=outcome.rule_set,
            reasons=[reason.code for reason in outcome.reasons],
        )
        if envelope := add_paper(self.gathered, file, received, self.now):
            self.tell(file["id"], "envelope.registered", envelope=str(envelope))
        size = Size(len(each.message.get("lines") or ()), len(each.message.get("documents") or ()))
        for task in advance.tasks:
            self._task(pack, file, task, received, size)
        for wait in advance.waits:
            if wait.kind == "deadline":
                self.gathered.add(Deadline, rows.wait_deadline(pack, file, wait, limits, self.now))
        self._operations(pack, file, received, advance)
        self._announce(file)
        return str(file["reference"])

    def tell(self, file_id: UUID, action: str, **facts: Any) -> None:
        """Note a journal entry. Codes and ids only."""
        self.entries[file_id].append(journal.Entry(file_id, action, facts))

    def _file_row(self, each: ToOpen, serial: int, pack: Pack) -> dict[str, Any]:
        received, outcome = each.received, each.outcome
        insured = f"{received['family_name']} {received['given_name']}"
        other = received["beneficiary_family_name"]
        person = f"{other} {received['beneficiary_given_name']}" if other else insured
        entitlement = self.lookups.entitlements.get(received["id"])
        paper = received["details"].get("paper") or {}
        return {
            "id": new_id(),
            "reference": make_reference(
                pack.served.reference_prefix, received["received_on"].year, serial
            ),
            "received_file_id": received["id"],
            "parent_id": each.parent_id,
            "jurisdiction": received["jurisdiction"],
            "scheme": received["scheme"],
            "flow": received["flow"],
            "nature": received["nature"],
            "pack": pack.key,
            "channel": received["channel"],
            "agency_code": received["agency_code"],
            "region_code": received["region_code"],
            "level": outcome.level,
            "assigned_doctor_id": None,
            "mode": outcome.mode or ControlMode.ON_FILE,
            "lane": outcome.lane,
            "status": ControlFileStatus.AWAITING_CONTROL,
            "is_urgent": received["is_urgent"],
            "registration_number": received["registration_number"],
            "national_id": received["national_id"],
            "insured_name": insured,
            "person_name": person,
            "person_birth_date": received["beneficiary_birth_date"] or received["birth_date"],
            "search_name": search_name(insured, person) if other else search_name(insured),
            "prescriber_id": received["prescriber_id"],
            "provider_id": received["provider_id"],
            "amount_cents": received["amount_cents"],
            "received_on": received["received_on"],
            "opened_at": self.now,
            "due_at": None,
            "paper_location": paper.get("location"),
            "paper_slip": paper.get("slip"),
            "entitlement_id": entitlement.id if entitlement else None,
            "version": 1,
            "journal_length": 0,
            "journal_head": b"",
        }

    def _medical(self, file_id: UUID, message: Mapping[str, Any]) -> None:
        content = {name: message[name] for name in ("medical", "form") if message.get(name)}
        if not content:
            return
        record_id = new_id()
        key_id, sealed = seal(self.tools.keys, record_id, content)
        self.gathered.add(
            MedicalRecord,
            {
                "id": record_id,
                "control_file_id": file_id,
                "kind": MedicalRecordKind.INTAKE,
                "created_at": self.now,
                "key_id": key_id,
                "content": sealed,
            },
        )

    def _task(
        self,
        pack: Pack,
        file: dict[str, Any],
        task: WaitingTask,
        received: Mapping[str, Any],
        size: Size,
    ) -> None:
        limits = self.lookups.limits(file["jurisdiction"])
        today = limits.calendar.civil_date(self.now)
        target = rows.step_deadline(pack, file, task, limits, self.now)
        if target is not None:
            self.gathered.add(Deadline, target)
        row = rows.task_row(
            pack, file, task,
            due_at=target["due_at"] if target else None,
            received_at=received["received_at"], limits=limits, now=self.now,
            work=Work(self.lookups.tariff(file["jurisdiction"], today), size),
        )  # fmt: skip
        self.gathered.add(HumanTask, row)
        self.tasks[row["id"]] = row
        if not row["is_medical"] or file["parent_id"] is not None:
            return  # who may have a linked file is asked of the database, once it is there
        entitlement = self.lookups.entitlements.get(received["id"])
        person = (file["registration_number"], file["flow"], file["person_birth_date"])
        self.facts.append(
            TaskFacts(
                id=row["id"],
                control_file_id=file["id"],
                flow=file["flow"],
                nature=file["nature"],
                step=StepKind(row["kind"]),
                professions=frozenset(Profession(code) for code in row["professions"]),
                level=ControlLevel(row["level"]),
                agency=file["agency_code"],
                region=file["region_code"],
                in_person=row["kind"] == StepKind.EXAMINATION,
                points=row["points"],
                priority=0 if row["is_urgent"] else 1,
                due_on=limits.calendar.civil_date(row["due_at"]),
                registration_number=file["registration_number"],
                prescriber_id=file["prescriber_id"],
                provider_id=file["provider_id"],
                specialty=row["specialty"],
                previous_doctor=(granting := entitlement and entitlement.previous_doctor_id)
                or self.lookups.previous.get(person),
                affinity=Affinity.RENEWAL if granting else affinity_of(file["nature"]),
            )
        )

    def _operations(
        self, pack: Pack, file: dict[str, Any], received: Mapping[str, Any], advance: Advance
    ) -> None:
        """Carry out what a start may call: letters, and keeping a reviewed right open."""
        entitlement = self.lookups.entitlements.get(received["id"])
        for call in advance.operations:
            if call.operation == "send_letter":
                occasion = Occasion()
                if entitlement is not None:
                    occasion.review = {
                        "entitlement_number": entitlement.number,
                        "ends_on": entitlement.valid_to,
                        "review_on": entitlement.next_review_on or file["received_on"],
                    }
                self._letter(pack, call.arguments["letter"], file, received, occasion, call.step)
            elif call.operation == "keep_entitlement_open":
                continue  # done for every reviewed right of the chunk, in one statement
            else:
                raise RuntimeError(f"{pack.key}: {call.operation} can't be called by a start")

    def _letter(
        self, pack: Pack, code: str, file: dict[str, Any], received: Mapping[str, Any],
        occasion: Occasion, step: str,
    ) -> None:  # fmt: skip
        if "review" in pack.meta.letters[code].needs and occasion.review is None:
            return  # a renewal that the person asked for: there is no right of ours to announce
        letter, message = letter_rows(
            pack, code, file=file, received=received,
            sender=self.lookups.sender(file["agency_code"]),
            occasion=occasion, number=f"{step}:0", now=self.now,
        )  # fmt: skip
        self.gathered.add(Letter, letter)
        if message is not None:
            self.gathered.add(OutboxMessage, message)
        self.tell(file["id"], "letter.written", letter=str(letter["id"]), code=code)

    def _announce(self, file: Mapping[str, Any]) -> None:
        payload = {
            "event": "file.opened",
            "control_file_id": str(file["id"]),
            "received_file_id": str(file["received_file_id"]),
        }
        message = outbox.NewMessage(
            topic="events.deliver", key=f"event:file.opened:{file['id']}", payload=payload
        )
        self.gathered.add(OutboxMessage, outbox.row(message, self.now))


def _flow_row(file_id: UUID, pack: Pack, advance: Advance) -> dict[str, Any]:
    return {
        "control_file_id": file_id,
        "pack": pack.key,
        "pack_hash": pack.digest,
        "serializer_version": engine.SERIALIZER_VERSION,
        "state": advance.state,
    }
