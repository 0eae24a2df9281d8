"""Entries of a file's journal and how each is chained to the one before by its hash. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from medcontrol.vocabulary import ActorKind

_SEPARATOR = b"\x1f"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, with the name as it reads that day."""

    kind: ActorKind
    label: str
    id: UUID | None = None


SYSTEM = Actor(ActorKind.SYSTEM, "medcontrol")


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened. ``facts`` hold codes, ids and digests: nothing personal."""

    control_file_id: UUID
    action: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def facts_text(facts: Mapping[str, Any]) -> str:
    """Return facts as canonical JSON, the form that is stored and hashed."""
    return orjson.dumps(facts, option=orjson.OPT_SORT_KEYS).decode()


def link(
    previous: bytes, number: int, at: datetime, entry: Entry, actor: Actor, facts: str
) -> bytes:
    """Return the SHA-256 (32 bytes) that chains an entry to ``previous`` (empty for the first)."""
    parts = (
        previous,
        entry.control_file_id.bytes,
        str(number).encode(),
        _instant(at),
        entry.action.encode(),
        actor.kind.value.encode(),
        actor.id.bytes if actor.id else b"",
        actor.label.encode(),
        facts.encode(),
    )
    return hashlib.sha256(_SEPARATOR.join(parts)).digest()


@lru_cache(maxsize=16)
def _instant(at: datetime) -> bytes:
    """Return an instant as it is hashed; the entries of a chunk share one."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").encode()


def chain(
    entries: Sequence[Entry], *, actor: Actor, now: datetime, length: int = 0, head: bytes = b""
) -> tuple[list[dict[str, Any]], int, bytes]:
    """Return rows for entries of one file after ``length`` earlier ones, and the new head."""
    rows = []
    for entry in entries:
        length += 1
        facts = facts_text(entry.facts)
        head = link(head, length, now, entry, actor, facts)
        rows.append(
            {
                "control_file_id": entry.control_file_id,
                "number": length,
                "at": now,
                "action": entry.action,
                "actor_kind": actor.kind,
                "actor_id": actor.id,
                "actor_label": actor.label,
                "facts": facts,
                "hash": head,
            }
        )
    return rows, length, head
