"""A provider's year of care given and not executed, summed over its bills in force (art. 65)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from medcontrol.model import CareBill, CareProviderYear
from medcontrol.rules.long_term_care.bill_explaining import YEAR, steps_of_year
from medcontrol.rules.long_term_care.executed import MonthLimit, NonExecuted, YearLimit
from medcontrol.rules.long_term_care.overrun import half_up
from medcontrol.services.long_term_care import bases, year_percent

_HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class Tally:
    """What one bill adds to its provider's year: whole minutes, and hundredths of a minute."""

    executed: int = 0
    not_executed_hundredths: int = 0


def tally_of(month: MonthLimit) -> Tally:
    """Return what a bill adds: care given, and what of the care not executed is due."""
    return Tally(half_up(month.done.executed), int(month.billable * _HUNDREDTHS))


def count(
    session: Session, bill: CareBill, before: Tally, after: Tally, *, now: datetime
) -> YearLimit | None:
    """Let a bill's new figures take the place of its former ones; return the year so far.

    None when the provider billed nothing as not executed, or before there was a rule for it.
    """
    key = {"provider_id": bill.provider_id, "year": bill.month.year}
    executed = after.executed - before.executed
    missed = after.not_executed_hundredths - before.not_executed_hundredths
    if executed or missed:
        empty = key | {"provider_name": bill.provider_name, "executed": 0,
                       "not_executed_hundredths": 0, "counted_at": now}  # fmt: skip
        session.execute(insert(CareProviderYear).values(empty).on_conflict_do_nothing())
        session.execute(
            sa.update(CareProviderYear)
            .where(
                col(CareProviderYear.provider_id) == bill.provider_id,
                col(CareProviderYear.year) == bill.month.year,
            )
            .values(
                executed=CareProviderYear.executed + executed,
                not_executed_hundredths=CareProviderYear.not_executed_hundredths + missed,
                provider_name=bill.provider_name,
                counted_at=now,
            )
            .execution_options(synchronize_session=False)
        )
    row = session.get(CareProviderYear, key, populate_existing=True)
    return None if row is None or not row.not_executed_hundredths else limit_of_year(row)


def limit_of_year(row: CareProviderYear) -> YearLimit:
    """Return a year held against the share that holds at its end."""
    done = NonExecuted(Fraction(row.executed), Fraction(row.not_executed_hundredths, _HUNDREDTHS))
    return YearLimit(done, year_percent(_last_day(row.year)))


def years(session: Session, year: int) -> list[dict[str, Any]]:
    """Return every provider's year with care not executed: figures, formulas, law and its date.

    Args:
        session: any.
        year: of service.

    Returns:
        The largest sum to pay back first.
    """
    rows: Sequence[CareProviderYear] = session.exec(
        select(CareProviderYear).where(
            CareProviderYear.year == year, col(CareProviderYear.not_executed_hundredths) > 0
        )
    ).all()
    law = [vars_of(basis) for basis in bases([YEAR], _last_day(year)).values()] if rows else []
    found = []
    for row in rows:
        limit = limit_of_year(row)
        found.append({
            "provider_id": row.provider_id, "provider_name": row.provider_name, "year": year,
            "executed": str(limit.done.executed), "not_executed": str(limit.done.not_executed),
            "percent": limit.percent, "limit": str(limit.limit),
            "to_pay_back": str(limit.to_pay_back),
            "steps": [step.text for step in steps_of_year(limit)], "law": law,
        })  # fmt: skip
    return sorted(found, key=lambda each: (-Fraction(each["to_pay_back"]), each["provider_id"]))


def vars_of(basis: Any) -> dict[str, Any]:
    """Return a parameter that a result rests on as plain values."""
    return {
        "path": basis.path, "value": basis.value, "since": basis.since.isoformat(),
        "title": basis.title, "href": basis.href,
    }  # fmt: skip


def _last_day(year: int) -> date:
    return date(year, 12, 31)
