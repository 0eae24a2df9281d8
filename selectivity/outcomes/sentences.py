"""Segments in plain words, in the three languages of the screens (phrases)."""

from collections.abc import Iterable, Mapping
from typing import Any

from medcontrol.reference.flows import flows

_NAMES: Mapping[str, tuple[str, str, str]] = {
    "flow": ("circuit", "المسار", "flow"),
    "nature": ("nature", "نوع الطلب", "nature"),
    "region": ("région", "الجهة", "region"),
    "provider": ("professionnel", "المهني", "provider"),
    "provider_kind": ("type de professionnel", "صنف المهني", "kind of provider"),
    "provider_sector": ("secteur", "القطاع", "sector"),
    "provider_specialty": ("spécialité", "التخصص", "specialty"),
    "amount": ("montant", "المبلغ", "amount"),
    "acts": ("acte", "العمل", "act"),
}
_PLACE = {"fr": 0, "ar": 1, "en": 2}
_ALL = ("Tous les dossiers", "كل الملفات", "All files")
_AMOUNT = (
    ("moins de {high}", "de {low} à {high}", "{low} et plus"),
    ("أقل من {high}", "من {low} إلى {high}", "{low} فأكثر"),
    ("below {high}", "from {low} to {high}", "{low} and more"),
)


def segment_sentence(condition: Iterable[Any], language: str = "fr") -> str:
    """Return a segment's condition as a sentence.

    >>> segment_sentence([("region", "MA-06"), ("amount", (None, 10_000))])
    'Région MA-06, montant moins de 100'
    """
    place = _PLACE.get(language, 0)
    parts = [
        f"{_NAMES[name][place]} {_value(name, value, language, place)}" for name, value in condition
    ]
    text = ("، " if language == "ar" else ", ").join(parts) or _ALL[place]
    return text[:1].upper() + text[1:]


def _value(name: str, value: Any, language: str, place: int) -> str:
    if name == "flow" and value in flows():
        return f"« {flows()[value].title.in_language(language)} »"
    if name == "amount":
        low, high = (None if bound is None else f"{bound / 100:g}" for bound in value)
        form = _AMOUNT[place][0 if low is None else 2 if high is None else 1]
        return form.format(low=low, high=high)
    return str(value)
