"""Opening control files in bulk: rows, flow state, clocks, letters, doctors (ouverture)."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col

from assignment.facts import TaskFacts
from assignment.service import Occasion as AssignmentOccasion
from assignment.service import plan_tasks, write_plan
from assignment.writing import why_not
from medcontrol import journal, outbox
from medcontrol.ids import new_id
from medcontrol.legal.loading import law
from medcontrol.model import (
    ControlFile,
    Deadline,
    Entitlement,
    FlowInstance,
    HumanTask,
    JournalEntry,
    Letter,
    MedicalRecord,
    OutboxMessage,
    Unit,
)
from medcontrol.ports import SelectivityOutcome
from medcontrol.rules.completeness import missing_members
from medcontrol.rules.names import search_name
from medcontrol.rules.references import make_reference
from medcontrol.services.medical import seal
from medcontrol.vocabulary import (
    ActorKind,
    ControlFileStatus,
    ControlLevel,
    ControlMode,
    EntitlementStatus,
    MedicalRecordKind,
    Profession,
    StepKind,
)
from workflows import engine, rows
from workflows.catalog import Pack
from workflows.copying import copy_rows
from workflows.letter_writing import Occasion, Sender, letter_rows
from workflows.limits import Limits, limits_of
from workflows.paths import Advance
from workflows.tools import Tools

REVIEW_SOURCE = "medcontrol"
REVIEW_PREFIX = "review:"
ACTOR = journal.Actor(ActorKind.SYSTEM, "intake")


@dataclass(frozen=True, slots=True)
class ToOpen:
    """A received file that selectivity chose: its row, the message, the decision."""

    received: Mapping[str, Any]
    message: Mapping[str, Any]
    outcome: SelectivityOutcome


@dataclass(slots=True)
class Opened:
    """What an opening did."""

    references: dict[UUID, str] = field(default_factory=dict)  # by received file
    assigned: int = 0
    unassigned: int = 0


@dataclass(slots=True)
class _Rows:
    """Rows to copy, by table, in the order in which foreign keys want them."""

    by_table: dict[type[SQLModel], list[dict[str, Any]]] = field(
        default_factory=lambda: {
            table: []
            for table in (
                ControlFile, FlowInstance, MedicalRecord, HumanTask, Deadline, Letter,
                OutboxMessage, JournalEntry,
            )
        }
    )  # fmt: skip

    def add(self, table: type[SQLModel], row: dict[str, Any]) -> None:
        self.by_table[table].append(row)


def open_files(session: Session, tools: Tools, files: Sequence[ToOpen], *, now: datetime) -> Opened:
    """Open a control file for each, with its flow at the first wait and, if it can be, a doctor.

    Runs in the caller's transaction, with COPY and a constant number of statements.
    """
    if not files:
        return Opened()
    run = _Opening(session, tools, now)
    made = run.build(files)
    result = run.assign()
    run.journal_and_copy()
    result.references = {each.received["id"]: row["reference"] for each, row in made}
    return result


class _Opening:
    """One bulk opening: what it looks up once, and the rows that it gathers."""

    def __init__(self, session: Session, tools: Tools, now: datetime) -> None:
        self.session, self.tools, self.now = session, tools, now
        self.rows = _Rows()
        self.facts: list[TaskFacts] = []
        self.tasks: dict[UUID, dict[str, Any]] = {}
        self.files: dict[UUID, dict[str, Any]] = {}
        self.entries: dict[UUID, list[journal.Entry]] = defaultdict(list)
        self.limits: dict[str, Limits] = {}
        self.packs: dict[tuple[str, str, Any], Pack] = {}
        names = sa.select(Unit.code, Unit.name)  # type: ignore[call-overload]
        self.units: dict[str, str] = {row[0]: row[1] for row in session.execute(names)}

    def build(self, files: Sequence[ToOpen]) -> list[tuple[ToOpen, dict[str, Any]]]:
        serials = (
            self.session.execute(
                sa.text("SELECT nextval('control_file_serial') FROM generate_series(1, :n)"),
                {"n": len(files)},
            )
            .scalars()
            .all()
        )
        self.previous = self._previous_doctors(files)
        self.entitlements = self._reviewed(files)
        made = []
        for each, serial in zip(files, serials, strict=True):
            made.append((each, self._open(each, serial)))
        return made

    def _previous_doctors(self, files: Sequence[ToOpen]) -> dict[tuple[str, str, Any], UUID]:
        """Return who last gave an opinion on a person's files, by number, flow and birth date."""
        numbers = {each.received["registration_number"] for each in files}
        found = self.session.execute(
            sa.text(
                "SELECT DISTINCT ON (f.registration_number, f.flow, f.person_birth_date)"
                " f.registration_number, f.flow, f.person_birth_date, o.doctor_id"
                " FROM control_file f JOIN opinion o ON o.control_file_id = f.id"
                " WHERE f.registration_number = ANY(:numbers)"
                " ORDER BY f.registration_number, f.flow, f.person_birth_date, o.given_at DESC"
            ),
            {"numbers": list(numbers)},
        )
        return {(row[0], row[1], row[2]): row[3] for row in found}

    def _reviewed(self, files: Sequence[ToOpen]) -> dict[UUID, Any]:
        """Return the rights that files review, by received file, and mark them as under review.

        A periodic file names its right by id; a renewal that the person asks for names it by
        number, and counts only when the right is theirs.
        """
        by_id = {
            UUID(str(each.received["external_id"]).removeprefix(REVIEW_PREFIX).split(":")[0]): each
            for each in files
            if each.received["source"] == REVIEW_SOURCE
            and str(each.received["external_id"]).startswith(REVIEW_PREFIX)
        }
        by_number = {
            (number, each.received["registration_number"]): each
            for each in files
            if each.received["nature"] == "renewal"
            and (number := each.received["details"].get("ald_number"))
        }
        if not by_id and not by_number:
            return {}
        found: dict[UUID, Any] = {}
        for row in self.session.execute(
            sa.select(  # type: ignore[call-overload]
                Entitlement.id, Entitlement.number, Entitlement.valid_to,
                Entitlement.next_review_on, Entitlement.previous_doctor_id,
                Entitlement.registration_number,
            ).where(
                col(Entitlement.status) != EntitlementStatus.ENDED,
                sa.or_(
                    col(Entitlement.id).in_(list(by_id)),
                    col(Entitlement.number).in_([number for number, _ in by_number]),
                ),
            )
        ):  # fmt: skip
            each = by_id.get(row.id) or by_number.get((row.number, row.registration_number))
            if each is not None:
                found[each.received["id"]] = row
        self.session.execute(
            sa.update(Entitlement)
            .where(col(Entitlement.id).in_([row.id for row in found.values()]))
            .values(status=EntitlementStatus.UNDER_REVIEW)
        )
        return found

    def _open(self, each: ToOpen, serial: int) -> dict[str, Any]:
        received, message, outcome = each.received, each.message, each.outcome
        jurisdiction = received["jurisdiction"]
        pack = self._pack(jurisdiction, received["flow"], received["received_on"])
        limits = self._limits(jurisdiction)
        file = self._file_row(each, serial, pack)
        advance = self._start(pack, each)
        file["status"] = advance.status.value
        deadlines = rows.file_deadlines(pack, file, received["received_at"], limits)
        file["due_at"] = min((row["due_at"] for row in deadlines), default=None)
        for row in deadlines:
            self.rows.add(Deadline, row)
        self.rows.add(ControlFile, file)
        self.files[file["id"]] = file
        self.rows.add(FlowInstance, _flow_row(file["id"], pack, advance))
        self._medical(file["id"], message)
        self.entries[file["id"]].append(
            journal.Entry(
                file["id"],
                "file.opened",
                {
                    "received_file": str(received["id"]),
                    "pack": pack.key,
                    "lane": outcome.lane.value,
                    "level": outcome.level.value,
                    "rule_set": outcome.rule_set,
                    "reasons": [reason.code for reason in outcome.reasons],
                },
            )
        )
        for task in advance.tasks:
            self._task(pack, file, task, limits, received)
        self._operations(pack, file, received, advance)
        return file

    def _start(self, pack: Pack, each: ToOpen) -> Advance:
        known = {
            "channel": each.received["channel"],
            "nature": each.received["nature"],
            "lane": each.outcome.lane.value,
            "pieces_missing": bool(missing_members(each.message)),
        }
        numbers = law(each.received["jurisdiction"])
        day = each.received["received_on"]
        facts = engine.opening_facts(pack, known, lambda path: numbers.number(path, day).value)
        return engine.start(pack, facts)

    def _file_row(self, each: ToOpen, serial: int, pack: Pack) -> dict[str, Any]:
        received, outcome = each.received, each.outcome
        insured = f"{received['family_name']} {received['given_name']}"
        other = received["beneficiary_family_name"]
        person = f"{other} {received['beneficiary_given_name']}" if other else insured
        entitlement = self.entitlements.get(received["id"])
        paper = received["details"].get("paper") or {}
        return {
            "id": new_id(),
            "reference": make_reference(
                pack.served.reference_prefix, received["received_on"].year, serial
            ),
            "received_file_id": received["id"],
            "jurisdiction": received["jurisdiction"],
            "scheme": received["scheme"],
            "flow": received["flow"],
            "nature": received["nature"],
            "pack": pack.key,
            "channel": received["channel"],
            "agency_code": received["agency_code"],
            "region_code": received["region_code"],
            "level": outcome.level.value,
            "assigned_doctor_id": None,
            "mode": (outcome.mode or ControlMode.ON_FILE).value,
            "lane": outcome.lane.value,
            "status": ControlFileStatus.AWAITING_CONTROL.value,
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
        self.rows.add(
            MedicalRecord,
            {
                "id": record_id,
                "control_file_id": file_id,
                "kind": MedicalRecordKind.INTAKE.value,
                "created_at": self.now,
                "key_id": key_id,
                "content": sealed,
            },
        )

    def _task(
        self,
        pack: Pack,
        file: dict[str, Any],
        task: Any,
        limits: Limits,
        received: Mapping[str, Any],
    ) -> None:
        target = rows.step_deadline(pack, file, task, limits, self.now)
        if target is not None:
            self.rows.add(Deadline, target)
        row = rows.task_row(
            pack, file, task,
            due_at=target["due_at"] if target else None,
            received_at=received["received_at"], limits=limits, now=self.now,
        )  # fmt: skip
        self.rows.add(HumanTask, row)
        self.tasks[row["id"]] = row
        if not row["is_medical"]:
            return
        entitlement = self.entitlements.get(received["id"])
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
                previous_doctor=(entitlement and entitlement.previous_doctor_id)
                or self.previous.get(person),
            )
        )

    def _operations(
        self, pack: Pack, file: dict[str, Any], received: Mapping[str, Any], advance: Advance
    ) -> None:
        """Carry out what a start may call: letters, and keeping a reviewed right open."""
        entitlement = self.entitlements.get(received["id"])
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
            sender=self._sender(file),
            occasion=occasion, number=f"{step}:0", now=self.now,
        )  # fmt: skip
        self.rows.add(Letter, letter)
        self.rows.add(OutboxMessage, message)
        self.entries[file["id"]].append(
            journal.Entry(file["id"], "letter.written", {"letter": str(letter["id"]), "code": code})
        )

    def _sender(self, file: Mapping[str, Any]) -> Sender:
        tools = self.tools
        return Sender(
            fund=tools.fund_name,
            unit_name=self.units[file["agency_code"]],
            undo_seconds=tools.undo_seconds,
        )

    def assign(self) -> Opened:
        """Plan doctors for the medical tasks; the rows not yet copied bear them."""
        result = Opened()
        by_jurisdiction: dict[str, list[TaskFacts]] = defaultdict(list)
        for facts in self.facts:
            by_jurisdiction[self.files[facts.control_file_id]["jurisdiction"]].append(facts)
        self.plans = []
        for jurisdiction, tasks in by_jurisdiction.items():
            plan = plan_tasks(self.session, tasks, now=self.now, jurisdiction=jurisdiction)
            self.plans.append(plan)
            for made in plan.assignments:
                file_id = made.task.control_file_id
                self.tasks[made.task.id]["assigned_doctor_id"] = made.doctor_id
                self.files[file_id]["assigned_doctor_id"] = made.doctor_id
                self.entries[file_id].append(
                    journal.Entry(
                        file_id,
                        "assignment.made",
                        {
                            "task": str(made.task.id),
                            "doctor": str(made.doctor_id),
                            "rule": made.why.rule.value,
                            "mode": "automatic",
                        },
                    )
                )
            for left in plan.unassigned:
                self.tasks[left.task.id]["unassigned_reason"] = why_not(left)
            result.assigned += len(plan.assignments)
            result.unassigned += len(plan.unassigned)
        return result

    def journal_and_copy(self) -> None:
        """Chain the journal, copy everything, then write the assignments that refer to it."""
        for file_id, entries in self.entries.items():
            linked, length, head = journal.chain(entries, actor=ACTOR, now=self.now)
            self.files[file_id]["journal_length"] = length
            self.files[file_id]["journal_head"] = head
            self.rows.by_table[JournalEntry] += linked
        self._events()
        for table, gathered in self.rows.by_table.items():
            copy_rows(self.session, table, gathered)
        occasion = AssignmentOccasion(now=self.now, actor=ACTOR)
        for plan in self.plans:
            write_plan(self.session, plan, occasion, stamp=False, journaled=False)

    def _events(self) -> None:
        for file_id, file in self.files.items():
            payload = {
                "event": "file.opened",
                "control_file_id": str(file_id),
                "received_file_id": str(file["received_file_id"]),
            }
            message = outbox.NewMessage(
                topic="events.deliver", key=f"event:file.opened:{file_id}", payload=payload
            )
            self.rows.add(OutboxMessage, outbox.row(message, self.now))

    def _pack(self, jurisdiction: str, flow: str, day: Any) -> Pack:
        key = (jurisdiction, flow, day)
        if key not in self.packs:
            self.packs[key] = self.tools.catalog.pack(jurisdiction, flow, day)
        return self.packs[key]

    def _limits(self, jurisdiction: str) -> Limits:
        if jurisdiction not in self.limits:
            self.limits[jurisdiction] = limits_of(self.session, jurisdiction)
        return self.limits[jurisdiction]


def _flow_row(file_id: UUID, pack: Pack, advance: Advance) -> dict[str, Any]:
    return {
        "control_file_id": file_id,
        "pack": pack.key,
        "pack_hash": pack.digest,
        "serializer_version": engine.SERIALIZER_VERSION,
        "state": advance.state,
    }


def count_lanes(outcomes: Sequence[SelectivityOutcome]) -> Counter[str]:
    """Return how many files went into each lane."""
    return Counter(outcome.lane.value for outcome in outcomes)
