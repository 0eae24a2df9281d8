"""The pages of second readings: the blind form, the comparison, what coordinators answer."""

from dataclasses import dataclass

import pytest
from sqlmodel import select

from medcontrol import db as database
from medcontrol.model import HumanTask, SecondReading, UserAccount
from medcontrol.services import users
from medcontrol.vocabulary import ReadingFinding, ReadingStatus, Role, TaskStatus
from tests.factories import TODAY
from tests.intake_examples import document
from tests.pages.desk import Browser, Fund, texts
from tests.pages.test_file_pages import PDF
from tests.quality.worlds import LATER, Readers, make_reader

SECRET = "Soin disponible au Maroc."


@dataclass
class Case:
    """A refusal of care abroad that is read again, and its reader's browser."""

    fund: Fund
    parent: str
    reading: str
    reader: Browser

    def row(self) -> SecondReading:
        return self.fund.rows(SecondReading)[0]


@pytest.fixture
def case(fund: Fund) -> Case:
    with database.transaction() as session:
        doctor, principal = make_reader(session)
    with database.transaction() as session:
        fund.world.session = session
        readers = Readers(fund.world, {doctor.id: principal})
        file = readers.refused(documents=[document(PDF, "application/pdf")])
        reading = readers.opened(file)
        reference = readers.task(reading).reference
        parent = file.reference
    fund.now = LATER
    return Case(fund, parent, reference, fund.log_in(principal))


def test_a_reader_decides_blind_then_compares_then_fills_in_the_grid(case: Case) -> None:
    queue = case.reader.page("/quality/readings")
    assert case.reading in queue.text_content()

    blind = case.reader.page(f"/quality/readings/{case.reading}")

    said = blind.text_content()
    assert "Chirurgie cardiaque." in said
    assert case.parent not in said
    assert SECRET not in said
    reader = case.reader.page(blind.xpath("//ul[@class='document-list']//a/@href")[0])
    assert reader.xpath("//form/@data-quote") == ["1"]
    answer = case.reader.send(blind, case.reading, outcome="granted", reasoning="À accorder.")
    assert answer.status_code == 303, answer.text
    compared = case.reader.page(f"/quality/readings/{case.reading}")
    assert SECRET in compared.text_content()
    quoted = compared.xpath("//a[@class='mark-link']/@href")[0]
    assert "#page=4&" in case.reader.page(quoted).xpath("//iframe/@src")[0]
    answer = case.reader.send(
        compared, case.reading,
        **{"outcome": "minor", "form-complete_file": "yes", "form-words": "Motif à préciser."},
    )  # fmt: skip
    assert answer.status_code == 303, answer.text
    assert case.row().finding is ReadingFinding.MINOR
    assert case.row().is_same_outcome is False
    over = case.reader.page(f"/quality/readings/{case.reading}")
    assert texts(over, "//form[@id='decide']") == []


def test_the_count_of_a_readers_queue_is_what_the_queue_lists(case: Case) -> None:
    """Readings lie in the hands of a doctor who has files of their own too."""
    with database.transaction() as session:
        task = session.exec(
            select(HumanTask).where(
                HumanTask.flow == "quality", HumanTask.status == TaskStatus.OPEN
            )
        ).one()
        reader = session.exec(
            select(UserAccount).where(UserAccount.doctor_id == task.assigned_doctor_id)
        ).one()
        login = reader.login
        users.grant(session, reader.id, Role.CENTRAL_DOCTOR, "MA-CENTRAL", valid_from=TODAY)

    queue = case.reader.page("/queue")
    tiles = Browser(case.fund.app).page("/login")

    listed = str(len(queue.xpath("//a[@data-open-row]")))
    assert listed == "0", "the reading has a page of its own"
    assert texts(queue, "//a[@href='/queue']//*[@class='nav-count']") == [listed]
    counts = texts(tiles, f"//button[@value='{login}']//*[@class='demo-count']/bdi")
    assert set(counts) == {listed}


def test_a_decision_without_its_motive_comes_back_with_what_was_typed(case: Case) -> None:
    page = case.reader.page(f"/quality/readings/{case.reading}")

    answer = case.reader.send(page, case.reading, outcome="refused_medical", reasoning="Non.")

    assert answer.status_code == 422
    assert "Non." in answer.text
    assert case.row().read_at is None


def test_a_reading_is_its_readers_alone(case: Case) -> None:
    with database.transaction() as session:
        _, stranger = make_reader(session)
    address = f"/quality/readings/{case.reading}"

    assert case.fund.log_in(stranger).get(address).status_code == 404
    assert case.fund.agent().get(address).status_code == 403
    assert case.fund.regional().get(f"/files/{case.reading}").status_code == 404


def test_a_coordinator_sets_a_reading_aside_from_the_results(case: Case) -> None:
    coordinator = case.fund.regional()
    page = coordinator.page("/quality/results")
    assert case.parent in page.text_content()

    answer = coordinator.send(page, "/set-aside")

    assert answer.status_code == 303, answer.text
    assert case.row().status is ReadingStatus.CANCELLED
