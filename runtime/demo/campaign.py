"""What came in the weeks before the demonstration's day, and is in somebody's hands still."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

import orjson

from medcontrol.intake import Line
from runtime.demo.generator import Fund
from runtime.demo.generator.arrivals import is_working_day

#: Working days before the day on which people worked, and how many files the centre asked for.
ROUNDS = {14: 30, 12: 30, 6: 30, 4: 60, 3: 280, 2: 300, 1: 300}
ASKED = {
    "required": True, "reason": "Campagne de contrôle : actes itératifs de la région",
}  # fmt: skip
_SEED = 0x0CA3
#: Where most of what is asked for lies, and how much of it: the others have theirs.
_HOME_SHARE = 0.8
#: Of paper files, which an agency completes first, one in so many is asked for.
_PAPER = 5


@dataclass(frozen=True, slots=True)
class Campaign:
    """Files of a region that the centre wants controlled, day by day.

    Attributes:
        fund: the invented fund.
        region: the showcase's region, whose doctors get most of them.
        scale: share of the usual number, for small funds.
    """

    fund: Fund
    region: str
    scale: float = 1.0

    def lines(self, day: date, count: int) -> list[Line]:
        """Return what came on a day; the same fund and day give the same."""
        wanted = round(count * self.scale)
        made = [*islice(self._chosen(day, max(16 * wanted, 200)), wanted)]
        return [Line(number, raw, len(raw)) for number, raw in enumerate(made, 1)]

    def _chosen(self, day: date, many: int) -> Iterator[bytes]:
        homes = {code for code, region in self.fund.agencies if region == self.region}
        drawn = self.fund.make_day(day, many, seed=self.fund.seed + _SEED)
        at_home, elsewhere, paper = 0, 0, 0
        for raw in drawn.lines():
            message = orjson.loads(raw)
            is_home = message["agency"] in homes
            if not is_home and elsewhere >= (at_home + 1) * (1 / _HOME_SHARE - 1):
                continue
            paper += message["channel"] == "paper"
            if message["channel"] == "paper" and paper % _PAPER:
                continue
            at_home, elsewhere = at_home + is_home, elsewhere + (not is_home)
            yield orjson.dumps(message | {"control": ASKED})


def working_day(as_of: date, before: int) -> date:
    """Return the working day so many working days before another one."""
    day = as_of
    while before:
        day -= timedelta(days=1)
        before -= is_working_day(day)
    return day


def next_working_day(as_of: date) -> date:
    """Return the first working day after a day."""
    day = as_of + timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day
