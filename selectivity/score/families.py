"""What each feature is to the score: may it be used, which way it points, what people call it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from medcontrol.errors import InvalidInput
from selectivity.registry import FEATURES, Feature, FeatureKind, Registry, Sensitivity


class Family(StrEnum):
    """A group of features with a name that people use (famille)."""

    AMOUNT = "amount"
    CONTENT = "content"
    ACTS = "acts"
    HEALTH = "health"
    PROVIDER = "provider"
    PRESCRIBER = "prescriber"
    BENEFICIARY = "beneficiary"
    DUPLICATES = "duplicates"
    TIMING = "timing"
    PIECES = "pieces"
    KIND = "kind"


TEXTS: dict[Family, str] = {
    Family.AMOUNT: "Montant par rapport à des dossiers semblables",
    Family.CONTENT: "Contenu de la demande : lignes, quantités, répétitions",
    Family.ACTS: "Nature des actes demandés",
    Family.HEALTH: "Situation médicale déclarée",
    Family.PROVIDER: "Activité et antécédents du prestataire",
    Family.PRESCRIBER: "Activité et antécédents du prescripteur",
    Family.BENEFICIARY: "Soins récents du bénéficiaire",
    Family.DUPLICATES: "Ressemblance avec d’autres dossiers",
    Family.TIMING: "Dates des soins et du dépôt",
    Family.PIECES: "Pièces jointes et voie de réception",
    Family.KIND: "Type de demande",
}
"""Plain French for each family; screens translate it."""

#: Not forbidden to rules, but no ground for control by score: where somebody lives, who sent the
#: file in, under which scheme, and days that never come back.
_OUT = {
    "region": "the region serves strata and capacity, never the score",
    "agency": "the agency stands for where somebody lives",
    "scheme": "the scheme stands for what somebody earns",
    "source": "the sender says nothing of the care",
    "segment_hit_rate": "the region serves strata and capacity, never the score",
    "is_in_probe": "a probe round chooses for itself",
    "received_on": "a day that never comes back can't be learned from",
    "care_from": "a day that never comes back can't be learned from",
    "care_to": "a day that never comes back can't be learned from",
}

_FAMILIES = (
    # first match wins; by how the name begins or by a word in it
    (Family.DUPLICATES, ("duplicate", "same_act", "days_since_same_act")),
    (
        Family.BENEFICIARY,
        (
            "beneficiary_",
            "stoppages",
            "sick_leave",
            "dental_prosthesis",
            "prescribers_",
            "providers_",
            "days_since_last_file",
        ),
    ),
    (Family.PRESCRIBER, ("prescriber_", "is_self_prescribed")),
    (Family.AMOUNT, ("amount", "highest_line", "price_ratio", "line_for")),
    (Family.PROVIDER, ("provider_", "is_first_with_provider")),
    (Family.HEALTH, ("main_diagnosis", "diagnoses", "pathology", "has_ald")),
    (Family.ACTS, ("acts", "act_")),
    (Family.TIMING, ("care_", "filing_", "is_urgent")),
    (Family.PIECES, ("document", "paper", "channel", "has_sealed", "has_authorisation")),
    (Family.KIND, ("flow", "nature")),
)

#: More of it never lowers the score. What is not named may go either way.
_RAISES = ("hit_rate", "duplicate", "_ratio", "repeated", "outside_care")
_RAISES_EXACTLY = frozenset({
    "highest_quantity", "prescribers_90d", "providers_90d", "stoppages_365d", "is_self_prescribed",
    "filing_delay", "amount_for_acts", "amount_for_kind", "line_for_acts", "amount_provider_zscore",
    "amount_peer_zscore", "provider_peer_zscore", "beneficiary_files_30d",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Role:
    """What a feature is to the score.

    Attributes:
        direction: 1 when more of it never lowers the score, -1 when it never raises it, 0 free.
    """

    family: Family
    direction: int


def role_of(name: str, kind: FeatureKind = FeatureKind.INTEGER) -> Role:
    """Return the family and the direction of a feature."""
    family = next(
        (family for family, words in _FAMILIES if any(name.startswith(word) for word in words)),
        Family.CONTENT,
    )
    is_ordered = kind in (FeatureKind.INTEGER, FeatureKind.FLAG)
    raises = name in _RAISES_EXACTLY or any(word in name for word in _RAISES)
    return Role(family, 1 if is_ordered and raises else 0)


def refusal(feature: Feature | None, name: str) -> str | None:
    """Return why the score may not use a feature; ``None`` when it may."""
    if feature is None:
        return f"{name} is no registered feature"
    if feature.sensitive is Sensitivity.FORBIDDEN:
        return f"{name} is forbidden by the registry"
    if feature.sensitive is Sensitivity.PROXY:
        return f"{name} stands close to something protected: rules on medical grounds only"
    if name in _OUT:
        return f"{name} may not be scored: {_OUT[name]}"
    return None


def check_features(names: Iterable[str], registry: Registry = FEATURES) -> None:
    """Refuse features that the score may not use.

    Raises:
        InvalidInput: names the first one, and why.
    """
    for name in names:
        why = refusal(registry.get(name), name)
        if why is not None:
            raise InvalidInput(why, field=name)


def allowed(registry: Registry = FEATURES) -> tuple[str, ...]:
    """Return every feature that the score may use, in the order of the registry."""
    return tuple(name for name, feature in registry.items() if refusal(feature, name) is None)


def refused(registry: Registry = FEATURES) -> dict[str, str]:
    """Return every registered feature that the score may not use, and why."""
    found = {name: refusal(feature, name) for name, feature in registry.items()}
    return {name: why for name, why in found.items() if why is not None}
