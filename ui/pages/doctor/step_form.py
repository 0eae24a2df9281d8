"""The form of a step: its questions from the pack, drawn, and read back as its schema wants."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

from medcontrol.queries.step_form import FormField
from medcontrol.reference.criteria import criteria
from medcontrol.reference.pathologies import pathologies
from ui.amounts import cents_of
from ui.codes import word_for
from ui.forms import Sent, as_day, text_of, texts_of
from ui.i18n import N_, translations
from workflows.definition.steps import Step

Errors = list[tuple[str, str]]
Pairs = tuple[tuple[str, str], ...]
# Asked elsewhere on the panel.
_NOT_IN_FORM = frozenset(
    {"reasoning", "missing_pieces", "completion_kind", "note", "valid_from", "valid_to",
     "next_review_on"}
)  # fmt: skip
_WIDGETS = {"pathology": "list", "radio": "choice", "medical_textarea": "area", "textarea": "area"}
_CRITERION = (("met", N_("Met")), ("not_met", N_("Not met")), ("unknown", N_("Not known")))
_UNCHANGED, _YES, _NO = N_("As proposed"), N_("Yes"), N_("No")
_MOST_ROWS = 20


class StepForm:
    """A step's form for one file, in the reader's language, with what was typed so far."""

    def __init__(
        self, form: tuple[dict[str, Any], dict[str, Any]], step: Step, *, jurisdiction: str,
        nature: str, language: str, sent: Sent,
    ) -> None:  # fmt: skip
        """Keep what the questions depend on.

        Args:
            form: JSON Schema and display of the step (``Pack.form``).
            step: the pack's step.
            jurisdiction: whose lists are offered.
            nature: of the file: some questions are for some natures.
            language: of the reader.
            sent: what was typed.
        """
        self._schema: dict[str, Any] = form[0]["properties"]
        self._display: list[dict[str, Any]] = form[1]["fields"]
        self._step, self._jurisdiction, self._nature = step, jurisdiction, nature
        self._language, self._sent = language, sent

    def fields(self, facts: Mapping[str, Any]) -> tuple[FormField, ...]:
        """Return the questions, but those that the panel asks elsewhere.

        Args:
            facts: the pack's facts: yes-or-no ones that the step may change and its form does
                not ask are asked too. What nobody answers stays as it was proposed.
        """
        found = tuple(self._field(each) for each in self._asked())
        return (*found, *(self._fact(n) for n in self._step.gives
                          if facts[n].type == "boolean" and n not in self._schema))  # fmt: skip

    def answers(self, facts: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], Errors]:
        """Return the answers, the facts of the flow among them, and what can't be read."""
        answers: dict[str, Any] = {}
        given: dict[str, Any] = {}
        errors: Errors = []
        for field in self.fields(facts):
            if field.name not in self._schema:
                if field.value in ("yes", "no"):
                    given[field.name] = field.value == "yes"
                continue
            value, is_wrong = self._answer(field)
            if is_wrong:
                errors.append((field.id, "invalid_input"))
            if field.name in self._step.gives and value is not None:
                given[field.name] = value
            if value not in (None, False, "", [], {}):
                answers[field.name] = value
        return answers, given, errors

    def _asked(self) -> Iterator[dict[str, Any]]:
        for each in self._display:
            if each["name"] in _NOT_IN_FORM or each["name"] not in self._schema:
                continue
            if not each.get("natures") or self._nature in each["natures"]:
                yield each

    def _field(self, each: Mapping[str, Any]) -> FormField:
        name, widget = each["name"], each["widget"]
        return FormField(
            name=name,
            widget=_WIDGETS.get(widget, widget),
            title=each["label"][self._language],
            section=(each.get("section") or {}).get(self._language, ""),
            hint=(each.get("hint") or {}).get(self._language, ""),
            options=self._options(each),
            rows=self._rows(each),
            columns=self._columns(each),
            value=text_of(self._sent, f"form-{name}", 2000),
            values=self._values(each),
        )

    def _fact(self, name: str) -> FormField:
        say = translations(self._language).gettext
        return FormField(
            name=name,
            widget="choice",
            title=say(word_for("fact", name) or name),
            options=(("", say(_UNCHANGED)), ("yes", say(_YES)), ("no", say(_NO))),
            value=text_of(self._sent, f"form-{name}", 8),
        )

    def _options(self, each: Mapping[str, Any]) -> Pairs:
        if each["widget"] == "pathology":
            listed = pathologies(self._jurisdiction).values()
            return tuple((str(p.number), f"{p.number}. {p.label(self._language)}") for p in listed)
        if each["widget"] == "criteria":
            say = translations(self._language).gettext
            return tuple((code, say(text)) for code, text in _CRITERION)
        return self._named(each.get("options"))

    def _named(self, given: Mapping[str, Any] | None) -> Pairs:
        return tuple((code, titles[self._language]) for code, titles in (given or {}).items())

    def _rows(self, each: Mapping[str, Any]) -> Pairs:
        """Return the rows of a grid; of criteria, those of the pathology that was chosen."""
        if each["widget"] != "criteria":
            return self._named(each.get("rows"))
        chosen = text_of(self._sent, "form-pathology", 8)
        listed = pathologies(self._jurisdiction).values()
        code = next((p.code for p in listed if str(p.number) == chosen), "")
        found = criteria(self._jurisdiction).get(code, ())
        return tuple((one.code, one.text(self._language)) for one in found)

    def _columns(self, each: Mapping[str, Any]) -> tuple[FormField, ...]:
        return tuple(
            FormField(
                name=column["name"],
                widget=_WIDGETS.get(column["widget"], column["widget"]),
                title=column["label"][self._language],
                options=self._named(column.get("options")),
            )
            for column in each.get("columns", ())
        )

    def _values(self, each: Mapping[str, Any]) -> Mapping[str, str]:
        """Return what was typed into a field of several parts: by part, else empty."""
        name, widget = f"form-{each['name']}", each["widget"]
        if widget == "teeth":
            return dict.fromkeys(texts_of(self._sent, name, 2)[:52], "1")
        if widget in ("grid", "criteria"):
            parts = [code for code, _ in self._rows(each)]
            return {part: text_of(self._sent, f"{name}.{part}", 40) for part in parts}
        if widget == "rows":
            parts = [f"{n}.{c['name']}" for n in range(_MOST_ROWS) for c in each["columns"]]
            typed = {part: text_of(self._sent, f"{name}.{part}", 200) for part in parts}
            return {part: text for part, text in typed.items() if text}
        return {}

    def _answer(self, field: FormField) -> tuple[Any, bool]:
        """Return a field's answer, and whether something was typed that can't be read."""
        rule = self._schema[field.name]
        if field.widget == "teeth":
            allowed = set(rule["items"].get("enum", field.values))
            return sorted(set(field.values) & allowed), not set(field.values) <= allowed
        if field.widget in ("grid", "criteria"):
            offered = {code for code, _ in field.options}
            chosen = {part: text for part, text in field.values.items() if text}
            return chosen, not set(chosen.values()) <= offered
        if field.widget == "rows":
            return self._table(field, rule["items"]["properties"])
        value = answer(field.value, rule, is_money=field.widget == "money")
        return value, value is None and bool(field.value)

    def _table(self, field: FormField, rules: Mapping[str, Any]) -> tuple[list[Any], bool]:
        rows: dict[str, dict[str, Any]] = {}
        is_wrong = False
        for part, text in field.values.items():
            number, _, column = part.partition(".")
            widget = next(each.widget for each in field.columns if each.name == column)
            value = answer(text, rules[column], is_money=widget == "money")
            is_wrong |= value is None
            rows.setdefault(number, {})[column] = value
        return [rows[number] for number in sorted(rows, key=int)], is_wrong


def answer(text: str, rule: Mapping[str, Any], *, is_money: bool = False) -> Any:
    """Return a typed answer as its JSON Schema wants it; None when it is none."""
    if rule.get("type") == "boolean":
        return text in ("1", "on", "true")
    if not text:
        return None
    if is_money:
        return cents_of(text)
    if rule.get("type") == "integer":
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else None
    if rule.get("type") == "number":
        try:
            number = float(Decimal(text.replace(",", ".")))
        except (InvalidOperation, ValueError):
            return None
        return number if isfinite(number) else None
    if rule.get("format") == "date":
        return text if as_day(text) else None
    return text
