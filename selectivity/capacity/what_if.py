"""What capacity would do to a day: with some doctors away, or with more of them (et si…)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from selectivity.capacity.valve import ALL_FLOWS, Valve, Want


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A day under some capacity.

    Attributes:
        wanted: files that ask for a control, bound ones included.
        controlled: those that get one.
        bound: of them, those that nobody may refuse.
        overflow: targeted by a rule, and no room: blue.
        minutes: free minutes of all doctors before the day, and ``used`` by it.
        cutoffs: least priority by cell.
    """

    wanted: int
    controlled: int
    bound: int
    overflow: int
    minutes: int
    used: int
    cutoffs: Mapping[str, float]


def what_if(wants: Sequence[Want], valve: Valve) -> WhatIf:
    """Return what a day's wishes come to under a capacity; pure, order-free."""
    made = valve.admit(wants)
    inside = [want for want in wants if made.is_in[want.place]]
    shared = sum(free for cell, free in valve.pools.items() if cell.startswith(f"{ALL_FLOWS}/"))
    return WhatIf(
        wanted=len(wants),
        controlled=len(inside),
        bound=sum(want.is_bound for want in wants),
        overflow=sum(want.priority >= 1 and not made.is_in[want.place] for want in wants),
        minutes=shared,
        used=sum(valve.minutes_of(want.flow) for want in inside),
        cutoffs=made.cutoffs,
    )


def with_doctors(valve: Valve, before: int, after: int) -> Valve:
    """Return the valve with the capacity of another number of doctors, spread evenly.

    For a slider; ``workflows.gate.capacity.valve_of(without=…)`` counts the very doctors instead.
    """
    share = max(0, after) / before if before else 0.0
    return replace(valve, pools={cell: int(free * share) for cell, free in valve.pools.items()})
