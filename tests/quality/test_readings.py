"""Second readings on the real database: drawn, held, blind, compared, released or returned."""

from medcontrol.vocabulary import ReadingStatus
from tests.quality.worlds import make_readers


def test_a_refusal_of_care_abroad_waits_for_its_second_reading(db, tools):
    fund = make_readers(db, tools)

    file = fund.refused()

    reading = fund.reading_of(file)
    assert reading.stratum == "care_abroad_refusal"
    assert reading.status is ReadingStatus.DRAWN
    assert reading.held_until is not None
    fund.opened(file)
    print("WHY", fund.task(reading).unassigned_reason, fund.task(reading).level, fund.task(reading).professions)
    fund.end(reading, "granted", reasoning="x")
    print(reading)
    fund.end(reading, "major", form={"words": "Revoir."})
    print(reading)
