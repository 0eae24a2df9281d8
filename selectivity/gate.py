"""Score and capacity at the gate: step 4 of the sequence, and who finds room."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from medcontrol.ports import Contribution, FileFacts, SelectivityOutcome
from medcontrol.vocabulary import ControlLevel, ControlMode, Lane, Origin
from selectivity.capacity.valve import Valve, Want
from selectivity.draws import fraction
from selectivity.sequence import Pick, Route

SCORED = Pick(Origin.SCORE, Lane.ORANGE, ControlLevel.LOCAL, ControlMode.ON_FILE)

_TIE = 1e-9
_AMOUNT_OF_RULES = 10_000_000  # centimes; more than that is not more urgent
_BOUND = frozenset({Origin.MANDATORY, Origin.EXTERNAL, Origin.RANDOM})


class Scorer(Protocol):
    """A learned score, as the engine needs it."""

    @property
    def name(self) -> str:
        """Return "ma/3"."""
        ...

    @property
    def sha256(self) -> str:
        """Return the hash of the model's text."""
        ...

    def score(self, snapshots: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
        """Return the probability that a control finds something, by file."""
        ...

    def worth(
        self, scores: NDArray[np.float64], snapshots: Sequence[Mapping[str, Any]]
    ) -> NDArray[np.float64]:
        """Return the ranking value of scored files, in [0, 1)."""
        ...

    def contributions(
        self, snapshots: Sequence[Mapping[str, Any]]
    ) -> list[tuple[Contribution, ...]]:
        """Return what each score is made of, strongest first."""
        ...


@dataclass(slots=True)
class Gated:
    """What score and capacity say of one file.

    Attributes:
        score: the probability; ``None`` where the score has no say.
        score_priority: what it is worth by score alone; ``priority`` also counts rules.
        cell: whose capacity it asks for.
        cutoff: the least priority that gets it; ``None`` where capacity is not looked at.
        is_scored_in: step 4 chooses it.
        is_overflow: a rule chose it and nobody has time.
    """

    score: float | None = None
    score_priority: float | None = None
    priority: float | None = None
    cell: str | None = None
    cutoff: float | None = None
    is_scored_in: bool = False
    is_overflow: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Files on their way through the engine, each member as long as ``files``."""

    files: Sequence[FileFacts]
    merged: Sequence[Mapping[str, Any]]
    hits: Sequence[int]
    numbers: Sequence[int]
    routes: Sequence[Route]
    outcomes: Sequence[SelectivityOutcome]


def with_gate(picks: Sequence[Pick], gated: Gated) -> list[Pick]:
    """Return the picks of a file after score and capacity.

    What overflows keeps its origin, its level and its reasons; only the lane gives way.
    """
    found = list(picks)
    if gated.is_overflow:
        found = [
            replace(pick, lane=Lane.BLUE, mode=None)
            if pick.origin is Origin.RULE and pick.lane.is_controlled
            else pick
            for pick in found
        ]
    if gated.is_scored_in:
        found.append(SCORED)
    return found


def rule_worth(snapshot: Mapping[str, Any], rows: int) -> float:
    """Return the ranking value in [0, 1) of a targeted file where no model works.

    How many rows found it counts first, then its amount.
    """
    amount = min(max(snapshot.get("amount", 0), 0), _AMOUNT_OF_RULES) / _AMOUNT_OF_RULES
    return float((min(rows, 9) + amount) / 10 * 0.999)


def tie_break(worth: float, draw: int) -> float:
    """Return the value with the file's own draw as its last digits: smaller draws go first."""
    return min(max(worth, 0.0), 0.999_999) + (1.0 - fraction(draw)) * _TIE


class Gate:
    """Decides step 4 and the capacity of a batch.

    Args:
        scorer: the active model; ``None`` when only rules decide.
        valve: the capacity of the moment; ``None`` when it is not looked at.
    """

    def __init__(self, scorer: Scorer | None, valve: Valve | None) -> None:
        self.scorer, self._valve = scorer, valve

    def apply(
        self,
        batch: Batch,
        may_score: Sequence[bool],
        rows: Sequence[int],
        again: Callable[[int, Gated], Route],
    ) -> list[SelectivityOutcome]:
        """Return the outcomes once score and capacity had their say.

        Args:
            batch: with the outcomes of rules and draws alone.
            may_score: no safe harbour and no earlier control forbids the score.
            rows: how many targeting rows each file matches.
            again: settles a file anew.
        """
        found = self.look(batch, may_score, rows)
        outcomes = []
        for place, gated in enumerate(found):
            outcome = batch.outcomes[place]
            if gated.is_scored_in or gated.is_overflow:
                outcome = _rerouted(outcome, again(place, gated))
            outcomes.append(self._recorded(outcome, gated))
        return self._explained(outcomes, batch.merged)

    def look(self, batch: Batch, may_score: Sequence[bool], rows: Sequence[int]) -> list[Gated]:
        """Return what score and capacity say of each file."""
        found = [Gated() for _ in batch.files]
        worth = self._score(found, batch.merged, may_score)
        wants = [
            want
            for place, gated in enumerate(found)
            if (want := self._want(batch, place, worth[place], rows[place], gated)) is not None
        ]
        self._admit(found, batch.routes, wants)
        return found

    def _score(
        self, found: Sequence[Gated], merged: Sequence[Mapping[str, Any]], may: Sequence[bool]
    ) -> list[float | None]:
        """Score the files that may be scored; return the ranking value of each."""
        worth: list[float | None] = [None] * len(found)
        places = [place for place, allowed in enumerate(may) if allowed]
        if self.scorer is None or not places:
            return worth
        chosen = [merged[place] for place in places]
        scores = self.scorer.score(chosen)
        values = self.scorer.worth(scores, chosen).tolist()
        for place, score, value in zip(places, scores.tolist(), values, strict=True):
            found[place].score, worth[place] = score, value
        return worth

    def _want(
        self, batch: Batch, place: int, worth: float | None, rows: int, found: Gated
    ) -> Want | None:
        """Return what a file asks of the valve; notes its priority and its cell."""
        file, route, number = batch.files[place], batch.routes[place], batch.numbers[place]
        is_controlled = route.lane.is_controlled
        is_bound = route.lane is Lane.RED or bool(_BOUND.intersection(route.origins))
        if worth is not None:
            found.score_priority = found.priority = tie_break(worth, number)
        if is_controlled and not is_bound:
            base = worth if worth is not None else rule_worth(batch.merged[place], rows)
            found.priority = 1.0 + tie_break(base, number)
        if not is_controlled and worth is None:
            return None
        level = route.level if is_controlled else SCORED.level
        want = Want(
            place, file.message["flow"], level, file.region, found.priority or 0.0,
            is_controlled and is_bound,
        )  # fmt: skip
        found.cell = want.cell
        return want

    def _admit(self, found: Sequence[Gated], routes: Sequence[Route], wants: list[Want]) -> None:
        if self._valve is None:
            return
        made = self._valve.admit(wants)
        for want in wants:
            gated, cutoff = found[want.place], made.cutoffs.get(want.cell)
            if cutoff is None:
                continue
            gated.cutoff = cutoff
            gated.is_overflow = routes[want.place].lane.is_controlled and not made.is_in[want.place]
            asked = gated.score_priority
            gated.is_scored_in = asked is not None and asked >= cutoff

    def _recorded(self, outcome: SelectivityOutcome, gated: Gated) -> SelectivityOutcome:
        """Return the outcome with all that score and capacity decided with."""
        if gated.priority is None:
            return outcome
        scorer = self.scorer if gated.score is not None else None
        was_looked_at = self._valve is not None and gated.cutoff is not None
        return replace(
            outcome,
            score=gated.score,
            priority=gated.priority,
            model=scorer.name if scorer else None,
            model_hash=scorer.sha256 if scorer else None,
            cutoff=gated.cutoff,
            capacity_cell=gated.cell if was_looked_at else None,
            capacity_hash=self._valve.sha256 if self._valve and was_looked_at else None,
            overflow=gated.is_overflow,
        )

    def _explained(
        self, outcomes: list[SelectivityOutcome], merged: Sequence[Mapping[str, Any]]
    ) -> list[SelectivityOutcome]:
        """Say what the score is made of, for the files that are controlled now."""
        places = [
            place
            for place, outcome in enumerate(outcomes)
            if outcome.score is not None and outcome.lane.is_controlled
        ]
        if self.scorer is not None and places:
            told = self.scorer.contributions([merged[place] for place in places])
            for place, parts in zip(places, told, strict=True):
                outcomes[place] = replace(outcomes[place], contributions=parts)
        return outcomes


def _rerouted(outcome: SelectivityOutcome, route: Route) -> SelectivityOutcome:
    return replace(
        outcome,
        lane=route.lane,
        level=route.level,
        mode=route.mode,
        reasons=route.reasons,
        origins=route.origins,
        inclusion_probability=route.inclusion_probability,
    )
