"""A doctor's sheet: specialties and levels, units served, superiors, who changed what."""

from sqlmodel import select

from medcontrol import db as database
from medcontrol.model import Competence, Doctor, DoctorSuperior, DoctorUnit
from medcontrol.vocabulary import ControlLevel
from tests.pages.desk import Fund
from tests.pages.people import administrator


def test_what_is_added_on_the_sheet_is_saved_shown_and_remembered(fund: Fund) -> None:
    browser = administrator(fund)
    with database.read_only() as session:
        first, second = session.exec(select(Doctor).order_by(Doctor.code).limit(2)).all()
    sheet = f"/doctors/{first.code}"
    for part, values in (
        ("competences", {"flow": "ald", "specialty": "cardiology", "level": "central"}),
        ("units", {"unit": "RABAT-1"}),
        ("superiors", {"superior": second.code}),
    ):
        page = browser.page(sheet)
        browser.send(page, f"{sheet}/{part}", **values)
    own = browser.send(browser.page(sheet), f"{sheet}/superiors", superior=first.code)

    with database.read_only() as session:
        found = session.exec(select(Competence).where(Competence.specialty == "cardiology")).one()
        unit = session.exec(select(DoctorUnit)).one()
        superior = session.exec(select(DoctorSuperior)).one()
    assert (found.doctor_id, found.level) == (first.id, ControlLevel.CENTRAL)
    assert (unit.doctor_id, unit.unit_code) == (first.id, "RABAT-1")
    assert (superior.doctor_id, superior.superior_id) == (first.id, second.id)
    assert own.status_code == 422
    page = browser.page(sheet)
    shown = page.text_content()
    assert second.name in shown
    assert len(page.xpath("//section[@id='history']//tbody/tr")) == 3
    exported = browser.get("/doctors/export/units.csv")
    assert f"{first.code},RABAT-1," in exported.text
