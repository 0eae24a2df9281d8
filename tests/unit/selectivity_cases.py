"""Invented cases of the past for the tests of score and capacity: small, seeded, no database."""

from datetime import date
from typing import Any
from uuid import UUID

import numpy as np

from medcontrol.vocabulary import ControlResult
from selectivity.history.cases import Cases, objects

AS_OF = date(2026, 11, 1)


def snapshot(rng: np.random.Generator) -> dict[str, Any]:
    """Return the features of one invented file."""
    found = {
        "flow": str(rng.choice(["ambulatory", "dental"])),
        "nature": "reimbursement",
        "channel": str(rng.choice(["edi", "paper"])),
        "scheme": "amo",
        "region": str(rng.choice(["R1", "R2"])),
        "beneficiary_age": int(rng.integers(1, 90)),
        "amount": int(np.exp(rng.normal(10.5, 0.8))),
        "line_count": int(rng.integers(1, 6)),
        "repeated_lines": int(rng.choice([0, 0, 0, 1, 2])),
        "provider_hit_rate": int(rng.choice([200, 500, 3000])),
        "acts": sorted(set(rng.choice(["C", "K20", "Z15"], size=2).tolist())),
    }
    if rng.random() < 0.5:
        found["duplicate_files_90d"] = int(rng.choice([0, 0, 1]))
    return found


def chance(each: dict[str, Any]) -> float:
    """Return how likely a control of the file finds something."""
    odds = -3.2 + 1.2 * each["repeated_lines"] + each["provider_hit_rate"] / 1500
    odds += 1.5 * each.get("duplicate_files_90d", 0) + (0.4 if each["flow"] == "dental" else 0)
    return float(1 / (1 + np.exp(-odds)))


def make_cases(count: int = 3000, *, seed: int = 7, as_of: date = AS_OF) -> Cases:
    """Return controlled files of the year before; a third of them drawn at random."""
    rng = np.random.default_rng(seed)
    snapshots = [snapshot(rng) for _ in range(count)]
    hits = rng.random(count) < np.array([chance(each) for each in snapshots])
    drawn = rng.random(count) < 0.33
    end = np.datetime64(as_of)
    received = np.sort(end - rng.integers(10, 300, count))
    values: dict[str, Any] = {
        "ids": objects([UUID(int=number + 1) for number in range(count)]),
        "is_live": np.zeros(count, dtype=bool),
        "received_on": received,
        "snapshots": snapshots,
        "lane": objects(["orange"] * count),
        "level": objects(["local"] * count),
        "origins": [("random",) if each else ("rule",) for each in drawn],
        "matched_rows": [()] * count,
        "draw": rng.integers(0, 2**63, count).astype(np.uint64),
        "period": objects(["2026-05"] * count),
        "inclusion_probability": np.where(drawn, 0.05, 1.0),
        "outcome": objects(
            [(ControlResult.REFUSED if hit else ControlResult.CONFORM).value for hit in hits]
        ),
        "amount_avoided": np.where(hits, 10_000, 0),
        "decided_on": received + 8,
        "sex": objects(["F"] * count),
        "age": objects([each["beneficiary_age"] for each in snapshots]),
        "scheme": objects(["amo"] * count),
        "region": objects([each["region"] for each in snapshots]),
        "sector": objects([None] * count),
        "flow": objects([each["flow"] for each in snapshots]),
        "nature": objects([each["nature"] for each in snapshots]),
        "agency": objects(["CASA-1"] * count),
        "provider": objects([None] * count),
        "minutes": np.full(count, np.nan),
    }
    return Cases(**values)
