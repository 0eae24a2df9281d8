"""The drawing above the table: bars of received, controlled and closed, in a box of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from medcontrol.queries.steering import SteeringLine

WIDTH, HEIGHT = 1120, 200
_SERIES = ("received", "controlled", "closed")
_GAP, _WIDEST = 0.25, 46


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: which series, where, and what it says."""

    series: str
    x: float
    y: float
    width: float
    height: float
    value: int


@dataclass(frozen=True, slots=True)
class Bars:
    """Groups of bars with their keys, and the grid lines with their values."""

    groups: tuple[tuple[str, float, tuple[Bar, ...]], ...]
    grid: tuple[tuple[float, int], ...]
    width: int = WIDTH
    height: int = HEIGHT
    series: tuple[str, ...] = _SERIES


def bars_of(lines: Sequence[SteeringLine]) -> Bars:
    """Return the bars of the table's lines, on one scale that begins at nought."""
    top = _ceiling(max((getattr(line.figures, one) for line in lines for one in _SERIES),
                       default=0))  # fmt: skip
    step = WIDTH / max(1, len(lines))
    width = min(_WIDEST, step * (1 - _GAP) / len(_SERIES))
    groups = []
    for n, line in enumerate(lines):
        left = (n + 0.5) * step - width * len(_SERIES) / 2
        bars = []
        for k, one in enumerate(_SERIES):
            value = getattr(line.figures, one)
            height = HEIGHT * value / top
            bars.append(Bar(one, round(left + k * width, 1), round(HEIGHT - height, 1),
                            round(width * 0.92, 1), round(height, 1), value))  # fmt: skip
        groups.append((line.key, round(n * step + step / 2, 1), tuple(bars)))
    grid = tuple((HEIGHT * (1 - part / 4), round(top * part / 4)) for part in range(5))
    return Bars(tuple(groups), grid)


def _ceiling(value: int) -> int:
    """Return a round number that is no smaller, at least 4.

    >>> _ceiling(37), _ceiling(0), _ceiling(1234)
    (40, 4, 2000)
    """
    size = int(10 ** max(0, len(str(value)) - 1))
    for part in (1, 2, 4, 5, 8, 10):
        if part * size >= max(4, value):
            return part * size
    return 10 * size
