"""From a checked intake message to the rows of a received file (dossier reçu)."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from medcontrol.clock import civil_date
from medcontrol.crypto import KeyRing, bind
from medcontrol.ids import new_id
from medcontrol.intake import Accepted
from medcontrol.ports import FileFacts, SelectivityOutcome
from medcontrol.vocabulary import DocumentClass

# What stays readable of a message beside the columns; everything else is in the payload only.
_DETAILS = ("lines", "paper", "authorisation", "ald_number", "prescriber", "provider")
_PERSON = ("address", "phone", "digital_consent")


def cents(money: str) -> int:
    """Return a decimal string in major units as centimes.

    Examples:
        >>> cents("982.90")
        98290
    """
    return int(Decimal(money) * 100)


def facts_of(accepted: Accepted, region: str) -> FileFacts:
    """Return what selectivity is told of a file."""
    message = accepted.message
    return FileFacts(message, civil_date(accepted.received_at, message["jurisdiction"]), region)


def received_row(
    accepted: Accepted, file_id: UUID, region: str, keys: KeyRing, now: datetime
) -> dict[str, Any]:
    """Return the row of a received file; the message itself is encrypted, bound to the row."""
    message = accepted.message
    insured = message["insured"]
    other: Mapping[str, Any] = message.get("beneficiary") or {}
    care: Mapping[str, Any] = message.get("care") or {}
    amount = message.get("amount")
    key_id, payload = keys.encrypt(accepted.body, bind("received_file", file_id))
    return {
        "id": file_id,
        "source": accepted.source,
        "external_id": accepted.external_id,
        "received_at": accepted.received_at,
        "recorded_at": now,
        "jurisdiction": message["jurisdiction"],
        "scheme": message["scheme"],
        "flow": message["flow"],
        "nature": message["nature"],
        "channel": message["channel"],
        "agency_code": message["agency"],
        "region_code": region,
        "is_urgent": bool(message.get("urgent")),
        "registration_number": insured["registration_number"],
        "national_id": insured.get("national_id"),
        "family_name": insured["family_name"],
        "given_name": insured["given_name"],
        "birth_date": date.fromisoformat(insured["birth_date"]),
        "sex": insured.get("sex"),
        "language": insured.get("language"),
        "relation": other.get("relation"),
        "beneficiary_family_name": other.get("family_name"),
        "beneficiary_given_name": other.get("given_name"),
        "beneficiary_birth_date": _day(other.get("birth_date")),
        "prescriber_id": (message.get("prescriber") or {}).get("id"),
        "provider_id": (message.get("provider") or {}).get("id"),
        "care_from": _day(care.get("from")),
        "care_to": _day(care.get("to")),
        "amount_cents": None if amount is None else cents(amount),
        "currency": message.get("currency"),
        "details": _details(message),
        "key_id": key_id,
        "payload": payload,
    }


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _details(message: Mapping[str, Any]) -> dict[str, Any]:
    details = {name: message[name] for name in _DETAILS if name in message}
    person = {name: message["insured"][name] for name in _PERSON if name in message["insured"]}
    if person:
        details["insured"] = person
    if employer := _employer(message.get("form") or {}):
        details["employer"] = employer
    return details


def _employer(form: Mapping[str, Any]) -> dict[str, str]:
    """Return the employer that the sender's form names: administrative, for letters to them."""
    named = {name: form.get(f"employer_{name}") for name in ("name", "number", "address")}
    return {name: value[:200] for name, value in named.items() if isinstance(value, str) and value}


def decision_row(
    outcome: SelectivityOutcome, file_id: UUID, keys: KeyRing, now: datetime
) -> dict[str, Any]:
    """Return the row of a selectivity decision; features of class medical are encrypted."""
    key_id, secret = None, None
    if outcome.medical_features:
        key_id, secret = keys.encrypt(
            orjson.dumps(outcome.medical_features), bind("selectivity_decision", file_id)
        )
    return {
        "received_file_id": file_id,
        "decided_at": now,
        "lane": outcome.lane.value,
        "level": outcome.level.value,
        "mode": outcome.mode.value if outcome.mode else None,
        "reasons": [reason.as_json() for reason in outcome.reasons],
        "origins": [origin.value for origin in outcome.origins],
        "matched_rows": list(outcome.matched_rows),
        "draw_period": outcome.period,
        "draw": outcome.draw,
        "inclusion_probability": outcome.inclusion_probability,
        "rule_set": outcome.rule_set,
        "rule_set_hash": outcome.rule_set_hash,
        "features": outcome.features,
        "key_id": key_id,
        "medical_features": secret,
        "score": outcome.score,
        "priority": outcome.priority,
        "model": outcome.model,
        "model_hash": outcome.model_hash,
        "cutoff": outcome.cutoff,
        "capacity_cell": outcome.capacity_cell,
        "capacity_hash": outcome.capacity_hash,
        "contributions": _contributions(outcome),
        "overflow": outcome.overflow,
    }


def _contributions(outcome: SelectivityOutcome) -> list[dict[str, Any]] | None:
    """Return what the score is made of, without the sentence, which the family stands for."""
    found = [{"family": c.family, "value": round(c.value, 4)} for c in outcome.contributions]
    return found or None


def document_rows(accepted: Accepted, file_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Return the rows of a file's documents, stored or only announced."""
    found = []
    for attachment in accepted.documents:
        meta = attachment.meta
        is_open = meta.get("confidential") is False
        found.append(
            {
                "id": new_id(),
                "received_file_id": file_id,
                "kind": meta["kind"],
                "title": meta.get("title") or meta["kind"],
                "document_class": (
                    DocumentClass.ADMINISTRATIVE if is_open else DocumentClass.MEDICAL
                ).value,
                "media_type": meta["media_type"],
                "sha256": meta["sha256"],
                "size": meta["size"],
                "is_stored": attachment.content is not None,
                "added_at": now,
            }
        )
    return found
