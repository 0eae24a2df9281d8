"""Plans, stays and bills of long-term care as other systems send them, one JSON object a line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import orjson

from medcontrol.crypto import KeyRing
from medcontrol.db import transaction
from medcontrol.errors import AlreadyDone, DomainError, InvalidInput
from medcontrol.rules.long_term_care.billing import BilledPeriod
from medcontrol.rules.long_term_care.facts import CareFault, Span, Stay, exact
from medcontrol.rules.long_term_care.reading import mapping, read_act, read_day
from medcontrol.services.care_bills import NewBill, recheck, record_bill
from medcontrol.services.care_facts import NewPlan, NewStay, record_plan, record_stay
from medcontrol.services.reference import agency_regions

_PERSON = {"registration_number", "provider_id"}
_PLAN = _PERSON | {"from", "to", "acts", "is_definitive"}
_STAY = {"registration_number", "admission", "discharge", "acute", "source"}
_BILL = _PERSON | {
    "family_name", "given_name", "birth_date", "agency", "provider_name", "number", "month",
    "periods", "documented",
}  # fmt: skip
_LONGEST = 200


@dataclass(slots=True)
class Recorded:
    """What became of lines; faults by line number. Minutes are whole, to pay or to recover."""

    plans: int = 0
    stays: int = 0
    bills: int = 0
    duplicates: int = 0
    rechecked: int = 0
    difference_minutes: int = 0
    faults: list[tuple[int, str, str]] = field(default_factory=list)


def record_lines(keys: KeyRing, lines: list[bytes], *, now: datetime) -> Recorded:
    """Keep what each line says, each in a transaction of its own; a faulty one costs itself.

    A plan or a stay that comes after a bill works the bill out again.
    """
    found = Recorded()
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        try:
            _record(keys, raw, found, now)
        except AlreadyDone:
            found.duplicates += 1
        except DomainError as fault:
            found.faults.append((number, fault.field or "", fault.detail))
    return found


def _record(keys: KeyRing, raw: bytes, found: Recorded, now: datetime) -> None:
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise InvalidInput("this is no JSON object", field="line") from None
    if not isinstance(line, dict) or len(line) != 1 or not set(line) <= {"plan", "stay", "bill"}:
        raise InvalidInput("one of plan, stay and bill is expected", field="line")
    [(kind, content)] = line.items()
    with transaction() as session:
        if kind == "bill":
            bill = _bill(content)
            if bill.agency_code not in agency_regions(session).get("lu", {}):
                raise InvalidInput(f"agency {bill.agency_code!r} is unknown", field="agency")
            record_bill(session, keys, bill, now=now)
            found.bills += 1
            return
        if kind == "plan":
            plan = _plan(content)
            record_plan(session, keys, plan, now=now)
            found.plans += 1
            person = plan.registration_number
        else:
            stay = _stay(content)
            record_stay(session, stay, now=now)
            found.stays += 1
            person = stay.registration_number
        for check in recheck(session, keys, person, cause=kind, now=now):
            found.rechecked += 1
            found.difference_minutes += check.difference


def _plan(raw: Any) -> NewPlan:
    item = mapping(raw, "plan", _PLAN)
    acts = item.get("acts")
    if not isinstance(acts, list) or not acts:
        raise CareFault("one_at_least", "nothing is planned", field="acts")
    last = date.max if item.get("to") is None else read_day(item["to"], "to")
    return NewPlan(
        registration_number=_text(item, "registration_number"),
        provider_id=_text(item, "provider_id"),
        span=_span(read_day(item.get("from"), "from"), last, "to"),
        acts=tuple(read_act(act, f"acts[{n}]") for n, act in enumerate(acts)),
        is_definitive=_flag(item, "is_definitive", default=True),
    )


def _stay(raw: Any) -> NewStay:
    item = mapping(raw, "stay", _STAY)
    days = _span(
        read_day(item.get("admission"), "admission"), read_day(item.get("discharge"), "discharge"),
        "discharge",
    )  # fmt: skip
    return NewStay(
        registration_number=_text(item, "registration_number"),
        stay=Stay(days.first, days.last, _flag(item, "acute", default=True)),
        source=_text(item, "source"),
    )


def _bill(raw: Any) -> NewBill:
    item = mapping(raw, "bill", _BILL)
    periods = item.get("periods")
    if not isinstance(periods, list):
        raise CareFault("list", "a list is expected", field="periods")
    month = item.get("month")
    first = read_day(f"{month}-01" if isinstance(month, str) else month, "month")
    return NewBill(
        registration_number=_text(item, "registration_number"),
        family_name=_text(item, "family_name"),
        given_name=_text(item, "given_name"),
        birth_date=read_day(item.get("birth_date"), "birth_date"),
        agency_code=_text(item, "agency"),
        provider_id=_text(item, "provider_id"),
        provider_name=_text(item, "provider_name"),
        number=_text(item, "number"),
        month=first,
        periods=tuple(_period(period, n) for n, period in enumerate(periods)),
        is_documented=_flag(item, "documented", default=False),
    )


def _period(raw: Any, number: int) -> BilledPeriod:
    where = f"periods[{number}]"
    item = mapping(raw, where, {"from", "to", "minutes"})
    first, last = (
        read_day(item.get("from"), f"{where}.from"),
        read_day(item.get("to"), f"{where}.to"),
    )
    minutes = exact(item.get("minutes"), f"{where}.minutes")
    return BilledPeriod(_span(first, last, f"{where}.to"), minutes)


def _span(first: date, last: date, name: str) -> Span:
    if last < first:
        raise CareFault("order", f"{last} is before {first}", field=name)
    return Span(first, last)


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    longest = 64 if name in {"registration_number", "provider_id", "number", "source"} else _LONGEST
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise CareFault("text", f"a text of at most {longest} characters is expected", field=name)
    if "\x00" in value:
        raise CareFault("text", "a NUL character", field=name)
    return value.strip()


def _flag(item: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = item.get(name, default)
    if not isinstance(value, bool):
        raise CareFault("flag", "true or false is expected", field=name)
    return value
