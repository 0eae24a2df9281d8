"""What became of the lines of a batch, in figures (bilan d'un lot)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from medcontrol.vocabulary import Lane


@dataclass(frozen=True, slots=True)
class BatchName:
    """Which batch lines belong to; a row ``intake_batch`` of this id is kept up to date."""

    id: UUID
    name: str


@dataclass(slots=True)
class Counts:
    """What became of lines. A conflict is not counted under quarantined."""

    received: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicates: int = 0
    conflicts: int = 0
    already_handled: int = 0
    opened: int = 0
    assigned: int = 0
    unassigned: int = 0
    by_lane: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Counts") -> None:
        """Add the figures of another part."""
        for name in self.__slots__:
            if name == "by_lane":
                self.by_lane.update(other.by_lane)
            else:
                setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain values, every lane named."""
        found: dict[str, Any] = {n: getattr(self, n) for n in self.__slots__ if n != "by_lane"}
        return found | {"by_lane": {lane.value: self.by_lane[lane.value] for lane in Lane}}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Counts":
        """Return figures that were kept as plain values."""
        plain = {name: values.get(name, 0) for name in cls.__slots__ if name != "by_lane"}
        return cls(**plain, by_lane=Counter(values.get("by_lane", {})))
