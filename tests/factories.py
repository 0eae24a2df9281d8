"""Rows for tests: each factory takes only what the test is about."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from sqlmodel import Session

from medcontrol.ids import new_id
from medcontrol.model import (
    Availability,
    Competence,
    ControlFile,
    Doctor,
    DoctorLoad,
    HumanTask,
    ReceivedFile,
    RoleGrant,
    UserAccount,
)
from medcontrol.policy import Principal
from medcontrol.services.users import principal_for
from medcontrol.vocabulary import (
    Channel,
    ControlFileStatus,
    ControlLevel,
    ControlMode,
    DoctorKind,
    Jurisdiction,
    Lane,
    Profession,
    Role,
    Scheme,
    StepKind,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # a Friday
TODAY = date(2026, 11, 20)
_serial = count(1)


def make_received_file(session: Session, **changes: Any) -> ReceivedFile:
    number = next(_serial)
    row = ReceivedFile.model_validate(
        {
            "id": new_id(),
            "source": "test",
            "external_id": f"T-{number:06d}",
            "received_at": NOW,
            "recorded_at": NOW,
            "jurisdiction": Jurisdiction.MA,
            "scheme": Scheme.AMO,
            "flow": "ald",
            "nature": "first",
            "channel": Channel.PORTAL,
            "agency_code": "CASA-1",
            "region_code": "MA-06",
            "registration_number": f"9990{number:06d}",
            "family_name": "Alami",
            "given_name": "Amina",
            "birth_date": date(1961, 3, 2),
            "details": {},
            "key_id": "none",
            "payload": b"",
            **changes,
        }
    )
    session.add(row)
    session.flush()
    return row


def make_control_file(session: Session, **changes: Any) -> ControlFile:
    """A bare control file, without a flow; ``received`` changes go to its received file."""
    number = next(_serial)
    received = make_received_file(session, **changes.pop("received", {}))
    row = ControlFile.model_validate(
        {
            "id": new_id(),
            "reference": f"TST-2026-{number:07d}-0",
            "received_file_id": received.id,
            "jurisdiction": received.jurisdiction,
            "scheme": received.scheme,
            "flow": received.flow,
            "nature": received.nature,
            "pack": f"ma/{received.flow}/1",
            "channel": received.channel,
            "agency_code": received.agency_code,
            "region_code": received.region_code,
            "level": ControlLevel.LOCAL,
            "mode": ControlMode.ON_FILE,
            "lane": Lane.ORANGE,
            "status": ControlFileStatus.AWAITING_CONTROL,
            "registration_number": received.registration_number,
            "insured_name": "Alami Amina",
            "person_name": "Alami Amina",
            "person_birth_date": received.birth_date,
            "search_name": "ALAMI AMINA",
            "received_on": TODAY,
            "opened_at": NOW,
            **changes,
        }
    )
    session.add(row)
    session.flush()
    return row


def make_task(session: Session, file: ControlFile, **changes: Any) -> HumanTask:
    """An open control-on-file task of a file."""
    row = HumanTask.model_validate(
        {
            "id": new_id(),
            "control_file_id": file.id,
            "engine_task_id": str(new_id()),
            "step": "control_on_file",
            "kind": StepKind.CONTROL_ON_FILE,
            "is_medical": True,
            "professions": [Profession.DOCTOR],
            "points": 15,
            "level": file.level,
            "agency_code": file.agency_code,
            "region_code": file.region_code,
            "assigned_doctor_id": file.assigned_doctor_id,
            "reference": file.reference,
            "flow": file.flow,
            "nature": file.nature,
            "mode": file.mode,
            "lane": file.lane,
            "file_status": file.status,
            "person_name": file.person_name,
            "person_birth_year": file.person_birth_date.year,
            "registration_number": file.registration_number,
            "opened_at": NOW,
            "received_at": NOW,
            "due_at": NOW + timedelta(days=8),
            "signals": [],
            **changes,
        }
    )
    session.add(row)
    session.flush()
    return row


def make_doctor(
    session: Session,
    *,
    flows: tuple[str, ...] = ("ald", "invalidity", "ambulatory", "sick_leave"),
    minutes: int = 420,
    **changes: Any,
) -> Doctor:
    """A doctor at CASA-1 who works Monday to Friday and may control ``flows``."""
    number = next(_serial)
    row = Doctor.model_validate(
        {
            "id": new_id(),
            # All of one length: sorted as they were made, and none the beginning of another.
            "code": f"D{number:06d}",
            "name": f"Dr Test {number:06d}",
            "kind": DoctorKind.SALARIED,
            "profession": Profession.DOCTOR,
            "level": ControlLevel.LOCAL,
            "unit_code": "CASA-1",
            **changes,
        }
    )
    session.add(row)
    session.flush()
    session.add(DoctorLoad(doctor_id=row.id))
    since = date(2020, 1, 1)
    for flow in flows:
        session.add(Competence(doctor_id=row.id, flow=flow, valid_from=since))
    for weekday in range(5):
        session.add(
            Availability(doctor_id=row.id, weekday=weekday, minutes=minutes, valid_from=since)
        )
    session.flush()
    return row


def make_user(
    session: Session, role: Role, unit_code: str = "CASA-1", doctor: Doctor | None = None
) -> UserAccount:
    """An active account with one role, without a password."""
    number = next(_serial)
    user = UserAccount.model_validate(
        {
            "id": new_id(),
            "login": f"user{number:06d}",
            "name": doctor.name if doctor else f"User {number:06d}",
            "doctor_id": doctor.id if doctor else None,
        }
    )
    session.add(user)
    session.flush()
    session.add(
        RoleGrant(user_id=user.id, role=role, unit_code=unit_code, valid_from=date(2020, 1, 1))
    )
    session.flush()
    return user


def principal_of(session: Session, user: UserAccount) -> Principal:
    return principal_for(session, user, TODAY)


def make_principal(
    session: Session, role: Role, unit_code: str = "CASA-1", doctor: Doctor | None = None
) -> Principal:
    return principal_of(session, make_user(session, role, unit_code, doctor))
