"""An invented letter context, with every group: what ``packs check`` and previews print."""

from collections.abc import Mapping
from typing import Any

from medcontrol.reference.acts import acts
from medcontrol.vocabulary import CURRENCIES
from workflows.definition.catalog import Pack
from workflows.letters.answers import amount, questions, stated
from workflows.letters.writing import addressee_of


def sample_of(pack: Pack, letter: str, language: str) -> dict[str, Any]:
    """Return the sample context of a pack's letter, with answers that it prints."""
    printed = pack.meta.letters[letter].prints
    asked = {name: _answer(each) for name, each in questions(pack) if name in printed}
    titles = pack.served.titles
    context = dict(sample_context(language))
    recipient = pack.meta.letters[letter].recipient
    if recipient in ("employer", "specialist"):
        name = context["addressee"]["name"]
        known = {"employer": {"name": _EMPLOYER[language], "number": "9990001"}}
        context["addressee"] = addressee_of(recipient, language, known, name, None)
        context["beneficiary"] = name
    number = {"entitlement_number": f"{pack.served.reference_prefix}-2026-0004321"}
    context["decision"] = context["decision"] | number
    if recipient == "provider":
        context["addressee"] = {"name": _PROVIDER[language], "address": []}
    if recipient == "expert":
        context["addressee"] = {"name": context["mission"]["expert"], "address": []}
    if lines := _lines(pack, language):
        context["decision"] |= {"lines": lines}
    return context | {
        "flow": titles.ar if language == "ar" else titles.fr,
        "reference": f"{pack.served.reference_prefix}-2026-0001234",
        "stated": stated(pack, letter, asked, language, _currency(pack)),
    }


def _lines(pack: Pack, language: str) -> list[dict[str, str]]:
    """Return two lines of the flow's own acts, the second one reduced; none when it has none."""
    usual = [a for a in acts(pack.meta.jurisdiction).values() if a.flow == pack.flow][-2:]
    tooth = {"fr": ", dent 26", "ar": "، السن 26"}[language] if pack.flow == "dental" else ""
    asked, less = (amount(cents, _currency(pack), language) for cents in (240_000, 115_000))
    verdicts = (("accepted", asked, ""), ("modified", less, _REDUCED[language]))
    return [
        {
            "label": act.label.in_language(language) + tooth,
            "outcome": outcome,
            "requested": asked,
            "granted": granted,
            "motive": motive,
        }
        for act, (outcome, granted, motive) in zip(usual, verdicts, strict=False)
    ]


def _currency(pack: Pack) -> str:
    return CURRENCIES[pack.meta.jurisdiction]


_EMPLOYER = {"fr": "Société Exemple", "ar": "شركة المثال"}
_PROVIDER = {"fr": "Clinique des Orangers", "ar": "مصحة البرتقال"}
_REDUCED = {
    "fr": "Montant ramené au tarif applicable",
    "ar": "تم تخفيض المبلغ إلى التعريفة المطبقة",
}


def _answer(question: Mapping[str, Any]) -> Any:
    """Return a believable answer to a question; none for a kind that letters don't print."""
    if question["widget"] == "radio":
        return next(iter(question["options"]))
    samples = {"number": 12, "date": "2026-07-20", "checkbox": True, "money": 12_500_000}
    return samples.get(question["widget"], "Exemple")


def sample_context(language: str) -> dict[str, Any]:
    """Return a believable context in French or Arabic; the person and the numbers are invented."""
    return _ARABIC if language == "ar" else _FRENCH


_OVERRUN = "Plafond_Période = min(700 ; 1470) × 31/7 = 3100"
_COMMON: dict[str, Any] = {
    "calculation": {
        "bill": "F-2017-0312",
        "month": "2017-03-01",
        "plan": [{"text": "DAEV_P = 700 × 1 × 1 = 700", "section": "§4.1"}],
        "periods": [
            {
                "first": "2017-03-01",
                "last": "2017-03-31",
                "lines": [
                    {"text": _OVERRUN, "section": "§3.2.3.3"},
                    {"text": "Accepté = min(4200 ; 3100 + 930) = 4030", "section": "§3.2"},
                    {"text": "Retranché = 4200 − 4030 = 170"},
                ],
                "cuts": [{"minutes": "170", "why": "–"}],
            }
        ],
        "lines": [
            {"text": "Contesté = 4030 − 3100 = 930"},
            {"text": "À récupérer = 930 − 300 = 630"},
        ],
        "law": [
            {
                "label": "aev",
                "value": "210",
                "since": "2007-01-01",
                "title": "Code de la sécurité sociale, art. 359",
            }
        ],
        "paid": 4030,
        "disputed": 930,
        "kept": 300,
        "recovered": 630,
    },
    "written_on": "2026-07-03",
    "reference": "ALD-2026-0001234",
    "received_on": "2026-06-24",
    "registration_number": "999123456",
    "answer_by": "2026-08-02",
    "contest": {
        "reference": "ALD-2026-0000871",
        "flow": "ALD",
        "decided_on": "2026-05-12",
        "filed_on": "2026-06-22",
        "limit_on": "2026-07-11",
        "observations_by": "2026-07-23",
        "contests": "both",
    },
    "mission": {
        "expert": "Pr Karim Bennis",
        "questions": 3,
        "due_on": "2026-08-02",
        "access_until": "2026-08-16",
        "is_in_person": True,
    },
    "verification": {
        "address": "https://controle.caisse.example/verify/7XK2P4M9QTA81ZV0C6RD",
        "at": "https://controle.caisse.example/verify",
        "code": "7XK2P-4M9QT-A81ZV-0C6RD",
    },
}
_DATES = {
    "decided_on": "2026-07-02",
    "entitlement_number": "ALD-999-0004321",
    "valid_from": "2026-06-24",
    "valid_to": "2031-06-23",
    "next_review_on": "2031-06-23",
}
_FRENCH: dict[str, Any] = _COMMON | {
    "fund": "Caisse nationale (démonstration)",
    "service": "Service du contrôle médical, agence de Salé",
    "service_address": ["12, avenue des Orangers", "11000 Salé"],
    "place": "Salé",
    "flow": "Affection de longue durée",
    "addressee": {
        "name": "Mme Nadia El Fassi",
        "address": ["3, rue des Tanneurs", "Apt 4", "11000 Salé"],
    },
    "beneficiary": "Yassine El Fassi",
    "pieces": [
        {"label": "Copie de la CNIE", "note": "recto et verso"},
        {"label": "Examens de moins de six mois"},
    ],
    "appointment": {
        "starts_at": "2026-07-21T09:30:00+01:00",
        "place": "Agence de Salé, 2e étage, salle 4",
        "bring": ["Vos ordonnances en cours", "Un pli confidentiel de votre médecin traitant"],
    },
    "decision": _DATES
    | {
        "outcome": "partially_granted",
        "not_due": "1 250,00 DH",
        "motives": ["Durée supérieure à celle que prévoit la réglementation."],
        "lines": [
            {
                "label": "Prise en charge au taux majoré",
                "outcome": "modified",
                "requested": "10 ans",
                "granted": "5 ans",
                "motive": "Durée réglementaire",
            },
            {
                "label": "Frais de transport",
                "outcome": "refused",
                "requested": "1 an",
                "granted": "–",
                "motive": "Hors panier de soins",
            },
        ],
    },
    "appeal": {"days": 60, "address": "Commission de recours, BP 999, 10000 Rabat"},
    "review": {
        "entitlement_number": "ALD-999-0004321",
        "ends_on": "2026-10-01",
        "review_on": "2026-10-01",
    },
}
_ARABIC: dict[str, Any] = _COMMON | {
    "fund": "الصندوق الوطني (نموذج)",
    "service": "مصلحة المراقبة الطبية، وكالة سلا",
    "service_address": ["12، شارع البرتقال", "11000 سلا"],
    "place": "سلا",
    "flow": "مرض طويل الأمد",
    "addressee": {
        "name": "السيدة نادية الفاسي",
        "address": ["3، زنقة الدباغين", "الشقة 4", "11000 سلا"],
    },
    "beneficiary": "ياسين الفاسي",
    "pieces": [
        {"label": "نسخة من البطاقة الوطنية", "note": "الوجهان"},
        {"label": "فحوصات لا تتجاوز ستة أشهر"},
    ],
    "appointment": {
        "starts_at": "2026-07-21T09:30:00+01:00",
        "place": "وكالة سلا، الطابق الثاني، القاعة 4",
        "bring": ["وصفاتكم الجارية", "ظرف سري من طبيبكم المعالج"],
    },
    "decision": _DATES
    | {
        "outcome": "partially_granted",
        "not_due": "1 250,00 درهم",
        "motives": ["مدة تفوق ما تنص عليه القوانين الجاري بها العمل."],
        "lines": [
            {
                "label": "التكفل بالنسبة المرفوعة",
                "outcome": "modified",
                "requested": "10 سنوات",
                "granted": "5 سنوات",
                "motive": "المدة القانونية",
            },
            {
                "label": "مصاريف النقل",
                "outcome": "refused",
                "requested": "سنة",
                "granted": "–",
                "motive": "خارج سلة العلاجات",
            },
        ],
    },
    "appeal": {"days": 60, "address": "لجنة الطعون، ص.ب. 999، 10000 الرباط"},
    "review": {
        "entitlement_number": "ALD-999-0004321",
        "ends_on": "2026-10-01",
        "review_on": "2026-10-01",
    },
}
