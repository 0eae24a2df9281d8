"""What the end of a control teaches selectivity: decisions as coded results (résultat codé)."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from medcontrol.reference.flows import flows
from medcontrol.reference.tables import FOLDER, ReferenceFault
from medcontrol.strict_yaml import load_yaml
from medcontrol.vocabulary import ControlResult, DecisionOutcome

FILE = FOLDER / "results.yaml"

Results = Mapping[DecisionOutcome, ControlResult]


@cache
def _tables() -> tuple[Results, dict[str, Results], dict[str, Results]]:
    return read_results(FILE)


def read_results(path: Path) -> tuple[Results, dict[str, Results], dict[str, Results]]:
    """Return the default, then the exceptions by flow and by nature.

    Raises:
        ReferenceFault: a word is unknown, or a decision has no result.
    """
    data = load_yaml(path)
    default = _results(path, "default", data["default"])
    if missing := set(DecisionOutcome) - default.keys():
        raise ReferenceFault(f"{path}: no result of {', '.join(sorted(missing))}")
    known = {
        "flows": set(flows()),
        "natures": {nature for flow in flows().values() for nature in flow.natures},
    }
    found: dict[str, dict[str, Results]] = {}
    for part, words in known.items():
        given = data.get(part) or {}
        if unknown := given.keys() - words:
            raise ReferenceFault(f"{path}: {part}: unknown {', '.join(sorted(unknown))}")
        found[part] = {word: _results(path, word, each) for word, each in given.items()}
    return default, found["flows"], found["natures"]


def _results(path: Path, part: str, given: Mapping[str, str]) -> Results:
    try:
        return {DecisionOutcome(key): ControlResult(value) for key, value in given.items()}
    except ValueError as unknown:
        raise ReferenceFault(f"{path}: {part}: {unknown}") from None


def result_of(outcome: DecisionOutcome, *, flow: str, nature: str) -> ControlResult:
    """Return the coded result of a decision.

    >>> result_of(DecisionOutcome.REFUSED_MEDICAL, flow="ambulatory", nature="a_posteriori").value
    'confirmed_anomaly'
    """
    default, by_flow, by_nature = _tables()
    for exceptions in (by_nature.get(nature, {}), by_flow.get(flow, {})):
        if outcome in exceptions:
            return exceptions[outcome]
    return default[outcome]
