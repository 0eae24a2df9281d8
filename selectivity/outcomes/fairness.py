"""Whether control falls on groups of people alike (équité). Pure; only analysts' tools see it.

Two questions, on rules, score and everything together: is a group chosen more often than the
others, and when it is chosen, is it found wrong less often (outcome test)? Both at once means
that the choice is harder on the group than what is found justifies. Both are asked within flow
and nature, so that a group is not blamed for the benefits that it asks for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selectivity.outcomes.people import People
from selectivity.outcomes.settings import MEASURING, Measuring
from selectivity.outcomes.statistics import (
    Z95,
    Ratio,
    Stratum,
    common_ratio,
    median_with_interval,
    wilson,
    z_of,
)

Mask = NDArray[np.bool_]
Triple = tuple[float, float, float]


class Scope(StrEnum):
    """Whose choice is looked at."""

    RULES = "rules"
    SCORE = "score"
    OVERALL = "overall"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLine:
    """One group under one scope. Triples are a value with its interval.

    Attributes:
        dimension: sex, age, scheme, region or sector (of the provider).
        files, chosen: received, and chosen by the scope.
        selection: share chosen, with ``selection_ratio`` over the others within flow and nature.
        controls, hits: of the chosen ones, closed with a result, and wrong.
        outcome_ratio: hit rate over that of the others, within flow and nature.
        days: median days from receipt to decision of controlled files; others wait none.
        is_alert: chosen more while found wrong less, both beyond chance.
        is_small: too few controls for the figures to be shown.
    """

    dimension: str
    group: str
    scope: Scope
    files: int
    chosen: int
    selection: float
    selection_ratio: Triple | None
    controls: int
    hits: int
    rate: float
    rate_low: float
    rate_high: float
    outcome_ratio: Triple | None
    days: Triple | None
    is_alert: bool
    is_small: bool

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def line_from_json(values: Mapping[str, Any]) -> GroupLine:
    """Return a line that was kept as plain values."""
    triples = {
        name: tuple(values[name]) if values[name] is not None else None
        for name in ("selection_ratio", "outcome_ratio", "days")
    }
    return GroupLine(**dict(values) | triples | {"scope": Scope(values["scope"])})


def fairness(people: People, *, settings: Measuring = MEASURING) -> list[GroupLine]:
    """Return every group of every dimension under every scope; a group without others has none."""
    compared = list(_compared(people))
    # An alert needs two tests to speak at once, so correcting one of them for all lines is enough.
    z = z_of(min(1.0, 2 * settings.fairness_error / max(1, len(compared))))
    return [_line(people, *each, z=z, small=settings.small_group) for each in compared]


def _compared(people: People) -> Iterator[tuple[str, str, Scope]]:
    for dimension, values in people.groups.items():
        groups = sorted({value for value in values if value is not None})
        if len(groups) > 1:
            for group in groups:
                for scope in Scope:
                    yield dimension, group, scope


def _line(
    people: People, dimension: str, group: str, scope: Scope, *, z: float, small: int
) -> GroupLine:
    values = people.groups[dimension]
    inside = np.array([value == group for value in values], dtype=bool)
    known = np.array([value is not None for value in values], dtype=bool)
    chosen: Mask = getattr(people, scope.value)
    counted = chosen & people.counted
    own = inside & counted
    files, picked = _sum(people, inside), _sum(people, inside & chosen)
    rate = wilson(_sum(people, own & people.hit), _sum(people, own))
    selected = _ratio(people, inside, chosen, known)
    found = _ratio(people, inside, people.hit, counted & known)
    strict = (
        _ratio(people, inside, chosen, known, z),
        _ratio(people, inside, people.hit, counted & known, z),
    )
    return GroupLine(
        dimension=dimension, group=group, scope=scope, files=files, chosen=picked,
        selection=picked / files if files else 0.0, selection_ratio=_triple(selected),
        controls=int(rate.n), hits=int(rate.hits), rate=rate.value, rate_low=rate.low,
        rate_high=rate.high, outcome_ratio=_triple(found),
        days=median_with_interval(
            np.repeat(people.days[own].astype(np.float64), people.files[own])
        ),
        is_alert=_is_alert(*strict), is_small=int(rate.n) < small,
    )  # fmt: skip


def _sum(people: People, mask: Mask) -> int:
    return int(people.files[mask].sum())


def _ratio(people: People, inside: Mask, event: Mask, among: Mask, z: float = Z95) -> Ratio | None:
    """Return the ratio of a group's share of events over that of the others, within strata."""
    size = int(people.stratum.max()) + 1 if len(people.stratum) else 0

    def count(mask: Mask) -> NDArray[np.float64]:
        weights = people.files[mask].astype(np.float64)
        found: NDArray[np.float64] = np.bincount(  # type: ignore[assignment]
            people.stratum[mask], weights=weights, minlength=size
        )
        return found

    own, others = among & inside, among & ~inside
    columns = (count(own & event), count(own), count(others & event), count(others))
    return common_ratio([Stratum(*map(float, each)) for each in zip(*columns, strict=True)], z)


def _triple(ratio: Ratio | None) -> Triple | None:
    """Return a ratio as plain numbers; one that nothing bounds can't be told."""
    if ratio is None or not np.isfinite([ratio.value, ratio.low, ratio.high]).all():
        return None
    return ratio.value, ratio.low, ratio.high


def _is_alert(selection: Ratio | None, outcome: Ratio | None) -> bool:
    return (
        selection is not None and outcome is not None and selection.low > 1.0 and outcome.high < 1.0
    )
