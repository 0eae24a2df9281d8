"""From everything that chose a file to one lane (circuit), level, mode and probability."""

from collections.abc import Sequence
from dataclasses import dataclass

from medcontrol.ports import SelectivityReason
from medcontrol.vocabulary import ControlLevel, ControlMode, Lane, Origin

NEUTRAL = SelectivityReason("selected_for_control", "Dossier retenu pour un contrôle médical.")
"""All that a doctor reads of a file chosen by score or by draw: the same sentence for both."""

A_POSTERIORI = SelectivityReason(
    "a_posteriori", "Contrôle a posteriori : vérifier les actes d’un dossier déjà réglé."
)
EXTERNAL = SelectivityReason("external", "Contrôle demandé par un service ou un outil extérieur.")

_LANES = (Lane.GREEN, Lane.BLUE, Lane.ORANGE, Lane.RED)
_RANK = {lane: rank for rank, lane in enumerate(_LANES)}
_ORIGINS = tuple(Origin)


@dataclass(frozen=True, slots=True)
class Pick:
    """One origin's wish for a file.

    Attributes:
        probability: chance of being taken, known before the draw.
        is_taken: whether the draw, the rate and the quota took the file.
        reason: what the doctor reads; ``None`` for score and draw.
        fixes_level: the sender asked for this level, and gets it.
    """

    origin: Origin
    lane: Lane
    level: ControlLevel
    mode: ControlMode | None = None
    probability: float = 1.0
    is_taken: bool = True
    reason: SelectivityReason | None = None
    fixes_level: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Where a file goes and what is said of it."""

    lane: Lane
    level: ControlLevel
    mode: ControlMode | None
    reasons: tuple[SelectivityReason, ...]
    origins: tuple[Origin, ...]
    inclusion_probability: float


def settle(picks: Sequence[Pick]) -> Route:
    """Return the route of a file from all picks, taken or not; their order has no effect.

    Mandatory rows and outside requests decide the lane; without them the strongest lane of the
    others does, so that a file drawn at random is controlled even where a rule says blue. A
    level is the highest that any pick asks for, unless only an outside request is binding and
    names one.
    """
    taken = [pick for pick in picks if pick.is_taken]
    binding = [pick for pick in taken if pick.origin in (Origin.MANDATORY, Origin.EXTERNAL)]
    lane = max((pick.lane for pick in binding or taken), key=_RANK.__getitem__, default=Lane.GREEN)
    counted = [pick for pick in taken if pick.lane.is_controlled == lane.is_controlled]
    return Route(
        lane=lane,
        level=_level(binding, counted),
        mode=_mode(lane, binding or taken),
        reasons=_reasons(counted),
        origins=tuple(o for o in _ORIGINS if any(pick.origin is o for pick in taken)),
        inclusion_probability=_probability(picks, lane),
    )


def _level(binding: Sequence[Pick], counted: Sequence[Pick]) -> ControlLevel:
    if binding and all(pick.fixes_level for pick in binding):
        return max((pick.level for pick in binding), key=lambda level: level.rank)
    return max(
        (pick.level for pick in counted), key=lambda level: level.rank, default=ControlLevel.LOCAL
    )


def _mode(lane: Lane, picks: Sequence[Pick]) -> ControlMode | None:
    if not lane.is_controlled:
        return None
    modes = {pick.mode for pick in picks if pick.lane is lane}
    return ControlMode.IN_PERSON if ControlMode.IN_PERSON in modes else ControlMode.ON_FILE


def _reasons(counted: Sequence[Pick]) -> tuple[SelectivityReason, ...]:
    found = {pick.reason.code: pick.reason for pick in counted if pick.reason is not None}
    if found:
        return tuple(found[code] for code in sorted(found))
    return (NEUTRAL,) if counted else ()


def _probability(picks: Sequence[Pick], lane: Lane) -> float:
    """Return the chance of at least one pick that goes as far as the file went."""
    spared = 1.0
    for pick in picks:
        if pick.lane.is_controlled or not lane.is_controlled:
            spared *= 1.0 - pick.probability
    return 1.0 - spared
