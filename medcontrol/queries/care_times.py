"""How long files of long-term care take (durées de traitement), by month of the decision.

Who assessed is told apart: the provider, by its form or its reasons, or the administration.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import ZONES, civil_date
from medcontrol.errors import InvalidInput
from medcontrol.rules.calendar import add_months

FLOWS: Final = ("care_reassessment", "fluctuation_control")
PROVIDER, ADMINISTRATION = "provider", "administration"
LONGEST_MONTHS: Final = 36
_MEDIAN, _P90 = 0.5, 0.9
_DECIDED = sa.text("""
WITH decided AS (
  SELECT f.id, f.flow, f.received_on, f.received_file_id, min(t.done_at) AS signed_at
  FROM control_file f JOIN human_task t ON t.control_file_id = f.id
  WHERE f.jurisdiction = 'lu' AND f.flow = ANY(:flows) AND t.step = 'fund_decision'
    AND t.outcome = 'signed' AND t.status = 'done'
    AND t.done_at >= :first AND t.done_at < :behind
    AND (CAST(:regions AS varchar[]) IS NULL OR f.region_code = ANY(:regions))
  GROUP BY f.id
)
SELECT d.flow, d.received_on, d.signed_at, a.step, a.done_at AS assessed_at, l.asked_at, c.due_at,
       (SELECT min(x.added_at) FROM document x WHERE x.received_file_id = d.received_file_id
          AND x.added_at >= l.asked_at AND x.added_at <= d.signed_at) AS answered_at
FROM decided d
LEFT JOIN LATERAL (
  SELECT t.step, t.done_at FROM human_task t
  WHERE t.control_file_id = d.id AND t.status = 'done' AND t.done_at <= d.signed_at
    AND (t.step IN ('own_assessment', 'plausibility')
         OR t.step = 'form_review' AND t.outcome = 'form_accepted')
  ORDER BY t.done_at DESC LIMIT 1
) a ON true
LEFT JOIN LATERAL (
  SELECT min(written_at) AS asked_at FROM letter
  WHERE control_file_id = d.id AND code IN ('mandate', 'control_notice')
) l ON true
LEFT JOIN LATERAL (
  SELECT max(due_at) AS due_at FROM deadline
  WHERE control_file_id = d.id AND name = 'answer' AND engine_task_id IS NULL
) c ON true
ORDER BY d.signed_at
""")


@dataclass(slots=True)
class Times:
    """The files of a month, a flow and a way of assessing; an empty key is all of them.

    Days are calendar days, the day of receipt (or of the letter) being 0.

    Attributes:
        files: decisions signed by the fund.
        assessed, decided: days from the receipt of the request to the assessment that counted,
            and to the signature.
        answered: days from the first letter to the provider to its first document.
        asked: files in which a provider was asked.
        within: decisions signed by the target of the file.
    """

    month: str = ""
    flow: str = ""
    channel: str = ""
    files: int = 0
    asked: int = 0
    within: int = 0
    assessed: list[int] = field(default_factory=list)
    decided: list[int] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values; None where there is nothing to measure."""
        return {
            "month": self.month, "flow": self.flow, "channel": self.channel, "files": self.files,
            "assessment_median_days": days_within(self.assessed, _MEDIAN),
            "assessment_p90_days": days_within(self.assessed, _P90),
            "decision_median_days": days_within(self.decided, _MEDIAN),
            "decision_p90_days": days_within(self.decided, _P90),
            "asked": self.asked, "answered": len(self.answered),
            "answer_median_days": days_within(self.answered, _MEDIAN),
            "answer_p90_days": days_within(self.answered, _P90),
            "within_target": self.within,
            "within_target_share": round(self.within / self.files, 4) if self.files else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class CareTimes:
    """Lines by month, flow and way of assessing, and one for each flow and way over all months."""

    lines: tuple[Times, ...]
    totals: tuple[Times, ...]


def care_times(
    session: Session, first: date, last: date, *, regions: frozenset[str] | None = None
) -> CareTimes:
    """Return how long the decisions of some months took.

    Args:
        session: reads alone.
        first: first day of the first month.
        last: first day of the last month.
        regions: those that the reader steers; None for all.

    Raises:
        InvalidInput: the last month precedes the first, or there are too many of them.
    """
    if last < first:
        raise InvalidInput("the last month precedes the first", field="last")
    if add_months(first, LONGEST_MONTHS) <= last:
        raise InvalidInput(f"at most {LONGEST_MONTHS} months", field="first")
    zone = ZONES["lu"]
    rows = session.execute(
        _DECIDED,
        {
            "flows": list(FLOWS),
            "first": datetime.combine(first, time(), zone),
            "behind": datetime.combine(add_months(last, 1), time(), zone),
            "regions": None if regions is None else sorted(regions),
        },
    ).all()
    return CareTimes(tuple(_grouped(rows, by_month=True)), tuple(_grouped(rows, by_month=False)))


def days_within(days: Sequence[int], share: float) -> int | None:
    """Return the least number of days within which that share of them lies.

    >>> days_within([1, 2, 9], 0.5), days_within([], 0.5)
    (2, None)
    """
    return sorted(days)[ceil(share * len(days)) - 1] if days else None


def _grouped(rows: Iterable[Any], *, by_month: bool) -> list[Times]:
    found: dict[tuple[str, str, str], Times] = {}
    for row in rows:
        signed_on = civil_date(row.signed_at, "lu")
        key = (f"{signed_on:%Y-%m}" if by_month else "", row.flow, channel_of(row))
        _add(found.setdefault(key, Times(*key)), row, signed_on)
    return [found[key] for key in sorted(found)]


def channel_of(row: Any) -> str:
    """Return who assessed: the provider where its form was taken, or where it gave reasons."""
    if row.step == "form_review":
        return PROVIDER
    is_reasoned = row.step == "plausibility" and row.answered_at is not None
    return PROVIDER if is_reasoned else ADMINISTRATION


def _add(line: Times, row: Any, signed_on: date) -> None:
    line.files += 1
    line.decided.append(_days(row.received_on, signed_on))
    if row.assessed_at is not None:
        line.assessed.append(_days(row.received_on, civil_date(row.assessed_at, "lu")))
    if row.asked_at is not None:
        line.asked += 1
        if row.answered_at is not None:
            asked, answered = (civil_date(at, "lu") for at in (row.asked_at, row.answered_at))
            line.answered.append(_days(asked, answered))
    line.within += row.due_at is not None and row.signed_at <= row.due_at


def _days(since: date, until: date) -> int:
    return max(0, (until - since) // timedelta(days=1))
