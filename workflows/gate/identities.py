"""Which lines are new: identities are claimed, and tell duplicates from conflicts (identité)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from medcontrol import inbox
from medcontrol.ids import new_id
from medcontrol.intake import Accepted, Faulty, Line
from medcontrol.vocabulary import QuarantineReason
from workflows.gate import quarantine
from workflows.gate.chunks import Checked


@dataclass(slots=True)
class Sorted:
    """The lines of a chunk by what is to be done with them.

    Attributes:
        new: accepted messages by the id of the received file to come, as they came.
        bad: faulty lines and conflicts, for quarantine.
        duplicates: how many came before with the same content.
        conflicts: how many of ``bad`` came under the identity of another content.
    """

    new: dict[UUID, Accepted] = field(default_factory=dict)
    bad: list[quarantine.Bad] = field(default_factory=list)
    duplicates: int = 0
    conflicts: int = 0


def sort(session: Session, checked: Sequence[Checked], *, now: datetime) -> Sorted:
    """Claim the identities of lines and tell new ones from duplicates, conflicts and faulty ones.

    Claims stand when the caller's transaction does.
    """
    parts = Sorted()
    standing: dict[tuple[str, str], bytes] = {}  # the content under each identity
    candidates: dict[UUID, tuple[Line, Accepted]] = {}
    again: list[tuple[Line, Accepted]] = []
    for each in checked:
        found = each.result
        if isinstance(found, Faulty):
            parts.bad.append(_faulty(each.line, found))
        elif (found.source, found.external_id) in standing:
            again.append((each.line, found))
        else:
            standing[found.source, found.external_id] = found.content_hash
            candidates[new_id()] = (each.line, found)
    claims = _claim(session, candidates, now)
    for file_id, (line, found) in candidates.items():
        before = claims[file_id]
        if before is None:
            parts.new[file_id] = found
        else:
            again.append((line, found))
            standing[found.source, found.external_id] = before.content_hash
    for line, found in again:
        if found.content_hash == standing[found.source, found.external_id]:
            parts.duplicates += 1
        else:
            parts.conflicts += 1
            parts.bad.append(_conflict(line, found))
    return parts


def _claim(
    session: Session, candidates: dict[UUID, tuple[Line, Accepted]], now: datetime
) -> dict[UUID, inbox.Known | None]:
    identities = [
        inbox.Identity(found.source, found.external_id, found.content_hash, file_id)
        for file_id, (_, found) in candidates.items()
    ]
    return inbox.claim(session, identities, now=now)


def _faulty(line: Line, found: Faulty) -> quarantine.Bad:
    return quarantine.Bad(
        line, QuarantineReason.FAULTY, found.errors, found.source, found.external_id
    )


def _conflict(line: Line, found: Accepted) -> quarantine.Bad:
    return quarantine.Bad(
        line,
        QuarantineReason.CONFLICT,
        (quarantine.CONFLICT,),
        found.source,
        found.external_id,
    )
