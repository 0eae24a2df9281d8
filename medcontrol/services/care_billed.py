"""What a bill asks for, as it is kept: encrypted, since it says how ill a person is."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import orjson

from medcontrol.crypto import KeyRing, bind
from medcontrol.model import CareBill
from medcontrol.rules.long_term_care.billing import BilledPeriod
from medcontrol.rules.long_term_care.executed import ActDone
from medcontrol.rules.long_term_care.facts import Span
from medcontrol.rules.long_term_care.level_billing import BilledLevel
from medcontrol.services.care_checks import Billed


def billed_json(periods: Sequence[Billed]) -> bytes:
    """Return what is encrypted of a bill."""
    return orjson.dumps([_period_json(each) for each in periods])


def billed_of(row: CareBill, keys: KeyRing) -> tuple[Billed, ...]:
    """Return what a bill on record asks for, by period."""
    content = orjson.loads(keys.decrypt(row.key_id, row.periods, bind("care_bill", row.id)))
    return tuple(_billed(item) for item in content)


def _period_json(period: Billed) -> dict[str, Any]:
    asked = (
        {"level": period.level}
        if isinstance(period, BilledLevel)
        else {"minutes": str(period.minutes)}
    )
    acts = [[act.code, act.planned, act.executed, act.not_executed] for act in period.acts]
    days = {"from": period.span.first.isoformat(), "to": period.span.last.isoformat()}
    return days | asked | {"acts": acts}


def _billed(item: dict[str, Any]) -> Billed:
    span = Span(date.fromisoformat(item["from"]), date.fromisoformat(item["to"]))
    acts = tuple(ActDone(*act) for act in item["acts"])
    if "level" in item:
        return BilledLevel(span, item["level"], acts)
    return BilledPeriod(span, Fraction(item["minutes"]), acts)
