"""Who gets capacity when there is not enough for all: pure, order-free, the same every time.

A file asks for the minutes of one control in the pool of its flow, level and region, and in the
pool that all flows of that level and region share, because one doctor may do several. Files that
must be controlled are counted first and never asked; the others come by priority. The first that
finds no room closes its cell, so that a cell has one cut-off, and a file above it always passed.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from medcontrol.vocabulary import ControlLevel

ALL_FLOWS = "*"

_DEFAULT_MINUTES = 15


def cell_name(flow: str, level: ControlLevel, region: str | None) -> str:
    """Return the name of a capacity cell; the central level has no region.

    >>> cell_name("dental", ControlLevel.LOCAL, "R1"), cell_name("*", ControlLevel.CENTRAL, "R1")
    ('dental/local/R1', '*/central/-')
    """
    where = "-" if level is ControlLevel.CENTRAL or region is None else region
    return f"{flow}/{level.value}/{where}"


@dataclass(frozen=True, slots=True)
class Want:
    """A file that asks for capacity, or takes it unasked.

    Attributes:
        place: position of the file in the batch.
        flow, level, region: name the cell.
        priority: 1 to 2 when a rule targets the file, 0 to 1 by score alone. No two files of a
            day have the same one: their own draw breaks ties.
        is_bound: mandatory, red, drawn at random or asked for from outside: never refused.
    """

    place: int
    flow: str
    level: ControlLevel
    region: str | None
    priority: float
    is_bound: bool = False

    @property
    def cell(self) -> str:
        """Return the name of the file's own cell."""
        return cell_name(self.flow, self.level, self.region)

    @property
    def shared_cell(self) -> str:
        """Return the name of the pool that all flows of its level and region share."""
        return cell_name(ALL_FLOWS, self.level, self.region)


@dataclass(frozen=True, slots=True)
class Admissions:
    """What became of the wishes.

    Attributes:
        is_in: by place, whether the file gets its control.
        cutoffs: by cell, the least priority that got in; only cells where the valve acts.
    """

    is_in: Mapping[int, bool]
    cutoffs: Mapping[str, float]


@dataclass(frozen=True)
class Valve:
    """The capacity of one moment, with which files are decided.

    Attributes:
        day: civil day of the files.
        pools: free minutes by cell, of a flow and of all flows ("*"). Where a cell has no pool,
            the fund has no doctor there to fill up, and the valve does not act.
        minutes: minutes of one control by flow.
        nightly: flows whose files are ranked at the end of the day, not scored into control at
            the gate.
        cutoffs: least priority by cell, from recent files, so that the day's capacity lasts for
            the day; a cell without one takes rules while there is room, and no score.
    """

    day: date
    pools: Mapping[str, int]
    minutes: Mapping[str, int] = field(default_factory=dict)
    nightly: frozenset[str] = frozenset()
    cutoffs: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def sha256(self) -> str:
        """Return the hash of all that decides, hexadecimal."""
        text = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def as_json(self) -> dict[str, object]:
        """Return the snapshot as plain values, to be stored beside the decisions."""
        return {
            "day": self.day.isoformat(),
            "pools": dict(sorted(self.pools.items())),
            "minutes": dict(sorted(self.minutes.items())),
            "nightly": sorted(self.nightly),
            "cutoffs": dict(sorted(self.cutoffs.items())),
        }

    def minutes_of(self, flow: str) -> int:
        """Return the minutes of one control of a flow."""
        return self.minutes.get(flow, _DEFAULT_MINUTES)

    def floor(self, cell: str, flow: str) -> float:
        """Return the least priority that may ask at all; 1 where only rules may."""
        return 1.0 if flow in self.nightly else self.cutoffs.get(cell, 1.0)

    def admit(self, wants: Sequence[Want]) -> Admissions:
        """Return which wishes are met.

        Never more minutes than the pools hold, save for bound files, which are counted and not
        refused. The order of the wishes changes nothing.
        """
        left = dict(self.pools)
        is_in = {want.place: True for want in wants if want.is_bound}
        for want in wants:
            if want.is_bound:
                self._take(want, left, must=True)
        closed: dict[str, float] = {}
        asking = [want for want in wants if not want.is_bound]
        for want in sorted(asking, key=lambda each: (-each.priority, each.place)):
            cell = want.cell
            if cell not in left:
                is_in[want.place] = want.priority >= 1.0
            elif cell in closed or want.priority < self.floor(cell, want.flow):
                is_in[want.place] = False
            else:
                is_in[want.place] = self._take(want, left)
                if not is_in[want.place]:
                    closed[cell] = math.nextafter(want.priority, math.inf)
        return Admissions(is_in, self._cutoffs(wants, closed))

    def _cutoffs(self, wants: Iterable[Want], closed: Mapping[str, float]) -> dict[str, float]:
        floors = {each.cell: self.floor(each.cell, each.flow) for each in wants}
        return {
            cell: max(floor, closed.get(cell, 0.0))
            for cell, floor in floors.items()
            if cell in self.pools
        }

    def _take(self, want: Want, left: dict[str, int], *, must: bool = False) -> bool:
        """Take the minutes of a file from its pools if each has room, or if it must be."""
        cost = self.minutes_of(want.flow)
        pools = [pool for pool in (want.cell, want.shared_cell) if pool in left]
        if not must and any(left[pool] < cost for pool in pools):
            return False
        for pool in pools:
            left[pool] -= cost
        return True


def recorded(day: date, cell: str | None, cutoff: float | None) -> Valve:
    """Return the valve that decides one file again as it was decided, from its record."""
    if cell is None or cutoff is None:
        return Valve(day, {})
    return Valve(day, {cell: 2**62}, cutoffs={cell: cutoff})
