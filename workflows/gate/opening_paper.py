"""What the opening of a paper file leaves: where it lies, and its sealed envelope (papier)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from medcontrol import journal
from medcontrol.ids import new_id
from medcontrol.model import PaperMovement, SealedEnvelope
from medcontrol.vocabulary import Channel, PaperMove
from workflows.steps.writing import Gathered


def add_paper(
    gathered: Gathered, file: Mapping[str, Any], received: Mapping[str, Any], now: datetime
) -> UUID | None:
    """Gather the first place of a physical file; return the id of its sealed envelope, if any."""
    paper = received["details"].get("paper") or {}
    if file["channel"] != Channel.PAPER and not paper:
        return None
    gathered.add(
        PaperMovement,
        {
            "id": new_id(),
            "control_file_id": file["id"],
            "at": now,
            "what": PaperMove.REGISTERED,
            "unit_code": file["agency_code"],
            "location": paper.get("location"),
            "by_name": journal.SYSTEM.label,
        },
    )
    if not paper.get("sealed_envelope"):
        return None
    envelope_id = new_id()
    envelope = {"id": envelope_id, "control_file_id": file["id"], "registered_at": now}
    gathered.add(SealedEnvelope, envelope)
    return envelope_id
