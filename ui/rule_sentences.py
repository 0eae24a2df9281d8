"""A rule as one sentence in plain words (phrase en clair), in the language of the reader."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from medcontrol.vocabulary import CURRENCIES, Channel, Jurisdiction, Scheme
from selectivity.cell_grammar import CellFault, parse_cell
from selectivity.cells import AbsentCell, Cell, CodeCell, FlagCell, IntervalCell, Missing
from selectivity.reading import read_row
from selectivity.registry import FEATURES, Feature, FeatureKind
from selectivity.tables import WHOLE, Row, RowKind, Stratum
from ui.codes import word_for
from ui.formats import Formats
from ui.i18n import babel_locale, translations
from ui.labels import label_of
from ui.rule_words import FLAGS, NONE_OF

HUNDREDTHS = frozenset({"centimes", "1/10000"})
"""Units that screens show divided by a hundred: money in full, rates in per cent."""

_WORDS: Mapping[str, str] = {
    "flow": "flow",
    "nature": "nature",
    "provider_kind": "provider_kind",
    "provider_sector": "sector",
    "prescriber_sector": "sector",
    "prescriber_specialty": "specialty",
    "provider_specialty": "specialty",
}
_MOST_WORDS = 8


class RuleSentences:
    """Says rules in one language; amounts in the money of the jurisdiction."""

    def __init__(self, language: str, jurisdiction: str) -> None:
        self.language = language
        self._catalog = translations(language)
        self._fmt = Formats(babel_locale(language), jurisdiction)
        self._currency = CURRENCIES[Jurisdiction(jurisdiction)]
        self._comma = "، " if language == "ar" else ", "

    def row(self, row: Mapping[str, Any], lists: Any = None) -> str:
        """Return the sentence of a row given as plain data; what can't be read is said so."""
        _ = self._catalog.gettext
        found, _faults = read_row(row, lists)
        when = self.conditions(row.get("when"), lists)
        start = (
            _("When %(conditions)s:") % {"conditions": self._all(when)}
            if when
            else _("For every file:")
        )
        assert isinstance(found, Row)  # noqa: S101 - no stratum was asked for
        return f"{start} {self._effect(found)}"

    def stratum(self, row: Mapping[str, Any], lists: Any = None) -> str:
        """Return the sentence of a part of the random floor."""
        _ = self._catalog.gettext
        found, _faults = read_row(row, lists, is_stratum=True)
        assert isinstance(found, Stratum)  # noqa: S101 - one was asked for
        when = self.conditions(row.get("when"), lists)
        values = {
            "conditions": self._all(when),
            "rate": self.rate(found.rate),
            "lane": self._label(found.lane).lower(),
            "level": self._label(found.level),
        }
        if not when:
            return _("Of the other files %(rate)s are drawn (%(lane)s, %(level)s level).") % values
        text = _("When %(conditions)s: %(rate)s are drawn (%(lane)s, %(level)s level).")
        return text % values

    def conditions(self, when: Any, lists: Any = None) -> list[str]:
        """Return one phrase for each cell, in the order of the registry."""
        cells = when if isinstance(when, dict) else {}
        order = {name: place for place, name in enumerate(FEATURES)}
        known = {
            name: frozenset(codes)
            for name, codes in (lists.items() if isinstance(lists, dict) else ())
            if isinstance(codes, list) and all(isinstance(code, str) for code in codes)
        }
        return [
            self._phrase(name, cells[name], known)
            for name in sorted(cells, key=lambda name: order.get(name, len(order)))
        ]

    def feature(self, name: str) -> str:
        """Return what a feature is called, with its article."""
        known = word_for("feature", name)
        return self._catalog.gettext(known) if known else name

    def heading(self, name: str) -> str:
        """Return what a feature is called at the head of something."""
        text = self.feature(name)
        return text[:1].upper() + text[1:]

    def word(self, name: str, code: str) -> str:
        """Return what a value of a feature is called."""
        feature = FEATURES.get(name)
        known = word_for(_WORDS[name], code) if name in _WORDS else None
        if known is None and name in ("scheme", "channel") and feature and feature.domain:
            members = tuple(Scheme) if name == "scheme" else tuple(Channel)
            known = next((label_of(each) for each in members if each.value == code), None)
        return self._catalog.gettext(known) if known else code

    def value(self, name: str, value: Any) -> str:
        """Return a stored value of a feature as a person writes it."""
        _ = self._catalog.gettext
        feature = FEATURES.get(name)
        if value is None or feature is None:
            return "–" if value is None else str(value)
        if isinstance(value, list):
            return self._comma.join(self.word(name, str(each)) for each in value)
        if feature.kind is FeatureKind.FLAG:
            return _("yes") if value else _("no")
        if feature.kind is FeatureKind.DATE:
            return self._fmt.numeric_day(date.fromisoformat(value))
        if feature.kind is FeatureKind.INTEGER:
            return self._number(value, feature)
        return self.word(name, str(value))

    def rate(self, ten_thousandths: int) -> str:
        """Return a rate in per cent."""
        return f"{self._fmt.number(Decimal(ten_thousandths) / 100)}\u00a0%"

    def _phrase(self, name: str, raw: Any, lists: Mapping[str, frozenset[str]]) -> str:
        _ = self._catalog.gettext
        feature = FEATURES.get(name)
        if feature is None:
            return _("%(name)s: to correct") % {"name": name}
        try:
            cell = parse_cell(raw, feature, lists)
        except CellFault:
            return _("%(name)s: to correct") % {"name": self.feature(name)}
        text = self._cell(name, cell, feature, raw)
        if cell.missing is Missing.YES and not isinstance(cell, AbsentCell):
            text = _("%(condition)s or is missing") % {"condition": text}
        return text

    def _cell(self, name: str, cell: Cell, feature: Feature, raw: Mapping[str, Any]) -> str:
        _ = self._catalog.gettext
        match cell:
            case AbsentCell():
                return _("%(name)s is missing") % {"name": self.feature(name)}
            case FlagCell():
                phrases = FLAGS.get(name)
                if phrases:
                    return _(phrases[0 if cell.value else 1])
                answer = _("yes") if cell.value else _("no")
                return f"{self.feature(name)} : {answer}"
            case CodeCell():
                return self._codes(name, cell, raw)
            case IntervalCell():
                return self._interval(name, cell, feature)

    def _codes(self, name: str, cell: CodeCell, raw: Mapping[str, Any]) -> str:
        _ = self._catalog.gettext
        own = raw.get("not_in" if cell.negated else "in", [])
        words = [self.word(name, code) for code in (own if isinstance(own, list) else [own])]
        if len(words) > _MOST_WORDS:
            more = len(words) - _MOST_WORDS
            words = [*words[:_MOST_WORDS], _("%(num)s others") % {"num": more}]
        words += [_("a code of the list %(list)s") % {"list": each} for each in cell.lists]
        parts = []
        none_of = name in NONE_OF and cell.negated
        if words:
            text = _("is not %(words)s") if cell.negated else _("is %(words)s")
            text = _("among %(words)s") if none_of else text
            parts.append(text % {"words": self._any(words)})
        if cell.prefixes:
            text = (
                _("does not begin with %(words)s") if cell.negated else _("begins with %(words)s")
            )
            text = _("beginning with %(words)s") if none_of else text
            parts.append(text % {"words": self._any(sorted(cell.prefixes))})
        subject = _(NONE_OF[name]) if none_of else self.feature(name)
        joined = self._any(parts) if not cell.negated or none_of else self._all(parts)
        return f"{subject} {joined}"

    def _interval(self, name: str, cell: IntervalCell, feature: Feature) -> str:
        _ = self._catalog.gettext
        is_day = feature.kind is FeatureKind.DATE
        parts = []
        if cell.low is not None:
            text = _("from %(value)s on") if is_day else _("at least %(value)s")
            parts.append(text % {"value": self._end(cell.low, feature)})
        if cell.high is not None:
            text = _("before %(value)s") if is_day else _("less than %(value)s")
            parts.append(text % {"value": self._end(cell.high, feature)})
        values = {"name": self.feature(name), "bounds": self._all(parts)}
        if cell.low is not None and cell.high is not None and cell.high == cell.low + 1:
            values["bounds"] = self._end(cell.low, feature)
        if cell.negated:
            return _("%(name)s is not: %(bounds)s") % values
        return _("%(name)s is %(bounds)s") % values

    def _end(self, number: int, feature: Feature) -> str:
        if feature.kind is FeatureKind.DATE:
            return self._fmt.numeric_day(date.fromordinal(number))
        return self._number(number, feature)

    def _number(self, value: int, feature: Feature) -> str:
        if feature.unit == "centimes":
            return self._fmt.money(value, self._currency)
        if feature.unit == "1/10000":
            return self.rate(value)
        unit = word_for("rule_unit", feature.unit)
        number = self._fmt.number(value)
        return f"{number} {self._catalog.gettext(unit)}" if unit else number

    def _effect(self, row: Row) -> str:
        _ = self._catalog.gettext
        if row.kind is RowKind.SAFE_HARBOUR:
            return _("the file is spared by targeting rows and score; never by the random draw.")
        values = {
            "lane": self._label(row.lane).lower() if row.lane else "–",
            "level": self._label(row.level),
            "mode": self._label(row.mode).lower() if row.mode else "",
            "rate": self.rate(row.rate),
            "quota": row.daily_quota or 0,
        }
        if row.lane is not None and not row.lane.is_controlled:
            text = _("the file goes on, with a control afterwards possible (%(lane)s)") % values
        else:
            text = _("control %(mode)s at the %(level)s level (%(lane)s)") % values
        if row.kind is RowKind.MANDATORY:
            return _("%(control)s of every file, always.") % {"control": text}
        if row.rate < WHOLE:
            text += self._comma + _("for %(rate)s of the files, by draw") % values
        if row.daily_quota is not None:
            text += self._comma + _("at most %(quota)s a day") % values
        return f"{text}."

    def _label(self, member: Any) -> str:
        return self._catalog.gettext(label_of(member))

    def _any(self, parts: Sequence[str]) -> str:
        return self._joined(parts, self._catalog.gettext("%(first)s or %(last)s"))

    def _all(self, parts: Sequence[str]) -> str:
        return self._joined(parts, self._catalog.gettext("%(first)s and %(last)s"))

    def _joined(self, parts: Sequence[str], last: str) -> str:
        if len(parts) < 2:
            return "".join(parts)
        return last % {"first": self._comma.join(parts[:-1]), "last": parts[-1]}
