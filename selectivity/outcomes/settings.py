"""The thresholds of measurement (seuils), in one place, with what they are taken from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measuring:
    """When a figure is one. Defaults of this project (feature D12 and usual practice).

    Attributes:
        enough: controls below which a row, an origin or a level gets no verdict.
        like_random_days: days after which a row no better than chance raises an alert.
        days: length of the window that is measured, in days of reception.
        psi_warning, psi_alarm: usual bounds of the population stability index.
        psi_files: files below which a week is not compared.
        cusum_ratio: change of the random hit rate that is to be noticed, up or down.
        cusum_run: files between two false alarms, at least (Lorden's bound).
        fairness_error: chance of one false alert in a whole fairness report without any
            difference (Bonferroni over groups and scopes).
        small_group: controls of a group below which its figures are not shown.
    """

    enough: int = 30
    like_random_days: int = 60
    days: int = 180
    psi_warning: float = 0.1
    psi_alarm: float = 0.25
    psi_files: int = 200
    cusum_ratio: float = 1.5
    cusum_run: float = 100_000.0
    fairness_error: float = 0.05
    small_group: int = 10


@dataclass(frozen=True, slots=True)
class Scanning:
    """How random outcomes are searched for new schemes.

    Attributes:
        error: chance that a scan proposes anything when nothing is there (family-wise).
        windows: lengths in days; the error is shared between them.
        depth: features that a segment may combine.
        min_hits, min_files: smallest segment that may be proposed, and that is tested at all.
        narrower: p-value below which a segment says more than a wider one that holds it.
        covered: share of a segment's files that a row matches, from which on the segment has to
            beat the row's other files as well.
        most: proposals of one scan, the strongest first.
    """

    error: float = 0.05
    windows: tuple[int, ...] = (45, 120)
    depth: int = 3
    min_hits: int = 3
    min_files: int = 3
    narrower: float = 0.01
    covered: float = 0.8
    most: int = 20


MEASURING = Measuring()
SCANNING = Scanning()
