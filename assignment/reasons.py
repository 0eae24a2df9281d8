"""Why a doctor was chosen (motifs): kept with the assignment, and read back from there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID


class Candidate(NamedTuple):
    """A doctor with each named term of the cost for one task; the smallest total wins."""

    doctor_id: UUID
    place: float
    level: float
    continuity: float
    fee: float
    load: float

    @property
    def total(self) -> float:
        """Sum of the terms."""
        return self.place + self.level + self.continuity + self.fee + self.load

    def as_json(self) -> Mapping[str, object]:
        """Return the terms for the why-record (rounded: they are read, not computed with)."""
        return _terms(self)


@lru_cache(maxsize=16_384)  # the files of a plan share most of their candidates
def _terms(candidate: Candidate) -> Mapping[str, object]:
    doctor, place, level, continuity, fee, load = candidate
    return {
        "doctor": str(doctor), "place": round(place, 3), "level": round(level, 3),
        "continuity": round(continuity, 3), "fee": round(fee, 3), "load": round(load, 3),
        "total": round(candidate.total, 3),
    }  # fmt: skip


class Rule(StrEnum):
    """How the doctor was chosen."""

    CHEAPEST = "cheapest"  # smallest cost among the eligible doctors with room
    PLANNED = "planned"  # part of a plan that keeps loads even and deadlines met over days
    MADE_ROOM = "made_room"  # moved within the batch, so that another file could be placed
    KEPT = "kept"  # who just worked on the file goes on with it
    CHOSEN = "chosen"  # a supervisor's or the doctor's own choice

    @property
    def by_cost(self) -> bool:
        """Whether costs were compared; else a person chose, or who worked on it goes on."""
        return self not in (Rule.KEPT, Rule.CHOSEN)


@dataclass(frozen=True, slots=True)
class Why:
    """Why-record of an assignment: the chosen doctor's terms, and the next ones (at most 3).

    ``first_given_at``: a move was taken back; the reason is that of the assignment it restores,
    which was made then.
    """

    rule: Rule
    chosen: Candidate
    others: tuple[Candidate, ...]
    first_given_at: datetime | None = None

    def as_json(self) -> dict[str, object]:
        """Return what is stored with the assignment."""
        stored: dict[str, object] = {
            "rule": self.rule.value,
            "chosen": self.chosen.as_json(),
            "others": [candidate.as_json() for candidate in self.others],
        }
        if self.first_given_at is not None:
            stored["first_given_at"] = self.first_given_at.isoformat()
        return stored


def why_of(stored: Mapping[str, Any] | None) -> Why | None:
    """Return the why-record that is stored with an assignment; None where it holds no terms."""
    if not stored or not stored.get("chosen"):
        return None
    first = stored.get("first_given_at")
    return Why(
        Rule(stored["rule"]),
        _candidate(stored["chosen"]),
        tuple(_candidate(each) for each in stored.get("others", ())),
        None if first is None else datetime.fromisoformat(first),
    )


def _candidate(terms: Mapping[str, Any]) -> Candidate:
    costs = {name: float(terms[name]) for name in Candidate._fields[1:]}
    return Candidate(UUID(terms["doctor"]), **costs)
