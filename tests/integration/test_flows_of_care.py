"""Ambulatory and hospital care, teeth, medicines on the real database, from receipt to end."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from medcontrol.model import ControlFile, Deadline, Entitlement, Letter
from medcontrol.vocabulary import ControlFileStatus, ControlLevel, LineOutcome, Profession, Role
from tests.factories import make_doctor, make_principal
from tests.flow_world import World, make_world
from workflows.steps.command import LineVerdict
from workflows.tools import Tools

FLOWS = ("ambulatory", "hospital", "dental", "medicines")
CONTROLLED = {"required": True, "mode": "on_file", "level": "local"}


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    made = make_world(db, tools)
    for profession, level, unit, role in (
        (Profession.DOCTOR, ControlLevel.LOCAL, "CASA-1", Role.DOCTOR),
        (Profession.DENTIST, ControlLevel.LOCAL, "CASA-1", Role.DOCTOR),
        (Profession.DENTIST, ControlLevel.REGIONAL, "MA-06", Role.COORDINATOR),
        (Profession.PHARMACIST, ControlLevel.LOCAL, "CASA-1", Role.DOCTOR),
        (Profession.DOCTOR, ControlLevel.REGIONAL, "MA-06", Role.COORDINATOR),
        (Profession.DOCTOR, ControlLevel.CENTRAL, "MA-CENTRAL", Role.CENTRAL_DOCTOR),
    ):
        doctor = make_doctor(
            db, flows=FLOWS, profession=profession, level=level, unit_code=unit, minutes=480
        )
        made.by_doctor[doctor.id] = make_principal(db, role, unit, doctor)
    return made


def take(world: World, flow: str, nature: str, *lines: tuple[str, str, str, str | None],
         **more: Any) -> ControlFile:  # fmt: skip
    rows = [
        {"no": no, "act": act, "quantity": quantity, "amount": amount, "date": "2026-12-01"}
        | ({"tooth": tooth} if tooth else {})
        for no, (act, quantity, amount, tooth) in enumerate(lines, start=1)
    ]
    total = f"{sum(float(amount) for _, _, amount, _ in lines):.2f}"
    message: dict[str, Any] = {
        "flow": flow, "nature": nature, "lines": rows, "amount": total, "currency": "MAD",
        "control": CONTROLLED, "medical": None, "authorisation": "PEC-1",
        "provider": {"id": "999200141", "kind": "clinic"},
    }  # fmt: skip
    message["external_id"] = f"C-{flow}-{nature}"
    return world.file(world.take(**message | more))


def letters(world: World, file: ControlFile) -> dict[str, Letter]:
    found = world.session.exec(
        select(Letter).where(Letter.control_file_id == file.id).order_by(col(Letter.id))
    )
    return {letter.code: letter for letter in found}


def right(world: World) -> Entitlement:
    return world.session.exec(select(Entitlement)).one()


def granted(*lines: int) -> tuple[LineVerdict, ...]:
    return tuple(LineVerdict(line_no=no, outcome=LineOutcome.ACCEPTED) for no in lines)


def test_a_stay_gets_a_numbered_cover_of_ninety_days_that_does_not_come_back(
    world: World,
) -> None:
    file = take(world, "hospital", "authorisation", ("HOSP-CHIR", "6", "12000.00", None))
    world.end(file, "granted", lines=granted(1), form={"stay_kind": "stay", "days_granted": 6})

    cover, sent = right(world), letters(world, file)
    assert (cover.right_code, cover.next_review_on, cover.opens_on) == ("stay", None, None)
    assert cover.valid_to == cover.valid_from + timedelta(days=89)
    assert cover.number.startswith("ACC-2026-")
    assert list(sent) == ["acknowledgement", "cover_agreement", "cover_copy"]
    told = sent["cover_agreement"].context
    assert told["addressee"]["name"] == "999200141"
    assert told["beneficiary"] == "Amina Alami"
    assert told["decision"]["entitlement_number"] == cover.number
    assert [each["value"] for each in told["stated"]] == ["Séjour", "6"]
    assert sent["cover_copy"].context["addressee"]["name"] == "Amina Alami"


def test_a_programme_of_sessions_is_agreed_for_six_months_and_comes_back_before_its_end(
    world: World,
) -> None:
    file = take(world, "hospital", "authorisation", ("DIAL", "78", "40000.00", None),
                form={"stay_kind": "programme"})  # fmt: skip
    world.end(file, "granted", lines=granted(1))

    cover = right(world)
    assert cover.right_code == "programme"
    assert (cover.valid_from, cover.valid_to) == (date(2026, 11, 20), date(2027, 5, 19))
    assert cover.opens_on == date(2027, 4, 20)


def test_a_cover_above_the_threshold_is_agreed_by_the_region_before_anything_is_told(
    world: World,
) -> None:
    file = take(world, "hospital", "authorisation", ("HOSP-CHIR", "6", "50000.01", None))
    world.end(file, "granted", lines=granted(1))

    assert (file.status, file.level) == (
        ControlFileStatus.AWAITING_SECOND_DOCTOR, ControlLevel.REGIONAL,
    )  # fmt: skip
    assert list(letters(world, file)) == ["acknowledgement"]
    world.end(file, "agreed")
    assert (file.status, file.level) == (ControlFileStatus.CLOSED, ControlLevel.LOCAL)
    assert "cover_agreement" in letters(world, file)


def test_a_cover_exactly_at_the_threshold_stays_local(world: World) -> None:
    file = take(world, "hospital", "authorisation", ("HOSP-CHIR", "6", "50000.00", None))
    world.end(file, "granted", lines=granted(1))

    assert file.status is ControlFileStatus.CLOSED


def test_an_emergency_is_controlled_without_waiting_for_its_pieces(world: World) -> None:
    planned = take(world, "hospital", "authorisation", ("HOSP-MED", "2", "900.00", None),
                   channel="paper")  # fmt: skip
    emergency = take(world, "hospital", "prolongation", ("HOSP-MED", "2", "900.00", None),
                     channel="paper", form={"admission": "emergency"})  # fmt: skip

    assert planned.status is ControlFileStatus.AWAITING_COMPLETENESS
    assert emergency.status is ControlFileStatus.AWAITING_CONTROL


def test_each_request_has_the_clock_that_the_law_gives_it(world: World) -> None:
    asked = {
        ("hospital", "authorisation", "HOSP-MED"): "clocks.pec_hospital_answer_working_hours",
        ("hospital", "prolongation", "HOSP-MED"): "clocks.pec_prolongation_answer_hours",
        ("medicines", "authorisation", "MED-2201"): "clocks.pec_medicament_answer_hours",
        ("dental", "authorisation", "DP60"): "clocks.ep_answer_days",
        ("ambulatory", "authorisation", "AMI4"): "clocks.ep_answer_days",
    }
    for (flow, nature, act), parameter in asked.items():
        file = take(world, flow, nature, (act, "1", "900.00", "26" if flow == "dental" else None))
        rows = world.session.exec(select(Deadline).where(Deadline.control_file_id == file.id))

        assert parameter in {row.parameter.partition("@")[0] for row in rows}


def test_an_invoice_that_is_partly_accepted_says_to_the_clinic_what_is_not_due(
    world: World,
) -> None:
    file = take(world, "hospital", "invoice", ("HOSP-CHIR", "1", "9000.00", None),
                ("CHIMIO", "2", "3000.00", None))  # fmt: skip
    world.end(
        file, "partially_granted", motive_code="hos.invoice_differs",
        lines=(LineVerdict(line_no=1, outcome=LineOutcome.ACCEPTED),
               LineVerdict(line_no=2, outcome=LineOutcome.MODIFIED, quantity="1",
                           motive_code="hos.invoice_differs")),
    )  # fmt: skip

    told = letters(world, file)["invoice_settlement"].context["decision"]
    assert told["not_due"] == "1\u202f500,00 DH"
    assert [line["requested"] for line in told["lines"]] == [
        "9\u202f000,00 DH", "× 2 · 3\u202f000,00 DH",
    ]  # fmt: skip
    assert world.session.exec(select(Entitlement)).all() == []


def test_what_was_paid_wrongly_is_asked_back_from_whoever_was_paid(world: World) -> None:
    for paid_to in ("insured", "provider"):
        file = take(world, "ambulatory", "a_posteriori", ("Z15", "1", "982.90", None),
                    form={"paid_to": paid_to}, external_id=paid_to)  # fmt: skip
        refused = LineVerdict(line_no=1, outcome=LineOutcome.REFUSED, motive_code="amb.not_given")
        world.end(file, "refused_medical", motive_code="amb.not_given", lines=(refused,))

        sent = letters(world, file)
        assert list(sent) == ["control_notice", f"recovery_{paid_to}"]
        assert sent[f"recovery_{paid_to}"].context["decision"]["not_due"] == "982,90 DH"


def test_a_dental_agreement_is_told_tooth_by_tooth_and_orthodontics_are_agreed_by_the_year(
    world: World,
) -> None:
    file = take(world, "dental", "authorisation", ("DP60", "1", "1900.00", "26"))
    world.end(file, "granted", lines=granted(1))
    plan = take(world, "dental", "orthodontics", ("D20", "1", "3200.00", "13"))
    world.end(plan, "granted", lines=granted(1), form={"semester": 1})
    world.end(plan, "agreed")

    label = letters(world, file)["dental_agreement"].context["decision"]["lines"][0]["label"]
    assert label == "Prothèse dentaire (D 60), dent 26"
    found = {r.right_code: r for r in world.session.exec(select(Entitlement))}
    assert found["authorisation"].valid_to == date(2027, 5, 19)
    assert found["authorisation"].opens_on is None
    assert found["orthodontics"].valid_to == date(2027, 11, 19)
    assert found["orthodontics"].opens_on == date(2027, 9, 21)


def test_a_prosthesis_above_the_threshold_is_seen_by_a_dentist_before_it_is_agreed(
    world: World,
) -> None:
    lines = (("DP60", "1", "2100.00", "26"),)
    asked = take(world, "dental", "authorisation", *lines, form={"prosthesis": True})
    done = take(world, "dental", "reimbursement", *lines, form={"prosthesis": True})

    assert asked.status is done.status is ControlFileStatus.AWAITING_APPOINTMENT


def test_a_medicine_off_its_indication_goes_to_the_commission_and_its_certificate_comes_back(
    world: World,
) -> None:
    known = {"diagnoses": [{"icd10": "E11.9", "main": True}], "summary": "Échec de la metformine."}
    line = ("MED-2201", "3", "4800.00", None)
    file = take(world, "medicines", "authorisation", line, medical=known)
    world.end(file, "granted", lines=granted(1), gives={"off_label": True})
    assert file.level is ControlLevel.CENTRAL
    world.end(file, "agreed")

    cover, sent = right(world), letters(world, file)
    assert (cover.number[:4], cover.opens_on) == ("MED-", date(2027, 4, 20))
    assert list(sent) == ["acknowledgement", "medicine_certificate", "pharmacy_copy"]
    for letter in sent.values():  # a bare "E11" may stand in a verification code by chance
        assert not [word for word in ("E11.9", "metformine") if word in str(letter.context)]
