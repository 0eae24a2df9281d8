"""A small fund in the database, for tests about assignment: units, doctors, files, tasks."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlmodel import Session

from medcontrol.ids import new_id
from medcontrol.journal import SYSTEM
from medcontrol.model import (
    Availability,
    Competence,
    ControlFile,
    Doctor,
    HumanTask,
    Opinion,
    ReceivedFile,
    Unit,
)
from medcontrol.vocabulary import (
    Channel,
    ControlFileStatus,
    ControlLevel,
    ControlMode,
    DoctorKind,
    Jurisdiction,
    Lane,
    Profession,
    Scheme,
    StepKind,
    TaskStatus,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
ACTOR = SYSTEM
TODAY = date(2026, 3, 2)
LONG_AGO = date(2020, 1, 1)
UNITS = [
    ("T-CENTRE", ControlLevel.CENTRAL, None),
    ("T-R1", ControlLevel.REGIONAL, "T-CENTRE"),
    ("T-R2", ControlLevel.REGIONAL, "T-CENTRE"),
    ("T-A1", ControlLevel.LOCAL, "T-R1"),
    ("T-A2", ControlLevel.LOCAL, "T-R1"),
    ("T-B1", ControlLevel.LOCAL, "T-R2"),
]
_serial = count(1)


def insert(session: Session, table: type, rows: list[dict]) -> None:
    """Insert rows with the defaults of the model."""
    if rows:
        session.execute(sa.insert(table), rows)


def add_units(session: Session) -> None:
    """Two regions with three agencies, under a centre; a test that commits leaves them behind."""
    rows = [
        {
            "code": code,
            "jurisdiction": Jurisdiction.MA,
            "level": level,
            "name": code,
            "parent_code": parent,
            "is_active": True,
        }
        for code, level, parent in UNITS
    ]
    session.execute(postgresql.insert(Unit).values(rows).on_conflict_do_nothing())


def add_doctor(
    session: Session,
    *,
    unit: str = "T-A1",
    level: ControlLevel = ControlLevel.LOCAL,
    competences: tuple[str, ...] = ("ald",),
    minutes: int = 60,
    professional_id: str | None = None,
) -> UUID:
    """A salaried doctor who works so many minutes each weekday."""
    doctor_id, number = new_id(), next(_serial)
    doctor = {
        "id": doctor_id,
        "code": f"T-{number:06d}",
        "name": f"Dr {number:06d}",
        "kind": DoctorKind.SALARIED,
        "profession": Profession.DOCTOR,
        "level": level,
        "unit_code": unit,
        "professional_id": professional_id,
        "is_active": True,
    }
    insert(session, Doctor, [doctor])
    since = {"doctor_id": doctor_id, "valid_from": LONG_AGO}
    flows = [each.partition("/") for each in competences]
    rows = [{"id": new_id(), **since, "flow": f, "nature": n or None} for f, _, n in flows]
    insert(session, Competence, rows)
    week = [{"id": new_id(), **since, "weekday": d, "minutes": minutes} for d in range(5)]
    insert(session, Availability, week)
    return doctor_id


def add_task(session: Session, **values) -> UUID:
    """A file with one open medical task; returns the task's id."""
    return add_tasks(session, 1, **values)[0]


def add_tasks(
    session: Session,
    number: int,
    *,
    flow: str = "ald",
    agency: str = "T-A1",
    region: str = "T-R1",
    level: ControlLevel = ControlLevel.LOCAL,
    kind: StepKind = StepKind.CONTROL_ON_FILE,
    points: int = 10,
    due_in_days: int = 10,
    **file_values,
) -> list[UUID]:
    """As many files with one open medical task each; returns the tasks' ids."""
    due_at = NOW + timedelta(days=due_in_days)
    received, files, tasks = [], [], []
    for _ in range(number):
        serial = next(_serial)
        shared = {
            "flow": flow,
            "nature": "first",
            "agency_code": agency,
            "region_code": region,
            "is_urgent": False,
            "registration_number": f"{serial:09d}",
        }
        of_file = {
            **shared,
            "jurisdiction": Jurisdiction.MA,
            "scheme": Scheme.AMO,
            "channel": Channel.PORTAL,
        }
        file = _file(serial, of_file, level=level, due_at=due_at) | file_values
        received.append(_received(serial, of_file, file))
        files.append(file)
        tasks.append(_task(shared, file, kind=kind, level=level, points=points, due_at=due_at))
    insert(session, ReceivedFile, received)
    insert(session, ControlFile, files)
    insert(session, HumanTask, tasks)
    return [task["id"] for task in tasks]


def _file(serial: int, of_file: dict, *, level: ControlLevel, due_at: datetime) -> dict:
    return {
        "id": new_id(),
        "received_file_id": new_id(),
        **of_file,
        "reference": f"T-{serial:06d}",
        "pack": "ma/ald/1",
        "level": level,
        "mode": ControlMode.ON_FILE,
        "lane": Lane.ORANGE,
        "status": ControlFileStatus.AWAITING_CONTROL,
        "insured_name": "N",
        "person_name": "N",
        "person_birth_date": date(1980, 1, 1),
        "search_name": "n",
        "received_on": TODAY,
        "opened_at": NOW,
        "due_at": due_at,
        "version": 1,
        "journal_length": 0,
        "journal_head": b"",
    }


def _received(serial: int, of_file: dict, file: dict) -> dict:
    return {
        "id": file["received_file_id"],
        "source": "test",
        "external_id": str(serial),
        "received_at": NOW,
        "recorded_at": NOW,
        **of_file,
        "family_name": "N",
        "given_name": "N",
        "birth_date": date(1980, 1, 1),
        "details": {},
        "key_id": "k",
        "payload": b"",
    }


def _task(
    shared: dict, file: dict, *, kind: StepKind, level: ControlLevel, points: int, due_at: datetime
) -> dict:
    return {
        "id": new_id(),
        "control_file_id": file["id"],
        **{**shared, "registration_number": file["registration_number"]},
        "engine_task_id": "t",
        "step": "control",
        "kind": kind,
        "is_medical": True,
        "status": TaskStatus.OPEN,
        "professions": ["doctor"],
        "points": points,
        "level": level,
        "reference": file["reference"],
        "mode": ControlMode.ON_FILE,
        "lane": Lane.ORANGE,
        "file_status": ControlFileStatus.AWAITING_CONTROL,
        "person_name": "N",
        "person_birth_year": 1980,
        "opened_at": NOW,
        "received_at": NOW,
        "due_at": due_at,
        "signals": [],
    }


def add_opinion(session: Session, control_file_id: UUID, doctor_id: UUID) -> None:
    """An opinion that a doctor gave on a file before."""
    row = {
        "id": new_id(),
        "control_file_id": control_file_id,
        "human_task_id": new_id(),
        "doctor_id": doctor_id,
        "step": "control",
        "outcome": "favourable",
        "given_at": NOW - timedelta(days=100),
    }
    insert(session, Opinion, [row])


def file_of(session: Session, task_id: UUID) -> UUID:
    """The file of a task."""
    return session.execute(
        sa.text("SELECT control_file_id FROM human_task WHERE id = :id"), {"id": task_id}
    ).scalar_one()


def holder_of(session: Session, task_id: UUID) -> UUID | None:
    """Who holds a task, as task, file and open assignment say alike."""
    task, file, assignment = session.execute(
        sa.text("""
            SELECT t.assigned_doctor_id, f.assigned_doctor_id, a.doctor_id FROM human_task t
            JOIN control_file f ON f.id = t.control_file_id
            LEFT JOIN assignment a ON a.human_task_id = t.id AND a.ended_at IS NULL
            WHERE t.id = :id"""),
        {"id": task_id},
    ).one()
    assert task == file == assignment
    return task


def loads(session: Session) -> dict[UUID, int]:
    """Open points of each doctor who has a load row."""
    rows = session.execute(sa.text("SELECT doctor_id, open_points FROM doctor_load"))
    return {row.doctor_id: row.open_points for row in rows}


def actions(session: Session, control_file_id: UUID) -> list[str]:
    """What the journal says happened to a file, in order."""
    statement = sa.text(
        "SELECT action FROM journal_entry WHERE control_file_id = :id ORDER BY number"
    )
    return list(session.execute(statement, {"id": control_file_id}).scalars())
