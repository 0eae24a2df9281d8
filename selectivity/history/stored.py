"""What counters need of a received file, from the columns that keep it (relecture)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from medcontrol.model import ReceivedFile
from medcontrol.ports import FileFacts


class Stored(NamedTuple):
    """What the counters look at of a received file: the columns of these names."""

    id: UUID
    jurisdiction: str
    received_at: datetime
    flow: str
    nature: str
    registration_number: str
    relation: str | None
    beneficiary_birth_date: date | None
    care_from: date | None
    care_to: date | None
    amount_cents: int | None
    provider_id: str | None
    prescriber_id: str | None
    region_code: str
    details: Mapping[str, Any]


def facts_of(row: ReceivedFile | Stored, day: date) -> FileFacts:
    """Return a received file as selectivity was told of it, as far as the counters look.

    Args:
        row: a received file, or a database row with the same columns.
        day: its civil day of reception.
    """
    message: dict[str, Any] = {
        "jurisdiction": str(row.jurisdiction),
        "flow": row.flow,
        "nature": row.nature,
        "insured": {"registration_number": row.registration_number},
    }
    if row.relation is not None and row.beneficiary_birth_date is not None:
        born = row.beneficiary_birth_date.isoformat()
        message["beneficiary"] = {"relation": str(row.relation), "birth_date": born}
    if row.care_from is not None:
        end = {"to": row.care_to.isoformat()} if row.care_to is not None else {}
        message["care"] = {"from": row.care_from.isoformat(), **end}
    if row.amount_cents is not None:
        message["amount"] = f"{row.amount_cents // 100}.{row.amount_cents % 100:02d}"
    for name, number in (("provider", row.provider_id), ("prescriber", row.prescriber_id)):
        if number is not None:
            message[name] = {"id": number, **row.details.get(name, {})}
    if "lines" in row.details:
        message["lines"] = row.details["lines"]
    return FileFacts(message, day, row.region_code)
