"""Invented pasts as columns: what tests of measurement start from."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from medcontrol.ids import new_id
from medcontrol.vocabulary import Lane, Origin
from selectivity.history.cases import Cases, objects
from selectivity.outcomes.people import AGE_BANDS, People, people_from
from selectivity.outcomes.sample import controls_of

LAST = np.datetime64(date(2026, 11, 20))


@dataclass
class Past:
    """Files to be made into ``Cases``; each line is one file."""

    lines: list[dict[str, Any]] = field(default_factory=list)

    def add(self, **changes: Any) -> None:
        self.lines.append(changes)

    def many(self, n: int, *, hits: int = 0, **changes: Any) -> None:
        """``n`` controls of which the first ``hits`` are hits."""
        for place in range(n):
            result = "refused" if place < hits else "conform"
            self.add(**{"outcome": result, "amount": 10_000 if place < hits else 0} | changes)

    def cases(self) -> Cases:
        lines = sorted(self.lines, key=lambda line: line.get("day", LAST))
        get = [{**_PLAIN, **line} for line in lines]

        def column(name: str) -> Any:
            return objects([line[name] for line in get])

        return Cases(
            ids=objects([new_id() for _ in get]),
            is_live=np.ones(len(get), dtype=bool),
            received_on=np.array([line["day"] for line in get], dtype="datetime64[D]"),
            snapshots=[line["snapshot"] for line in get],
            lane=column("lane"), level=column("level"),
            origins=[line["origins"] for line in get],
            matched_rows=[line["rows"] for line in get],
            draw=np.zeros(len(get), dtype=np.uint64), period=column("period"),
            inclusion_probability=np.array([line["chance"] for line in get], dtype=float),
            outcome=column("outcome"),
            amount_avoided=np.array([line["amount"] for line in get], dtype=np.int64),
            decided_on=np.array(
                [line["decided"] or line["day"] if line["outcome"] else np.datetime64("NaT")
                 for line in get], dtype="datetime64[D]"),
            sex=column("sex"), age=column("age"), scheme=column("scheme"),
            region=column("region"), sector=column("sector"), flow=column("flow"),
            nature=column("nature"), agency=column("agency"), provider=column("provider"),
            minutes=np.array([line["minutes"] for line in get], dtype=float),
        )  # fmt: skip


_PLAIN: dict[str, Any] = {
    "day": LAST, "snapshot": {}, "lane": "orange", "level": "local", "origins": ("random",),
    "rows": (), "period": "2026-11", "chance": 0.01, "outcome": None, "amount": 0,
    "decided": None, "sex": None, "age": None, "scheme": "amo", "region": "MA-06",
    "sector": None, "flow": "ambulatory", "nature": "reimbursement", "agency": "CASA-1",
    "provider": None, "minutes": 10.0,
}  # fmt: skip

REGIONS = [f"MA-{n:02d}" for n in range(1, 13)]
KINDS = ["doctor", "pharmacy", "clinic", "laboratory", "radiology", "paramedical"]
FLOWS = ["ambulatory", "dental", "hospital", "medicines", "sick_leave"]


def random_days(
    seed: int, *, days: int, a_day: int, rate: float = 0.05, scheme: float = 0.0,
    scheme_rate: float = 0.5, since: int = 0,
) -> Cases:  # fmt: skip
    """Random controls of ``days`` working days.

    ``scheme`` of the volume, from day ``since`` on, is one act, common elsewhere, in one
    region at clinics, wrong at ``scheme_rate``; all others are at ``rate``, whatever they are.
    """
    rng = np.random.default_rng(seed)
    n = days * a_day
    day = np.repeat(np.arange(days), a_day)
    calendar = np.busday_offset(np.datetime64("2026-01-05"), np.arange(days))
    in_scheme = (rng.random(n) < scheme) & (day >= since)
    provider = np.minimum(rng.zipf(1.3, n), 4000)
    acts = 1 + np.minimum(rng.zipf(1.2, (n, 2)), 300)
    flow, region = rng.integers(0, len(FLOWS), n), rng.integers(0, len(REGIONS), n)
    kind = rng.integers(0, len(KINDS), n)
    amount = np.exp(rng.normal(10.5, 1.2, n)).astype(int)
    hit = rng.random(n) < np.where(in_scheme, scheme_rate, rate)
    kinds, flows = np.array(KINDS)[kind], np.array(FLOWS)[flow]
    regions = np.array(REGIONS)[region]
    kinds[in_scheme], flows[in_scheme], regions[in_scheme] = "clinic", "hospital", REGIONS[3]
    listed = [
        ["A12"] if scheme_file else sorted({f"A{first}", f"A{second}"})
        for scheme_file, (first, second) in zip(in_scheme, acts, strict=True)
    ]
    snapshots = [
        {"provider_kind": each, "acts": codes, "amount": int(value)}
        for each, codes, value in zip(kinds, listed, amount, strict=True)
    ]
    none = objects([None] * n)
    return Cases(
        ids=objects([new_id() for _ in range(n)]), is_live=np.ones(n, dtype=bool),
        received_on=calendar[day], snapshots=snapshots, lane=objects(["orange"] * n),
        level=objects(["local"] * n), origins=[("random",)] * n, matched_rows=[()] * n,
        draw=np.zeros(n, dtype=np.uint64), period=none,
        inclusion_probability=np.full(n, 0.01),
        outcome=objects(["refused" if each else "conform" for each in hit]),
        amount_avoided=np.where(hit, amount, 0), decided_on=calendar[day], sex=none, age=none,
        scheme=objects(["amo"] * n), region=objects(list(regions)), sector=none,
        flow=objects(list(flows)), nature=objects(["reimbursement"] * n),
        agency=objects(["CASA-1"] * n), provider=objects([f"P{each}" for each in provider]),
        minutes=np.full(n, 10.0),
    )  # fmt: skip


def people_of(cases: Cases) -> People:
    """Return the people of cases, one entry a file."""
    found = controls_of(cases)
    lines = []
    for n in np.flatnonzero(~found.asked):
        origins = cases.origins[n]
        spent = (cases.decided_on[n] - cases.received_on[n]).astype("timedelta64[D]").astype(int)
        lane = cases.lane[n]
        lines.append(
            (
                cases.sex[n], _band(cases.age[n]), cases.scheme[n], cases.region[n],
                cases.sector[n], cases.flow[n], cases.nature[n],
                Origin.RULE.value in origins, Origin.SCORE.value in origins,
                # An imported file has no lane; that it has an origin says that it was controlled.
                Lane(lane).is_controlled if lane is not None else bool(origins),
                bool(found.counted[n]), bool(found.hit[n]),
                int(spent) if found.counted[n] else -1, 1,
            )
        )  # fmt: skip
    return people_from(lines)


def _band(age: int | None) -> str | None:
    if age is None:
        return None
    return next((f"{low}-{high}" for low, high in AGE_BANDS if low <= age <= high), None)
