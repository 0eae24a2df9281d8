"""Files that are shared out evenly: loads first, then who is near, of their level and salaried."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from assignment.deciding import Decision, Desk, Held, spread
from assignment.facts import DoctorFacts
from assignment.scoring import Weights
from medcontrol.vocabulary import ControlLevel, DoctorKind
from tests.unit.test_assignment_eligibility import DAYS, DOCTOR, TASK

HOLDER = replace(DOCTOR, id=UUID(int=9), professional_id=None)
NEAR = replace(HOLDER, id=UUID(int=8), capacity_points=2400, open_points=1200)
# Smaller ids: without a reason to prefer anybody, these would come first.
FAR = replace(NEAR, id=UUID(int=1), agency="FES-1", region="MA-03")
CENTRAL = replace(NEAR, id=UUID(int=2), agency=None, region=None, level=ControlLevel.CENTRAL)
CONTRACTED = replace(NEAR, id=UUID(int=3), kind=DoctorKind.CONTRACTED)


def shared_out(targets: Sequence[DoctorFacts], number: int = 4) -> list[Decision]:
    tasks = [replace(TASK, id=UUID(int=100 + n), points=20) for n in range(number)]
    desk = Desk([HOLDER, *targets], DAYS, Weights())
    return spread(desk, [Held(task, HOLDER.id) for task in tasks], [each.id for each in targets])


@pytest.mark.parametrize("other", [FAR, CENTRAL, CONTRACTED], ids=["far", "central", "paid"])
@pytest.mark.parametrize("load", [0, 1200, 2200], ids=["free", "half", "nearly full"])
def test_among_the_equally_free_the_nearer_of_the_right_level_gets_it(other, load):
    targets = [replace(each, open_points=load) for each in (NEAR, other)]

    [decision] = shared_out(targets, number=1)

    assert (decision.to, decision.warnings) == (NEAR.id, ())


@pytest.mark.parametrize(
    ("other", "warned"),
    [
        (FAR, {"other_region"}),
        (CENTRAL, {"other_region", "level_above"}),
        (CONTRACTED, {"contracted"}),
    ],
    ids=["far", "central", "paid"],
)
def test_who_is_much_freer_gets_it_in_spite_of_that_and_it_is_said(other, warned):
    freer = replace(other, open_points=0)

    decisions = shared_out([NEAR, freer])

    assert [each.to for each in decisions] == [freer.id] * 4
    assert {code for each in decisions for code in each.warnings} == warned


@pytest.mark.parametrize("load", [0, 1200], ids=["free", "half"])
def test_loads_stay_even_among_near_and_far(load):
    targets = [replace(each, open_points=load) for each in (NEAR, FAR, CENTRAL)]

    held = Counter(each.to for each in shared_out(targets, number=45))

    most, least = max(held.values()), min(held.values())
    assert sum(held.values()) == 45
    assert held[NEAR.id] == most
    assert (most - least) * 20 <= 0.03 * NEAR.capacity_points + 20, held
