"""One condition of a rule as typed fields (case typée): plain data to fields and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from selectivity.cell_grammar import CellFault, parse_cell
from selectivity.registry import FEATURES, Feature, FeatureKind
from ui.forms import Sent, text_of, texts_of
from ui.rule_sentences import HUNDREDTHS, RuleSentences

MOST_CELLS = 40
_LONGEST = 20_000
_NOT = {"in": "not_in", "in_list": "not_in_list", "prefix": "not_prefix"}
_LOW, _HIGH = ("ge", "gt"), ("le", "lt")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellForm:
    """What the fields of one condition hold.

    Attributes:
        number: place in the form; fields are named ``c<number>-…``.
        feature: name of the column; ``kind`` decides which fields there are.
        is_excluding: none of the words, or outside the interval.
        codes: words ticked or typed; ``prefixes`` beginnings; ``lists`` named lists.
        low, high: ends as typed, with their comparison.
        flag: "yes" or "no".
        missing: "no", "yes" or "only".
        fault: code of what is wrong with the condition.
    """

    number: int
    feature: str
    kind: str
    unit: str = ""
    label: str = ""
    options: Sequence[tuple[str, str]] = ()
    is_excluding: bool = False
    codes: Sequence[str] = ()
    prefixes: Sequence[str] = ()
    lists: Sequence[str] = ()
    low_sign: str = "ge"
    low: str = ""
    high_sign: str = "lt"
    high: str = ""
    flag: str = "yes"
    missing: str = "no"
    fault: str | None = None


def cell_form(
    number: int, name: str, raw: Any, lists: Mapping[str, Any], words: RuleSentences
) -> CellForm:
    """Return the fields of a condition given as plain data; what they can't hold is left out."""
    feature = FEATURES.get(name)
    data = raw if isinstance(raw, dict) else {}
    kind = feature.kind.value if feature else "unknown"
    outside = data.get("outside")
    bounds = outside if isinstance(outside, dict) else data
    low = next((sign for sign in _LOW if sign in bounds), "ge")
    high = next((sign for sign in _HIGH if sign in bounds), "lt")
    excluding = isinstance(outside, dict) or any(each in data for each in _NOT.values())
    shown = {plain: data.get(negated if excluding else plain) for plain, negated in _NOT.items()}
    return CellForm(
        number=number,
        feature=name,
        kind=kind,
        unit=feature.unit if feature else "",
        label=words.heading(name),
        options=_options(feature, words),
        is_excluding=excluding,
        codes=_texts(shown["in"]),
        prefixes=_texts(shown["prefix"]),
        lists=_texts(shown["in_list"]),
        low_sign=low,
        low=_typed(bounds.get(low), feature),
        high_sign=high,
        high=_typed(bounds.get(high), feature),
        flag="no" if data.get("is") is False else "yes",
        missing=str(data.get("missing", "no")),
        fault=_fault(raw, feature, lists),
    )


def cells_sent(form: Sent) -> dict[str, Any]:
    """Return the conditions that a form sent as plain data, by feature."""
    found: dict[str, Any] = {}
    for number in range(MOST_CELLS):
        name = text_of(form, f"c{number}-feature", 64)
        if name and text_of(form, "do", 16) != f"gone-{number}":
            found[name] = _cell(form, f"c{number}-", FEATURES.get(name))
    return found


def blank_cell(name: str) -> dict[str, Any]:
    """Return a new condition on a feature, to be filled in."""
    feature = FEATURES.get(name)
    return {"is": True} if feature is not None and feature.kind is FeatureKind.FLAG else {}


def keep_same(before: Any, after: dict[str, Any], lists: Mapping[str, Any]) -> dict[str, Any]:
    """Return the new conditions, those that mean what they meant before as they stood."""
    old = before if isinstance(before, dict) else {}
    return {
        name: old[name] if name in old and _is_same(name, old[name], cell, lists) else cell
        for name, cell in after.items()
    }


def number_sent(text: str, unit: str) -> Any:
    """Return a typed number in the unit of the feature; the text itself when it is none.

    >>> number_sent("3 000,50", "centimes"), number_sent("12", "days"), number_sent("x", "days")
    (300050, 12, 'x')
    >>> number_sent("1e999999999", "days")  # never written out
    '1e999999999'
    """
    plain = "".join(text.split()).replace(",", ".").replace("\u202f", "")
    try:
        number = Decimal(plain) * (100 if unit in HUNDREDTHS else 1)
        return int(number) if abs(number) < 2**53 and number == int(number) else text
    except (ArithmeticError, ValueError):  # no number, or beyond all numbers
        return text


def number_typed(value: Any, unit: str) -> str:
    """Return a stored number as it is typed in.

    >>> number_typed(300050, "centimes"), number_typed(12, "days")
    ('3000.50', '12')
    """
    if isinstance(value, bool) or not isinstance(value, int):
        return "" if value is None else str(value)
    return f"{Decimal(value).scaleb(-2):.2f}" if unit in HUNDREDTHS else str(value)


def _cell(form: Sent, start: str, feature: Feature | None) -> dict[str, Any]:
    missing = text_of(form, f"{start}missing", 8) or "no"
    if missing == "only":
        return {"missing": "only"}
    excluding = text_of(form, f"{start}op", 8) == "not"
    kind = feature.kind if feature else FeatureKind.CODE
    if kind is FeatureKind.FLAG:
        cell: dict[str, Any] = {"is": text_of(form, f"{start}flag", 4) != "no"}
    elif kind in (FeatureKind.CODE, FeatureKind.CODES):
        cell = _codes(form, start, excluding=excluding)
    else:
        bounds = _bounds(form, start, feature)
        cell = {"outside": bounds} if excluding and bounds else bounds
    if missing == "yes" or excluding:
        cell["missing"] = missing
    return cell


def _codes(form: Sent, start: str, *, excluding: bool) -> dict[str, Any]:
    sent = {
        "in": [*texts_of(form, f"{start}codes", 64), *_words(form, f"{start}words")],
        "prefix": _words(form, f"{start}prefixes"),
        "in_list": texts_of(form, f"{start}lists", 64),
    }
    return {(_NOT[name] if excluding else name): words for name, words in sent.items() if words}


def _bounds(form: Sent, start: str, feature: Feature | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for end, signs in (("low", _LOW), ("high", _HIGH)):
        text = text_of(form, f"{start}{end}", 40)
        sign = text_of(form, f"{start}{end}-sign", 4)
        if text:
            is_day = feature is not None and feature.kind is FeatureKind.DATE
            value = text if is_day else number_sent(text, feature.unit if feature else "")
            found[sign if sign in signs else signs[0]] = value
    return found


def _words(form: Sent, name: str) -> list[str]:
    text = text_of(form, name, _LONGEST).replace(";", ",").replace("\n", ",")
    return list(dict.fromkeys(word for each in text.split(",") if (word := each.strip())))


def _options(feature: Feature | None, words: RuleSentences) -> list[tuple[str, str]]:
    if feature is None or feature.domain is None:
        return []
    found = [(code, words.word(feature.name, code)) for code in feature.domain]
    return sorted(found, key=lambda each: each[1])


def _texts(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, str)]


def _typed(value: Any, feature: Feature | None) -> str:
    if feature is not None and feature.kind is FeatureKind.DATE:
        return value if isinstance(value, str) else ""
    return number_typed(value, feature.unit if feature else "")


def _fault(raw: Any, feature: Feature | None, lists: Mapping[str, Any]) -> str | None:
    if feature is None:
        return "unknown_feature"
    try:
        parse_cell(raw, feature, _frozen(lists))
    except CellFault as fault:
        return fault.code
    return None


def _is_same(name: str, old: Any, new: Any, lists: Mapping[str, Any]) -> bool:
    feature = FEATURES.get(name)
    if feature is None:
        return False
    try:
        known = _frozen(lists)
        return parse_cell(old, feature, known) == parse_cell(new, feature, known)
    except CellFault:
        return False


def _frozen(lists: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    return {
        name: frozenset(code for code in codes if isinstance(code, str))
        for name, codes in lists.items()
        if isinstance(codes, list)
    }
