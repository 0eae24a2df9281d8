"""Computed checks of a file as its page draws them, in plain values."""

from dataclasses import dataclass
from datetime import date

from medcontrol.rules.checks.case import Figure, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LawRead:
    """A value of dated law that a check read."""

    path: str
    value: str
    since: date
    reference: str
    is_default: bool  # nothing was read on this point: the project chose it


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckShown:
    """A check with its words in the reader's language."""

    name: str
    title: str
    sentence: str
    verdict: Verdict
    figures: tuple[tuple[str, Figure], ...]
    law: tuple[LawRead, ...]
    source: str
