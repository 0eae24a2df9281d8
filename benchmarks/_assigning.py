"""A pool of many files in PostgreSQL: planned and written by one run, and claimed by 8 at once."""

import resource
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from itertools import repeat
from statistics import median, quantiles
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel

from assignment.batch_run import run_batch
from assignment.facts import DoctorFacts, TaskFacts
from assignment.invariants import check_standing
from assignment.levers import set_lever
from assignment.service import claim_next
from benchmarks._fund import installation
from benchmarks._instances import FIRST_DAY, Instance, make_instance
from medcontrol.clock import civil_date
from medcontrol.copying import copy_rows
from medcontrol.db import engine, read_only, transaction, using
from medcontrol.ids import new_id
from medcontrol.journal import SYSTEM
from medcontrol.model import (
    Absence,
    Availability,
    Competence,
    Conflict,
    ControlFile,
    Doctor,
    DoctorLoad,
    HumanTask,
    ReceivedFile,
    Unit,
)
from medcontrol.vocabulary import (
    Channel,
    ControlFileStatus,
    ControlLevel,
    ControlMode,
    Jurisdiction,
    Lane,
    Scheme,
    StepKind,
    TaskStatus,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
_AT_ONCE = 8
_PAUSE = 0.2  # seconds between two claims of one person; far less than anybody takes
_SINCE = date(2020, 1, 1)
_PART = 10_000


def in_database(files: int, doctors: int, seed: int, *, claims: int) -> dict[str, object]:
    """Fill a fresh installation, claim, run over the pool, and check what stands then."""
    # Half the horizon holds all of it: a run gives at most five days ahead.
    instance = make_instance(files, doctors, seed=seed, load=0.85)
    with installation(seed=seed):
        _fill(instance)
        figures = _claim(instance, claims) if claims else {}
        figures |= _run()
        with read_only() as session:
            found = check_standing(session, jurisdiction="ma", now=NOW)
        figures["violations_standing"] = found.counts.total()
    return figures


def _run() -> dict[str, object]:
    with transaction() as session:
        set_lever(session, "wip_days", 5.0, valid_from=_SINCE, who=None, why="benchmark", now=NOW)
    begun = time.perf_counter()
    would = run_batch("ma", now=lambda: NOW, is_dry_run=True)
    planned = time.perf_counter() - begun
    begun = time.perf_counter()
    done = run_batch("ma", now=lambda: NOW)
    whole = time.perf_counter() - begun
    return {
        "run_waiting": would.waiting,
        "run_written": done.assigned,
        "run_dropped": done.dropped.total(),
        "run_read_and_plan_seconds": round(planned, 2),
        "run_seconds": round(whole, 2),
        "write_seconds": round(max(0.0, whole - planned), 2),
        "run_peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _claim(instance: Instance, claims: int) -> dict[str, object]:
    """Let doctors claim their next file, eight at once, while the pool is full."""
    local = [d.id for d in instance.doctors if d.agency is not None and d.minutes[0]][:200]
    bind = _bound()

    def claim(number: int, pause: float = 0.0) -> tuple[float, UUID | None]:
        time.sleep(pause)
        with using(bind):
            begun = time.perf_counter()
            with transaction() as session:
                task = claim_next(
                    session, local[number % len(local)], now=NOW, jurisdiction="ma", actor=SYSTEM
                )
            return (time.perf_counter() - begun) * 1000, None if task is None else task.id

    with ThreadPoolExecutor(_AT_ONCE) as workers:
        list(workers.map(claim, range(_AT_ONCE * 4)))  # connections and plans are made
        paced = list(workers.map(claim, range(claims), repeat(_PAUSE)))
        pressed = list(workers.map(claim, range(claims)))
    taken = [task for _, task in (*paced, *pressed) if task is not None]
    if len(set(taken)) != len(taken):
        raise RuntimeError("a task was claimed twice")
    times = sorted(milliseconds for milliseconds, _ in paced)
    return {
        "claims": len(taken),
        "claim_median_ms": round(median(times), 2),
        "claim_p95_ms": round(quantiles(times, n=20)[-1], 2),
        "claim_without_pause_median_ms": round(median(each for each, _ in pressed), 2),
    }


def _bound() -> sa.Engine:
    """Return the engine of this thread, for the others."""
    with read_only() as session:
        bind = session.get_bind()
    return bind if isinstance(bind, sa.Engine) else engine()


def _fill(instance: Instance) -> None:
    with transaction() as session:  # the installation's own staff have the day off
        session.execute(sa.text("UPDATE doctor SET is_active = false"))
        copy_rows(session, Unit, list(_units(instance)))
    with transaction() as session:
        people = [_doctor(each) for each in instance.doctors]
        tables: tuple[type[SQLModel], ...] = (
            Doctor, DoctorLoad, Competence, Availability, Absence, Conflict,
        )  # fmt: skip
        for table in tables:
            copy_rows(session, table, [row for rows in people for row in rows.get(table, ())])
    for start in range(0, len(instance.tasks), _PART):
        with transaction() as session:
            rows = [_task(each) for each in instance.tasks[start : start + _PART]]
            files: tuple[type[SQLModel], ...] = (ReceivedFile, ControlFile, HumanTask)
            for at, table in enumerate(files):
                copy_rows(session, table, [row[at] for row in rows])
    with transaction() as session:
        session.execute(sa.text("ANALYZE"))


def _units(instance: Instance) -> Iterator[dict[str, Any]]:
    """Where there is work and where there are doctors: few files leave some agencies without."""
    everybody: list[TaskFacts | DoctorFacts] = [*instance.tasks, *instance.doctors]
    places = {(each.agency, each.region) for each in everybody}
    regions = {region for _, region in places if region}
    agencies = {(agency, region) for agency, region in places if agency and region}
    yield _unit("BENCH", ControlLevel.CENTRAL, None)
    for region in sorted(regions):
        yield _unit(region, ControlLevel.REGIONAL, "BENCH")
    for agency, of_region in sorted(agencies):
        yield _unit(agency, ControlLevel.LOCAL, of_region)


def _unit(code: str, level: ControlLevel, parent: str | None) -> dict[str, Any]:
    return {
        "code": code, "jurisdiction": Jurisdiction.MA, "level": level, "name": code,
        "parent_code": parent, "is_active": True,
    }  # fmt: skip


def _doctor(facts: DoctorFacts) -> dict[Any, list[dict[str, Any]]]:
    since = {"doctor_id": facts.id, "valid_from": _SINCE}
    usual = max(facts.minutes)
    # The instance's hours are those of ten days; twice as long a day, five days hold its work.
    week = [
        {"id": new_id(), **since, "weekday": day, "minutes": min(1440, usual * 2)}
        for day in range(5)
    ]
    return {
        Doctor: [
            {
                "id": facts.id, "code": f"B{facts.id.int}", "name": f"B{facts.id.int}",
                "kind": facts.kind, "profession": facts.profession, "level": facts.level,
                "unit_code": facts.agency or facts.region or "BENCH",
                "professional_id": facts.professional_id, "is_active": True,
            }
        ],
        DoctorLoad: [{"doctor_id": facts.id, "open_points": 0, "open_files": 0}],
        Competence: [
            {"id": new_id(), **since, "flow": flow, "nature": None} for flow in facts.competences
        ],
        Availability: week if usual else [],
        Absence: [
            {"id": new_id(), "doctor_id": facts.id, "first_day": day, "last_day": day,
             "reason": "leave"}
            for day in sorted(facts.absent_on)
        ],
        Conflict: [
            {"id": new_id(), **since, "kind": each.kind, "subject": each.subject}
            for each in facts.conflicts
        ],
    }  # fmt: skip


def _task(facts: TaskFacts) -> Sequence[dict[str, Any]]:
    due = datetime.combine(facts.due_on or FIRST_DAY + timedelta(days=40), clock_time(16), UTC)
    shared = {
        "flow": facts.flow, "nature": facts.nature, "agency_code": facts.agency,
        "region_code": facts.region, "registration_number": facts.registration_number,
        "is_urgent": facts.priority == 0,
    }  # fmt: skip
    reference = f"BEN-{facts.id.int}"
    of_file = {
        **shared, "jurisdiction": Jurisdiction.MA, "scheme": Scheme.AMO, "channel": Channel.PORTAL,
    }  # fmt: skip
    received: dict[str, Any] = {
        **of_file, "id": facts.control_file_id, "source": "bench", "external_id": reference,
        "received_at": NOW, "recorded_at": NOW, "family_name": "N", "given_name": "N",
        "birth_date": date(1980, 1, 1), "details": {}, "key_id": "none", "payload": b"",
    }  # fmt: skip
    file = {
        **of_file, "id": facts.control_file_id, "received_file_id": facts.control_file_id,
        "reference": reference, "pack": "ma/ald/1", "level": facts.level,
        "mode": ControlMode.ON_FILE, "lane": Lane.ORANGE,
        "status": ControlFileStatus.AWAITING_CONTROL, "insured_name": "N", "person_name": "N",
        "person_birth_date": date(1980, 1, 1), "search_name": "N",
        "received_on": civil_date(NOW, "ma"), "opened_at": NOW, "due_at": due, "version": 1,
        "journal_length": 0, "journal_head": b"", "prescriber_id": facts.prescriber_id,
        "provider_id": facts.provider_id,
    }  # fmt: skip
    task = {
        **shared, "id": facts.id, "control_file_id": facts.control_file_id, "engine_task_id": "t",
        "step": "control", "is_medical": True, "status": TaskStatus.OPEN, "points": facts.points,
        "kind": StepKind.EXAMINATION if facts.in_person else StepKind.CONTROL_ON_FILE,
        "professions": [each.value for each in sorted(facts.professions)], "level": facts.level,
        "reference": reference, "mode": ControlMode.ON_FILE, "lane": Lane.ORANGE,
        "file_status": ControlFileStatus.AWAITING_CONTROL, "person_name": "N",
        "person_birth_year": 1980, "opened_at": NOW, "received_at": NOW, "due_at": due,
        "signals": [],
    }  # fmt: skip
    return received, file, task
