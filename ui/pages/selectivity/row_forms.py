"""A whole row, or a part of the random floor, as a form (formulaire d'une règle) and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from medcontrol.vocabulary import ControlLevel, ControlMode, Lane
from selectivity.reading import read_row
from selectivity.registry import FEATURES, FeatureKind, Sensitivity
from selectivity.tables import WHOLE, RowKind
from ui.forms import Sent, text_of
from ui.pages.selectivity.cell_forms import (
    CellForm,
    blank_cell,
    cell_form,
    cells_sent,
    keep_same,
    number_sent,
    number_typed,
)
from ui.rule_sentences import RuleSentences

_LANES = (Lane.BLUE, Lane.ORANGE, Lane.RED)
_MODES = {Lane.ORANGE: ControlMode.ON_FILE, Lane.RED: ControlMode.IN_PERSON}
_REASON = ("msgid", "fr", "ar", "en")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowForm:
    """What the form of a row holds; everything as it is typed."""

    id: str
    is_stratum: bool
    cells: Sequence[CellForm]
    addable: Sequence[tuple[str, str]]
    kind: str
    lane: str
    level: str
    mode: str
    rate: str
    quota: str
    reason: Mapping[str, str]
    rationale: str
    owner: str
    expires_on: str
    positive: str
    negative: str
    lists: Sequence[str]
    kinds: Sequence[str] = tuple(RowKind)
    lanes: Sequence[Lane] = _LANES
    levels: Sequence[ControlLevel] = tuple(ControlLevel)
    modes: Sequence[ControlMode] = tuple(ControlMode)


def row_form(
    row: Mapping[str, Any], lists: Any, words: RuleSentences, *, is_stratum: bool = False
) -> RowForm:
    """Return the form of a row given as plain data."""
    when = _dict(row.get("when"))
    then = _dict(row.get("then"))
    examples = _dict(row.get("examples"))
    known = _dict(lists)
    names = [name for name in FEATURES if name in when]
    names += [name for name in when if name not in FEATURES]
    cells = [cell_form(n, name, when[name], known, words) for n, name in enumerate(names)]
    rate = then.get("rate", WHOLE)
    quota = then.get("daily_quota")
    return RowForm(
        id=_text(row.get("id")),
        is_stratum=is_stratum,
        cells=cells,
        addable=_addable(when, words),
        kind=_text(then.get("kind", RowKind.TARGETING.value)),
        lane=_text(then.get("lane", Lane.ORANGE.value)),
        level=_text(then.get("level", ControlLevel.LOCAL.value)),
        mode=_text(then.get("mode")),
        rate=number_typed(rate, "1/10000"),
        quota="" if quota is None else str(quota),
        reason={name: _text(_dict(row.get("reason")).get(name)) for name in _REASON},
        rationale=_text(row.get("rationale")),
        owner=_text(row.get("owner")),
        expires_on=_text(row.get("expires_on")),
        positive=examples_typed(examples.get("positive")),
        negative=examples_typed(examples.get("negative")),
        lists=sorted(known),
    )


def row_sent(form: Sent, before: Mapping[str, Any], lists: Any) -> dict[str, Any]:
    """Return the row that a form sent; members that a form does not know stay as they were."""
    when = cells_sent(form)
    add = text_of(form, "add", 64)
    if add in FEATURES and add not in when and text_of(form, "do", 16) == "add":
        when[add] = blank_cell(add)
    row: dict[str, Any] = {
        "id": text_of(form, "id", 64),
        "when": keep_same(before.get("when"), when, _dict(lists)),
        "then": _then_sent(form),
    }
    if "stratum" in form:
        return _kept(before, row, lists, is_stratum=True)
    reason = {name: text_of(form, f"reason-{name}", 2_000) for name in _REASON}
    if not reason["msgid"]:
        reason["msgid"] = row["id"].replace("-", "_")
    row |= {
        "reason": {name: text for name, text in reason.items() if text},
        "rationale": text_of(form, "rationale", 4_000),
        "owner": text_of(form, "owner", 100),
        "expires_on": text_of(form, "expires_on", 10),
        "examples": {
            "positive": examples_sent(text_of(form, "positive", 20_000)),
            "negative": examples_sent(text_of(form, "negative", 20_000)),
        },
    }
    return _kept(before, row, lists)


def blank_row(last_day: str, *, is_stratum: bool = False) -> dict[str, Any]:
    """Return a new row, to be filled in."""
    if is_stratum:
        then: dict[str, Any] = {"rate": 100, "lane": Lane.ORANGE.value}
        return {"id": "", "when": {}, "then": then}
    return {
        "id": "",
        "when": {},
        "then": {
            "kind": RowKind.TARGETING.value, "lane": Lane.ORANGE.value,
            "level": ControlLevel.LOCAL.value, "mode": ControlMode.ON_FILE.value,
        },
        "expires_on": last_day,
    }  # fmt: skip


def examples_typed(examples: Any) -> str:
    """Return examples as text: a line a feature, an empty line between two."""
    found = examples if isinstance(examples, list) else []
    return "\n\n".join(
        "\n".join(f"{name}: {_example_typed(name, value)}" for name, value in each.items())
        for each in found
        if isinstance(each, dict)
    )


def examples_sent(text: str) -> list[dict[str, Any]]:
    """Return the examples of a text; a value that can't be read stays text, for the checks."""
    found = []
    for part in text.replace("\r", "").split("\n\n"):
        example = {}
        for line in part.splitlines():
            name, colon, value = line.partition(":")
            if name.strip():
                example[name.strip()] = _example_sent(name.strip(), value.strip()) if colon else ""
        if example:
            found.append(example)
    return found


def _kept(
    before: Mapping[str, Any], row: dict[str, Any], lists: Any, *, is_stratum: bool = False
) -> dict[str, Any]:
    """Return the row as it stood when what was sent means the same, so that no hash changes."""
    old, faults = read_row(before, lists, is_stratum=is_stratum)
    new, others = read_row(row, lists, is_stratum=is_stratum)
    return dict(before) if not faults and not others and old == new else row


def _then_sent(form: Sent) -> dict[str, Any]:
    rate = number_sent(text_of(form, "rate", 12) or "100", "1/10000")
    lane, level = text_of(form, "lane", 16), text_of(form, "level", 16)
    if "stratum" in form:
        return {"rate": rate, "lane": lane, "level": level}
    kind = text_of(form, "kind", 16)
    then: dict[str, Any] = {"kind": kind, "level": level}
    if kind == RowKind.SAFE_HARBOUR:
        return then
    then["lane"] = lane
    mode = text_of(form, "mode", 16)
    if lane == Lane.ORANGE or (lane == Lane.RED and not mode):
        mode = _MODES[Lane(lane)].value
    if lane != Lane.BLUE and mode:
        then["mode"] = mode
    if rate != WHOLE:
        then["rate"] = rate
    quota = text_of(form, "daily_quota", 12)
    if quota:
        then["daily_quota"] = number_sent(quota, "")
    return then


def _addable(when: Mapping[str, Any], words: RuleSentences) -> list[tuple[str, str]]:
    found = [
        (name, words.heading(name))
        for name, feature in FEATURES.items()
        if feature.sensitive is not Sensitivity.FORBIDDEN and name not in when
    ]
    return sorted(found, key=lambda each: each[1].casefold())


def _example_typed(name: str, value: Any) -> str:
    feature = FEATURES.get(name)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if feature is not None and feature.kind is FeatureKind.INTEGER:
        return number_typed(value, feature.unit)
    return str(value)


def _example_sent(name: str, text: str) -> Any:
    feature = FEATURES.get(name)
    if feature is None:
        return text
    if feature.kind is FeatureKind.CODES:
        return [word for each in text.split(",") if (word := each.strip())]
    if feature.kind is FeatureKind.FLAG:
        return {"true": True, "false": False}.get(text.casefold(), text)
    return number_sent(text, feature.unit) if feature.kind is FeatureKind.INTEGER else text


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return "" if value is None else str(value)
