"""Bills that are looked at afterwards (contrôle de plausibilité): beyond the plan, not executed.

A bill with a sign is always controlled, the others by a keyed draw. The control enters by the
gate like any file, under an identity made of the bill: whatever runs twice opens one file.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import Clock, civil_date
from medcontrol.db import transaction
from medcontrol.ids import new_id
from medcontrol.intake import Line
from medcontrol.legal import lu
from medcontrol.model import ReceivedFile
from medcontrol.rules.calendar import add_months
from medcontrol.turns import take_turn
from medcontrol.vocabulary import Channel
from selectivity.draws import Draws, bound
from workflows.gate.counts import BatchName, Counts
from workflows.gate.intake import take_in
from workflows.tools import Tools

SOURCE, PREFIX, FLOW = "medcontrol", "care-bill:", "fluctuation_control"
CHUNK = 500
#: Signs that ask for a control by themselves. Minutes that were cut were not paid.
SIGNS = frozenset({"not_documented", "providers_together", "nothing_assigned", "not_executed_year"})
_PURPOSE = "care_control"
_PERCENT = 100

_CANDIDATES = sa.text("""
SELECT c.id AS check_id, c.signs, b.id, b.registration_number, b.family_name, b.given_name,
       b.birth_date, b.agency_code, b.provider_id, b.provider_name, b.provider_kind, b.month
FROM care_bill b
JOIN LATERAL (
  SELECT * FROM care_bill_check c WHERE c.bill_id = b.id ORDER BY checked_at DESC, id DESC LIMIT 1
) c ON true
WHERE b.replaced_at IS NULL AND c.control_id IS NULL
  AND c.signs && ARRAY['beyond_plan', 'not_executed']::varchar[]
  AND c.checked_at >= :since
  AND NOT EXISTS (  -- a bill is controlled once, whatever late facts say afterwards
    SELECT FROM care_bill_check o WHERE o.bill_id = b.id AND o.control_id LIKE 'care-bill:%')
ORDER BY c.checked_at, c.id LIMIT :chunk
""")
_MARK = sa.text("UPDATE care_bill_check SET control_id = :control WHERE id = :check")
#: What a check that asks for no control is marked with, so that it is not looked at again.
NOT_CHOSEN = "not_chosen"


def open_controls(tools: Tools, *, now: Clock) -> Counts:
    """Open the controls of bills that were checked and not looked at yet, in chunks.

    If we die between intake and the mark, the next run finds the message handled and marks it.

    Returns:
        What became of the controls' messages.
    """
    total, batch = Counts(), BatchName(new_id(), "care-controls")
    while True:
        with transaction() as turn:
            if not take_turn(turn, "care.controls"):
                return total
            rows = _candidates(turn, civil_date(now(), "lu"))
            chosen = {row.check_id: nature for row in rows if (nature := _nature(tools, row))}
            known = _handled(turn, rows)
            lines = [row for row in rows if row.check_id in chosen and row.id not in known]
            if lines:
                found = take_in(tools, _lines(lines, chosen, now()), batch=batch, now=now)
                total.add(found)
            for row in rows:
                control = f"{PREFIX}{row.id}" if row.check_id in chosen else NOT_CHOSEN
                turn.execute(_MARK, {"check": row.check_id, "control": control})
        if len(rows) < CHUNK:
            return total


def _candidates(session: Session, today: date) -> Sequence[Any]:
    months = lu.fluctuation.control_months.at(today).value
    since = add_months(today, -months)
    return session.execute(_CANDIDATES, {"since": since, "chunk": CHUNK}).all()


def _handled(session: Session, rows: Sequence[Any]) -> set[UUID]:
    """Return the bills whose control came in before."""
    wanted = {f"{PREFIX}{row.id}": row.id for row in rows}
    found = session.execute(
        sa.text(
            "SELECT external_id FROM inbox_message WHERE source = :s AND external_id = ANY(:e)"
        ),
        {"s": SOURCE, "e": list(wanted)},
    )
    return {wanted[external_id] for external_id in found.scalars()}


def _nature(tools: Tools, row: Any) -> str | None:
    """Return why a bill is controlled, None when it is not.

    The draw is keyed by the month of service and the identity of the bill, so a correction or a
    further check of the same month draws the same.
    """
    if SIGNS & set(row.signs):
        return "rule"
    period = f"{row.month:%Y-%m}"
    draws = Draws(lambda name: tools.keys.derive(f"draw:{name}"))
    who = f"{row.registration_number}\x1f{row.provider_id}\x1f{period}".encode()
    percent = lu.fluctuation.sample_percent.values[-1].value
    return "sample" if draws.draw(period, _PURPOSE, who) < bound(percent, _PERCENT) else None


def _lines(rows: Sequence[Any], chosen: dict[UUID, str], now: datetime) -> Iterator[Line]:
    for number, row in enumerate(rows, 1):
        raw = orjson.dumps(control_message(row, chosen[row.check_id], now))
        yield Line(no=number, raw=raw, size=len(raw))


def bill_of(session: Session, received_file_id: UUID) -> UUID | None:
    """Return the bill that a received file is the control of; None when it is no such control."""
    received = session.get_one(ReceivedFile, received_file_id)
    if received.source != SOURCE or not received.external_id.startswith(PREFIX):
        return None
    return UUID(received.external_id.removeprefix(PREFIX))


def control_message(row: Any, nature: str, now: datetime) -> dict[str, Any]:
    """Return the intake message of a bill's control. No minute of care stands in it."""
    return {
        "schema": "medcontrol.intake.v1",
        "source": SOURCE,
        "external_id": f"{PREFIX}{row.id}",
        "received_at": now.isoformat(timespec="seconds"),
        "jurisdiction": "lu",
        "scheme": "long_term_care",
        "flow": FLOW,
        "nature": nature,
        "channel": Channel.PERIODIC.value,
        "agency": row.agency_code,
        "insured": {
            "registration_number": row.registration_number,
            "family_name": row.family_name,
            "given_name": row.given_name,
            "birth_date": row.birth_date.isoformat(),
        },
        "provider": {"id": row.provider_id, "name": row.provider_name,
                     "kind": "care_network" if row.provider_kind == "care_network" else "other"},
        "care": {"from": row.month.isoformat()},
        "form": {"bill": str(row.id), "signs": sorted(row.signs)},
        "control": {"required": True, "mode": "on_file"},
    }  # fmt: skip
