"""While a demonstration is served, files come by themselves and colleagues work."""

import threading
from collections.abc import Iterator
from datetime import date

import orjson
import pytest
import sqlalchemy as sa

from medcontrol import db as database
from medcontrol.db import read_only, transaction
from medcontrol.errors import Unavailable
from medcontrol.queries.own_account import load_demo_accounts
from medcontrol.settings import Settings
from runtime.demo import living
from runtime.demo.generator import Fund
from runtime.demo.living import Arrivals, Day
from runtime.demo.loader import agencies
from runtime.demo.staff_rows import load_staff
from runtime.demo.weeks import home_of
from tests.factories import NOW
from workflows.tools import Tools

AS_OF = date(2026, 11, 20)
RUN = 1_800_000_000


@pytest.fixture
def fund(committed: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Fund:
    monkeypatch.setattr(database, "engine", lambda: committed)
    with transaction() as session:
        made = Fund.make(5, as_of=AS_OF, agencies=agencies(session), insured=5_000)
        load_staff(session, made.staff())
    return made


def first(fund: Fund, run: int) -> str:
    message = next(Arrivals(fund, run, home_of(fund).region).messages(lambda: AS_OF))
    return str(orjson.loads(message)["external_id"])


def until(lines: Iterator[bytes], stop: threading.Event, many: int) -> Iterator[bytes]:
    """Yield lines, and say that it is enough with the last one of so many."""
    for number, line in enumerate(lines, 1):
        if number == many:
            stop.set()
        yield line


def one(text: str, **values: object) -> int:
    with read_only() as session:
        return int(session.execute(sa.text(text), values).scalar_one())


def test_files_come_until_somebody_stops_it_and_colleagues_work_but_visitors_desks_are_theirs(
    fund: Fund, tools: Tools
) -> None:
    arrivals = Arrivals(fund, RUN, home_of(fund).region).messages(lambda: AS_OF)
    stop = threading.Event()
    day = Day(tools, until(arrivals, stop, 18), now=lambda: NOW)

    day.live(stop, per_minute=60_000)  # returns, since it is stopped
    with read_only() as session:
        visitors = [each.login for each in load_demo_accounts(session, AS_OF)]
    done = day.work()

    assert day.taken == {"accepted": 18}
    assert one("SELECT count(*) FROM received_file WHERE external_id LIKE 'LIVE-%'") == 18
    assert one("SELECT count(*) FROM human_task WHERE assigned_doctor_id IS NOT NULL") > 0
    assert sum(done.values()) > 0
    by_people = (
        "SELECT count(*) FROM journal_entry j JOIN user_account u ON u.id = j.actor_id"
        " WHERE (u.login = ANY(:visitors)) = :theirs"
    )
    assert one(by_people, visitors=visitors, theirs=False) > 0
    assert one(by_people, visitors=visitors, theirs=True) == 0
    # Served again, other files come.
    assert first(fund, RUN) == first(fund, RUN) != first(fund, RUN + 1)


def test_files_come_in_a_demonstration_only_and_only_when_they_are_wanted(
    committed: sa.Engine, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "engine", lambda: committed)
    for_none = Settings(database_url=None, redis_url=None, demo=True, demo_files_per_minute=0)
    monkeypatch.setattr(living, "settings", lambda: for_none)

    assert living.spec() is None
    with pytest.raises(Unavailable):  # the database bears no mark of a demonstration
        living.open_day(tools, now=NOW)
