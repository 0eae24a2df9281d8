"""The past, invented and decided upon, a few thousand files at a time; beside the loader if it can.

Inventing and deciding take about as long as saving, so a process of its own does the former.
"""

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import orjson

from medcontrol.crypto import KeyRing
from medcontrol.ports import FileFacts, SelectivityEngine, SelectivityOutcome
from medcontrol.settings import settings
from runtime.demo.generator import Fund
from runtime.demo.generator.arrivals import working_days_after
from runtime.demo.generator.history import HistoryItem
from runtime.demo.generator.outcomes import Deciders, Outcome
from runtime.demo.remembered import Remembered
from workflows.tools import make_tools

CHUNK_FILES = 4_000
# Files of the last working days go through the gate, but nobody has decided them yet.
UNDECIDED_DAYS = 4
# What the fund's own anomaly detection asks for, beside the rules; an outside trigger.
OUTSIDE = {"required": True, "reason": "Signalement de la cellule de lutte contre la fraude"}

Selectivity = Callable[[str, date], SelectivityEngine]


@dataclass(frozen=True, slots=True)
class Volume:
    """How much past there is."""

    received: int = 60_000
    controlled: int = 5_000
    months: int = 15


@dataclass(frozen=True, slots=True)
class Supplied:
    """A file of the past: the message as canonical JSON, what was decided, how control ended.

    Nothing was decided on files of the last days; only controlled ones have a ``past``.
    """

    raw: bytes
    received_on: date
    outcome: SelectivityOutcome | None
    past: Outcome | None


def supply(
    fund: Fund, volume: Volume, selectivity: Selectivity, keys: KeyRing
) -> Iterator[list[Supplied]]:
    """Yield the past in whole days, oldest first; made in this process.

    Selectivity decides as on any day, with what history said then. An outside tool asks for as
    many more files as are missing to ``volume.controlled``, so that the number is exact wherever
    the rules take fewer.
    """
    decided = _Decided(fund, selectivity, keys)
    last = decided_until(fund.as_of)
    items = fund.history(volume.months, volume.received, volume.controlled)
    for some in _whole_days(items, CHUNK_FILES):
        old = [item for item in some if item.received_on <= last]
        yield decided.decide(old) + [
            Supplied(_canonical(item.message), item.received_on, None, None)
            for item in some[len(old) :]
        ]


def supply_beside(fund: Fund, volume: Volume, keys: KeyRing) -> Iterator[list[Supplied]]:
    """Yield the same from a process of its own, a few chunks ahead of whoever takes them.

    Raises:
        RuntimeError: that process failed; its error went to stderr.
    """
    order = {
        "seed": fund.seed, "as_of": fund.as_of.isoformat(), "agencies": fund.agencies,
        "insured": fund.world.people.insured_count, "keys": str(keys.path),
        "volume": [volume.received, volume.controlled, volume.months],
    }  # fmt: skip
    command = [sys.executable, "-m", "runtime.demo.supply", orjson.dumps(order).decode()]
    root = Path(__file__).parents[2]
    # Its own session: Ctrl-C reaches us only, and we end it.
    child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, start_new_session=True)  # noqa: S603
    chunks: Queue[list[Supplied] | Exception | None] = Queue(maxsize=3)
    Thread(target=_read, args=(child, chunks), daemon=True).start()
    try:
        while (chunk := chunks.get()) is not None:
            if isinstance(chunk, Exception):
                raise RuntimeError("the process that invents the past failed") from chunk
            yield chunk
    finally:
        child.kill()  # it has said its last word, or nobody wants the rest
        child.wait()


def _read(
    child: "subprocess.Popen[bytes]", chunks: "Queue[list[Supplied] | Exception | None]"
) -> None:
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for
    chunk: list[Supplied] | Exception | None = []
    while isinstance(chunk, list):
        try:
            chunk = pickle.load(child.stdout)  # noqa: S301 - written by ourselves
        except (EOFError, pickle.UnpicklingError) as error:
            chunk = error
        chunks.put(chunk)
    child.stdout.close()


def main() -> None:
    """Write the chunks of an order to stdout, then None."""
    order = orjson.loads(sys.argv[1])
    fund = Fund.make(
        order["seed"], as_of=date.fromisoformat(order["as_of"]), insured=order["insured"],
        agencies=[(code, region) for code, region in order["agencies"]],
    )  # fmt: skip
    tools = make_tools(settings(), KeyRing.open(Path(order["keys"])))
    for chunk in supply(fund, Volume(*order["volume"]), tools.selectivity, tools.keys):
        pickle.dump(chunk, sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)
    pickle.dump(None, sys.stdout.buffer)
    sys.stdout.buffer.flush()


class _Decided:
    """Decides on whole days, and keeps count of what the outside tool still has to ask for."""

    def __init__(self, fund: Fund, selectivity: Selectivity, keys: KeyRing) -> None:
        self.selectivity = selectivity
        self.regions = dict(fund.agencies)
        self.deciders = Deciders(fund.staff(), fund.seed, fund.as_of)
        self.remembered = Remembered(keys)
        self.owed = 0

    def decide(self, items: Sequence[HistoryItem]) -> list[Supplied]:
        """Decide week by week: what controls of a week find is known from the next one on."""
        found: list[Supplied] = []
        for _, week in groupby(items, key=lambda item: item.received_on.isocalendar()[:2]):
            found += self._decide(list(week))
        return found

    def _decide(self, items: Sequence[HistoryItem]) -> list[Supplied]:
        facts = [self._facts(item.message, item.received_on) for item in items]
        recalled = self.remembered.recall(facts)
        outcomes: list[SelectivityOutcome] = []
        for day, group in groupby(facts, key=lambda file: file.received_on):
            some = list(group)
            places = slice(len(outcomes), len(outcomes) + len(some))
            outcomes += self.selectivity("ma", day).decide(some, history=recalled.of(places))
        self.owed += sum(item.outcome is not None for item in items)
        self.owed -= sum(outcome.lane.is_controlled for outcome in outcomes)
        for place, item in enumerate(items):
            if self.owed <= 0:
                break
            if item.outcome is not None and not outcomes[place].lane.is_controlled:
                day = item.received_on
                facts[place] = asked = self._facts(item.message | {"control": OUTSIDE}, day)
                known = recalled.of(slice(place, place + 1))
                outcomes[place] = self.selectivity("ma", day).decide([asked], history=known)[0]
                self.owed -= 1
        made = [self._supplied(*each) for each in zip(items, facts, outcomes, strict=True)]
        ended = enumerate(zip(facts, made, strict=True))
        self.remembered.learn(
            recalled, ((place, file, one.past) for place, (file, one) in ended if one.past)
        )
        return made

    def _facts(self, message: Mapping[str, Any], day: date) -> FileFacts:
        return FileFacts(message, day, self.regions[message["agency"]])

    def _supplied(
        self, item: HistoryItem, file: FileFacts, outcome: SelectivityOutcome
    ) -> Supplied:
        past, message = None, file.message
        if outcome.lane.is_controlled:
            past = item.outcome or self.deciders.decide(message, item.received_on)
        return Supplied(_canonical(message), item.received_on, outcome, past)


def _canonical(message: Mapping[str, Any]) -> bytes:
    return orjson.dumps(message, option=orjson.OPT_SORT_KEYS)


def _whole_days(items: Iterable[HistoryItem], size: int) -> Iterator[list[HistoryItem]]:
    """Yield runs of whole days of at least ``size`` files, but for the last one."""
    run: list[HistoryItem] = []
    for _, day in groupby(items, key=lambda item: item.received_on):
        run.extend(day)
        if len(run) >= size:
            yield run
            run = []
    if run:
        yield run


def decided_until(as_of: date) -> date:
    """Return the last day of reception whose files may have been decided before ``as_of``."""
    day = as_of - timedelta(days=1)
    while True:
        between = 0
        for following in working_days_after(day):
            if following >= as_of or between >= UNDECIDED_DAYS:
                break
            between += 1
        if between >= UNDECIDED_DAYS:
            return day
        day -= timedelta(days=1)


if __name__ == "__main__":
    # Under its own name, so that what is written can be read by others.
    from runtime.demo.supply import main as write_chunks

    write_chunks()
