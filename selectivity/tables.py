"""A rule set (jeu de règles) as typed data: rows, cells, random floor."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Protocol

from medcontrol.ports import SelectivityReason
from medcontrol.vocabulary import ControlLevel, ControlMode, Lane
from selectivity.cells import Cell, Value

WHOLE = 10_000
"""Rates are whole ten-thousandths: 10,000 is every file, 100 is one in a hundred."""


class RowKind(StrEnum):
    """What a row does once its cells match; the sequence of the engine follows from it."""

    MANDATORY = "mandatory"  # always controlled, no rate, no quota, nothing cancels it
    SAFE_HARBOUR = "safe_harbour"  # cancels targeting and score; never mandatory or random
    TARGETING = "targeting"  # controlled within its rate and daily quota


class Conditions(Protocol):
    """Anything with an id and cells: a row of the table or a stratum of the floor."""

    @property
    def id(self) -> str:
        """Return the stable id."""
        ...

    @property
    def when(self) -> Mapping[str, Cell]:
        """Return the cells by feature; all must accept."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """One rule. All its cells must accept; what follows is in the other members.

    Attributes:
        id: stable across versions; part of the row's own draw.
        when: cells by feature name; a feature that is not named accepts everything.
        kind: mandatory, safe harbour or targeting.
        lane: ``None`` for a safe harbour only.
        level: where control begins.
        mode: on file or in person; ``None`` for lanes that go on.
        rate: ten-thousandths of the matching files that are taken, by the row's own draw. Those
            not taken are its comparison group.
        daily_quota: most files taken in a day, those of the smallest draws; ``None`` no limit.
        reason: what the doctor reads.
        rationale: why the row exists; never shown to a control doctor.
        owner: the role that answers for the row.
        expires_on: last day on which the row works.
        positive, negative: examples as values by feature, which must match and must not.
    """

    id: str
    when: Mapping[str, Cell]
    kind: RowKind
    lane: Lane | None
    level: ControlLevel
    mode: ControlMode | None
    rate: int
    daily_quota: int | None
    reason: SelectivityReason
    rationale: str
    owner: str
    expires_on: date
    positive: tuple[Mapping[str, Any], ...]
    negative: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of the random floor: the first stratum whose cells accept gives the rate.

    Attributes:
        id: stable word.
        when: cells by feature; none for the stratum that takes the rest.
        rate: ten-thousandths of the files drawn.
        lane: orange, or blue where an answer is due at once.
        level: where control begins.
    """

    id: str
    when: Mapping[str, Cell]
    rate: int
    lane: Lane
    level: ControlLevel


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One immutable version of the rules of a jurisdiction.

    Attributes:
        code: jurisdiction, "ma".
        version: 1, 2, 3...; a released version never changes.
        sha256: of the canonical JSON of its content, hexadecimal; comments do not count.
        valid_from: first day of reception that it decides.
        rows: in the order of the file; the order has no effect.
        floor: strata in order; here the order counts.
        lists: named lists of codes by "name@version".
    """

    code: str
    version: int
    sha256: str
    valid_from: date
    rows: tuple[Row, ...]
    floor: tuple[Stratum, ...]
    lists: Mapping[str, frozenset[str]]

    @property
    def name(self) -> str:
        """Return "ma/1"."""
        return f"{self.code}/{self.version}"

    def reasons(self) -> dict[str, str]:
        """Return every sentence for doctors by message id, for the catalogues of translation."""
        return {row.reason.code: row.reason.text for row in self.rows}


def accepts(conditions: Conditions, values: Mapping[str, Value]) -> bool:
    """Return whether all cells accept, looking at one after the other.

    Slow and obvious on purpose: the compiled table is checked against it.
    """
    return all(cell.accepts(values.get(name)) for name, cell in conditions.when.items())
