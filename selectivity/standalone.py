"""An engine of its own, without database: rules, draw keys and score from files (moteur seul)."""

import json
import re
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

from medcontrol.errors import DomainError, InvalidInput, Kind, NotFound
from selectivity import packaged
from selectivity.checks import blocking, check
from selectivity.draws import Keys
from selectivity.engine import RuleEngine
from selectivity.exchange.files import read_file
from selectivity.faults import RuleSetFault
from selectivity.gate import Scorer
from selectivity.tables import RuleSet

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


class OtherRules(DomainError):
    """The caller expects rules that this engine does not have."""

    kind = Kind.CONFLICT
    code = "selectivity.other_rules"


class Engines:
    """The engines of one installation, by rule set; compiled at first use.

    Args:
        keys: secret draw keys by month.
        rules: versions that decide; empty for those that come with the system.
        score: the model, when there is one.
    """

    def __init__(
        self, keys: Keys, rules: Sequence[RuleSet] = (), *, score: Scorer | None = None
    ) -> None:
        self.score = score
        self._keys = keys
        self._rules = tuple(rules)
        self._made: dict[str, RuleEngine] = {}

    def engine(self, jurisdiction: str, day: date, sha256: str | None = None) -> RuleEngine:
        """Return the engine for files received on a day.

        Args:
            jurisdiction: of the files.
            day: of reception.
            sha256: the rules that the caller expects; any when absent.

        Raises:
            NotFound: no rules are in force that day.
            OtherRules: those in force are not the expected ones.
        """
        rules = self._in_force(jurisdiction, day)
        if sha256 is not None and rules.sha256 != sha256:
            rules = self._expected(jurisdiction, sha256)
        if rules.sha256 not in self._made:
            self._made[rules.sha256] = RuleEngine(rules, self._keys, score=self.score)
        return self._made[rules.sha256]

    def rule_sets(self, jurisdiction: str) -> list[RuleSet]:
        """Return the versions that this engine knows, oldest first."""
        if self._rules:
            return sorted(
                (each for each in self._rules if each.code == jurisdiction),
                key=lambda each: (each.valid_from, each.version),
            )
        return [packaged.load(jurisdiction, n) for n in packaged.versions(jurisdiction)]

    def _in_force(self, jurisdiction: str, day: date) -> RuleSet:
        valid = [each for each in self.rule_sets(jurisdiction) if each.valid_from <= day]
        if not valid:
            raise NotFound(f"no rules of {jurisdiction} are in force on {day.isoformat()}")
        return valid[-1]

    def _expected(self, jurisdiction: str, sha256: str) -> RuleSet:
        for rules in self.rule_sets(jurisdiction):
            if rules.sha256 == sha256:
                return rules
        raise OtherRules(f"no rules with the hash {sha256[:12]}… are here", field="rule_set_sha256")


def load_rules(path: Path) -> RuleSet:
    """Return the rules of a file in any format that rules come in, checked.

    Raises:
        RuleSetFault: it can't be read, or a static check blocks it.
    """
    _, rules = read_file(path)
    faults = blocking(check(rules))
    if faults:
        raise RuleSetFault(str(path), faults)
    return rules


def load_draw_keys(path: Path) -> Keys:
    """Return the draw keys of a JSON file, ``{"2026-11": "<hexadecimal>"}``.

    It holds what draws need and nothing that decrypts: the one thing of the main system's keys
    that an engine elsewhere has to know.

    Raises:
        InvalidInput: it is no such file.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
        keys = {month: bytes.fromhex(secret) for month, secret in found.items()}
    except (OSError, ValueError, AttributeError, TypeError) as fault:
        raise InvalidInput(f"{path}: no file of draw keys ({type(fault).__name__})") from None
    wrong = [month for month, key in keys.items() if not _MONTH.fullmatch(month) or len(key) < 16]
    if wrong or not keys:
        raise InvalidInput(f"{path}: write months as 2026-11, each with 16 bytes or more")
    return partial(_key_of, keys)


def _key_of(keys: dict[str, bytes], month: str) -> bytes:
    return keys[month]
