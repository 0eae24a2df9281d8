"""The journal's chains: what breaks them is found and named."""

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol import journal
from tests.factories import NOW, make_control_file


def test_a_journal_that_nobody_touched_verifies(db: Session) -> None:
    for _ in range(3):
        file = make_control_file(db)
        for action in ("file.opened", "assignment.made", "opinion.recorded"):
            journal.record(db, file.id, action, {"step": "x"}, actor=journal.SYSTEM, now=NOW)

    count, broken = journal.verify(db)

    assert (count, broken) == (9, [])


@pytest.mark.parametrize(
    "change",
    [
        'UPDATE journal_entry SET facts = \'{"step":"y"}\' WHERE number = 2',
        "UPDATE journal_entry SET actor_label = 'Dr B' WHERE number = 1",
        "UPDATE journal_entry SET at = at + interval '1 microsecond' WHERE number = 3",
        "DELETE FROM journal_entry WHERE number = 2",
        "DELETE FROM journal_entry WHERE number = 3",
        "DELETE FROM journal_entry",
    ],
)
def test_a_change_made_in_sql_is_found_and_names_the_file(db: Session, change: str) -> None:
    sound, spoilt = make_control_file(db), make_control_file(db)
    for file in (sound, spoilt):
        for action in ("file.opened", "assignment.made", "opinion.recorded"):
            journal.record(db, file.id, action, {"step": "x"}, actor=journal.SYSTEM, now=NOW)
    where = " AND " if "WHERE" in change else " WHERE "
    db.execute(sa.text(f"{change}{where}control_file_id = :id"), {"id": spoilt.id})

    _, broken = journal.verify(db)

    assert [fault.reference for fault in broken] == [spoilt.reference]
