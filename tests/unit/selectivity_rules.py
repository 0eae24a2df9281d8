"""Small rule sets and messages for the tests of selectivity."""

import json
from datetime import date
from typing import Any

from medcontrol.ports import FileFacts
from selectivity.engine import RuleEngine
from selectivity.reading import parse_rule_set

DAY = date(2026, 11, 20)
KEY = b"a key of thirty-two bytes, fixed"


def row(row_id: str, when: dict[str, Any], **then: Any) -> dict[str, Any]:
    """Return one row; targeting, orange, local and on file unless told otherwise."""
    effect = {"kind": "targeting", "lane": "orange", "level": "local", "mode": "on_file", **then}
    return {
        "id": row_id,
        "when": when,
        "then": {name: value for name, value in effect.items() if value is not None},
        "reason": {"msgid": row_id.replace("-", "_"), "fr": f"Motif {row_id}"},
        "rationale": "for a test",
        "owner": "risk-analyst",
        "expires_on": "2030-12-31",
        "examples": {"positive": [{"amount": 1}], "negative": [{"amount": 0}]},
    }


def harbour(row_id: str, when: dict[str, Any]) -> dict[str, Any]:
    """Return a safe harbour."""
    return row(row_id, when, kind="safe_harbour", lane=None, mode=None)


def rule_text(
    *rows: dict[str, Any], floor: list[dict[str, Any]] | None = None, **members: Any
) -> str:
    """Return a rule set as text; JSON is YAML."""
    strata = floor or [{"id": "all", "when": {}, "then": {"rate": 1, "lane": "orange"}}]
    whole = {"code": "ma", "version": 1, "valid_from": "2024-01-01", "rows": rows, "floor": strata}
    return json.dumps({**whole, **members}, ensure_ascii=False)


def engine(*rows: dict[str, Any], **members: Any) -> RuleEngine:
    """Return an engine over the rows, with one key for all periods."""
    return RuleEngine(parse_rule_set(rule_text(*rows, **members), source="test"), lambda _: KEY)


def message(number: int = 0, **members: Any) -> dict[str, Any]:
    """Return a message of an ambulatory reimbursement; members set to None are left out."""
    whole = {
        "schema": "medcontrol.intake.v1",
        "source": "si-amo",
        "external_id": f"T-{number}",
        "received_at": "2026-11-20T09:00:00+01:00",
        "jurisdiction": "ma",
        "scheme": "amo",
        "flow": "ambulatory",
        "nature": "reimbursement",
        "channel": "edi",
        "agency": "CASA-1",
        "insured": {
            "registration_number": f"{999000000 + number}",
            "family_name": "Alami",
            "given_name": "Amina",
            "birth_date": "1980-05-01",
        },
        "provider": {"id": "999200141", "kind": "doctor", "sector": "private"},
        "care": {"from": "2026-11-10", "to": "2026-11-12"},
        "amount": "600.00",
        "currency": "MAD",
        **members,
    }
    return {name: value for name, value in whole.items() if value is not None}


def facts(number: int = 0, *, received_on: date = DAY, **members: Any) -> FileFacts:
    """Return what the engine is told of such a message."""
    return FileFacts(message(number, **members), received_on)
