"""Sentences for the control doctor in other languages (traductions), outside what is hashed."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from medcontrol.ports import SelectivityReason
from medcontrol.strict_yaml import load_yaml

_ARABIC = re.compile("[\u0600-\u06ff]")
_FILE = Path(__file__).parent / "rulesets" / "translations.yaml"


@cache
def _known() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = load_yaml(_FILE)
    return found


def translated(reason: SelectivityReason) -> SelectivityReason:
    """Return the reason with the translations that stand beside it, or else in our own file.

    A translation of ours holds only for the very sentence that it translates: an analyst who
    words a reason anew under the same code is not given the Arabic of the old one.
    """
    ours = _known().get(reason.code, {})
    if ours.get("fr") != reason.text:
        return reason
    return SelectivityReason(
        reason.code, reason.text, reason.ar or ours.get("ar"), reason.en or ours.get("en")
    )


def sentence(stored: Mapping[str, str], language: str) -> str:
    """Return a stored reason in a language; in French where nobody translated it.

    Args:
        stored: ``code`` and ``text``, with ``ar`` and ``en`` where there are translations.
        language: "fr", "ar" or "en".
    """
    return _in_language(stored, language) or stored["text"]


def language_of_sentence(stored: Mapping[str, str], language: str) -> str:
    """Return the language that `sentence` answers in: the one asked for, else its author's.

    Whoever sends a file says in words of their own why it is to be controlled, in French or in
    Arabic; nobody translates these.
    """
    if _in_language(stored, language):
        return language
    return "ar" if _ARABIC.search(stored["text"]) else "fr"


def _in_language(stored: Mapping[str, str], language: str) -> str | None:
    reason = translated(
        SelectivityReason(stored["code"], stored["text"], stored.get("ar"), stored.get("en"))
    )
    return {"ar": reason.ar, "en": reason.en}.get(language)
