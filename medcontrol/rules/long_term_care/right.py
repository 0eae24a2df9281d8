"""The right to an overrun: which days it covers, and why not (droit au dépassement)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from medcontrol.rules.calendar import add_months
from medcontrol.rules.long_term_care.facts import DAY, Span, Stay, check_stays
from medcontrol.rules.long_term_care.terms import (
    LimitCounting,
    LongNeed,
    NewStay,
    RightTerms,
    StayCounting,
    WindowStart,
)

_FIXED = {LimitCounting.SIXTY: 60, LimitCounting.SIXTY_ONE: 61}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is no right, or less of one: a code, its figures, the sentence in English."""

    code: str
    text: str
    figures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Right:
    """Days on which minutes beyond the plan may be billed.

    Attributes:
        spans: in their order, apart from each other; none when there is no right.
        windows: what the stays opened, before need and further stays were looked at.
        reasons: refusals, and what was cut off.
    """

    spans: tuple[Span, ...]
    windows: tuple[Span, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether there is a right on any day."""
        return bool(self.spans)


def right_of(stays: Sequence[Stay], need: Span | None, terms: RightTerms) -> Right:
    """Return the right that hospital stays open.

    Art. 1 of the regulation of 22.12.2006 asks for an acute stay of at least seven consecutive
    days, art. 2 for a need of at least seven consecutive days within two months.

    Args:
        stays: of one person, in any order; acute or not. On their days nothing is billed.
        need: days on which more care was needed; None: as long as the right lasts.
        terms: of the law and the readings chosen.

    Raises:
        CareFault: stays overlap.
    """
    ordered = check_stays(stays)
    windows, reasons = _windows(ordered, terms)
    if not windows:
        return Right((), (), tuple(reasons))
    spans, cut = _within_need(windows, need, terms)
    away = [days_away(stay, terms) for stay in ordered]
    left = without(spans, [span for span in away if span is not None])
    return Right(tuple(left), tuple(windows), tuple(cut))


def _windows(stays: Sequence[Stay], terms: RightTerms) -> tuple[list[Span], list[Reason]]:
    """Return what each qualifying stay opens, and why the others open nothing."""
    windows, reasons = [], []
    for place, stay in enumerate(stays):
        refusal = _refusal(stay, terms)
        if refusal is not None:
            reasons.append(refusal)
            continue
        window = _window(stay, terms)
        if terms.readings.new_stay is NewStay.CLOSE and place + 1 < len(stays):
            last = min(window.last, stays[place + 1].admission - DAY)
            if last < window.first:
                continue
            window = Span(window.first, last)
        windows.append(window)
    if not stays:
        reasons.append(Reason("no_stay", "no hospital stay is known (RGD art. 1)"))
    return windows, reasons


def _refusal(stay: Stay, terms: RightTerms) -> Reason | None:
    if not stay.is_acute:
        return Reason("not_acute", "not an acute-care stay (RGD art. 1)")
    by_nights = terms.readings.stay_counting is StayCounting.NIGHTS
    days = stay.nights if by_nights else stay.days
    if days >= terms.stay_min_days:
        return None
    how = "nights count" if by_nights else "inclusive count"
    text = f"stay of {days} day(s) < {terms.stay_min_days} ({how})"
    return Reason("stay_too_short", text, (str(days), str(terms.stay_min_days)))


def _window(stay: Stay, terms: RightTerms) -> Span:
    first = stay.discharge
    if terms.readings.window_start is WindowStart.DAY_AFTER:
        first += DAY
    counting = terms.readings.limit_counting
    if counting in _FIXED:
        return Span(first, stay.discharge + timedelta(days=_FIXED[counting]))
    return Span(first, add_months(stay.discharge, terms.need_max_months))


def _within_need(
    windows: Sequence[Span], need: Span | None, terms: RightTerms
) -> tuple[list[Span], list[Reason]]:
    """Hold the need against the windows; it is tested whole, before the end is cut off."""
    merged = union(windows)
    if need is None:
        long_enough = [span for span in merged if span.days >= terms.need_min_days]
        return long_enough, []
    first = max(need.first, merged[0].first)
    days = (need.last - first).days + 1
    if days < terms.need_min_days:
        text = f"need of {max(days, 0)} day(s) < {terms.need_min_days} (RGD art. 2)"
        figures = (str(max(days, 0)), str(terms.need_min_days))
        return [], [Reason("need_too_short", text, figures)]
    found = [met for span in merged if (met := Span(first, need.last).meets(span))]
    if not found:
        text = "the need lies outside the two months after discharge (RGD art. 2)"
        return [], [Reason("outside_window", text)]
    limit = max(span.last for span in merged)
    if need.last <= limit:
        return found, []
    if terms.readings.long_need is LongNeed.REFUSE:
        text = f"need to {need.last} exceeds the limit of {limit} (two-month limit)"
        return [], [Reason("need_too_long", text, (str(need.last), str(limit)))]
    text = f"need end clipped from {need.last} to {limit} (two-month limit)"
    return found, [Reason("need_clipped", text, (str(need.last), str(limit)))]


def days_away(stay: Stay, terms: RightTerms) -> Span | None:
    """Return the days of a stay on which nobody is cared for at home."""
    last: date = stay.discharge
    if terms.readings.window_start is WindowStart.SAME_DAY:
        last -= DAY
    return Span(stay.admission, last) if stay.admission <= last else None


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the same days as spans that neither overlap nor touch, in their order."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.first <= found[-1].last + DAY:
            found[-1] = Span(found[-1].first, max(found[-1].last, span.last))
        else:
            found.append(span)
    return found


def without(spans: Iterable[Span], away: Iterable[Span]) -> list[Span]:
    """Return spans without the days of others."""
    left = list(spans)
    for gap in away:
        cut = []
        for span in left:
            if span.meets(gap) is None:
                cut.append(span)
                continue
            if span.first < gap.first:
                cut.append(Span(span.first, gap.first - DAY))
            if gap.last < span.last:
                cut.append(Span(gap.last + DAY, span.last))
        left = cut
    return left
