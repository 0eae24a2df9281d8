"""While the demonstration is served, files keep coming (journée type) and colleagues work.

A process of its own beside web, worker and beat, with little of the processor: one file at a time
by the gate, as the API takes it. Nothing here runs but in a home that a demonstration filled.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

import orjson

from medcontrol.clock import Clock, civil_date, utc_now
from medcontrol.db import read_only
from medcontrol.errors import Unavailable
from medcontrol.model import Schedule
from medcontrol.queries.own_account import load_demo_accounts
from medcontrol.settings import settings
from runtime import wiring
from runtime.demo.campaign import ASKED
from runtime.demo.generator import Fund
from runtime.demo.loader import agencies
from runtime.demo.playing import Play
from runtime.demo.weeks import home_of
from runtime.keeper import ProcessSpec
from runtime.logs import set_up_logs
from workflows.gate.single import take_in_one
from workflows.tools import Tools

log = logging.getLogger(__name__)

MARK = "demo"
SOURCE = "demo-live"
#: A demonstration that is left alone for a week does not fill the disk.
MOST_FILES = 5_000
#: Files that were opened before colleagues do their next round, of about as many moves.
ROUND_FILES = 12
# Files that are made at once; in each so many of them the centre asks for one to be controlled,
# near the accounts that visitors open, so that something comes to their queues.
_BLOCK = 200
_ASKED_IN = 3
_NICE = 10


def spec() -> ProcessSpec | None:
    """Return the process that lets files come, None when the setting says that none do."""
    if settings().demo_files_per_minute <= 0:
        return None
    return ProcessSpec("day", [sys.executable, "-m", "runtime.demo.living"])


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The files that come one after the other; each run of the demonstration has others.

    Attributes:
        fund: the invented fund.
        run: tells this run from every other, such as its first second.
        region: where visitors look first.
    """

    fund: Fund
    run: int
    region: str

    def messages(self, day: Callable[[], date]) -> Iterator[bytes]:
        """Yield messages without end; ``day`` is asked whenever another block is made."""
        number = 0
        homes = {code for code, region in self.fund.agencies if region == self.region}
        while True:
            made = self.fund.make_day(day(), _BLOCK, seed=self.run + number)
            for message in made.messages():
                number += 1
                own: dict[str, object] = {"external_id": f"LIVE-{self.run:x}-{number}"}
                if number % _ASKED_IN == 0 and message["agency"] in homes:
                    own |= {"control": ASKED}
                yield orjson.dumps(message | own)


@dataclass
class Day:
    """A day of work that goes on until somebody stops it.

    Attributes:
        tools: of this process.
        messages: what comes, without end.
        now: the clock.
        taken: files taken in, by what became of them.
    """

    tools: Tools
    messages: Iterator[bytes]
    now: Clock = utc_now
    taken: dict[str, int] = field(default_factory=dict)
    opened: int = 0  # since colleagues last worked

    def live(self, stop: threading.Event, per_minute: float) -> None:
        """Take files in at a rate, and let colleagues work now and then, until ``stop`` is set."""
        while sum(self.taken.values()) < MOST_FILES and not stop.wait(60 / per_minute):
            self.take_one()
            if self.opened >= ROUND_FILES:
                self.work()
        log.info("demo.day_ended", extra=dict(self.taken))
        stop.wait()  # the keeper would start again what ends by itself

    def take_one(self) -> str:
        """Take the next file in; return what became of it."""
        found = take_in_one(self.tools, next(self.messages), source_name=SOURCE, now=self.now())
        self.taken[found.kind] = self.taken.get(found.kind, 0) + 1
        self.opened += found.reference is not None
        return found.kind

    def work(self) -> dict[str, int]:
        """Let people do about as much as came; the accounts that visitors open are left alone."""
        now = self.now()
        with read_only() as session:
            accounts = load_demo_accounts(session, civil_date(now, "ma"))
        spared = tuple(account.login for account in accounts)
        done = dict(Play(self.tools, now, share=0.0, spared=spared).run())
        self.opened = 0
        log.info("demo.worked", extra={"moves": sum(done.values())})
        return done


def open_day(tools: Tools, *, now: datetime) -> Day:
    """Return the day of the demonstration that this installation holds.

    Raises:
        Unavailable: it holds none, or this is no demonstration.
    """
    with read_only() as session:
        mark = session.get(Schedule, MARK)
        if not settings().demo or mark is None or not mark.last_result.get("is_complete"):
            raise Unavailable("files come by themselves in a demonstration only")
        result, places = mark.last_result, agencies(session)
    as_of = date.fromisoformat(result["summary"]["day"])
    fund = Fund.make(
        result["seed"], as_of=as_of, agencies=places, insured=result.get("insured", 200_000)
    )
    arrivals = Arrivals(fund, int(now.timestamp()), home_of(fund).region)
    return Day(tools, arrivals.messages(lambda: civil_date(utc_now(), "ma")))


def main() -> None:
    """Live the day until SIGTERM; the file at hand is finished first."""
    set_up_logs()
    os.nice(_NICE)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    open_day(wiring.tools(), now=utc_now()).live(stop, settings().demo_files_per_minute)


if __name__ == "__main__":
    main()
