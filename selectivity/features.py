"""Turns intake messages into features (variables), and features into columns."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from medcontrol.errors import InvalidInput
from medcontrol.ports import FileFacts
from selectivity.cells import Value
from selectivity.compiled import MISSING, Column, ordinal
from selectivity.registry import FEATURES, FeatureKind, Registry

Snapshot = dict[str, Any]
"""Features of one file as JSON values, days as "2026-11-20"; what is missing is left out."""

History = Mapping[str, Sequence[Any]]

_EMPTY: Mapping[str, Any] = {}
_WHOLE = frozenset({int, type(None)})


def administrative(file: FileFacts) -> Snapshot:
    """Return the features of class administrative that the message gives."""
    message = file.message
    found: Snapshot = {
        "flow": message["flow"],
        "nature": message["nature"],
        "scheme": message["scheme"],
        "channel": message["channel"],
        "source": message["source"].upper(),
        "agency": message["agency"].upper(),
        "is_urgent": message.get("urgent", False),
        "received_on": file.received_on.isoformat(),
        "has_authorisation": bool(message.get("authorisation")),
        "has_ald_number": bool(message.get("ald_number")),
    }
    if file.region:
        found["region"] = file.region.upper()
    if "amount" in message:
        found["amount"] = cents(message["amount"])
    care = message.get("care")
    if care:
        _add_care(found, care)
    if message.get("lines"):
        _add_lines(found, message["lines"], care or _EMPTY)
    _add_people(found, message)
    _add_pieces(found, message)
    return found


def medical(message: Mapping[str, Any]) -> Snapshot:
    """Return the features of class medical that the message gives."""
    found: Snapshot = {}
    lines = message.get("lines")
    if lines:
        found["acts"] = sorted({line["act"].upper() for line in lines})
    for who in ("prescriber", "provider"):
        specialty = message.get(who, _EMPTY).get("specialty")
        if specialty:
            found[f"{who}_specialty"] = specialty.upper()
    content = message.get("medical", _EMPTY)
    diagnoses = content.get("diagnoses")
    if diagnoses:
        found["diagnoses"] = sorted({item["icd10"].upper() for item in diagnoses})
        main = [item["icd10"].upper() for item in diagnoses if item.get("main")]
        if len(main) == 1 or len(diagnoses) == 1:
            found["main_diagnosis"] = main[0] if main else found["diagnoses"][0]
    if "pathology" in content:
        found["pathology"] = content["pathology"].upper()
    return found


def cents(money: str) -> int:
    """Return money in centimes.

    >>> cents("982.90")
    98290
    """
    return int(money.replace(".", ""))


@lru_cache(maxsize=10_000)
def _units(quantity: str) -> int:
    """Return a quantity such as "2.500" in whole units, rounded up."""
    whole, _, part = quantity.partition(".")
    return int(whole) + (1 if part.strip("0") else 0)


def _add_care(found: Snapshot, care: Mapping[str, str]) -> None:
    start = ordinal(care["from"])
    found["care_from"] = care["from"]
    found["filing_delay"] = ordinal(found["received_on"]) - start
    found["care_weekday"] = (start - 1) % 7 + 1
    end = care.get("to")
    if end:
        found["care_to"] = end
        found["care_days"] = ordinal(end) - start + 1


def _add_lines(
    found: Snapshot, lines: Sequence[Mapping[str, Any]], care: Mapping[str, str]
) -> None:
    first, last = care.get("from", ""), care.get("to", "9999")
    kinds = set()
    highest = quantity = outside = 0
    for line in lines:  # every file comes by here: one pass
        amount, units, day = cents(line["amount"]), _units(line["quantity"]), line.get("date")
        highest = amount if amount > highest else highest
        quantity = units if units > quantity else quantity
        kinds.add((line["act"].upper(), day, line.get("tooth")))
        if day is not None and not first <= day <= last:
            outside += 1
    found["line_count"] = len(lines)
    found["highest_line"] = highest
    found["highest_quantity"] = quantity
    found["repeated_lines"] = len(lines) - len(kinds)
    found["tooth_count"] = len({tooth for _, _, tooth in kinds if tooth})
    found["lines_outside_care"] = outside


def _add_people(found: Snapshot, message: Mapping[str, Any]) -> None:
    born = (message.get("beneficiary") or message["insured"])["birth_date"]
    today = found["received_on"]
    found["beneficiary_age"] = int(today[:4]) - int(born[:4]) - (today[5:] < born[5:])
    provider = message.get("provider", _EMPTY)
    prescriber = message.get("prescriber", _EMPTY)
    if "kind" in provider:
        found["provider_kind"] = provider["kind"]
    if "sector" in provider:
        found["provider_sector"] = provider["sector"]
    if "sector" in prescriber:
        found["prescriber_sector"] = prescriber["sector"]
    if provider and prescriber:
        found["is_self_prescribed"] = provider["id"] == prescriber["id"]


def _add_pieces(found: Snapshot, message: Mapping[str, Any]) -> None:
    documents = message.get("documents", ())
    found["document_count"] = len(documents)
    if documents:
        found["document_kinds"] = sorted({item["kind"].upper() for item in documents})
    paper = message.get("paper")
    if paper:
        if "pages" in paper:
            found["paper_pages"] = paper["pages"]
        if "sealed_envelope" in paper:
            found["has_sealed_envelope"] = paper["sealed_envelope"]


def add_history(
    snapshots: Sequence[Snapshot], history: History, registry: Registry = FEATURES
) -> None:
    """Put the caller's counters into the snapshots, in place; ``None`` stays out.

    Raises:
        InvalidInput: a column that no history feature declares, of another length, or not whole.
    """
    whole: dict[str, Sequence[Any]] = {}
    some: dict[str, Sequence[Any]] = {}
    for name, values in history.items():
        column = _column(name, values, len(snapshots), registry)
        (some if None in column else whole)[name] = column
    if whole:
        for snapshot, row in zip(snapshots, zip(*whole.values(), strict=True), strict=True):
            snapshot.update(zip(whole, row, strict=True))
    for name, values in some.items():
        for snapshot, value in zip(snapshots, values, strict=True):
            if value is not None:
                snapshot[name] = value


def _column(name: str, values: Sequence[Any], count: int, registry: Registry) -> Sequence[Any]:
    """Return a column of a history feature, checked; flags as booleans."""
    feature = registry.get(name)
    if feature is None or not feature.is_history:
        raise InvalidInput(f"{name} is no history feature", field=name)
    if len(values) != count:
        raise InvalidInput(f"{name}: {len(values)} values, {count} files", field=name)
    if not _WHOLE.issuperset(map(type, values)):
        wrong = next(value for value in values if type(value) not in _WHOLE)
        raise InvalidInput(f"{name}: {wrong!r} is not a whole number", field=name)
    if feature.kind is FeatureKind.FLAG:
        return [value if value is None else value != 0 for value in values]
    return values


def value_of(snapshot: Mapping[str, Any], name: str, kind: FeatureKind) -> Value:
    """Return one feature of a snapshot as rules compare it; ``None`` when missing."""
    value = snapshot.get(name)
    if value is None:
        return None
    if kind is FeatureKind.DATE:
        return ordinal(value)
    if kind is FeatureKind.CODES:
        return tuple(value)
    found: Value = value
    return found


def values_of(
    snapshot: Mapping[str, Any], names: Iterable[str], registry: Registry = FEATURES
) -> dict[str, Value]:
    """Return the named features of a snapshot as rules compare them."""
    return {name: value_of(snapshot, name, registry[name].kind) for name in names}


def columns_of(
    snapshots: Sequence[Mapping[str, Any]], names: Iterable[str], registry: Registry = FEATURES
) -> dict[str, Column]:
    """Return the named features of many snapshots as columns for the numpy executor."""
    wanted = tuple(names)
    # File by file, not column by column: each snapshot comes into the processor's cache once.
    values: list[Any] = []
    for snapshot in snapshots:
        values.extend(map(snapshot.get, wanted))
    return {
        name: _as_column(values[place :: len(wanted)], registry[name].kind)
        for place, name in enumerate(wanted)
    }


def _as_column(values: list[Any], kind: FeatureKind) -> Column:
    """Return the values of one feature, ``None`` where it is missing, as a column."""
    if kind is FeatureKind.CODE:
        return values
    if kind is FeatureKind.CODES:
        return [() if value is None else tuple(value) for value in values]
    if kind is FeatureKind.DATE:
        values = [value if value is None else ordinal(value) for value in values]
    if None in values:
        values = [MISSING if value is None else value for value in values]
    return np.array(values, dtype=np.int64)
