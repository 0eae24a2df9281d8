"""Are the stored draws those that the secret keys give? (contrôle des tirages)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import civil_date
from selectivity.draws import RANDOM, Draws, identity

_CHUNK = 5000
_STORED = """
SELECT r.id, r.source, r.external_id, r.received_at, r.jurisdiction, r.flow, r.nature,
       r.registration_number, r.relation, r.beneficiary_birth_date, r.care_from, r.care_to,
       r.provider_id, f.reference, d.draw, d.draw_period
FROM selectivity_decision d
JOIN received_file r ON r.id = d.received_file_id
LEFT JOIN control_file f ON f.received_file_id = r.id
"""


@dataclass(frozen=True, slots=True)
class WrongDraw:
    """A file whose stored draw is not its own."""

    source: str
    external_id: str
    reference: str | None
    fault: str

    @property
    def name(self) -> str:
        """The file as people name it."""
        sender = f"{self.source}/{self.external_id}"
        return f"{self.reference} ({sender})" if self.reference else sender


def verify(
    session: Session, period_key: Callable[[str], bytes], *, period: str | None = None
) -> tuple[int, list[WrongDraw]]:
    """Draw again for every received file and compare with what was stored.

    Memory does not grow with the number of files.

    Args:
        session: any; nothing is written.
        period_key: the secret key of a month, "2026-11".
        period: only the draws of this month.

    Returns:
        How many files were looked at, and those whose draw or period differs.
    """
    where = " WHERE d.draw_period = :period" if period else ""
    rows = session.execute(
        sa.text(_STORED + where).execution_options(stream_results=True, max_row_buffer=_CHUNK),
        {"period": period} if period else {},
    )
    draws = Draws(period_key)
    count, wrong = 0, []
    for chunk in _chunks(rows):
        count += len(chunk)
        again = draws.draw_many([(row.draw_period, identity_of(row)) for row in chunk], RANDOM)
        for row, draw in zip(chunk, again, strict=True):
            fault = _fault(row, draw.to_bytes(8, "big"))
            if fault is not None:
                wrong.append(WrongDraw(row.source, row.external_id, row.reference, fault))
    return count, wrong


def _chunks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk


def identity_of(row: Any) -> bytes:
    """Return the business identity, from the columns that keep each of its parts."""
    message: dict[str, Any] = {
        "insured": {"registration_number": row.registration_number},
        "flow": row.flow,
        "nature": row.nature,
    }
    if row.relation is not None:
        born = row.beneficiary_birth_date.isoformat()
        message["beneficiary"] = {"relation": row.relation, "birth_date": born}
    if row.care_from is not None:
        end = {"to": row.care_to.isoformat()} if row.care_to is not None else {}
        message["care"] = {"from": row.care_from.isoformat(), **end}
    if row.provider_id is not None:
        message["provider"] = {"id": row.provider_id}
    return identity(message)


def _fault(row: Any, again: bytes) -> str | None:
    """Return what is wrong with a stored draw."""
    if bytes(row.draw) != again:
        return "the stored draw is not the one of this file"
    received = civil_date(row.received_at, row.jurisdiction).isoformat()[:7]
    if row.care_from is not None and row.care_from.isoformat()[:7] != row.draw_period:
        return f"drawn for {row.draw_period}, but care began in {row.care_from.isoformat()[:7]}"
    if row.care_from is None and row.draw_period > received:
        return f"drawn for {row.draw_period}, but received in {received}"
    return None
