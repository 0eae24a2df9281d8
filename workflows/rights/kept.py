"""A right as it was before a decision, kept with the decision so that it can be undone."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from medcontrol.model import Entitlement
from medcontrol.vocabulary import EntitlementStatus

_RIGHT = ("right_code", "valid_to", "next_review_on", "opens_on", "planned_on", "placed_at",
          "milestone", "review_since", "suspended_on", "resumed_on", "status",
          "control_file_id", "previous_doctor_id")  # fmt: skip


def right_as_json(right: Entitlement) -> dict[str, Any]:
    """Return what a decision may change of a right, as plain values."""
    return {
        name: None if (value := getattr(right, name)) is None else str(value) for name in _RIGHT
    }


def right_from_json(kept: dict[str, Any]) -> dict[str, Any]:
    """Return what ``right_as_json`` kept, as column values."""
    readers: dict[str, Any] = {
        "right_code": str,
        "milestone": str,
        "placed_at": datetime.fromisoformat,
        "status": EntitlementStatus,
        "control_file_id": UUID,
        "previous_doctor_id": UUID,
    }
    return {
        name: None if value is None else readers.get(name, date.fromisoformat)(value)
        for name, value in kept.items()
    }
