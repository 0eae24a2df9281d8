"""The pages of second readings: the blind form, the comparison, what coordinators answer."""

from dataclasses import dataclass

import pytest

from medcontrol import db as database
from medcontrol.model import SecondReading
from medcontrol.vocabulary import ReadingFinding
from tests.pages.desk import Browser, Fund, texts
from tests.quality.worlds import LATER, Readers, make_reader
from workflows import quality

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
        file = readers.refused()
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
    answer = case.reader.send(blind, case.reading, outcome="granted", reasoning="À accorder.")
    assert answer.status_code == 303, answer.text
    compared = case.reader.page(f"/quality/readings/{case.reading}")
    assert SECRET in compared.text_content()
    answer = case.reader.send(
        compared, case.reading,
        **{"outcome": "minor", "form-complete_file": "yes", "form-words": "Motif à préciser."},
    )  # fmt: skip
    assert answer.status_code == 303, answer.text
    assert case.row().finding is ReadingFinding.MINOR
    assert case.row().is_same_outcome is False
    assert texts(case.reader.page(f"/quality/readings/{case.reading}"), "//form[@id='decide']") == []
