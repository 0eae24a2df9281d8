"""Who evaluates long-term care in a simulation: units of the reference list, invented people."""

from datetime import date

from sqlmodel import Session

from medcontrol.services.reference import load_reference_data
from medcontrol.vocabulary import ControlLevel, DoctorKind, Profession, Role
from runtime.demo.generator.staff import Competence, Staff, StaffDoctor, StaffUser
from runtime.demo.staff_rows import load_staff

FLOWS = ("care_reassessment", "fluctuation_control")
_CENTRE = "LU-CENTRAL"
_POSTS = (
    tuple((unit, ControlLevel.LOCAL, Role.DOCTOR) for unit in ("AEC-LUX", "AEC-ESCH", "AEC-DIEK"))
    + ((_CENTRE, ControlLevel.CENTRAL, Role.CENTRAL_DOCTOR),) * 3
)


def load_luxembourg(session: Session, since: date) -> None:
    """Bring in units, evaluators and agents, in the caller's transaction."""
    load_reference_data(session, "lu")
    doctors = tuple(
        _doctor(number, unit, level, since) for number, (unit, level, _) in enumerate(_POSTS)
    )
    users = [
        _user(f"{role.value}.lu.{number}", role, unit, level, since, doctors[number].code)
        for number, (unit, level, role) in enumerate(_POSTS)
    ]
    users += [
        _user(f"agent.{unit}".lower(), Role.AGENT, unit, level, since)
        for unit, level, _ in _POSTS
        if level is ControlLevel.LOCAL
    ]
    load_staff(session, Staff(doctors, tuple(users), {}))


def _doctor(number: int, unit: str, level: ControlLevel, since: date) -> StaffDoctor:
    return StaffDoctor(
        code=f"LU-{number + 1:03d}",
        name=f"Évaluateur {number + 1}",
        kind=DoctorKind.SALARIED,
        profession=Profession.DOCTOR,
        specialty=None,
        level=level,
        unit_code=unit,
        professional_id=f"ZZ-LU{number + 1:04d}",
        competences=tuple(Competence(flow, None, since, None) for flow in FLOWS),
        weekly_minutes=(480, 480, 480, 480, 480, 0, 0),
        absences=(),
        conflicts=(),
        valid_from=since,
    )


def _user(
    login: str, role: Role, unit: str, level: ControlLevel, since: date, doctor: str | None = None
) -> StaffUser:
    return StaffUser(
        login=login, name=login, role=role, unit_code=unit, level=level, language="fr",
        doctor_code=doctor, valid_from=since, is_showcase=False,
    )  # fmt: skip
