"""The rule sets that come with the system, and which of them is in force on a day."""

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from medcontrol.errors import NotFound
from medcontrol.strict_yaml import load_yaml
from selectivity.checks import blocking, check
from selectivity.faults import RuleSetFault
from selectivity.reading import read_rule_set
from selectivity.tables import RuleSet

FOLDER = Path(__file__).parent / "rulesets"


@lru_cache(maxsize=64)
def load(code: str, version: int) -> RuleSet:
    """Return one packaged rule set, checked.

    Raises:
        NotFound: there is no such version.
        RuleSetFault: a static check blocks it.
    """
    path = FOLDER / code / f"{version}.yaml"
    if not path.is_file():
        raise NotFound(f"there is no rule set {code}/{version}")
    rules = read_rule_set(path)
    faults = blocking(check(rules))
    if faults:
        raise RuleSetFault(str(path), faults)
    if rules.name != f"{code}/{version}":
        raise NotFound(f"{path} holds {rules.name}")
    return rules


def data(code: str, version: int) -> Any:
    """Return one packaged rule set as plain data; the caller may change what it gets.

    Raises:
        NotFound: there is no such version.
    """
    path = FOLDER / code / f"{version}.yaml"
    if not path.is_file():
        raise NotFound(f"there is no rule set {code}/{version}", field="version")
    return load_yaml(path)


def versions(code: str) -> list[int]:
    """Return the packaged versions of a jurisdiction, oldest first."""
    return sorted(int(path.stem) for path in (FOLDER / code).glob("*.yaml"))


def in_force(code: str, day: date) -> RuleSet:
    """Return the newest packaged rule set of a jurisdiction that is valid on a day of reception.

    Raises:
        NotFound: none is valid that day.
    """
    for version in reversed(versions(code)):
        rules = load(code, version)
        if rules.valid_from <= day:
            return rules
    raise NotFound(f"no rule set of {code} is in force on {day.isoformat()}")
