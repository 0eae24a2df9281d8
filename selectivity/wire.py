"""Outcomes and questions as plain JSON values, for an engine on another machine (échange HTTP)."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from medcontrol.ports import Contribution, FileFacts, SelectivityOutcome, SelectivityReason
from medcontrol.vocabulary import ControlLevel, ControlMode, Lane, Origin

_PLAIN = frozenset(each.name for each in fields(SelectivityOutcome)) - {
    "reasons", "origins", "matched_rows", "draw", "quota_rows", "contributions",
}  # fmt: skip


def outcome_as_json(outcome: SelectivityOutcome) -> dict[str, Any]:
    """Return an outcome as JSON values; nothing is rounded or left out."""
    found = {name: getattr(outcome, name) for name in _PLAIN}
    return found | {
        "lane": outcome.lane.value,
        "level": outcome.level.value,
        "mode": outcome.mode.value if outcome.mode else None,
        "reasons": [
            {name: getattr(reason, name) for name in ("code", "text", "ar", "en")}
            for reason in outcome.reasons
        ],
        "origins": [origin.value for origin in outcome.origins],
        "matched_rows": list(outcome.matched_rows),
        "quota_rows": list(outcome.quota_rows),
        "draw": outcome.draw.hex(),
        "contributions": [
            {"family": each.family, "text_fr": each.text_fr, "value": each.value}
            for each in outcome.contributions
        ],
    }


def outcome_from_json(data: Mapping[str, Any]) -> SelectivityOutcome:
    """Return the outcome that another engine answered with.

    Raises:
        ValueError, TypeError, KeyError: it is none.
    """
    plain = {name: data[name] for name in _PLAIN}
    return SelectivityOutcome(**plain | {
        "lane": Lane(data["lane"]),
        "level": ControlLevel(data["level"]),
        "mode": ControlMode(data["mode"]) if data["mode"] else None,
        "reasons": tuple(SelectivityReason(**each) for each in data["reasons"]),
        "origins": tuple(Origin(each) for each in data["origins"]),
        "matched_rows": tuple(data["matched_rows"]),
        "quota_rows": tuple(data["quota_rows"]),
        "draw": bytes.fromhex(data["draw"]),
        "contributions": tuple(Contribution(**each) for each in data["contributions"]),
    })  # fmt: skip


def file_as_json(file: FileFacts, history: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file as the service reads it; ``history`` holds its own counters."""
    first = file.first_received_on
    return {
        "message": file.message,
        "received_on": file.received_on.isoformat(),
        "region": file.region,
        "first_received_on": first.isoformat() if first else None,
        "history": history,
    }
