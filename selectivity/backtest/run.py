"""Back-test: what rules, a score or a capacity would have done with files of the past (rejeu).

Pure: cases in, figures out. Blocks of whole days are added one after the other, so that years fit
into memory: ``Backtest.add`` as often as needed, then ``result``; ``backtest`` does both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from medcontrol.errors import InvalidInput
from medcontrol.vocabulary import ControlLevel, Lane
from selectivity.backtest.columns import RANK, Files
from selectivity.backtest.figures import result_of
from selectivity.backtest.result import BacktestResult
from selectivity.backtest.room import Score, fill
from selectivity.backtest.simulate import Simulator
from selectivity.backtest.tally import Minutes, Tally
from selectivity.draws import Keys
from selectivity.history.cases import Cases, select
from selectivity.registry import FEATURES, Registry
from selectivity.tables import RuleSet

MINUTES_A_DAY = 360
"""A doctor's day of control work, in minutes, where nobody says otherwise."""

DEFAULT_MINUTES = 15

BLOCK = 50_000
"""Files that are looked at together, at most by a day."""

_EXTERNAL = "external"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the past.

    Attributes:
        rules: the rule set to try.
        base: what it is compared with, most often the one in force; ``None``: with itself.
        score: fills the capacity; ``None``: rules only.
        capacity: controls a day; ``None``: all that rules and draws ask for.
        keys: secret draw keys by period.
        minutes: minutes of one control by flow and lane.
        minutes_a_day: of one doctor.
        registry: features that rules may name.
    """

    rules: RuleSet
    base: RuleSet | None = None
    score: Score | None = None
    capacity: int | None = None
    keys: Keys = field(repr=False)
    minutes: Minutes = field(default_factory=dict)
    minutes_a_day: int = MINUTES_A_DAY
    registry: Registry = field(default_factory=lambda: FEATURES, repr=False)


class Backtest:
    """One question, answered over block after block.

    Raises:
        InvalidInput: a capacity below zero, or a score without capacity to fill.
    """

    def __init__(self, question: Question) -> None:
        if question.capacity is not None and question.capacity < 0:
            raise InvalidInput("a capacity is at least 0", field="capacity")
        if question.score is not None and question.capacity is None:
            raise InvalidInput("a score needs a capacity to fill", field="capacity")
        self.question = question
        base = question.base or question.rules
        decided = {row.id: row for row in base.rows}
        same = [row.id for row in question.rules.rows if decided.get(row.id) == row]
        self._rules = Simulator(question.rules, question.keys, question.registry, pinned=same)
        self._base = Simulator(base, question.keys, question.registry, pinned=decided)
        self._is_same = base.sha256 == question.rules.sha256 and question.capacity is None
        self.tally = Tally(question.rules.rows, base.rows, question.minutes, DEFAULT_MINUTES)

    @property
    def needs_medical(self) -> bool:
        """Return whether some rule reads a feature of class medical, or a score may."""
        names = self._rules.features | self._base.features
        registry = self.question.registry
        return self.question.score is not None or any(registry[n].is_medical for n in names)

    @property
    def needs_identities(self) -> bool:
        """Return whether some row takes a sample by its own draw."""
        return self._rules.is_sampling or self._base.is_sampling

    def add(self, cases: Cases, identities: Sequence[bytes | None] | None = None) -> None:
        """Add cases: all files of their days.

        Args:
            cases: appeals are left out.
            identities: business identity of each, where it is known.
        """
        kept = np.flatnonzero((cases.flow != "appeal") & (cases.nature != "appeal"))
        if not len(kept):
            return
        if len(kept) < len(cases):
            cases = select(cases, kept)
            identities = identities and [identities[place] for place in kept.tolist()]
        files = files_of(cases, identities)
        base = self._base.run(files)
        found = base if self._is_same else self._rules.run(files)
        if self.question.capacity is not None:
            fill(found, files, self.question.capacity, self.question.score)
        self.tally.add(cases, found, base)

    def result(self) -> BacktestResult:
        """Return the figures of everything that was added."""
        question = self.question
        return result_of(
            self.tally,
            rules=question.rules,
            base=question.base or question.rules,
            capacity=question.capacity,
            score=None if question.score is None else question.score.name,
            minutes_a_day=question.minutes_a_day,
        )


def backtest(
    cases: Cases,
    rules: RuleSet,
    *,
    base: RuleSet | None = None,
    score: Score | None = None,
    capacity: int | None = None,
    keys: Keys,
    minutes: Mapping[tuple[str, Lane], int] | None = None,
    identities: Sequence[bytes | None] | None = None,
) -> BacktestResult:
    """Return what a rule set would have done with cases; see ``Question`` for the arguments.

    Days are kept together, some fifty thousand files at a time.
    """
    question = Question(
        rules=rules, base=base, score=score, capacity=capacity, keys=keys, minutes=minutes or {}
    )
    run = Backtest(question)
    for block in blocks(cases):
        run.add(
            select(cases, block),
            None if identities is None else [identities[place] for place in block.tolist()],
        )
    return run.result()


def blocks(cases: Cases, size: int = BLOCK) -> list[Any]:
    """Return places of cases in blocks of whole days, each of ``size`` files or one day."""
    order = np.argsort(cases.received_on, kind="stable")
    if not len(order):
        return []
    days = cases.received_on[order]
    starts = np.flatnonzero(np.r_[True, days[1:] != days[:-1]])
    cuts, last = [], 0
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        if end - last > size and start > last:
            cuts.append(int(start))
            last = int(start)
    return np.split(order, cuts)


def files_of(cases: Cases, identities: Sequence[bytes | None] | None = None) -> Files:
    """Return cases as the simulator reads them.

    What an outside tool asked for is not stored apart, so it counts as the lane and the level that
    the file got.
    """
    external = np.full(len(cases), -1, np.int8)
    level = np.zeros(len(cases), np.int8)
    lanes = {lane.value: rank for lane, rank in RANK.items()}
    for place, origins in enumerate(cases.origins):
        if _EXTERNAL in origins:
            external[place] = lanes.get(cases.lane[place], RANK[Lane.ORANGE])
            stored = cases.level[place]
            level[place] = ControlLevel(stored).rank if stored else 0
    return Files(
        snapshots=list(cases.snapshots),
        received_on=cases.received_on,
        draw=cases.draw,
        period=cases.period,
        identities=identities,
        external=external,
        external_level=level,
    )


__all__ = ["Backtest", "BacktestResult", "Question", "backtest", "blocks", "files_of"]
