"""A few days with virtual people: every flow is driven, nothing is stuck, nothing passes untold."""

from datetime import UTC, date, datetime
from unittest import mock

import pytest
import sqlalchemy as sa

from medcontrol.db import transaction
from runtime.scratch import scratch
from runtime.simulation.month import Month, simulate
from runtime.simulation.report import Report, fill
from tests.fixed_keys import fixed_keys, ids_in_order

FIRST = date(2026, 11, 2)
EVENING = datetime(2026, 11, 9, 18, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def lived():
    """Eight days of a small fund; its servers go with the module.

    Draws are over ids under keys: with others one run in ten has no second reading.
    """
    with (
        ids_in_order(),
        mock.patch("runtime.scratch.KeyRing.open", return_value=fixed_keys()),
        scratch(as_of=FIRST, seed=5, doctors=90, prefix="medcontrol-simulated-") as place,
    ):
        month = Month(first=FIRST, days=8, files_per_day=90, seed=5)
        yield simulate(place.tools, place.fund, month)


def test_every_flow_is_driven_and_nothing_is_stuck_or_untold(lived: Report) -> None:
    assert lived.never == []
    assert lived.stuck_files == []
    assert lived.unreported == 0
    assert lived.journal_verified
    assert lived.opened > lived.closed > 50
    assert lived.holds


def test_the_figures_add_up(lived: Report) -> None:
    by_flow = {flow: sum(each.values()) for flow, each in lived.outcomes.items()}
    assert sum(by_flow.values()) == lived.opened == sum(lived.packs.values())
    assert sum(each.get("open", 0) for each in lived.outcomes.values()) == (
        lived.opened - lived.closed
    )
    assert lived.late == lived.deadlines["late"]


def test_the_watchdog_names_a_file_that_nothing_moves(lived: Report) -> None:
    with transaction() as session:
        reference, file_id = session.execute(
            sa.text(
                "SELECT f.reference, f.id FROM control_file f JOIN human_task t"
                " ON t.control_file_id = f.id WHERE t.status = 'open' ORDER BY 1 LIMIT 1"
            )
        ).one()
        session.execute(
            sa.text("UPDATE human_task SET status = 'cancelled' WHERE control_file_id = :id"),
            {"id": file_id},
        )
        session.execute(
            sa.text("UPDATE deadline SET status = 'cancelled' WHERE control_file_id = :id"),
            {"id": file_id},
        )
    again = Report()
    fill(again, now=EVENING, packs=[])

    assert again.stuck == lived.stuck + 1
    assert any(each.startswith(reference) for each in again.stuck_files)
    assert not again.holds
