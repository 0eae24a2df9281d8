"""Costly medicines: exemption, price, boxes, renewal, prescriber (médicaments coûteux)."""

from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from medcontrol.rules.calendar import add_months
from medcontrol.rules.checks.case import Case, Figure, Found, PastRight, Verdict, check
from medcontrol.rules.checks.filing import runs
from medcontrol.rules.checks.reading import day as day_of
from medcontrol.rules.checks.reading import decimal, rows, whole


def _exemption(case: Case) -> PastRight | None:
    """Return the exemption that runs on the day of the care or of receipt."""
    on = case.care_from or case.received_on
    return next((r for r in case.rights if r.kind == "ald" and runs(r, on)), None)


@check("exemption_valid")
def exemption_valid(case: Case) -> Found:
    """Cover of costly medicines is for people with a recognition in force (ALD, ETM).

    Source: convention of 15 March 2016. A number that is not among the rights is looked up.
    """
    right = _exemption(case)
    if right is not None:
        figures = [Figure("exempt_from", right.valid_from, "date")]
        if right.valid_to is not None:
            figures.append(Figure("exempt_to", right.valid_to, "date"))
        return Found(Verdict.FITS, tuple(figures))
    ended = [r.valid_to for r in case.rights if r.kind == "ald" and r.valid_to]
    figures = [Figure("ended", max(ended), "date")] if ended else []
    named = case.typed.get("etm_number") or case.ald_number
    unknown = bool(named) and not ended
    return Found(Verdict.ATTENTION if unknown else Verdict.EXCEEDS, tuple(figures))


@check("cover_within_exemption", parameters=("medicines.authorisation_months",))
def cover_within_exemption(case: Case) -> Found:
    """An agreement ends with the exemption that it rests on."""
    right = _exemption(case)
    if right is None:
        return Found(Verdict.UNKNOWN)
    start = day_of(case.typed.get("valid_from")) or case.received_on
    longest = add_months(start, case.number("medicines.authorisation_months")) - timedelta(days=1)
    end = day_of(case.typed.get("valid_to")) or longest
    figures = [Figure("cover_to", end, "date")]
    if right.valid_to is None:
        return Found(Verdict.FITS, tuple(figures))
    figures.append(Figure("exempt_to", right.valid_to, "date"))
    return Found(Verdict.FITS if end <= right.valid_to else Verdict.EXCEEDS, tuple(figures))


@check("price_threshold", parameters=("medicines.price_threshold_cents",))
def price_threshold(case: Case) -> Found:
    """Only medicines above 1,000 dirhams a box need this agreement.

    Source: convention of 15 March 2016.
    """
    threshold = case.number("medicines.price_threshold_cents")
    prices = [
        Decimal(line.amount_cents) / (line.quantity or Decimal(1))
        for line in case.lines
        if line.amount_cents is not None and (line.quantity is None or line.quantity > 0)
    ]
    figures = [Figure("threshold", threshold, "cents")]
    if not prices:
        return Found(Verdict.UNKNOWN, tuple(figures))
    below = sum(price <= threshold for price in prices)
    figures.append(Figure("highest", int(max(prices)), "cents"))
    figures.append(Figure("below", below, "count"))
    return Found(Verdict.ATTENTION if below else Verdict.FITS, tuple(figures))


def boxes_needed(row: dict[str, Any]) -> int | None:
    """Return how many boxes a treatment needs: units a day × days, by units a box, rounded up.

    >>> boxes_needed({"units_per_day": 1.5, "days": 30, "units_per_box": 28})
    2
    """
    daily, days = decimal(row.get("units_per_day")), whole(row.get("days"))
    in_box = whole(row.get("units_per_box"))
    if daily is None or days is None or not in_box or daily < 0 or days < 0:
        return None
    return int((daily * days / in_box).to_integral_value(ROUND_CEILING))


@check("boxes_for_posology")
def boxes_for_posology(case: Case) -> Found:
    """As many boxes as the posology and the duration need, no more and no less."""
    read = [(row, boxes_needed(row), whole(row.get("boxes"))) for row in _treatments(case)]
    known = [(row, need, boxes) for row, need, boxes in read if need is not None and boxes]
    if not known or len(known) < len(read):
        return Found(Verdict.UNKNOWN, (Figure("treatments", len(read), "count"),))
    row, need, boxes = max(known, key=lambda each: (each[2] > each[1], abs(each[2] - each[1])))
    figures = (
        Figure("medicine", str(row.get("dci") or row.get("brand") or "–"), "text"),
        Figure("needed", need, "count"),
        Figure("boxes", boxes, "count"),
    )
    if boxes > need:
        return Found(Verdict.EXCEEDS, figures)
    return Found(Verdict.ATTENTION if boxes < need else Verdict.FITS, figures)


def _treatments(case: Case) -> list[dict[str, Any]]:
    return rows(case.typed.get("treatments")) or rows(case.answers.get("treatments"))


@check("renewal_interval", parameters=("medicines.renewal_early_days",))
def renewal_interval(case: Case) -> Found:
    """A renewal is asked for near the end of the agreement, and before a gap opens.

    What the agenda opens by itself is never too early.
    """
    ends = [r.valid_to for r in case.rights if r.kind == "medicines" and r.valid_to]
    if not ends:
        return Found(Verdict.UNKNOWN)
    end = max(ends)
    earliest = end - timedelta(days=case.number("medicines.renewal_early_days"))
    figures = (
        Figure("cover_to", end, "date"),
        Figure("earliest", earliest, "date"),
        Figure("received", case.received_on, "date"),
    )
    if case.received_on < earliest and case.channel != "periodic":
        early = Figure("days_early", (earliest - case.received_on).days, "days")
        return Found(Verdict.EXCEEDS, (*figures, early))
    if case.received_on > end:
        gap = Figure("days_gap", (case.received_on - end).days, "days")
        return Found(Verdict.ATTENTION, (*figures, gap))
    return Found(Verdict.FITS, figures)


@check("restricted_prescriber")
def restricted_prescriber(case: Case) -> Found:
    """A medicine of restricted prescription comes from a specialist or a hospital doctor."""
    if case.typed.get("restricted") is not True:
        return Found(Verdict.FITS)
    prescriber = case.typed.get("prescriber_specialty") or case.prescriber_specialty
    if not prescriber:
        return Found(Verdict.UNKNOWN)
    return Found(Verdict.EXCEEDS if prescriber == "general" else Verdict.FITS)
