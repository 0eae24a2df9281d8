"""What each row, origin and level finds, against what chance finds (efficacité)."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from medcontrol.vocabulary import MeasureKind, Origin
from selectivity.history.cases import Cases
from selectivity.outcomes import measures
from selectivity.outcomes.sample import Controls, controls_of
from selectivity.outcomes.settings import MEASURING, Measuring
from selectivity.outcomes.statistics import Rate, lift, weighted_rate, wilson


class Verdict(StrEnum):
    """What the figures of a row say."""

    NOT_ENOUGH = "not_enough"  # too few controls, here or in the random floor
    BETTER = "better"  # finds more than chance
    LIKE_RANDOM = "like_random"  # the interval of the lift includes 1
    SUSPEND = "suspend"  # even the upper bound is below the random rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One line of the table of effectiveness.

    Attributes:
        kind: ``row``, ``origin``, ``level``, or ``baseline`` for the random rate itself.
        key: id of the row, origin, level.
        files: received files that the row matched, whatever became of them.
        controls: of those, ended with a result that counts.
        rate, low, high: hits among the controls, Wilson 95 %.
        lift, lift_low, lift_high: times the random rate; ``None`` where it can't be said.
        avoided_cents: what the hits did not pay, in centimes.
        minutes: doctors' minutes that the controls cost (points of their tasks).
        since: first day of the verdict ``like_random`` without a break.
    """

    kind: str
    key: str
    files: int
    controls: int
    hits: int
    rate: float
    low: float
    high: float
    lift: float | None = None
    lift_low: float | None = None
    lift_high: float | None = None
    avoided_cents: int = 0
    minutes: int = 0
    verdict: Verdict = Verdict.NOT_ENOUGH
    since: date | None = None

    @property
    def cents_per_minute(self) -> float | None:
        """Centimes avoided for one minute of a doctor."""
        return self.avoided_cents / self.minutes if self.minutes else None

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self) | {"since": self.since.isoformat() if self.since else None}


def effect_from_json(values: Mapping[str, Any]) -> Effect:
    """Return an effect that was kept as plain values."""
    since = values.get("since")
    return Effect(
        **dict(values)
        | {
            "verdict": Verdict(values["verdict"]),
            "since": date.fromisoformat(since) if since else None,
        }
    )


def row_effectiveness(
    cases: Cases,
    *,
    files: Mapping[tuple[str, str], int] | None = None,
    settings: Measuring = MEASURING,
) -> list[Effect]:
    """Return the random baseline, then every origin, level and row; pure.

    A control counts for each row that the file matched, unless the score or an outside service
    alone had chosen it: those would say more of the score than of the row. What the baseline is
    compared with is the population that selectivity may choose from, without mandatory files.

    Args:
        cases: files of the window, controlled or not; overturned hits are no hits.
        files: received files by kind and key, when ``cases`` holds the controlled ones only.
        settings: thresholds.
    """
    found = controls_of(cases)
    cost = np.nan_to_num(cases.minutes).astype(np.int64)
    base = baseline(cases, found)
    drawn = int((found.random & found.counted & ~found.asked).sum())
    enough_drawn = drawn >= settings.enough
    effects = [_base_effect(cases, found, base, cost, drawn)]
    for kind, places in _groups(cases):
        for key in sorted(places):
            members = np.array(places[key], dtype=np.int64)
            effects.append(
                _effect(kind, key, members, cases, found, base if enough_drawn else None,
                        cost, settings)
            )  # fmt: skip
    return [_with_files(effect, files) for effect in effects] if files is not None else effects


def _with_files(effect: Effect, files: Mapping[tuple[str, str], int]) -> Effect:
    """Return an effect with the files that were received, controlled or not."""
    kind = "origin" if effect.kind == "baseline" else effect.kind
    return replace(effect, files=files.get((kind, effect.key), effect.files))


def baseline(cases: Cases, found: Controls) -> Rate:
    """Return the hit rate of a file picked at random among those that selectivity chooses from."""
    used = found.counted & ~found.asked & (found.random | (cases.inclusion_probability < 1.0))
    if not used.any():
        return wilson(0, 0)
    return weighted_rate(found.hit[used], cases.inclusion_probability[used])


def _base_effect(
    cases: Cases, found: Controls, base: Rate, cost: NDArray[np.int64], drawn: int
) -> Effect:
    used = found.random & found.counted & ~found.asked
    return Effect(
        kind="baseline", key=Origin.RANDOM.value,
        files=int((found.random & ~found.asked).sum()), controls=drawn,
        hits=int((used & found.hit).sum()), rate=base.value, low=base.low, high=base.high,
        lift=1.0, lift_low=1.0, lift_high=1.0,
        avoided_cents=int(cases.amount_avoided[used & found.hit].sum()),
        minutes=int(cost[used].sum()),
        verdict=Verdict.LIKE_RANDOM if drawn >= MEASURING.enough else Verdict.NOT_ENOUGH,
    )  # fmt: skip


def _groups(cases: Cases) -> Iterable[tuple[str, dict[str, list[int]]]]:
    """Yield the places of files by origin, by level, by row."""
    by_origin: dict[str, list[int]] = defaultdict(list)
    by_level: dict[str, list[int]] = defaultdict(list)
    by_row: dict[str, list[int]] = defaultdict(list)
    for place, origins in enumerate(cases.origins):
        for origin in origins:
            by_origin[origin].append(place)
        if origins and cases.level[place]:
            by_level[cases.level[place]].append(place)
        for row in cases.matched_rows[place]:
            by_row[row].append(place)
    yield "origin", by_origin
    yield "level", by_level
    yield "row", by_row


#: Origins under which a control tells of a row.
_TELLS = frozenset({Origin.MANDATORY.value, Origin.RULE.value, Origin.RANDOM.value})


def _effect(
    kind: str,
    key: str,
    members: NDArray[np.int64],
    cases: Cases,
    found: Controls,
    base: Rate | None,
    cost: NDArray[np.int64],
    settings: Measuring,
) -> Effect:
    counted = members[found.counted[members]]
    if kind == "row":
        tells = [not _TELLS.isdisjoint(cases.origins[place]) for place in counted]
        counted = counted[np.array(tells, dtype=bool)]
    hits = counted[found.hit[counted]]
    rate = wilson(len(hits), len(counted))
    ratio = lift(rate, base) if base is not None and len(counted) else None
    return Effect(
        kind=kind, key=key, files=len(members), controls=len(counted), hits=len(hits),
        rate=rate.value, low=rate.low, high=rate.high,
        lift=ratio.value if ratio and math.isfinite(ratio.value) else None,
        lift_low=ratio.low if ratio else None,
        lift_high=ratio.high if ratio and math.isfinite(ratio.high) else None,
        avoided_cents=int(cases.amount_avoided[hits].sum()),
        minutes=int(cost[counted].sum()),
        verdict=_verdict(rate, base, len(counted), settings),
    )  # fmt: skip


def _verdict(rate: Rate, base: Rate | None, controls: int, settings: Measuring) -> Verdict:
    if base is None or controls < settings.enough:
        return Verdict.NOT_ENOUGH
    if rate.high < base.value:
        return Verdict.SUSPEND
    return Verdict.BETTER if lift(rate, base).low > 1.0 else Verdict.LIKE_RANDOM


def by_row(session: Session, jurisdiction: str) -> dict[str, Effect]:
    """Return the effects of rows by id, as the last night measured them."""
    kept = measures.latest(session, jurisdiction, MeasureKind.EFFECTIVENESS)
    effects = (effect_from_json(each) for each in kept.content["effects"]) if kept else ()
    return {effect.key: effect for effect in effects if effect.kind == "row"}
