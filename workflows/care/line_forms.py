"""How each line of long-term care is written; every fault names its field and the rule."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from medcontrol.rules.long_term_care.billing import BilledPeriod
from medcontrol.rules.long_term_care.executed import ActDone, ProviderKind
from medcontrol.rules.long_term_care.facts import CareFault, Span, Stay, exact, whole
from medcontrol.rules.long_term_care.level_billing import BilledLevel
from medcontrol.rules.long_term_care.reading import mapping, read_act, read_day
from medcontrol.services.care_bills import NewBill
from medcontrol.services.care_checks import Billed
from medcontrol.services.care_entries import NewEntry
from medcontrol.services.care_facts import NewPlan, NewStay
from medcontrol.services.care_levels import NewLevel

_PERSON = {"registration_number", "provider_id"}
_PLAN = _PERSON | {"from", "to", "acts", "is_definitive"}
_ENTRY = {"registration_number", "establishment_id", "entered_on", "source"}
_LEVEL = _PERSON | {"from", "to", "level"}
_STAY = {"registration_number", "admission", "discharge", "acute", "source"}
_BILL = _PERSON | {
    "family_name", "given_name", "birth_date", "agency", "provider_name", "provider_kind",
    "number", "month", "periods", "documented",
}  # fmt: skip
_PERIOD = {"from", "to", "minutes", "level", "acts"}
_ACT = {"code", "planned", "executed", "not_executed"}
_LONGEST = 200
_CODES = {"registration_number", "provider_id", "establishment_id", "number", "source"}


def read_plan(raw: Any) -> NewPlan:
    """Return a care plan. Without a ceiling of its own it needs no act.

    Raises:
        CareFault: a member is missing, of another kind, or can't be.
    """
    item = mapping(raw, "plan", _PLAN)
    is_definitive = _flag(item, "is_definitive", default=True)
    acts = _list(item, "acts")
    if not acts and is_definitive:
        raise CareFault("one_at_least", "nothing is planned", field="acts")
    last = date.max if item.get("to") is None else read_day(item["to"], "to")
    return NewPlan(
        registration_number=_text(item, "registration_number"),
        provider_id=_text(item, "provider_id"),
        span=_span(read_day(item.get("from"), "from"), last, "to"),
        acts=tuple(read_act(act, f"acts[{n}]") for n, act in enumerate(acts)),
        is_definitive=is_definitive,
    )


def read_stay(raw: Any) -> NewStay:
    """Return a hospital stay; raises as ``read_plan``."""
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


def read_entry(raw: Any) -> NewEntry:
    """Return an entry into an establishment; raises as ``read_plan``."""
    item = mapping(raw, "entry", _ENTRY)
    return NewEntry(
        registration_number=_text(item, "registration_number"),
        establishment_id=_text(item, "establishment_id"),
        entered_on=read_day(item.get("entered_on"), "entered_on"),
        source=_text(item, "source"),
    )


def read_level(raw: Any) -> NewLevel:
    """Return a level of need, of the person or of one provider's part; raises as ``read_plan``."""
    item = mapping(raw, "level", _LEVEL)
    last = date.max if item.get("to") is None else read_day(item["to"], "to")
    return NewLevel(
        registration_number=_text(item, "registration_number"),
        provider_id=None if item.get("provider_id") is None else _text(item, "provider_id"),
        span=_span(read_day(item.get("from"), "from"), last, "to"),
        number=whole(item.get("level"), "level"),
    )


def read_bill(raw: Any) -> NewBill:
    """Return a month's bill; raises as ``read_plan``."""
    item = mapping(raw, "bill", _BILL)
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
        provider_kind=_kind(item),
        periods=tuple(_period(each, f"periods[{n}]") for n, each in enumerate(_needed(item))),
        is_documented=_flag(item, "documented", default=False),
    )


def _needed(item: Mapping[str, Any]) -> list[Any]:
    if "periods" not in item:
        raise CareFault("list", "a list is expected", field="periods")
    return _list(item, "periods")


def _period(raw: Any, where: str) -> Billed:
    item = mapping(raw, where, _PERIOD)
    first = read_day(item.get("from"), f"{where}.from")
    span = _span(first, read_day(item.get("to"), f"{where}.to"), f"{where}.to")
    acts = _acts(item, where)
    if ("level" in item) is ("minutes" in item):
        detail = "minutes are expected, or from 2018 a level of need"
        raise CareFault("one_of", detail, field=f"{where}.minutes")
    if "level" in item:
        return BilledLevel(span, whole(item["level"], f"{where}.level"), acts)
    return BilledPeriod(span, exact(item["minutes"], f"{where}.minutes"), acts)


def _acts(item: Mapping[str, Any], where: str) -> tuple[ActDone, ...]:
    acts = tuple(
        _act(act, f"{where}.acts[{n}]") for n, act in enumerate(_list(item, "acts", where))
    )
    codes = [act.code for act in acts]
    for number, code in enumerate(codes):
        if code in codes[:number]:
            detail = f"{code} stands there twice"
            raise CareFault("once", detail, field=f"{where}.acts[{number}].code")
    return acts


def _act(raw: Any, where: str) -> ActDone:
    item = mapping(raw, where, _ACT)
    try:
        return ActDone(
            code=_text(item, "code"),
            planned=whole(item.get("planned"), "planned"),
            executed=whole(item.get("executed"), "executed"),
            not_executed=whole(item.get("not_executed", 0), "not_executed"),
        )
    except CareFault as fault:
        member = (fault.field or "").rpartition(".")[2]
        raise CareFault(fault.rule, fault.said, field=f"{where}.{member}") from None


def _kind(item: Mapping[str, Any]) -> ProviderKind:
    value = item.get("provider_kind", ProviderKind.CARE_NETWORK)
    if value not in set(ProviderKind):
        detail = f"one of {', '.join(ProviderKind)} is expected"
        raise CareFault("known_word", detail, field="provider_kind")
    return ProviderKind(value)


def _list(item: Mapping[str, Any], name: str, where: str = "") -> list[Any]:
    value = item.get(name, [])
    if not isinstance(value, list):
        field = f"{where}.{name}" if where else name
        raise CareFault("list", "a list is expected", field=field)
    return value


def _span(first: date, last: date, name: str) -> Span:
    if last < first:
        raise CareFault("order", f"{last} is before {first}", field=name)
    return Span(first, last)


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    longest = 64 if name in _CODES else _LONGEST
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
