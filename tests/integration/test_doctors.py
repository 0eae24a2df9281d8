"""Doctors, what they may take and when, by CSV and one by one."""

from datetime import date

import pytest
from sqlmodel import Session, col, select

from assignment.loading_doctors import load_doctors
from medcontrol.errors import AlreadyDone, InvalidInput, NotFound
from medcontrol.model import Absence, Availability, Competence, Doctor
from medcontrol.services import doctors
from medcontrol.services.doctors import import_csv
from medcontrol.services.tables import Report, UnreadableTable
from medcontrol.vocabulary import DoctorKind, Profession

DOCTORS = """code,name,kind,profession,specialty,level,unit,professional_id,active
MC-01,Dr Naïma Alaoui,salaried,doctor,cardiology,local,CASA-1,INPE-1,yes
MC-02,"Benjelloun, Karim",contracted,dentist,,regional,MA-06,,no
"""
COMPETENCES = """doctor;flow;nature;valid_from;valid_to
MC-01;ald;;2020-01-01;
MC-01;invalidity;review;2020-01-01;2027-12-31
"""
HOURS = """doctor,weekday,minutes,valid_from,valid_to
MC-01,1,420,2020-01-01,
MC-01,5,180,2020-01-01,
"""
ABSENCES = """doctor,first_day,last_day,reason
MC-01,2026-11-23,2026-11-27,leave
"""
CONFLICTS = """doctor,kind,subject,valid_from,valid_to
MC-01,relative,999000000123,2020-01-01,
"""


def take(db: Session, what: str, text: str, *, partial: bool = False) -> Report:
    return import_csv(db, what, text.encode(), partial=partial)


def faults(report: Report) -> list[tuple[int, str]]:
    return [(each.line, each.column) for each in report.faults]


@pytest.fixture
def filled(db: Session) -> Session:
    for what, text in (
        ("doctors", DOCTORS),
        ("competences", COMPETENCES),
        ("availabilities", HOURS),
        ("absences", ABSENCES),
        ("conflicts", CONFLICTS),
    ):
        report = take(db, what, text)
        assert report.is_saved, report.faults
    return db


def test_what_is_imported_is_what_assignment_sees(filled: Session) -> None:
    monday = date(2026, 11, 30)
    found = {each.professional_id: each for each in load_doctors(filled, monday, "ma")}
    doctor = found["INPE-1"]
    assert (doctor.agency, doctor.kind, doctor.active) == ("CASA-1", DoctorKind.SALARIED, True)
    assert doctor.competences == {"ald", "invalidity/review"}
    assert doctor.capacity_points == 600, "Monday 420 and Friday 180 minutes"
    assert [tuple(each) for each in doctor.conflicts] == [("relative", "999000000123")]
    away = {each.professional_id: each for each in load_doctors(filled, date(2026, 11, 23), "ma")}
    assert away["INPE-1"].capacity_points == 0


def test_a_quoted_comma_and_an_empty_cell_are_read(filled: Session) -> None:
    second = filled.exec(select(Doctor).where(Doctor.code == "MC-02")).one()
    assert (second.name, second.specialty) == ("Benjelloun, Karim", None)
    assert (second.profession, second.is_active) == (Profession.DENTIST, False)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("doctors", DOCTORS),
        ("competences", COMPETENCES),
        ("availabilities", HOURS),
        ("absences", ABSENCES),
        ("conflicts", CONFLICTS),
    ],
)
def test_the_same_file_twice_changes_nothing(filled: Session, what: str, text: str) -> None:
    again = take(filled, what, text)
    assert (again.added, again.changed, again.unchanged) == (0, 0, again.read)


def test_a_known_key_changes_the_rest_of_its_row(filled: Session) -> None:
    report = take(filled, "availabilities", HOURS.replace("180", "90"))
    assert (report.added, report.changed, report.unchanged) == (0, 1, 1)
    minutes = filled.exec(select(Availability.minutes).where(Availability.weekday == 4)).all()
    assert minutes == [90]


def test_a_file_without_the_column_active_wakes_nobody(filled: Session) -> None:
    text = "\n".join(line.rpartition(",")[0] for line in DOCTORS.splitlines())
    assert take(filled, "doctors", text).unchanged == 2
    assert filled.exec(select(Doctor.is_active).where(Doctor.code == "MC-02")).one() is False


WRONG = """code,name,kind,profession,specialty,level,unit,professional_id,active
MC-03,Dr Juste,salaried,doctor,,local,CASA-1,,
MC-04,,salaried,doctor,,local,CASA-1,,
MC-05,Dr Faux,freelance,doctor,,local,NOWHERE,,
MC-06,Dr Court,salaried
MC-03,Dr Deux,salaried,doctor,,local,CASA-1,,
MC 07,Dr Blanc,salaried,doctor,,local,CASA-1,,maybe
"""


def test_every_fault_is_named_by_line_and_column_and_keeps_the_file_out(db: Session) -> None:
    report = take(db, "doctors", WRONG)
    assert faults(report) == [
        (3, "name"), (4, "kind"), (4, "unit"), (5, ""), (6, "code"), (7, "active"), (7, "code"),
    ]  # fmt: skip
    assert (report.read, report.added, report.is_saved) == (6, 0, False)
    assert db.exec(select(Doctor).where(col(Doctor.code).startswith("MC-"))).all() == []


def test_the_good_lines_come_in_when_asked(db: Session) -> None:
    report = take(db, "doctors", WRONG, partial=True)
    assert (report.added, report.is_saved, len(report.faults)) == (1, True, 7)
    assert db.exec(select(Doctor.code).where(col(Doctor.code).startswith("MC-"))).all() == ["MC-03"]


@pytest.mark.parametrize(
    ("what", "line", "column"),
    [
        ("competences", "MC-01,ald,periodic,2020-01-01,", "nature"),
        ("competences", "MC-01,unknown,,2020-01-01,", "flow"),
        ("competences", "MC-99,ald,,2020-01-01,", "doctor"),
        ("competences", "MC-01,ald,,2020-02-30,", "valid_from"),
        ("competences", "MC-01,ald,,2020-01-02,2020-01-01", "valid_to"),
        ("availabilities", "MC-01,0,420,2020-01-01,", "weekday"),
        ("availabilities", "MC-01,1,1441,2020-01-01,", "minutes"),
        ("availabilities", "MC-01,1,٤٢,2020-01-01,", "minutes"),
        ("absences", "MC-01,2026-11-27,2026-11-23,leave", "last_day"),
        ("conflicts", "MC-01,enemy,999,2020-01-01,", "kind"),
    ],
)
def test_a_wrong_cell_is_refused(filled: Session, what: str, line: str, column: str) -> None:
    heading = {"competences": COMPETENCES.replace(";", ","), "availabilities": HOURS,
               "absences": ABSENCES, "conflicts": CONFLICTS}[what].splitlines()[0]  # fmt: skip
    report = take(filled, what, f"{heading}\n{line}\n")
    assert faults(report) == [(2, column)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "lacks: code"),
        (b"code,name\n", "lacks: kind"),
        (DOCTORS.replace("code,", "code,colour,").encode(), "unknown: colour"),
        (DOCTORS.replace("code,", "code,code,").encode(), "repeats: code"),
        (DOCTORS.encode("latin-1"), "line 2 is not UTF-8"),
        (DOCTORS.replace("Karim", "K\0").encode(), "NUL"),
        ((DOCTORS + 'MC-9,"never closed').encode(), "line 4"),
    ],
)
def test_what_is_no_table_is_refused_as_a_whole(db: Session, content: bytes, says: str) -> None:
    with pytest.raises(UnreadableTable) as refused:
        import_csv(db, "doctors", content)
    assert says in str(refused.value)


def test_a_byte_order_mark_blank_lines_and_crlf_are_tolerated(db: Session) -> None:
    text = "\ufeff" + DOCTORS.replace("\n", "\r\n\r\n")
    assert take(db, "doctors", text).added == 2


def test_an_unknown_kind_of_file_is_refused(db: Session) -> None:
    with pytest.raises(InvalidInput):
        take(db, "patients", DOCTORS)


def test_one_doctor_is_created_and_changed_from_a_form(filled: Session) -> None:
    given = {"code": "MC-10", "name": "Dr Neuf", "kind": "salaried", "profession": "doctor",
             "level": "local", "unit": "CASA-1"}  # fmt: skip
    made = doctors.save_doctor(filled, given, is_new=True)
    assert (made.name, made.is_active) == ("Dr Neuf", True)
    with pytest.raises(AlreadyDone):
        doctors.save_doctor(filled, given, is_new=True)
    changed = doctors.save_doctor(filled, given | {"name": "Dr Dix", "active": "no"}, is_new=False)
    assert (changed.id, changed.name, changed.is_active) == (made.id, "Dr Dix", False)
    with pytest.raises(NotFound):
        doctors.save_doctor(filled, given | {"code": "MC-11"}, is_new=False)
    with pytest.raises(InvalidInput) as refused:
        doctors.save_doctor(filled, given | {"unit": "NOWHERE"}, is_new=False)
    assert refused.value.field == "unit"


def test_an_absence_is_added_and_moved_by_its_first_day(filled: Session) -> None:
    days = {"first_day": date(2026, 12, 21), "last_day": date(2026, 12, 24), "reason": "training"}
    doctors.add_absence(filled, "MC-01", **days)  # type: ignore[arg-type]
    doctors.add_absence(filled, "MC-01", **days | {"last_day": date(2026, 12, 31)})  # type: ignore[arg-type]
    kept = filled.exec(select(Absence).where(Absence.reason == "training")).all()
    assert [each.last_day for each in kept] == [date(2026, 12, 31)]
    with pytest.raises(InvalidInput):
        doctors.add_absence(filled, "MC-01", **days | {"last_day": date(2026, 12, 1)})  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        doctors.add_absence(filled, "MC-99", **days)  # type: ignore[arg-type]


def test_the_list_shows_flows_and_what_is_open(filled: Session) -> None:
    shown = {doctor.code: (files, points, flows) for doctor, files, points, flows
             in doctors.list_doctors(filled, unit_code="CASA-1")}  # fmt: skip
    assert shown["MC-01"] == (0, 0, ("ald", "invalidity"))
    assert "MC-02" not in shown
    assert filled.exec(select(Competence)).first() is not None


def test_hours_of_reception_come_by_file_and_leave_by_it(filled: Session) -> None:
    hours = "doctor,weekday,minutes,valid_from,from_hour\nMC-01,1,240,2027-01-01,14:00\n"
    report = take(filled, "availabilities", hours)
    wrong = take(filled, "availabilities", hours.replace("14:00", "25:00"))
    file = doctors.export_csv(filled, "availabilities", "ma")
    again = take(filled, "availabilities", file)

    assert (report.added, report.faults) == (1, [])
    assert faults(wrong) == [(2, "from_hour")]
    assert ",14:00" in file
    assert (again.added, again.changed) == (0, 0)


def test_the_practice_of_a_contracted_doctor_comes_by_file(filled: Session) -> None:
    text = DOCTORS.replace("active", "active,practice_address").replace("yes", "yes,")
    take(filled, "doctors", text.replace(",no", ",no,12 avenue Hassan II"))

    found = filled.exec(select(Doctor).where(Doctor.code == "MC-02")).one()
    assert found.practice_address == "12 avenue Hassan II"
