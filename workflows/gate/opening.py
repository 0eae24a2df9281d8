"""Opening control files in bulk: rows, flow state, clocks, letters, doctors (ouverture)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from assignment.facts import Plan, TaskFacts
from assignment.service import Occasion, plan_tasks, write_plan
from assignment.writing import why_not
from medcontrol import journal
from medcontrol.model import JournalEntry
from medcontrol.vocabulary import AssignmentMode
from workflows.gate.opening_lookups import ACTOR, Lookups, ToOpen
from workflows.gate.opening_rows import OpeningRows
from workflows.rights.reviewed import REVIEW_PREFIX, REVIEW_SOURCE
from workflows.tools import Tools

__all__ = ["ACTOR", "REVIEW_PREFIX", "REVIEW_SOURCE", "Opened", "ToOpen", "open_files"]


@dataclass(slots=True)
class Opened:
    """What an opening did."""

    references: dict[UUID, str] = field(default_factory=dict)  # by received file
    assigned: int = 0
    unassigned: int = 0


def open_files(session: Session, tools: Tools, files: Sequence[ToOpen], *, now: datetime) -> Opened:
    """Open a control file for each, with its flow at the first wait and, if it can be, a doctor.

    Runs in the caller's transaction, with COPY and a constant number of statements.
    """
    if not files:
        return Opened()
    lookups = Lookups(session, tools, files, now)
    rows = OpeningRows(tools, lookups, now)
    references = {
        each.received["id"]: rows.add(each, serial)
        for each, serial in zip(files, lookups.serials, strict=True)
    }
    plans = _plan(session, rows, now)
    for plan in plans:
        _bear(rows, plan)
    _chain(rows, now)
    rows.gathered.copy(session)
    for plan in plans:  # after the rows that assignments refer to
        occasion = Occasion(now=now, actor=ACTOR)
        write_plan(session, plan, occasion, stamp=False, journaled=False)
    return Opened(
        references,
        assigned=sum(len(plan.assignments) for plan in plans),
        unassigned=sum(len(plan.unassigned) for plan in plans),
    )


def _plan(session: Session, rows: OpeningRows, now: datetime) -> list[Plan]:
    """Plan doctors for the medical tasks, jurisdiction by jurisdiction."""
    by_jurisdiction: dict[str, list[TaskFacts]] = defaultdict(list)
    for facts in rows.facts:
        by_jurisdiction[rows.files[facts.control_file_id]["jurisdiction"]].append(facts)
    return [
        plan_tasks(session, tasks, now=now, jurisdiction=jurisdiction)
        for jurisdiction, tasks in by_jurisdiction.items()
    ]


def _bear(rows: OpeningRows, plan: Plan) -> None:
    """Let files and tasks that are not yet copied bear their doctors, and tell it."""
    for made in plan.assignments:
        file_id = made.task.control_file_id
        rows.tasks[made.task.id]["assigned_doctor_id"] = made.doctor_id
        rows.files[file_id]["assigned_doctor_id"] = made.doctor_id
        rows.tell(
            file_id,
            "assignment.made",
            task=str(made.task.id),
            doctor=str(made.doctor_id),
            rule=made.why.rule,
            mode=AssignmentMode.AUTOMATIC,
        )
    for left in plan.unassigned:
        rows.tasks[left.task.id]["unassigned_reason"] = why_not(left)
        rows.tasks[left.task.id]["expected_on"] = left.expected_on


def _chain(rows: OpeningRows, now: datetime) -> None:
    """Chain the journal of each file, which bears its head."""
    for file_id, entries in rows.entries.items():
        linked, length, head = journal.chain(entries, actor=ACTOR, now=now)
        rows.files[file_id]["journal_length"] = length
        rows.files[file_id]["journal_head"] = head
        rows.gathered.by_table[JournalEntry] += linked
