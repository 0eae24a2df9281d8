"""A whole day with N controls in hand (journée): who gets them, in one order for all.

What must be controlled comes first and may exceed N. Then the random floor, then what rules and
score want, by priority, until N files are chosen; the rest by the smallest draws, so that no
doctor waits for work while files are there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from medcontrol.ports import SelectivityOutcome
from medcontrol.vocabulary import ControlLevel, ControlMode, Lane, Origin
from selectivity.capacity.floor import Drawable, draw_floor
from selectivity.draws import DRAW_RANGE, fraction
from selectivity.gate import SCORED, rule_worth
from selectivity.sequence import NEUTRAL

_MUST = frozenset({Origin.MANDATORY, Origin.EXTERNAL})
_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class DayRules:
    """How a day is filled.

    Attributes:
        capacity: controls in hand, 0 or more.
        floor: files drawn at random among them; ``None`` for one in twenty of what is left when
            all that must be controlled is.
        rates: by stratum, the weight of a file in the floor.
    """

    capacity: int
    floor: int | None = None
    rates: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """Where a file of the day ended up: its outcome, and what it was worth."""

    outcome: SelectivityOutcome
    worth: float


def rank_day(
    outcomes: Sequence[SelectivityOutcome],
    strata: Sequence[str | None],
    worth: Sequence[float | None],
    rules: DayRules,
) -> list[Ranked]:
    """Return every file of a day with its lane, as many controlled as there are controls in hand.

    The order of the files changes nothing.

    Args:
        outcomes: of rules and score with no floor and no valve, one for each file.
        strata: stratum of the random floor; ``None`` for files that are never drawn.
        worth: ranking value by score in [0, 1); ``None`` where the score has no say.
        rules: of the day.
    """
    must = {n for n, each in enumerate(outcomes) if _is_bound(each)}
    left = max(0, rules.capacity - len(must))
    size = rules.floor if rules.floor is not None else round(left * _SHARE)
    drawn = draw_floor(
        [
            Drawable(n, stratum, int.from_bytes(outcomes[n].draw, "big"))
            for n, stratum in enumerate(strata)
            if stratum is not None and n not in must
        ],
        min(size, left) if rules.floor is None else size,
        rules.rates or {},
    )
    random = {n for n, each in drawn.items() if each.is_taken}
    asking = [n for n in range(len(outcomes)) if n not in must and n not in random]
    priorities = {n: _priority(outcomes[n], worth[n]) for n in asking}
    ordered = sorted(asking, key=lambda n: (-priorities[n], outcomes[n].draw, n))
    room = max(0, rules.capacity - len(must) - len(random))
    chosen, missed = set(ordered[:room]), ordered[room:]
    filled = _next_draw(outcomes, priorities, missed)
    found = []
    for n, each in enumerate(outcomes):
        chance = drawn[n].probability if n in drawn else 0.0
        if n in must:
            made = each
        elif n in chosen:
            is_scored = worth[n] is not None
            is_filler = not is_scored and Origin.RULE not in each.origins
            made = _chosen(each, is_scored, is_filler, filled if is_filler else 1.0)
        elif n in random:
            made = _controlled(each, {*each.origins, Origin.RANDOM}, chance)
        else:
            made = _going_on(each, chance)
        found.append(Ranked(made, priorities.get(n, 2.0)))
    return found


def _next_draw(
    outcomes: Sequence[SelectivityOutcome], priorities: Mapping[int, float], missed: Sequence[int]
) -> float:
    """Return the chance of the files that only fill up: the draw that they had to beat."""
    fillers = [n for n in missed if priorities[n] <= 0]
    if not fillers:
        return 1.0
    return int.from_bytes(outcomes[fillers[0]].draw, "big") / DRAW_RANGE


def _is_bound(outcome: SelectivityOutcome) -> bool:
    """Return whether a file is controlled however many controls there are."""
    return outcome.lane is Lane.RED or bool(
        outcome.lane.is_controlled and _MUST.intersection(outcome.origins)
    )


def _priority(outcome: SelectivityOutcome, worth: float | None) -> float:
    """Return the place of a file among those that want the capacity left.

    Where a model works, it has seen what rules find as well as what they miss, so that its
    value alone ranks; a file that only a rule speaks for comes after the scored ones of any
    merit. Without a model, rules come by how many rows found the file and by its amount. What
    nobody speaks for comes last, by the draw.
    """
    if worth is not None:
        return worth
    if Origin.RULE in outcome.origins:
        found = rule_worth(outcome.features, len(outcome.matched_rows))
        return 1e-3 * (found + outcome.lane.is_controlled) + 1e-9
    return -fraction(int.from_bytes(outcome.draw, "big"))


def _chosen(
    outcome: SelectivityOutcome, is_scored: bool, is_filler: bool, chance: float
) -> SelectivityOutcome:
    more = {Origin.SCORE} if is_scored else {Origin.RANDOM} if is_filler else set()
    return _controlled(outcome, {*outcome.origins, *more}, chance)


def _controlled(
    outcome: SelectivityOutcome, origins: Collection[Origin], chance: float
) -> SelectivityOutcome:
    return replace(
        outcome,
        lane=Lane.ORANGE,
        mode=outcome.mode or ControlMode.ON_FILE,
        level=outcome.level if outcome.lane.is_controlled else SCORED.level,
        reasons=outcome.reasons or (NEUTRAL,),
        origins=tuple(each for each in Origin if each in origins),
        inclusion_probability=chance,
    )


def _going_on(outcome: SelectivityOutcome, chance: float) -> SelectivityOutcome:
    """Return the outcome of a file that nobody has time for; what a rule wanted goes on blue."""
    if not outcome.lane.is_controlled:
        return replace(outcome, inclusion_probability=chance)
    return replace(
        outcome,
        lane=Lane.BLUE,
        mode=None,
        level=ControlLevel.LOCAL,
        overflow=True,
        inclusion_probability=chance,
    )
