"""What a contracted doctor is owed for a month (relevé d'honoraires): files counted, never content.

A fee is a dated parameter of the law, by kind of step (``fees.examination``) or by kind of step
and flow (``fees.examination_invalidity``), which goes before. A step without a fee is counted
and pays nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import ZONES
from medcontrol.errors import InvalidInput, NotFound, ParameterNotInForce
from medcontrol.legal.dated import UnknownParameter
from medcontrol.legal.loading import law
from medcontrol.typesetting import typeset
from medcontrol.vocabulary import DoctorKind, StepKind

TEMPLATE = Path(__file__).parent / "statement.typ"

_DOCTOR = sa.text("""
SELECT d.id, d.code, d.name, d.kind, u.name AS unit_name FROM doctor d
JOIN unit u ON u.code = d.unit_code WHERE d.id = :id
""")
_DONE = sa.text("""
SELECT t.reference, t.flow, t.kind, timezone(:zone, t.done_at)::date AS done_on
FROM human_task t
WHERE t.done_by_doctor_id = :doctor AND t.status = 'done' AND t.is_medical
  AND timezone(:zone, t.done_at) >= CAST(:first AS date)
  AND timezone(:zone, t.done_at) < CAST(:end AS date)
ORDER BY t.done_at, t.reference
""")


@dataclass(frozen=True, slots=True)
class Fee:
    """What one step pays, and the parameter that says so."""

    cents: int
    path: str
    since: date
    is_default: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One step that the doctor ended. The reference is all that it tells of the file."""

    reference: str
    flow: str
    step: StepKind
    done_on: date
    cents: int


@dataclass(frozen=True, slots=True)
class Sum:
    """Steps of one kind and flow: how many, at what fee, how much."""

    flow: str
    step: StepKind
    number: int
    fee: Fee | None
    cents: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A month of a contracted doctor."""

    doctor_id: UUID
    code: str
    name: str
    unit_name: str
    month: date
    items: tuple[Item, ...]
    sums: tuple[Sum, ...]

    @property
    def cents(self) -> int:
        """What is owed."""
        return sum(each.cents for each in self.sums)

    @property
    def has_defaults(self) -> bool:
        """Whether a fee is a default of the project, not of a convention."""
        return any(each.fee is not None and each.fee.is_default for each in self.sums)


def fee_of(jurisdiction: str, step: StepKind, flow: str, on: date) -> Fee | None:
    """Return the fee of a step on a day; None when the law of that day holds none."""
    parameters = law(jurisdiction)
    for path in (f"fees.{step.value}_{flow}", f"fees.{step.value}"):
        try:
            value = parameters.decimal(path).at(on)
        except (UnknownParameter, ParameterNotInForce):
            continue
        return Fee(int(value.value * 100), path, value.since, value.status is not None)
    return None


def month_of(text: str) -> date:
    """Return the first day of a month such as 2026-11.

    Raises:
        InvalidInput: it is none, or of another century (field ``month``).
    """
    try:
        found = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    except ValueError:
        raise InvalidInput("a month is written 2026-11", field="month") from None
    if not 2000 <= found.year <= 2100:  # so that there is a month before and after
        raise InvalidInput("a month from 2000-01 to 2100-12", field="month")
    return found


def next_month(first: date) -> date:
    """Return the first day of the month after.

    >>> next_month(date(2026, 12, 1))
    datetime.date(2027, 1, 1)
    """
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def statement(session: Session, doctor_id: UUID, month: date, *, jurisdiction: str) -> Statement:
    """Return the statement of a month; each step counts at the fee of the day it was ended.

    Raises:
        NotFound: no contracted doctor of this id.
    """
    doctor = session.execute(_DOCTOR, {"id": doctor_id}).one_or_none()
    if doctor is None or doctor.kind != DoctorKind.CONTRACTED:
        raise NotFound(f"no contracted doctor {doctor_id}")
    values = {
        "doctor": doctor_id, "zone": ZONES[jurisdiction].key, "first": month,
        "end": next_month(month),
    }  # fmt: skip
    items, fees = [], []
    for row in session.execute(_DONE, values):
        step = StepKind(row.kind)
        fee = fee_of(jurisdiction, step, row.flow, row.done_on)
        items.append(Item(row.reference, row.flow, step, row.done_on, fee.cents if fee else 0))
        fees.append(fee)
    sums = tuple(_sums(items, fees))
    return Statement(
        doctor.id, doctor.code, doctor.name, doctor.unit_name, month, tuple(items), sums
    )


def _sums(items: Sequence[Item], fees: Sequence[Fee | None]) -> list[Sum]:
    """Count by kind of file, step and fee: a fee that changes within the month gives two lines."""
    counts = Counter((item.flow, item.step, fee) for item, fee in zip(items, fees, strict=True))
    ordered = sorted(counts.items(), key=lambda each: (each[0][0], each[0][1].value))
    return [
        Sum(flow, step, number, fee, number * (fee.cents if fee else 0))
        for (flow, step, fee), number in ordered
    ]


def as_pdf(words: dict[str, Any], language: str, fonts: Sequence[Path]) -> bytes:
    """Return a statement as PDF; ``words`` is all text that it shows, already in the language.

    Raises:
        InvalidInput: as ``medcontrol.typesetting``.
    """
    data = words | {"language": language}
    return typeset(TEMPLATE, TEMPLATE.parent, data, language, fonts)[0]
