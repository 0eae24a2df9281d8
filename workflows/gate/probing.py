"""The gate's part of probe rounds (sondages): the next files of a provider, counted under lock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.copying import codes_text, copy_rows
from medcontrol.model import ProbeFile
from medcontrol.ports import FileFacts
from medcontrol.reference.flows import A_POSTERIORI
from selectivity.probing import FEATURE

# The rounds that still want files of these providers. Their rows stay locked until the files are
# in, so that two chunks never take more than the sample between them.
_ROUNDS = """
SELECT p.id, r.number, p.jurisdiction, p.provider_id, p.flow, p.acts, r.opens_on,
       p.sample_size - r.taken AS room
FROM probe p JOIN probe_round r ON r.probe_id = p.id
WHERE p.provider_id = ANY(CAST(:providers AS text[])) AND p.status IN ('sampling', 'education')
  AND r.closed_at IS NULL AND r.taken < p.sample_size
ORDER BY p.id FOR UPDATE OF r
"""
_TAKEN = "UPDATE probe_round SET taken = taken + :n WHERE probe_id = :probe AND number = :number"


@dataclass(slots=True)
class Picked:
    """Files of a chunk that rounds take: place in the chunk, and the rows to keep."""

    places: frozenset[int] = frozenset()
    rows: list[dict[str, Any]] = field(default_factory=list)

    def column(self, places: Sequence[int]) -> dict[str, list[int | None]]:
        """Return the feature of some files of the chunk, as history columns; none without any."""
        if self.places.isdisjoint(places):
            return {}
        return {FEATURE: [1 if place in self.places else None for place in places]}


def pick(session: Session, facts: Sequence[FileFacts], ids: Sequence[UUID]) -> Picked:
    """Return the files that open rounds take, the earliest received first; counts them.

    Args:
        session: the transaction that saves the files.
        facts: the new files of a chunk.
        ids: of the same files.
    """
    providers = sorted({each.message["provider"]["id"] for each in facts
                        if "provider" in each.message})  # fmt: skip
    if not providers:
        return Picked()
    rounds = session.execute(sa.text(_ROUNDS), {"providers": codes_text(providers)}).all()
    picked: dict[int, dict[str, Any]] = {}
    for each in rounds:
        fitting = [n for n, file in enumerate(facts) if n not in picked and _fits(file, each)]
        fitting.sort(key=lambda n: _order(facts[n]))
        chosen = fitting[: each.room]
        for place in chosen:
            picked[place] = {"received_file_id": ids[place], "probe_id": each.id,
                             "round": each.number}  # fmt: skip
        if chosen:
            values = {"n": len(chosen), "probe": each.id, "number": each.number}
            session.execute(sa.text(_TAKEN), values)
    return Picked(frozenset(picked), list(picked.values()))


def _order(file: FileFacts) -> tuple[str, str, str]:
    message = file.message
    return message["received_at"], message["source"], message["external_id"]


def _fits(file: FileFacts, probe: Any) -> bool:
    """Return whether a file is of the provider, the service and the time of a round."""
    message = file.message
    if (
        message.get("provider", {}).get("id") != probe.provider_id
        or message["jurisdiction"] != probe.jurisdiction
        or message["flow"] != probe.flow
        or message["nature"] == A_POSTERIORI
        or file.received_on < probe.opens_on
    ):
        return False
    if probe.acts is None:
        return True
    return any(line["act"].upper().startswith(probe.acts) for line in message.get("lines", ()))


def keep(session: Session, picked: Picked, now: datetime) -> None:
    """Keep which files a round took, once the files themselves are saved."""
    copy_rows(session, ProbeFile, [row | {"taken_at": now} for row in picked.rows])
