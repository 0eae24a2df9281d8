"""Entries of a file's journal and how each is chained to the one before by its hash. Pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
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


class Fault(NamedTuple):
    """Where a chain breaks: the number of the entry, and how."""

    number: int
    text: str


#: Every entry holds, but the file's row says that the chain ends elsewhere, or otherwise.
OTHER_END = "end differs from the file's row"


def first_fault(file_id: UUID, rows: Iterable[Any], *, length: int, head: bytes) -> Fault | None:
    """Return where a file's chain breaks first; None when it holds.

    Args:
        file_id: whose chain.
        rows: its entries in order, each with the members of ``journal_entry`` by name.
        length: how many entries there are, as the file's row says.
        head: the hash of the last one, as the file's row says.
    """
    number, found = 0, b""
    for number, row in enumerate(rows, 1):
        actor = Actor(ActorKind(row.actor_kind), row.actor_label, row.actor_id)
        found = link(found, number, row.at, Entry(file_id, row.action), actor, row.facts)
        if row.number != number:
            return Fault(number, "missing entry")
        if row.hash != found:
            return Fault(number, "changed entry")
    return None if (number, found) == (length, head) else Fault(number, OTHER_END)
