"""A message that passes, registers that know it, and the project's copy of a day of files."""

import copy
import hashlib
from base64 import b64encode
from pathlib import Path
from typing import Any

import orjson

from medcontrol.intake import Accepted, Faulty, FieldError, Registers, check, known_flows

SAMPLE = Path(__file__).parent / "data" / "intake_sample.ndjson"

_REGIONS = {
    "CASA": "MA-06", "RABAT": "MA-04", "FES": "MA-03", "TANGER": "MA-01", "MARRAKECH": "MA-07",
    "AGADIR": "MA-09", "OUJDA": "MA-02", "GUELMIM": "MA-10", "BENI-MELLAL": "MA-05",
    "ERRACHIDIA": "MA-08", "LAAYOUNE": "MA-11", "DAKHLA": "MA-12",
}  # fmt: skip
_OPEN = (
    "ald", "ambulatory", "hospital", "dental", "medicines", "care_abroad", "conventional",
    "sick_leave", "invalidity", "disability",
)  # fmt: skip

REGISTERS = Registers(
    agencies={
        "ma": {f"{town}-{no}": region for town, region in _REGIONS.items() for no in (1, 2, 3)},
        "lu": {"LUX-1": "LU"},
    },
    flows=known_flows({flow: frozenset({"ma"}) for flow in _OPEN}),
)

_GOOD: dict[str, Any] = {
    "schema": "medcontrol.intake.v1",
    "source": "si-amo",
    "external_id": "AMO-1",
    "received_at": "2026-11-20T08:28:30+01:00",
    "jurisdiction": "ma",
    "scheme": "amo",
    "flow": "dental",
    "nature": "reimbursement",
    "channel": "portal",
    "agency": "RABAT-1",
    "insured": {
        "registration_number": "999098419",
        "family_name": "Alami",
        "given_name": "José",
        "birth_date": "1996-05-28",
    },
    "lines": [
        {"no": 1, "act": "D10", "quantity": "1", "amount": "100.10"},
        {"no": 2, "act": "D20", "quantity": "2", "amount": "0.20"},
    ],
    "amount": "100.30",
    "currency": "MAD",
    "care": {"from": "2026-11-18", "to": "2026-11-19"},
    "medical": {"diagnoses": [{"icd10": "K02.1", "main": True}], "summary": "Bilan."},
}


def message(**members: Any) -> dict[str, Any]:
    """Return a message that passes, with these members instead."""
    return copy.deepcopy(_GOOD) | members


def line(**members: Any) -> bytes:
    """Return the same as bytes."""
    return orjson.dumps(message(**members))


def document(content: bytes, media_type: str) -> dict[str, Any]:
    """Return a document as a sender puts it into a message."""
    return {
        "kind": "prescription",
        "media_type": media_type,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "content_base64": b64encode(content).decode(),
    }


def accept(raw: bytes) -> Accepted:
    """Check a line that must pass."""
    result = check(raw, REGISTERS)
    assert isinstance(result, Accepted), result
    return result


def refuse(raw: bytes) -> tuple[FieldError, ...]:
    """Check a line that must not pass, and return why."""
    result = check(raw, REGISTERS)
    assert isinstance(result, Faulty)
    return result.errors


def faults(raw: bytes) -> list[tuple[str, str]]:
    """Return path and code of what is wrong with a line."""
    return [(error.path, error.code) for error in refuse(raw)]
