"""What selection finds in a simulated year with planted schemes, by strategy, and how soon.

``python -m benchmarks.selectivity_yield [--seeds 101-110] [--files 10000] [--days 250] [--json]``

Every strategy has the same capacity, and sees results of its own controls only, some days later.
``--quick`` takes a small year in a minute, to see that it works: its figures mean nothing.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks._fund import show
from benchmarks._yield_scan import search
from benchmarks._yield_ways import (
    Learning,
    Manual,
    Perfect,
    Random,
    Rules,
    Scored,
    Way,
)  # fmt: skip
from benchmarks._yield_world import (
    CAPACITY,
    DAYS,
    FILES,
    FLOOR,
    NONE,
    STRONG,
    WEAK,
    Fund,
    World,
)  # fmt: skip

SIMULATOR = "ddf83e7"
"""Commit at which ``_yield_world.py`` was frozen, before the first tuned run."""

LIMIT = 30
ERROR = 0.05
_QUICK = {"files": 3_000, "days": 45}

Figures = dict[str, Any]


def main() -> None:
    """Run the worlds and print what was found."""
    given = _arguments()
    started = time.process_time()
    figures: dict[str, object] = {
        "simulator": SIMULATOR, "seeds": list(given.seeds), "days": given.days,
        "files_a_day": given.files, "controls_a_day": round(given.files * CAPACITY),
        "random_a_day": round(given.files * FLOOR),
    }  # fmt: skip
    few = given.seeds[: given.beside]
    for world, key, seeds in ((STRONG, "hits", given.seeds), (WEAK, "hits_weak", few),
                              (NONE, "hits_none", few)):  # fmt: skip
        runs = [_timed(world, seed, given) for seed in seeds]
        figures[key] = summary(runs)
        figures[key.replace("hits", "ratios")] = ratios(runs)
    figures["segments"] = segments(
        search(STRONG, seed, given.days, only_timed=True) for seed in given.seeds
    )
    figures["segments_none"] = segments(search(NONE, seed, given.days) for seed in few)
    figures["cpu_seconds"] = round(time.process_time() - started)
    show(figures, as_json=given.json)


def year(world: World, seed: int, files: int, days: int) -> dict[str, Figures]:
    """Return what each strategy found in one year: controls, hits, centimes."""
    fund = Fund(world, seed, days)
    ways = strategies(fund, seed, files)
    found = {name: {"controls": 0, "hits": 0, "cents": 0} for name in ways}
    for day in fund.year(files):
        for name, way in ways.items():
            chosen = way.choose(day, round(len(day) * CAPACITY))
            told = found[name]
            told["controls"] += len(chosen)
            told["hits"] += int((day.is_found & day.is_wrong)[chosen].sum())
            told["cents"] += int(day.avoided[chosen].sum())
    return found


def strategies(fund: Fund, seed: int, files: int, how: Learning | None = None) -> dict[str, Way]:
    """Return the strategies of a year, each with nothing learned."""
    known, learning, floor = fund.schemes[0], how or Learning(), round(files * FLOOR)
    who = known.providers[0]
    rules = Rules(known.act, int(fund.kind[who]), int(fund.region[who]))
    return {
        "random": Random(),
        "openimis": Manual(),
        "rules": rules,
        "score": Scored(rules, learning, floor, seed),
        "all_known": Scored(rules, learning, floor, seed, knows_all=True),
        "perfect": Perfect(),
    }


def summary(runs: Sequence[Mapping[str, Figures]]) -> dict[str, Figures]:
    """Return mean, spread and money a year of each strategy."""
    found = {}
    for name in runs[0]:
        hits = [run[name]["hits"] for run in runs]
        money = [run[name]["cents"] / 100 for run in runs]
        found[name] = {
            "mean": round(statistics.fmean(hits)), "sd": round(_sd(hits)),
            "least": min(hits), "most": max(hits),
            "money": round(statistics.fmean(money)), "money_sd": round(_sd(money)),
            "of_100": round(100 * sum(hits) / sum(run[name]["controls"] for run in runs), 1),
        }  # fmt: skip
    return found


def ratios(runs: Sequence[Mapping[str, Figures]]) -> dict[str, Figures]:
    """Return how many times the hits of others the score found, year by year."""
    found = {}
    for other in ("random", "openimis", "rules", "all_known", "perfect"):
        each = [run["score"]["hits"] / max(1, run[other]["hits"]) for run in runs]
        found[f"score_over_{other}"] = {
            "mean": round(statistics.fmean(each), 3), "sd": round(_sd(each), 3),
            "least": round(min(each), 3), "most": round(max(each), 3),
        }  # fmt: skip
    return found


def segments(runs: Iterable[Figures]) -> Figures:
    """Return how soon new schemes were proposed, and how much else was."""
    whole = list(runs)
    delays = [delay for run in whole for delay in run["days_to_proposal"]]
    in_time = [delay for delay in delays if delay is not None and delay <= LIMIT]
    known = sorted(delay for delay in delays if delay is not None)
    months = sum(run["months"] for run in whole)
    return {
        "schemes": len(delays), "proposed": len(known), "within_30_days": len(in_time),
        "median_days": statistics.median(known) if known else None, "days": known,
        "scans": sum(run["scans"] for run in whole),
        "proposals": sum(run["proposals"] for run in whole),
        "scans_with_false": sum(run["scans_with_false"] for run in whole),
        "false_a_month": round(sum(run["false_proposals"] for run in whole) / months, 3),
        "stated_a_month": round(ERROR * 21 / 5, 2),
    }  # fmt: skip


def _timed(world: World, seed: int, given: argparse.Namespace) -> dict[str, Figures]:
    started = time.process_time()
    found = year(world, seed, given.files, given.days)
    hits = {name: each["hits"] for name, each in found.items()}
    sys.stderr.write(f"{world.name} {seed}: {hits}, {time.process_time() - started:.0f} s\n")
    return found


def _sd(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


def _seeds(text: str) -> list[int]:
    """Return seeds of "101-110" or "1,2,5".

    >>> _seeds("3-5"), _seeds("7,9")
    ([3, 4, 5], [7, 9])
    """
    if "-" in text:
        first, last = text.split("-")
        return list(range(int(first), int(last) + 1))
    return [int(each) for each in text.split(",")]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=_seeds, default=_seeds("101-110"), help="101-110 or 1,2")
    parser.add_argument("--beside", type=int, default=3, help="seeds of the two other worlds")
    parser.add_argument("--files", type=int, default=FILES, help=f"a day, default {FILES}")
    parser.add_argument("--days", type=int, default=DAYS, help=f"working days, default {DAYS}")
    parser.add_argument("--quick", action="store_true", help="one small year of each world")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    if given.quick:
        given.seeds, given.files, given.days = given.seeds[:1], _QUICK["files"], _QUICK["days"]
    return given


if __name__ == "__main__":
    main()
