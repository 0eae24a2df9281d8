"""Which past files are controls that count, and which of them are hits. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medcontrol.vocabulary import ControlResult, Origin
from selectivity.history.cases import Cases, is_hit

_COUNTED = frozenset(result.value for result in ControlResult) - {ControlResult.WITHDRAWN.value}
#: Nobody chose these files: the law or an outside service asked for their control.
_ASKED = frozenset({Origin.MANDATORY.value, Origin.EXTERNAL.value})


@dataclass(frozen=True, slots=True)
class Controls:
    """Columns of booleans as long as the cases.

    Attributes:
        counted: a doctor ended the control with a result; withdrawn files say nothing.
        hit: the control changed what is paid and no appeal overturned it.
        random: drawn for the random floor, whatever else chose the file.
        asked: control was mandatory or asked for from outside, so that targeting had no say.
    """

    counted: NDArray[np.bool_]
    hit: NDArray[np.bool_]
    random: NDArray[np.bool_]
    asked: NDArray[np.bool_]


def controls_of(cases: Cases) -> Controls:
    """Return which cases count, hit, and how they were chosen."""
    n = len(cases)
    outcome = cases.outcome
    origins = cases.origins
    random = Origin.RANDOM.value
    return Controls(
        counted=np.fromiter((value in _COUNTED for value in outcome), dtype=bool, count=n),
        hit=is_hit(outcome),
        random=np.fromiter((random in found for found in origins), dtype=bool, count=n),
        asked=np.fromiter((not _ASKED.isdisjoint(f) for f in origins), dtype=bool, count=n),
    )
