"""One worker at a time at long work, and nothing held back by whoever has the turn."""

import sqlalchemy as sa

from medcontrol import db as database
from medcontrol.turns import keep_turn, take_turn

_HORIZON = sa.text("SELECT backend_xmin FROM pg_stat_activity WHERE pid = :pid")


def test_a_job_has_one_turn_at_a_time_and_gives_it_back(committed: sa.Engine) -> None:
    with database.transaction() as first, database.transaction() as second:
        turns = [
            take_turn(first, "job"),
            take_turn(second, "job"),
            take_turn(second, "other"),
        ]
    with database.transaction() as third:
        after = take_turn(third, "job")

    assert turns == [True, False, True]
    assert after


def test_who_has_the_turn_keeps_no_dead_row_in_place(committed: sa.Engine) -> None:
    """A day at the gate may take minutes: rows that died meanwhile must be free to be reused."""
    with database.transaction() as turn, database.transaction() as other:
        pid = turn.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
        assert take_turn(turn, "job")
        taken = other.execute(_HORIZON, {"pid": pid}).scalar_one()
        keep_turn(turn)
        kept = other.execute(_HORIZON, {"pid": pid}).scalar_one()

    assert (taken, kept) == (None, None)
