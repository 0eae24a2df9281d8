"""Answers of a step that a letter prints, spelled with their labels (mentions d'un courrier).

Only what a pack says that a letter prints, and never what is medical: ``packs check`` refuses the
widgets that hold medical content.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from medcontrol.errors import DomainError
from medcontrol.vocabulary import CURRENCIES, Jurisdiction
from workflows.definition.catalog import Pack

#: Widgets whose answers a letter may print.
PRINTABLE = frozenset({"text", "number", "date", "checkbox", "radio", "money"})
_YES = {"fr": "oui", "ar": "نعم"}


def questions(pack: Pack) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every question of the pack's forms, by name, step by step."""
    for step in pack.meta.steps:
        try:
            fields = pack.form(step)[1]["fields"]
        except DomainError:
            continue  # packs check says what is wrong with the form
        yield from ((each["name"], each) for each in fields)


def stated(
    pack: Pack, letter: str, answers: Mapping[str, Any], language: str, currency: str
) -> list[dict[str, Any]]:
    """Return what a letter prints of a step's answers, in the letter's order; unanswered: nothing.

    Args:
        pack: the file's pack.
        letter: one of its letters.
        answers: of the step that ended.
        language: ``fr`` or ``ar``.
        currency: of the amounts among them.
    """
    wanted = [
        n for n in pack.meta.letters[letter].prints if answers.get(n) not in (None, False, "")
    ]
    if not wanted:
        return []
    known = dict(reversed(list(questions(pack))))
    return [
        {
            "label": known[name]["label"][language],
            "value": _said(known[name], answers[name], language, currency),
        }
        for name in wanted
    ]


def _said(question: Mapping[str, Any], answer: Any, language: str, currency: str) -> str | date:
    widget = question["widget"]
    if widget == "checkbox":
        return _YES[language]
    if widget == "date":
        return date.fromisoformat(answer)
    if widget == "money":
        return amount(answer, currency, language)
    if widget == "radio":
        return str(question["options"][answer][language])
    return str(answer)


def currency_of(received: Mapping[str, Any], jurisdiction: Jurisdiction) -> str:
    """Return the currency of a request, else that of its jurisdiction."""
    return received.get("currency") or CURRENCIES[jurisdiction]


_SIGNS = {("MAD", "fr"): "DH", ("MAD", "ar"): "درهم"}


def amount(cents: int, currency: str, language: str) -> str:
    """Return an amount as letters spell it, with its currency.

    >>> amount(123456, "EUR", "fr")
    '1\u202f234,56 EUR'
    """
    whole = f"{cents / 100:,.2f}".replace(",", "\u202f").replace(".", ",")
    return f"{whole} {_SIGNS.get((currency, language), currency)}"
