"""What is granted against what was asked for and a threshold of the law (quantités accordées)."""

from typing import Literal

from medcontrol.rules.checks.case import Figure, Found, Verdict


def granted_within(
    asked: int | None,
    granted: int | None,
    most: int,
    *,
    unit: Literal["days", "count"],
    threshold: str,
) -> Found:
    """Return whether no more is granted than was asked for; above the law's number a person looks.

    Args:
        asked: none: not known.
        granted: none: not typed yet.
        most: the law's.
        unit: of the figures.
        threshold: name of the figure that shows ``most``.
    """
    figures = tuple(
        Figure(name, value, unit)
        for name, value in (("asked", asked), ("granted", granted), (threshold, most))
        if value is not None
    )
    if asked is None or granted is None:
        return Found(Verdict.UNKNOWN, figures)
    if granted > asked:
        return Found(Verdict.EXCEEDS, figures)
    return Found(Verdict.ATTENTION if granted > most else Verdict.FITS, figures)
