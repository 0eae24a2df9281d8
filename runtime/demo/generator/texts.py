"""Medical summaries (résumés) and answers to entry forms, written from a few numbers."""

from collections.abc import Callable
from datetime import date
from typing import Any

from runtime.demo.generator.diagnoses import LABELS

_HISTORY = (
    "Suivi régulier depuis {years} ans.", "Évolution stable sous traitement.",
    "Aggravation progressive depuis {months} mois.", "Découverte récente, bilan joint.",
    "Bonne tolérance du traitement.", "Réponse incomplète au traitement de première intention.",
)  # fmt: skip
_NEXT: dict[str, tuple[str, ...]] = {
    "ald": ("Demande d'exonération du ticket modérateur.",
            "Examens de moins de {months} mois joints.",
            "Traitement au long cours nécessaire."),
    "hospital": ("Hospitalisation en {service}, durée prévue {days} jours.",
                 "Avis du service joint, bilan préopératoire fait."),
    "medicines": ("Prescription pour {months} mois.", "Renouvellement, contrôle biologique joint."),
    "dental": ("Cliché joint.", "Dent délabrée, reconstitution nécessaire."),
    "sick_leave": ("Arrêt de travail justifié, sorties autorisées.", "Repos et antalgiques.",
                   "Reprise à réévaluer en fin d'arrêt."),
    "invalidity": ("Incapacité d'exercer toute activité.", "État jugé consolidé.",
                   "Besoin d'aide pour {days} actes de la vie courante."),
    "disability": ("Autonomie réduite, scolarité adaptée.", "Accompagnement permanent."),
    "care_abroad": ("Soins non disponibles au Maroc, deux certificats joints.",
                    "Acceptation de l'établissement étranger jointe."),
    "conventional": ("Séjour temporaire dans l'État conventionné.",),
    "ambulatory": ("Consultation et traitement.", "Contrôle dans {months} mois.", "Bilan demandé."),
}  # fmt: skip
_ACUTE = frozenset({
    "J06.9", "J20.9", "J03.9", "J18.9", "H66.9", "A09", "N39.0", "K35.8", "S82.1", "S52.5", "S72.0",
    "R07.4", "R10.4", "K80.2", "K02.1", "K04.0", "N17.9",
})  # fmt: skip
_ACUTE_COURSE = ("Début il y a {days} jours.", "Tableau aigu, examen concordant.")
_PREGNANCY = "Z34.9"
_BIRTHS = frozenset({_PREGNANCY, "O80.9", "O82.9"})
_BIRTH_COURSE = ("Grossesse d'évolution normale.", "Grossesse suivie, pas de complication.")
_MATERNITY = ("Congé de maternité.", "Accouchement prévu dans {months} semaines.")
_URGENT_ABROAD = ("Soins urgents pendant un séjour à l'étranger.",)
_WARDS = {"C": "oncologie", "D": "oncologie", "I": "cardiologie", "N": "néphrologie",
          "O": "maternité", "J": "pneumologie", "S": "traumatologie", "M": "traumatologie",
          "K": "chirurgie", "H": "ophtalmologie", "F": "psychiatrie"}  # fmt: skip
_Z_WARDS = {"Z51.1": "oncologie", "Z49.1": "néphrologie"}
_COUNTRIES = ("FR", "ES", "BE", "IT", "TN", "DE")
_STAGES = ("I", "II", "III", "IV")


def summary(flow: str, icd10: str, bits: int) -> str:
    """Return a short French summary of a case; ``bits`` (53 random bits) chooses the wording."""
    history, follows = _course(icd10, bits), _NEXT[flow]
    if icd10 == _PREGNANCY and flow == "sick_leave":
        follows = _MATERNITY
    elif icd10 in _ACUTE and flow == "care_abroad":
        follows = _URGENT_ABROAD
    text = f"{LABELS[icd10]}. {history} {follows[(bits >> 8) % len(follows)]}"
    if "{" not in text:
        return text
    return text.format(
        years=2 + (bits >> 16) % 14,
        months=2 + (bits >> 20) % 9,
        days=2 + (bits >> 24) % 6,
        service=_ward(icd10),
    )


def _course(icd10: str, bits: int) -> str:
    if icd10 in _ACUTE:
        return _ACUTE_COURSE[bits % len(_ACUTE_COURSE)]
    if icd10 in _BIRTHS:
        return _BIRTH_COURSE[bits % len(_BIRTH_COURSE)]
    return _HISTORY[bits % len(_HISTORY)]


def _ward(icd10: str) -> str:
    return _Z_WARDS.get(icd10) or _WARDS.get(icd10[0], "médecine")


def form(flow: str, nature: str, icd10: str, when: tuple[date, int]) -> dict[str, Any] | None:
    """Return the answers to a flow's entry form, or None where it has none.

    ``when`` is the first day of care, or of reception if that is earlier, and 53 random bits.
    """
    day, bits = when
    if flow == "hospital":
        return _hospital(nature, icd10, bits)
    maker = _FORMS.get(flow)
    return maker(nature, day, bits) if maker else None


def _ago(day: date, days: int) -> str:
    return date.fromordinal(day.toordinal() - days).isoformat()


def _ald(nature: str, day: date, bits: int) -> dict[str, Any]:
    answers: dict[str, Any] = {
        "diagnosed_on": _ago(day, 40 + (bits >> 4) % (200 if nature == "first" else 3000)),
        "stage": _STAGES[(bits >> 16) % 4],
        "requested_months": (12, 36, 60, 60)[(bits >> 18) % 4],
    }
    if nature != "first":
        answers["renewal_reason"] = "échéance" if nature == "renewal" else "aggravation"
    return answers


def _invalidity(nature: str, day: date, bits: int) -> dict[str, Any]:
    return {
        "incapacity_since": _ago(day, 200 + (bits >> 4) % 700),
        "insured_days": 1080 + (bits >> 14) % 4000,
        "insured_days_last_year": 108 + (bits >> 26) % 150,
        "asks_third_person": nature == "review" and (bits >> 36) % 5 == 0,
    }


def _sick_leave(nature: str, day: date, bits: int) -> dict[str, Any]:
    kind = {"first": "maladie", "prolongation": "prolongation", "maternity": "maternité"}[nature]
    return {
        "kind": kind,
        "last_day_worked": _ago(day, 1),
        "employer_number": f"999{(bits >> 4) % 10**6:06d}",
        "outings_allowed": (bits >> 26) % 3 != 0,
    }


def _disability(nature: str, day: date, bits: int) -> dict[str, Any]:
    answers: dict[str, Any] = {"is_permanent": (bits >> 4) % 3 != 0}
    if nature == "renewal" or (bits >> 6) % 2:
        answers["card_number"] = f"PSH-{(bits >> 8) % 10**6:06d}"
        answers["card_issued_on"] = _ago(day, 100 + (bits >> 28) % 1500)
    return answers


def _hospital(nature: str, icd10: str, bits: int) -> dict[str, Any]:
    return {
        "service": _ward(icd10),
        "admission": "urgence" if nature == "authorisation" and bits % 7 == 0 else "programmée",
    }


def _care_abroad(_nature: str, _day: date, bits: int) -> dict[str, Any]:
    return {
        "country": _COUNTRIES[(bits >> 4) % len(_COUNTRIES)],
        "needs_companion": (bits >> 8) % 3 == 0,
        "needs_transport": (bits >> 10) % 4 == 0,
    }


def _conventional(nature: str, _day: date, bits: int) -> dict[str, Any]:
    return {
        "country": _COUNTRIES[(bits >> 4) % len(_COUNTRIES)],
        "request": "initiale" if nature == "opening" else "prolongation",
    }


_FORMS: dict[str, Callable[[str, date, int], dict[str, Any]]] = {
    "ald": _ald,
    "invalidity": _invalidity,
    "sick_leave": _sick_leave,
    "disability": _disability,
    "care_abroad": _care_abroad,
    "conventional": _conventional,
}
