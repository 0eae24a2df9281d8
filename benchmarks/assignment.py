"""Assignment of a large pool, beside other ways; the whole run in the database; files claimed.

``python -m benchmarks.assignment [--size small|large|both] [--lp both] [--claims 400] [--json]``

Small is 5,000 files for 200 doctors, large 80,000 for 500, about 85 % of what they can do in ten
days. Every way plans the same instance and is measured by the same ruler. HiGHS takes half a
minute at the large size and is asked for with ``--lp both``.
"""

import gc
import resource
import time
from collections.abc import Callable, Mapping
from typing import Any

from assignment.checker import check
from assignment.facts import Plan
from assignment.scoring import Weights
from assignment.spread import Spread, spread
from benchmarks._assigning import in_database
from benchmarks._fund import arguments, profiled, show
from benchmarks._instances import Instance, make_instance
from benchmarks._ruler import measure
from benchmarks._ways import greedy, highs, round_robin

SIZES = {"small": (5_000, 200), "large": (80_000, 500)}
_KIB_PER_MIB = 1024


def main() -> None:
    """Plan each size in every way, then write the largest and claim from the rest."""
    parser = arguments(__doc__ or "", 0)
    parser.add_argument("--size", choices=(*SIZES, "both"), default="both")
    parser.add_argument("--lp", choices=("none", "small", "both"), default="small")
    parser.add_argument("--claims", type=int, default=400, help="claims of 8 at once; 0: none")
    parser.add_argument("--no-write", action="store_true", help="plan only, without a database")
    given = parser.parse_args()
    figures: dict[str, object] = {}
    names = SIZES if given.size == "both" else (given.size,)
    for name in names:
        files, doctors = SIZES[name]
        instance = make_instance(given.files or files, doctors, seed=given.seed)
        with profiled(wanted=given.profile, title=name):
            ours = _sizes(instance, with_lp=given.lp in {"both", name})
        # The plain keys are those of the largest size that was run.
        figures |= {f"{name}_{key}": value for key, value in ours.items()} | _plain(ours)
    figures["peak_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_MIB)
    if not given.no_write:
        files, doctors = SIZES[tuple(names)[-1]]
        written = in_database(given.files or files, doctors, given.seed, claims=given.claims)
        figures |= written
    show(figures, as_json=given.json)


def _plain(ours: Mapping[str, Any]) -> dict[str, object]:
    """Return our own figures without the peers'."""
    names = ("plan_seconds", "check_seconds", "worst_utilisation", "lower_bound", "late_points",
             "late_points_bound",
             "violations")  # fmt: skip
    return {name: ours[name] for name in names}


def _sizes(instance: Instance, *, with_lp: bool) -> dict[str, object]:
    """Plan one instance in every way."""
    found, seconds = _timed(
        lambda: spread(instance.tasks, instance.doctors, Weights(), days=instance.days)
    )
    begun = time.perf_counter()
    violations = check(found.plan, instance.tasks, instance.doctors, instance.days)
    checked = time.perf_counter() - begun
    ruler = measure(instance, {e.task.id: e.doctor_id for e in found.plan.assignments})
    figures: dict[str, object] = {
        "plan_seconds": round(seconds, 2),
        "check_seconds": round(checked, 2),
        "lower_bound": round(found.lower_bound, 4),
        "late_points_bound": found.late_points_bound,
        "violations": len(violations),
        **ruler,
    }
    _must_agree(found, ruler)
    ways: dict[str, Callable[[Instance], dict[Any, Any]]] = {
        "greedy": greedy,
        "round_robin": round_robin,
    }
    if with_lp:
        ways["highs_lp"] = highs
    for name, way in ways.items():
        chosen, seconds = _timed(lambda way=way: way(instance))  # type: ignore[misc]
        of_way = {"plan_seconds": round(seconds, 2), **measure(instance, chosen)}
        figures |= {f"{name}_{key}": value for key, value in of_way.items()}
    return figures


def _must_agree(found: Spread, ruler: Mapping[str, object]) -> None:
    """The plan says of itself what the ruler says of it; a difference is a bug."""
    plan: Plan = found.plan
    if found.late_points != ruler["late_points"] or len(plan.unassigned) != ruler["unassigned"]:
        raise RuntimeError(f"the plan says {found.late_points} late, the ruler {ruler}")


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    gc.collect()
    begun = time.perf_counter()
    found = work()
    return found, time.perf_counter() - begun


if __name__ == "__main__":
    main()
