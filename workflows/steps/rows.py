"""Rows of a control file and of what its flow asks for, built the same one by one and in bulk.

Pure: values in, values out. ``file`` is a control file as a mapping of its columns.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from medcontrol.ids import new_id
from medcontrol.services.points import Tariff, Work
from medcontrol.vocabulary import ControlLevel, DeadlineKind, DeadlineStatus, TaskStatus
from workflows.definition.catalog import Pack
from workflows.definition.schema import Deadline
from workflows.engine.paths import Wait, WaitingTask
from workflows.steps.limits import Due, Limits, warn_at

File = Mapping[str, Any]

# Where a pack names no clock at all, a list still needs a date to sort by.
_LAST_RESORT = "clocks.a_posteriori_control_days"


def file_deadlines(
    pack: Pack, file: File, received_at: datetime, limits: Limits
) -> list[dict[str, Any]]:
    """Return the clocks of a file that run from its receipt."""
    return [
        deadline_row(
            file,
            name,
            rule,
            limits.due(rule.parameter, received_at, file["received_on"]),
            received_at,
        )
        for name, rule in pack.meta.deadlines.items()
        if rule.scope == "file" and _runs_for(rule, file)
    ]


def _runs_for(rule: Deadline, file: File) -> bool:
    return (
        (not rule.flows or file["flow"] in rule.flows)
        and (not rule.natures or file["nature"] in rule.natures)
        and rule.urgent in (None, file["is_urgent"])
    )


def deadline_row(
    file: File,
    name: str,
    rule: Deadline,
    due: Due,
    start: datetime,
    engine_task_id: str | None = None,
) -> dict[str, Any]:
    """Return the row of a clock that starts now."""
    return {
        "id": new_id(),
        "control_file_id": file["id"],
        "name": name,
        "kind": rule.kind,
        "engine_task_id": engine_task_id,
        "starts_at": start,
        "amount": due.amount,
        "unit": due.unit,
        "parameter": due.parameter,
        "stops_for_completion": rule.suspends,
        "due_at": due.at,
        "warn_at": _warn_at(file, rule, start, due) if engine_task_id is None else None,
        "status": DeadlineStatus.RUNNING,
    }


def _warn_at(file: File, rule: Deadline, start: datetime, due: Due) -> datetime | None:
    """Return when supervisors are told that a legal deadline of a file nears."""
    if rule.kind is not DeadlineKind.LEGAL:
        return None
    return warn_at(file["jurisdiction"], file["received_on"], start, due.at)


def step_deadline(
    pack: Pack, file: File, task: WaitingTask, limits: Limits, now: datetime
) -> dict[str, Any] | None:
    """Return the row of a step's internal target, when it has one."""
    name = pack.meta.steps[task.step].deadline
    if name is None:
        return None
    rule = pack.meta.deadlines[name]
    due = limits.due(rule.parameter, now, file["received_on"])
    return deadline_row(file, name, rule, due, now, task.task_id)


def wait_deadline(
    pack: Pack, file: File, wait: Wait, limits: Limits, now: datetime
) -> dict[str, Any]:
    """Return the row of a clock that the diagram waits for."""
    rule = pack.meta.deadlines[wait.name]
    due = limits.due(rule.parameter, now, file["received_on"])
    return deadline_row(file, wait.name, rule, due, now, wait.task_id)


def task_row(
    pack: Pack,
    file: File,
    task: WaitingTask,
    *,
    due_at: datetime | None,
    received_at: datetime,
    limits: Limits,
    now: datetime,
    work: Work | None = None,
) -> dict[str, Any]:
    """Return the row of a user task that is now someone's to do.

    Args:
        pack: the file's pack, as it serves the file's flow.
        file: the control file, at the level and status after the move.
        task: the engine's waiting task.
        due_at: the step's own target; the file's clock when it has none.
        received_at: when the file came in.
        limits: the law's limits, for a file without any clock.
        now: when the task opens.
        work: what weighs the task; the package's minutes when absent.
    """
    step = pack.meta.steps[task.step]
    level = ControlLevel(file["level"]) if step.level == "file" else ControlLevel(step.level)
    work = work or Work(Tariff(file["jurisdiction"]))
    due = due_at or file["due_at"] or limits.due(_LAST_RESORT, received_at, file["received_on"]).at
    return {
        "id": new_id(),
        "control_file_id": file["id"],
        "engine_task_id": task.task_id,
        "step": task.step,
        "kind": step.kind,
        "is_medical": step.kind.is_medical,
        "status": TaskStatus.OPEN,
        "professions": list(step.professions or pack.served.professions),
        "points": work.tariff.minutes(
            file["flow"],
            file["nature"],
            step.kind,
            work.size._replace(is_urgent=file["is_urgent"]),
            usual=step.points,
        ),
        "level": level,
        "agency_code": file["agency_code"],
        "region_code": file["region_code"],
        "assigned_doctor_id": None,
        "unassigned_reason": None,
        "expected_on": None,
        "specialty": step.specialty,
        "reference": file["reference"],
        "flow": file["flow"],
        "nature": file["nature"],
        "mode": file["mode"],
        "lane": file["lane"],
        "file_status": file["status"],
        "person_name": file["person_name"],
        "person_birth_year": file["person_birth_date"].year,
        "registration_number": file["registration_number"],
        "is_urgent": file["is_urgent"],
        "opened_at": now,
        "received_at": received_at,
        "due_at": max(due, now + timedelta(seconds=1)) if due_at else due,
        "signals": [],
    }  # fmt: skip
