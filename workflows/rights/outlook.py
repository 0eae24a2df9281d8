"""How the day's files fit into the doctors' time, and with some doctors away (perspective)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import civil_date
from medcontrol.vocabulary import ControlLevel, Lane
from selectivity.capacity.valve import ALL_FLOWS, Valve, Want, cell_name
from selectivity.capacity.what_if import WhatIf, what_if, with_doctors
from workflows.gate.capacity import Asked, valve_of

MOST_AWAY = 50

_BOUND = frozenset({"mandatory", "external", "random"})
_WANTS = sa.text("""
SELECT r.flow, d.level, r.region_code, d.lane, d.priority, d.origins
FROM selectivity_decision d JOIN received_file r ON r.id = d.received_file_id
WHERE d.decided_at >= :since AND r.jurisdiction = :jurisdiction
  AND (d.lane IN ('orange', 'red') OR d.overflow)
""")
_DOCTORS = sa.text("""
SELECT count(*) FROM doctor d JOIN unit u ON u.code = d.unit_code
WHERE d.is_active AND u.jurisdiction = :jurisdiction
""")


@dataclass(frozen=True, slots=True)
class Outlook:
    """The day's files beside the doctors' free time.

    Attributes:
        doctors: active ones; ``away`` of them are thought away.
        now: with everybody; ``changed``: without those.
    """

    doctors: int
    away: int
    now: WhatIf
    changed: WhatIf

    @property
    def used(self) -> float:
        """Return the share of the free time that the day's files take."""
        return self.now.used / self.now.minutes if self.now.minutes else 0.0


def load_outlook(
    session: Session, jurisdiction: str, *, away: int, now: datetime
) -> Outlook | None:
    """Return how the files of the last day fit; ``None`` where no doctor has free time.

    Free time is what it was before these files took theirs.

    Args:
        session: for reading.
        jurisdiction: whose doctors and files.
        away: doctors thought away, spread evenly; cut to those there are.
        now: the instant.
    """
    valve = valve_of(session, Asked(jurisdiction, civil_date(now, jurisdiction)), now=now)
    if valve is None:
        return None
    doctors = int(session.execute(_DOCTORS, {"jurisdiction": jurisdiction}).scalar_one())
    away = min(max(away, 0), doctors, MOST_AWAY)
    values = {"jurisdiction": jurisdiction, "since": now - timedelta(days=1)}
    wants = [_want(place, row) for place, row in enumerate(session.execute(_WANTS, values).all())]
    before = _before(valve, [want for want, is_inside in wants if is_inside])
    asked = [want for want, _ in wants]
    return Outlook(
        doctors, away, what_if(asked, before),
        what_if(asked, with_doctors(before, doctors, doctors - away)),
    )  # fmt: skip


def _want(place: int, row: sa.Row[tuple[object, ...]]) -> tuple[Want, bool]:
    """Return what a file asked for, and whether it got it."""
    is_inside = Lane(row.lane).is_controlled
    is_bound = is_inside and (row.lane == Lane.RED or bool(_BOUND.intersection(row.origins)))
    priority = row.priority if row.priority is not None else 1.0
    want = Want(
        place, row.flow, ControlLevel(row.level), row.region_code, priority + place * 1e-12,
        is_bound,
    )  # fmt: skip
    return want, is_inside


def _before(valve: Valve, inside: Sequence[Want]) -> Valve:
    """Return the capacity as it was before files took theirs; nothing of it is held back."""
    pools = dict(valve.pools)
    for want in inside:
        for cell in (want.cell, cell_name(ALL_FLOWS, want.level, want.region)):
            if cell in pools:
                pools[cell] += valve.minutes_of(want.flow)
    return replace(valve, pools=pools, cutoffs={})
