"""Are the second readings of a month those that its key gives? (contrôle du tirage qualité)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.crypto import KeyRing
from medcontrol.errors import NotFound
from workflows.linked.quality_draws import Drawn, decided_in, draw, draws

_STORED = """
SELECT r.decision_id, r.control_file_id, r.draw, r.rate, r.stratum,
       d.undone_at IS NOT NULL AS undone
FROM second_reading r JOIN decision d ON d.id = r.decision_id
WHERE r.jurisdiction = :jurisdiction AND r.campaign = :campaign
"""


@dataclass(frozen=True, slots=True)
class WrongDraw:
    """A decision of a month that is not as the key says."""

    control_file_id: UUID
    fault: str


def verify_campaign(
    session: Session, keys: KeyRing, jurisdiction: str, campaign: str
) -> tuple[int, int, list[WrongDraw]]:
    """Draw a month again and compare with what was stored.

    Returns:
        Decisions looked at, readings stored, and those that differ: left out though it was its
        turn, drawn though it was not, another number, another rate or stratum.

    Raises:
        NotFound: nothing was drawn in this month.
        InvalidInput: it is no month.
    """
    values = {"jurisdiction": jurisdiction, "campaign": campaign}
    stored = {row.decision_id: row for row in session.execute(sa.text(_STORED), values)}
    if not stored:
        raise NotFound(f"nothing was drawn in {campaign}", field="campaign")
    count, made, wrong = 0, draws(keys), []
    left = {key: row for key, row in stored.items() if not row.undone}
    for decided in decided_in(session, jurisdiction, campaign):
        count += 1
        found, row = draw(made, decided), left.pop(decided.decision_id, None)
        fault = _fault(found, row)
        if fault is not None:
            wrong.append(WrongDraw(decided.control_file_id, fault))
    wrong += [WrongDraw(row.control_file_id, "drawn, though no such decision stands")
              for row in left.values()]  # fmt: skip
    return count, len(stored), wrong


def _fault(found: Drawn | None, row: Any) -> str | None:
    if found is None:
        return None if row is None else "drawn, though it is not its turn"
    if row is None:
        return "left out, though it is its turn"
    if bytes(row.draw) != found.draw.to_bytes(8, "big"):
        return "the stored draw is not its own"
    if (row.stratum, row.rate) != (found.stratum.code, found.rate):
        return f"stratum {found.stratum.code} at {found.rate}, not {row.stratum} at {row.rate}"
    return None
