"""What a strategy of the simulated year is told, as training and scan of production read it."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks._yield_world import (
    ACTS,
    CHANNELS,
    FLOWS,
    KINDS,
    PROVIDERS,
    REGIONS,
    SECTORS,
    SPECIALTIES,
    Day,
    Flags,
    Floats,
    Ints,
)
from medcontrol.vocabulary import ControlResult, Origin
from selectivity.history.cases import Cases, objects
from selectivity.history.counting import SHRINKAGE
from selectivity.score.encoding import Encoding

NATURE = "reimbursement"
FIRST = np.datetime64("2026-01-05")
WORDS = {
    "provider_kind": KINDS, "provider_sector": SECTORS, "provider_specialty": SPECIALTIES,
    "channel": CHANNELS,
}  # fmt: skip
NUMBERS = (
    "amount", "line_count", "highest_quantity", "document_count", "filing_delay",
    "beneficiary_files_30d", "duplicate_files_90d", "price_ratio",
)  # fmt: skip
RATES = ("provider_hit_rate", "act_hit_rate")
FEATURES = ("flow", *WORDS, "acts", *NUMBERS, *RATES)


@dataclass
class Notes:
    """What a way was told: controls with the features as they were, and when results come."""

    days: list[dict[str, Any]] = field(default_factory=list)
    due: dict[int, list[tuple[Ints, Ints, Flags]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    controls: dict[str, Floats] = field(
        default_factory=lambda: {"provider": np.zeros(PROVIDERS), "act": np.zeros(len(ACTS))}
    )
    hits: dict[str, Floats] = field(
        default_factory=lambda: {"provider": np.zeros(PROVIDERS), "act": np.zeros(len(ACTS))}
    )

    def wake(self, number: int) -> None:
        """Count the results that are known before a day."""
        for who, act, found in self.due.pop(number, ()):
            for name, keys in (("provider", who), ("act", act)):
                size = len(self.controls[name])
                self.controls[name] += np.bincount(keys, minlength=size)
                self.hits[name] += np.bincount(keys, found, size)

    def rates(self, seen: dict[str, Ints]) -> dict[str, Ints]:
        """Return the hit rates that the registry calls by these names, in ten-thousandths."""
        found = {}
        for name in ("provider", "act"):
            whole, hits = self.controls[name].sum(), self.hits[name].sum()
            base = hits / whole if whole else 0.0
            rate = (self.hits[name] + SHRINKAGE * base) / (self.controls[name] + SHRINKAGE)
            found[f"{name}_hit_rate"] = (10_000 * rate).astype(np.int64)[seen[name]]
        return found

    def write(self, day: Day, seen: dict[str, Ints], places: Ints, chance: Floats,
              is_random: Flags, taught: Ints) -> None:  # fmt: skip
        """Keep controls: results of all of them will count, ``taught`` of them can be learned."""
        for lag in np.unique(day.lag[places]).tolist():
            some = places[day.lag[places] == lag]
            who, act = day.seen["provider"][some], day.seen["act"][some]
            self.due[day.number + lag + 1].append((who, act, day.is_found[some]))
        kept = places[taught]
        self.days.append({
            "seen": {name: values[kept] for name, values in seen.items()},
            "number": np.full(len(kept), day.number), "known": day.number + day.lag[kept],
            "found": day.is_found[kept], "avoided": day.avoided[kept], "draw": day.draw[kept],
            "chance": chance[taught], "random": is_random[taught],
        })  # fmt: skip

    def known(self, number: int, days: int, most: int, random: np.random.Generator) -> Cases | None:
        """Return controls with a result before a day, ``most`` at most; ``None`` without any."""
        recent = [each for each in self.days if each["number"][0] >= number - days]
        if not recent:
            return None
        columns: dict[str, Any] = {
            name: np.concatenate([each[name] for each in recent])
            for name in recent[0] if name != "seen"
        }  # fmt: skip
        columns["seen"] = {
            name: np.concatenate([each["seen"][name] for each in recent])
            for name in recent[0]["seen"]
        }
        places = np.flatnonzero(columns["known"] < number)
        if len(places) > most:
            places = np.sort(random.choice(places, most, replace=False))
        return cases_of(taken(columns, places))


def taken(columns: dict[str, Any], places: Ints) -> dict[str, Any]:
    """Return some of the files of columns that ``cases_of`` reads."""
    found = {name: values[places] for name, values in columns.items() if name != "seen"}
    return found | {"seen": {name: v[places] for name, v in columns["seen"].items()}}


def civil(number: Ints | int) -> Any:
    """Return the civil day of a working day of the year."""
    return np.busday_offset(FIRST, number)


def snapshots_of(seen: dict[str, Ints]) -> list[dict[str, Any]]:
    """Return features as a decision stores them."""
    columns: dict[str, list[Any]] = {
        "flow": [FLOWS[kind] for kind in seen["provider_kind"].tolist()],
        "acts": [[ACTS[act]] for act in seen["act"].tolist()],
    }
    for name, words in WORDS.items():
        columns[name] = [words[place] for place in seen[name].tolist()]
    for name in (*NUMBERS, *RATES):
        if name in seen:
            columns[name] = seen[name].tolist()
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True), nature=NATURE) for row in rows]


def cases_of(columns: dict[str, Any]) -> Cases:
    """Return controls as training and scan read them.

    Args:
        columns: features under ``seen``; working days of reception (``number``) and of the result
            (``known``), ``found``, ``avoided``, ``draw``, ``chance``, ``random``; with ``told``,
            only those have their result already.
    """
    n, seen = len(columns["number"]), columns["seen"]
    none = objects([None] * n)
    origins = ((Origin.SCORE.value,), (Origin.RANDOM.value,))
    results = (ControlResult.CONFORM.value, ControlResult.REDUCED.value)
    told = columns.get("told", np.ones(n, dtype=bool))
    decided = civil(columns["known"]).astype("datetime64[D]")
    decided[~told] = np.datetime64("NaT")
    return Cases(
        ids=objects(list(range(n))), is_live=np.ones(n, dtype=bool),
        received_on=civil(columns["number"]).astype("datetime64[D]"),
        snapshots=snapshots_of(seen),
        lane=none, level=none, origins=[origins[int(each)] for each in columns["random"]],
        matched_rows=[()] * n, draw=columns["draw"],
        period=none, inclusion_probability=columns["chance"],
        outcome=objects([
            results[int(hit)] if has_result else None
            for hit, has_result in zip(columns["found"], told, strict=True)
        ]),
        amount_avoided=columns["avoided"], decided_on=decided,
        sex=none, age=none, scheme=none,
        region=objects([REGIONS[each] for each in seen["region"]]),
        sector=none, flow=objects([FLOWS[each] for each in seen["provider_kind"]]),
        nature=objects([NATURE] * n), agency=none,
        provider=objects([f"P{each}" for each in seen["provider"]]),
        minutes=np.full(n, np.nan),
    )  # fmt: skip


def matrix_of(encoding: Encoding, seen: dict[str, Ints]) -> Floats:
    """Return what ``encoding.matrix`` makes of the same files, a column at a time."""
    found = np.empty((len(seen["act"]), len(encoding.columns)))
    kind, act = seen["provider_kind"], seen["act"]
    for place, column in enumerate(encoding.columns):
        places = {word: float(n) for n, word in enumerate(column.words)}
        if column.kind == "number":
            found[:, place] = seen[column.name]
        elif column.kind == "code":
            found[:, place] = act == ACTS.index(column.words[0])
        elif column.kind == "norm":
            norm = encoding.norms[column.name]
            ends = ACTS if column.name == "amount_for_acts" else [""] * len(ACTS)
            usual = np.array([
                [norm.get(f"{flow}|{NATURE}{'|' if end else ''}{end}", np.nan) for end in ends]
                for flow in FLOWS
            ])  # fmt: skip
            found[:, place] = np.log(np.maximum(seen["amount"], 1)) - usual[kind, act]
        else:
            words = FLOWS if column.name == "flow" else WORDS[column.name]
            code = kind if column.name == "flow" else seen[column.name]
            found[:, place] = np.array([places.get(word, np.nan) for word in words])[code]
    return found
