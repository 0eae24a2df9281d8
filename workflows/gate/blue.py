"""Paid files come back for later control: a keyed draw every week (contrôle a posteriori).

The draw is written down first, in one transaction, then its files enter by the gate as reviews
do, under an identity made of the paid file. Whatever dies in between, the next run opens what is
not open yet; a week is drawn once.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol.clock import Clock, civil_date
from medcontrol.crypto import KeyRing, bind
from medcontrol.db import transaction
from medcontrol.ids import new_id
from medcontrol.intake import Line
from medcontrol.model import BlueDraw, BlueWeek
from medcontrol.reference.flows import A_POSTERIORI
from medcontrol.turns import take_turn
from selectivity.outcomes.weekly import choose, cumulated, week_of
from workflows.gate.blue_pool import first_day_of, is_known, quota_of, read_pool
from workflows.gate.counts import BatchName, Counts
from workflows.gate.intake import take_in
from workflows.tools import Tools

log = logging.getLogger(__name__)

SOURCE, PREFIX = "medcontrol", "blue:"
CHUNK = 500
_TURN = "blue.draw.week"
#: Members of the first message that are not said again: who asked, how fast, by whom it came.
_LEFT_OUT = ("control", "urgent")

_WAITING = """
SELECT b.received_file_id AS id, r.key_id, r.payload
FROM blue_draw b JOIN received_file r ON r.id = b.received_file_id
WHERE b.jurisdiction = :jurisdiction AND b.later_file_id IS NULL
  AND NOT EXISTS (
    SELECT FROM quarantined_message q
    WHERE q.source = :source AND q.external_id = 'blue:' || b.received_file_id)
ORDER BY b.week, b.rank LIMIT :most
"""
_LINK = """
UPDATE blue_draw b SET later_file_id = m.subject_id, opened_at = :now
FROM inbox_message m
JOIN received_file r ON r.id = m.subject_id
WHERE b.jurisdiction = :jurisdiction AND b.later_file_id IS NULL
  AND m.source = :source AND m.external_id = 'blue:' || b.received_file_id
RETURNING b.received_file_id, b.later_file_id
"""
# The pieces of the paid file are those of the later control: same bytes, kept once.
_PIECES = """
UPDATE document later SET is_stored = true
FROM document first
WHERE later.received_file_id = :later AND first.received_file_id = :first
  AND first.sha256 = later.sha256 AND first.is_stored AND NOT later.is_stored
"""


@dataclass(frozen=True, slots=True)
class DrawnWeek:
    """What a run did: the week, its draw, and what became of the files that came back."""

    jurisdiction: str
    week: str
    is_new: bool
    pool: int
    overflow: int
    quota: int
    bound_by: str
    drawn: int
    opened: int

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def draw_week(tools: Tools, jurisdiction: str, *, now: Clock) -> DrawnWeek | None:
    """Draw this week's paid files, once, and open what is drawn and not open yet.

    Returns:
        The week; ``None`` when another process is at it, or when the law of the place knows no
        control after payment.
    """
    at = now()
    today = civil_date(at, jurisdiction)
    if not is_known(jurisdiction):
        return None
    with transaction() as turn:
        if not take_turn(turn, f"{_TURN}:{jurisdiction}"):
            return None
        with transaction() as session:
            week, is_new = write_draw(session, tools.keys, jurisdiction, today, at)
        opened = _open_all(tools, jurisdiction, now)
    return DrawnWeek(
        jurisdiction, week.week, is_new, week.pool, week.overflow, week.quota, week.bound_by,
        week.drawn, opened.opened,
    )  # fmt: skip


def write_draw(
    session: Session, keys: KeyRing, jurisdiction: str, today: date, now: datetime
) -> tuple[BlueWeek, bool]:
    """Return this week's draw and whether it is new; the first run of the week makes it."""
    name = week_of(today)
    found = session.get(BlueWeek, (jurisdiction, name))
    if found is not None:
        return found, False
    first_day = first_day_of(jurisdiction, today)
    pool = read_pool(session, keys, jurisdiction, name, since=first_day, before=now)
    quota, bound_by = quota_of(session, jurisdiction, today)
    chosen = choose(list(pool), quota)
    week = BlueWeek.model_validate(
        {
            "jurisdiction": jurisdiction, "week": name, "drawn_at": now, "first_day": first_day,
            "quota": quota, "bound_by": bound_by, "pool": len(pool),
            "overflow": sum(file.is_overflow for file in pool), "drawn": len(chosen.drawn),
            "overflow_reach": chosen.overflow_reach, "rest_reach": chosen.rest_reach,
        }
    )  # fmt: skip
    past = _past_weeks(session, jurisdiction)
    session.add(week)
    session.flush()
    for each in chosen.drawn:
        chances = [
            before.overflow_reach if each.file.is_overflow else before.rest_reach
            for before in past
            if pool[each.file] < before.drawn_at
        ]
        session.add(
            BlueDraw.model_validate(
                {
                    "received_file_id": each.file.file_id, "jurisdiction": jurisdiction,
                    "week": name, "rank": each.rank, "is_overflow": each.file.is_overflow,
                    "draw": each.file.draw.to_bytes(8, "big"),
                    "inclusion_probability": cumulated(chances, each.probability),
                }
            )
        )  # fmt: skip
    session.flush()
    return week, True


def _past_weeks(session: Session, jurisdiction: str) -> Sequence[BlueWeek]:
    return session.exec(select(BlueWeek).where(BlueWeek.jurisdiction == jurisdiction)).all()


def _open_all(tools: Tools, jurisdiction: str, now: Clock) -> Counts:
    """Let drawn files in by the gate until none waits."""
    total = Counts()
    batch = BatchName(new_id(), "a_posteriori")
    while True:
        with transaction() as session:
            link(session, jurisdiction, now())
            waiting = session.execute(
                sa.text(_WAITING),
                {"jurisdiction": jurisdiction, "source": SOURCE, "most": CHUNK},
            ).all()
        if not waiting:
            return total
        total.add(take_in(tools, _lines(tools.keys, waiting, now()), batch=batch, now=now))


def link(session: Session, jurisdiction: str, now: datetime) -> int:
    """Note the files that came in for drawn ones, with the pieces that are kept already."""
    rows = session.execute(
        sa.text(_LINK), {"jurisdiction": jurisdiction, "source": SOURCE, "now": now}
    ).all()
    for first, later in rows:
        session.execute(sa.text(_PIECES), {"first": first, "later": later})
    return len(rows)


def _lines(keys: KeyRing, waiting: Sequence[Any], now: datetime) -> Iterator[Line]:
    for number, row in enumerate(waiting, 1):
        body = keys.decrypt(row.key_id, row.payload, bind("received_file", row.id))
        raw = orjson.dumps(later_message(orjson.loads(body), row.id, now))
        yield Line(no=number, raw=raw, size=len(raw))


def later_message(message: Mapping[str, Any], file_id: UUID, now: datetime) -> dict[str, Any]:
    """Return the intake message of a paid file's later control; clocks start now."""
    kept = {name: value for name, value in message.items() if name not in _LEFT_OUT}
    return kept | {
        "source": SOURCE,
        "external_id": f"{PREFIX}{file_id}",
        "received_at": now.isoformat(timespec="seconds"),
        "nature": A_POSTERIORI,
    }
