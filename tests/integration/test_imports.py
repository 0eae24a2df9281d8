"""Rights taken over from the tool that is replaced."""

from datetime import date

from sqlmodel import Session, select

from medcontrol.model import Entitlement
from medcontrol.services.imports import import_entitlements
from medcontrol.services.tables import Report
from medcontrol.vocabulary import EntitlementStatus
from tests.factories import NOW, make_doctor

HEADING = (
    "number,flow,registration_number,family_name,given_name,birth_date,agency,valid_from,valid_to,"
    "next_review_on,opens_on,right_code,previous_doctor,granted_on,relation,"
    "beneficiary_family_name,beneficiary_given_name,beneficiary_birth_date"
)
ALD = (
    "E-1,ald,999000000123,Alami,Amina,1961-03-02,CASA-1,2024-03-01,2027-02-28,2027-02-28,,14,,,,,,"
)
PENSION = (
    "E-2,invalidity,999000000456,Idrissi,Omar,1975-01-01,CASA-1,2024-01-01,,2027-01-01,2026-11-01,"
    ",,2024-01-15,,,,"
)


def take(db: Session, *lines: str, partial: bool = False) -> Report:
    content = "\n".join([HEADING, *lines]).encode()
    return import_entitlements(db, content, jurisdiction="ma", now=NOW, partial=partial)


def found(db: Session, number: str) -> Entitlement:
    return db.exec(select(Entitlement).where(Entitlement.number == number)).one()


def test_a_right_comes_in_with_the_day_its_review_opens(db: Session) -> None:
    assert take(db, ALD, PENSION).added == 2
    first, second = found(db, "E-1"), found(db, "E-2")
    assert first.opens_on == date(2026, 11, 30), "90 days before, as the law says"
    assert second.opens_on == date(2026, 11, 1), "as given"
    assert (first.status, first.right_code) == (EntitlementStatus.ACTIVE, "14")
    assert (first.granted_at, second.granted_at.date()) == (NOW, date(2024, 1, 15))


def test_the_previous_doctor_is_kept_for_continuity(db: Session) -> None:
    doctor = make_doctor(db, code="MC-01")
    take(db, ALD.replace(",14,,", ",14,MC-01,"))
    assert found(db, "E-1").previous_doctor_id == doctor.id


def test_a_right_that_is_over_brings_no_file_back(db: Session) -> None:
    take(db, ALD.replace("2027-02-28", "2026-02-28"))
    assert found(db, "E-1").status is EntitlementStatus.ENDED


def test_again_changes_nothing_and_a_new_day_changes_the_right(db: Session) -> None:
    take(db, ALD, PENSION)
    again = take(db, ALD, PENSION)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)
    assert take(db, ALD.replace("2027-02-28", "2028-02-29")).changed == 1
    assert found(db, "E-1").valid_to == date(2028, 2, 29)


def test_a_right_under_review_here_stays_as_it_is(db: Session) -> None:
    take(db, ALD)
    held = found(db, "E-1")
    held.status = EntitlementStatus.UNDER_REVIEW
    db.flush()
    assert take(db, ALD.replace("2027-02-28", "2028-02-29")).unchanged == 1
    assert found(db, "E-1").valid_to == date(2027, 2, 28)


def test_every_fault_is_named_and_keeps_the_file_out(db: Session) -> None:
    report = take(
        db,
        ALD,
        ALD,
        PENSION.replace("invalidity", "care_reassessment"),
        PENSION.replace("1975-01-01", "2075-01-01"),
        PENSION.replace("CASA-1", "MA-06").replace("E-2", "E-3"),
        PENSION.replace("2026-11-01", "2027-01-02").replace("E-2", "E-4"),
        PENSION.replace(",,,,", ",child,,,", 1).replace("E-2", "E-5"),
        ALD.replace("2027-02-28", "2024-02-28").replace("E-1", "E-6"),
    )
    columns = [(each.line, each.column) for each in report.faults]
    assert columns == [
        (3, "number"), (4, "flow"), (5, "birth_date"), (6, "agency"), (7, "next_review_on"),
        (8, "relation"), (9, "valid_to"),
    ]  # fmt: skip
    assert not report.is_saved
    assert db.exec(select(Entitlement)).first() is None


def test_the_good_lines_come_in_when_asked(db: Session) -> None:
    report = take(db, ALD, PENSION.replace("CASA-1", "NOWHERE"), partial=True)
    assert (report.added, len(report.faults)) == (1, 1)
    assert found(db, "E-1").agency_code == "CASA-1"
