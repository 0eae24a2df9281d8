"""What a change of reference data touches: open files and rules in force, counted by hand."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from medcontrol import db as database
from medcontrol.model import Appointment, Doctor
from medcontrol.services.code_uses import USES, Codes, count_files
from medcontrol.services.doctors import import_csv
from medcontrol.services.imports import import_entitlements
from medcontrol.services.points import import_points
from medcontrol.services.rooms import add_room, list_rooms
from medcontrol.services.tables import Report
from medcontrol.vocabulary import (
    AppointmentKind,
    AppointmentState,
    ControlFileStatus,
    StepKind,
)
from selectivity.cells import CodeCell
from selectivity.naming import _names
from selectivity.registry import FEATURES
from tests.factories import NOW, TODAY, make_control_file, make_doctor, make_task
from tests.statements import statements
from workflows.reference_impact import Impact, impact_of

COMPETENCES = "doctor,flow,nature,specialty,valid_from\n"
# Of ma/1: every row that asks for sick leave, whatever the nature, and of these those of maternity.
MATERNITY = {"legal-maternity-leave", "several-prescribers", "maternity-beyond-law"}
SICK_LEAVE = MATERNITY | {
    "sick-leave-week-40", "sick-leave-long-first", "sick-leave-long-prolongation",
    "sick-leave-repeated",
}  # fmt: skip


def held(db: Session, doctor: Doctor | None, *, closed: bool = False, **received: object) -> None:
    ending = {"status": ControlFileStatus.CLOSED, "closed_at": NOW} if closed else {}
    own = {"assigned_doctor_id": None if doctor is None else doctor.id}
    make_control_file(db, received=received, **own, **ending)


def touched(db: Session, what: str, text: str) -> Impact:
    report = import_csv(db, what, text.encode())
    assert report.is_saved, report.faults
    found = impact_of(db, report, "ma", TODAY)
    assert found is not None
    return found


def test_a_competence_touches_the_doctors_files_of_its_type_and_the_rules_that_choose_them(
    db: Session,
) -> None:
    doctor, other = make_doctor(db, code="MC-01"), make_doctor(db, code="MC-02")
    for nature in ("maternity", "first", "first"):
        held(db, doctor, flow="sick_leave", nature=nature)
    held(db, doctor, flow="sick_leave", nature="first", closed=True)
    held(db, doctor, flow="ald", nature="first")
    held(db, other, flow="sick_leave", nature="maternity")
    held(db, None, flow="sick_leave", nature="maternity")

    one = touched(db, "competences", COMPETENCES + "MC-01,sick_leave,maternity,,2026-12-01\n")
    assert (one.files, set(one.rules or ()), one.rule_set) == (1, MATERNITY, "ma/1")

    # Both doctors, every nature: three files and one; each file counts once, whatever the rows.
    both = touched(
        db, "competences",
        COMPETENCES + "MC-01,sick_leave,,,2027-01-01\nMC-02,sick_leave,,,2027-01-01\n"
        "MC-01,sick_leave,first,,2027-01-01\n",
    )  # fmt: skip
    assert (both.files, set(both.rules or ())) == (4, SICK_LEAVE)


def test_only_rows_that_are_new_or_changed_touch_anything(db: Session) -> None:
    doctor = make_doctor(db, code="MC-01")
    held(db, doctor)
    text = "doctor,first_day,last_day,reason\nMC-01,2026-12-01,2026-12-05,leave\n"

    first = touched(db, "absences", text)
    again = import_csv(db, "absences", text.encode())

    assert (first.files, first.rules) == (1, None), "rules never name an absence"
    assert again.unchanged == 1
    assert impact_of(db, again, "ma", TODAY) is None


def test_a_unit_or_a_conflict_touches_what_the_doctor_holds_of_it(db: Session) -> None:
    doctor = make_doctor(db, code="MC-01")
    held(db, doctor, agency_code="RABAT-1", region_code="MA-04")
    held(db, doctor, agency_code="CASA-2", region_code="MA-06", registration_number="999000000777")
    make_control_file(db, assigned_doctor_id=doctor.id, provider_id="P-9", prescriber_id="P-9")
    unit = "doctor,unit,valid_from\nMC-01,{},2026-12-01\n"
    conflict = "doctor,kind,subject,valid_from\nMC-01,declared,{},2026-12-01\n"

    assert touched(db, "units", unit.format("RABAT-1")).files == 1
    assert touched(db, "units", unit.format("MA-06")).files == 2
    assert touched(db, "units", unit.format("RABAT-1").replace("2026", "2027")).rules == ()
    for subject in ("999000000777", "P-9"):
        assert touched(db, "conflicts", conflict.format(subject)).files == 1
    assert touched(db, "conflicts", conflict.format("nobody")).files == 0


def test_minutes_touch_the_files_whose_step_they_count(db: Session) -> None:
    for kind in (StepKind.CONTROL_ON_FILE, StepKind.EXAMINATION, StepKind.EXAMINATION):
        file = make_control_file(db, received={"flow": "invalidity", "nature": "review"})
        make_task(db, file, kind=kind)
    held(db, None, flow="ald")
    head = "flow,nature,step,per,points,valid_from,why\n"

    def minutes(line: str) -> Impact | None:
        report = import_points(db, (head + line).encode(), "ma", who=None, now=NOW)
        return impact_of(db, report, "ma", TODAY)

    examined = minutes("invalidity,,examination,task,45,2026-12-01,longer\n")
    assert examined is not None
    assert examined.files == 2
    assert set(examined.rules or ()) == {"invalidity-first", "invalidity-review"}
    assert count_files(db, "ma", {Codes(step="examination")}) == 2
    everything = minutes(",,,urgent,5,2026-12-01,all\n")
    assert everything is not None
    assert (everything.files, everything.rules) == (4, None)


def test_a_right_touches_the_open_file_of_its_person(db: Session) -> None:
    held(db, None, flow="ald", registration_number="999000000123")
    held(db, None, flow="dental", registration_number="999000000123")
    text = (
        "number,flow,registration_number,family_name,given_name,birth_date,agency,valid_from\n"
        "E-1,ald,999000000123,Alami,Amina,1961-03-02,CASA-1,2024-03-01\n"
        "E-2,ald,999000000124,Alami,Omar,1961-03-02,CASA-1,2024-03-01\n"
    )

    report = import_entitlements(db, text.encode(), jurisdiction="ma", now=NOW)
    found = impact_of(db, report, "ma", TODAY)

    assert found is not None
    assert found.files == 1
    assert set(found.rules or ()) == {"ald-first", "ald-aggravation", "ald-renewal"}


def test_one_statement_counts_any_number_of_rows(db: Session) -> None:
    doctors = [make_doctor(db) for _ in range(3)]
    for doctor in doctors:
        held(db, doctor)
    rows = {Codes(doctor=each.id) for each in doctors}
    rows |= {Codes(doctor=doctors[0].id, flow="ald"), Codes(person="999000000123", flow="ald")}
    with statements(db) as asked:
        assert count_files(db, "ma", rows) == 3
    assert len(asked) == 1
    assert count_files(db, "lu", rows) == 0


def test_a_room_says_for_how_many_open_files_somebody_is_booked_there(db: Session) -> None:
    used = add_room(db, "ma", "CASA-1", "C-1", "Cabinet 1", is_accessible=True)
    empty = add_room(db, "ma", "CASA-1", "C-2", "Cabinet 2", is_accessible=True)

    def book(day: int, *, attended: bool = False, **file: object) -> None:
        made = make_control_file(db, **file)
        start = NOW + timedelta(days=day)
        ending = {"state": AppointmentState.ATTENDED, "settled_at": start} if attended else {}
        db.add(
            Appointment(
                control_file_id=made.id, kind=AppointmentKind.EXAMINATION, unit_code="CASA-1",
                room_id=used.id, place="Cabinet 1", registration_number=made.registration_number,
                person_birth_date=made.person_birth_date, starts_at=start,
                ends_at=start + timedelta(hours=1), booked_at=NOW, **ending,
            )
        )  # fmt: skip
        db.flush()

    book(1)
    book(2)
    book(-3, attended=True)
    book(4, status=ControlFileStatus.CLOSED, closed_at=NOW)

    files = {line.room.id: line.files for line in list_rooms(db, "ma")}
    assert (files[used.id], files[empty.id]) == (2, 0)
    assert count_files(db, "ma", {Codes(room=used.id, flow="ald"), Codes(room=empty.id)}) == 2


def test_every_code_has_its_place_and_rules_know_the_features() -> None:
    assert set(USES) == set(Codes.__dataclass_fields__)
    assert {name for use in USES.values() for name in use.features} <= set(FEATURES)


@pytest.mark.usefixtures("committed")
def test_a_trial_takes_everything_back() -> None:
    with database.transaction() as session:
        make_doctor(session, code="MC-01")
    text = "doctor,first_day,last_day,reason\nMC-01,2026-12-01,2026-12-05,leave\n"
    reports: list[Report] = []
    for _ in range(2):
        with database.trial() as session:
            reports.append(import_csv(session, "absences", text.encode()))

    assert [each.added for each in reports] == [1, 1]


def test_a_rule_that_excludes_a_code_names_it() -> None:
    class Rule:
        id = "x"
        when = {"agency": CodeCell(codes=frozenset({"CASA-1"}), negated=True)}

    units = ("agency", "region")
    assert _names(Rule(), [(units, "casa-1")])
    assert not _names(Rule(), [(units, "CASA-2")])
    assert _names(Rule(), [(units, "CASA-1"), (("flow",), "ald")])
