"""Soft costs of giving a file to a doctor, each named so that a choice can be explained."""

from dataclasses import dataclass, replace

import numpy as np

from assignment.doctors import BoolArray, FloatArray, IntArray
from medcontrol.vocabulary import ControlLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each soft wish counts. Costs are comparable: one point is "another agency".

    Attributes:
        same_region: the doctor serves the region, not the agency.
        other_region: the doctor serves neither.
        level_above: for each level that the doctor stands above what the file needs.
        continuity: taken off for the doctor who followed the person before.
        contracted_fee: for a contracted doctor, who is paid by the file.
        load: for a doctor whose horizon is full; grows with the square of utilisation, so
            that proximity decides while there is room and balance decides when it gets tight.
        is_straight: the cost of load grows with utilisation itself, so that a difference between
            two doctors counts the same whether both are nearly free or nearly full.
    """

    same_region: float = 1.0
    other_region: float = 4.0
    level_above: float = 2.0
    continuity: float = 6.0
    contracted_fee: float = 0.5
    load: float = 100.0
    is_straight: bool = False


#: Doctors whose utilisation differs by less than this are about equally free: three hundredths
#: of a full week are an hour and a quarter.
ABOUT_EQUAL = 0.03


def evenly(weights: Weights) -> Weights:
    """Return what counts for who shares files out evenly: loads, and among equals all the rest.

    All that can speak against one doctor (another region, two levels above, paid by the file)
    weighs as much as ``ABOUT_EQUAL`` of their time; who knows the person doesn't count.

    >>> round(evenly(Weights()).load * ABOUT_EQUAL, 6) == 4.0 + 2 * 2.0 + 0.5
    True
    """
    place = max(weights.same_region, weights.other_region)
    against = place + 2 * weights.level_above + weights.contracted_fee
    load = (against or 1.0) / ABOUT_EQUAL
    return replace(weights, continuity=0.0, load=load, is_straight=True)


def place_costs(
    level: ControlLevel, in_agency: BoolArray, in_region: BoolArray, weights: Weights
) -> FloatArray:
    """Return the cost of distance for n doctors, (n,).

    A regional file belongs to the region, whatever the agency; a central one is near to all.

    Args:
        level: level of the task.
        in_agency: (n,), who serves the task's agency.
        in_region: (n,), who serves its region.
        weights: ``same_region`` and ``other_region`` count here.
    """
    if level is ControlLevel.CENTRAL:
        return np.zeros(len(in_agency))
    within = weights.same_region if level is ControlLevel.LOCAL else 0.0
    outside = np.where(in_region, within, weights.other_region)
    return np.where(in_agency, 0.0, outside)


def level_costs(level: ControlLevel, ranks: IntArray, weights: Weights) -> FloatArray:
    """Return the cost of keeping n doctors from work of their own level, (n,)."""
    return weights.level_above * np.maximum(ranks - level.rank, 0).astype(np.float64)


def fee_costs(contracted: BoolArray, weights: Weights) -> FloatArray:
    """Return the cost of paying by the file, (n,)."""
    return np.where(contracted, weights.contracted_fee, 0.0)


def load_cost(load: int, capacity: int, weights: Weights) -> float:
    """Return the cost of a doctor's load of points before the task is added.

    Convex in utilisation: the tenth hour costs more than the first. Without capacity the cost
    is infinite.

    >>> weights = Weights(load=100.0)
    >>> [round(load_cost(load, 600, weights), 1) for load in (0, 150, 300, 600)]
    [0.0, 6.2, 25.0, 100.0]
    """
    if capacity == 0:
        return float("inf")
    utilisation = load / capacity
    return weights.load * utilisation * (1.0 if weights.is_straight else utilisation)


def load_costs(load: IntArray, capacity: IntArray, weights: Weights) -> FloatArray:
    """Return ``load_cost`` of n doctors, (n,)."""
    used = np.divide(load, capacity, out=np.full(len(load), np.inf), where=capacity > 0)
    costs: FloatArray = weights.load * used * (1.0 if weights.is_straight else used)
    return costs
