"""Keys of draws, handed out once their month is over."""

from datetime import date

import pytest
from sqlmodel import Session

from medcontrol.errors import InvalidInput
from medcontrol.services import schedule
from tests.factories import NOW
from tests.flow_world import make_world
from workflows.gate.draw_keys import escrow, read_key
from workflows.gate.draws_check import verify
from workflows.tools import Tools

LATER = date(2027, 3, 1)


def test_with_the_key_alone_anybody_recomputes_the_draws_of_a_month(
    db: Session, tools: Tools
) -> None:
    make_world(db, tools).take()
    text = escrow(db, tools.keys, "2026-11", by="auditor", today=LATER, now=NOW)
    period, keys = read_key(text)

    count, wrong = verify(db, keys, period=period)
    assert (period, count, wrong) == ("2026-11", 1, [])
    assert schedule.last_run(db, "draws.escrow:2026-11") == NOW
    other = escrow(db, tools.keys, "2026-10", by="auditor", today=LATER, now=NOW)
    assert read_key(other)[1]("2026-10") != keys("2026-11")


def test_a_month_that_is_not_over_keeps_its_key_and_an_altered_file_is_refused(
    db: Session, tools: Tools
) -> None:
    with pytest.raises(InvalidInput, match="not over"):
        escrow(db, tools.keys, "2027-03", by="auditor", today=LATER, now=NOW)
    text = escrow(db, tools.keys, "2026-11", by="auditor", today=LATER, now=NOW)
    with pytest.raises(InvalidInput, match="altered"):
        read_key(text.replace("2026-11", "2026-12").replace('"key": "', '"key": "00'))
