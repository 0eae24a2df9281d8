"""The features (variables) that a rule may name, and those that it never may."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from medcontrol.intake.registers import NATURES
from medcontrol.vocabulary import Channel, Relation, Scheme


class FeatureKind(StrEnum):
    """What a value of a feature is. Money is whole centimes; nothing is a float."""

    CODE = "code"  # one word
    CODES = "codes"  # several words; a cell looks for any of them
    INTEGER = "integer"  # whole number in the unit of the feature
    DATE = "date"  # civil day
    FLAG = "flag"  # yes or no


class Sensitivity(StrEnum):
    """Whether a rule may look at the feature."""

    NONE = "none"
    PROXY = "proxy"  # stands close to something protected: medical grounds only, warned of
    FORBIDDEN = "forbidden"  # blocked; never extracted


class Freshness(StrEnum):
    """How old a value may be when the decision is made."""

    INSTANT = "instant"  # from the message itself
    SAME_DAY = "same_day"
    PREVIOUS_DAY = "previous_day"


@dataclass(frozen=True, slots=True)
class Feature:
    """One column that a cell may name.

    Attributes:
        name: stable word; stored in decision records.
        kind: type of its values.
        unit: "centimes", "days", "years", "lines"...; "" for words and flags.
        source: where the value comes from, a path of the message or a counter.
        sensitive: whether a rule may use it.
        is_medical: class medical, encrypted in the record; otherwise administrative.
        freshness: how old a value may be.
        is_history: given by the caller as an extra column, not read from the message.
        domain: the only words possible; ``None`` when the list is open. Words of an open list
            are compared in upper case.
    """

    name: str
    kind: FeatureKind
    unit: str
    source: str
    sensitive: Sensitivity = Sensitivity.NONE
    is_medical: bool = False
    freshness: Freshness = Freshness.INSTANT
    is_history: bool = False
    domain: frozenset[str] | None = None


Registry = Mapping[str, Feature]

_CODE, _CODES = FeatureKind.CODE, FeatureKind.CODES
_INT, _DATE, _FLAG = FeatureKind.INTEGER, FeatureKind.DATE, FeatureKind.FLAG
_PROXY, _FORBIDDEN = Sensitivity.PROXY, Sensitivity.FORBIDDEN

_PROFESSIONS = frozenset({
    "doctor", "dentist", "pharmacy", "clinic", "hospital", "laboratory", "radiology",
    "paramedical", "care_network", "other",
})  # fmt: skip
_SECTORS = frozenset({"public", "private", "own"})


def _words(values: Iterable[str]) -> frozenset[str]:
    return frozenset(str(value) for value in values)


_FROM_MESSAGE = (
    Feature("flow", _CODE, "", "flow", domain=_words(NATURES)),
    Feature("nature", _CODE, "", "nature", domain=frozenset().union(*NATURES.values())),
    Feature("scheme", _CODE, "", "scheme", domain=_words(Scheme)),
    Feature("channel", _CODE, "", "channel", domain=_words(Channel)),
    Feature("source", _CODE, "", "source"),
    Feature("agency", _CODE, "", "agency"),
    Feature("region", _CODE, "", "region of the agency"),
    Feature("is_urgent", _FLAG, "", "urgent"),
    Feature("amount", _INT, "centimes", "amount"),
    Feature("highest_line", _INT, "centimes", "highest lines[].amount"),
    Feature("line_count", _INT, "lines", "lines"),
    Feature("highest_quantity", _INT, "units", "highest lines[].quantity, rounded up"),
    Feature("repeated_lines", _INT, "lines", "lines with the act, day and tooth of another line"),
    Feature("lines_outside_care", _INT, "lines", "lines[].date outside care.from to care.to"),
    Feature("tooth_count", _INT, "teeth", "different lines[].tooth"),
    Feature("has_authorisation", _FLAG, "", "authorisation"),
    Feature("has_ald_number", _FLAG, "", "ald_number"),
    Feature("received_on", _DATE, "", "civil day of received_at"),
    Feature("care_from", _DATE, "", "care.from"),
    Feature("care_to", _DATE, "", "care.to"),
    Feature("care_days", _INT, "days", "care.from to care.to, both counted"),
    Feature("filing_delay", _INT, "days", "received_on minus care.from; negative: care to come"),
    Feature("care_weekday", _INT, "1 Monday to 7 Sunday", "care.from"),
    Feature("document_count", _INT, "documents", "documents"),
    Feature("document_kinds", _CODES, "", "documents[].kind"),
    Feature("paper_pages", _INT, "pages", "paper.pages"),
    Feature("has_sealed_envelope", _FLAG, "", "paper.sealed_envelope"),
    Feature("provider_kind", _CODE, "", "provider.kind", domain=_PROFESSIONS),
    Feature("provider_sector", _CODE, "", "provider.sector", domain=_SECTORS),
    Feature("prescriber_sector", _CODE, "", "prescriber.sector", domain=_SECTORS),
    Feature("is_self_prescribed", _FLAG, "", "prescriber.id equals provider.id"),
    Feature("beneficiary_age", _INT, "years", "birth_date at received_on", sensitive=_PROXY),
    # What is bought, from whom, and for what, tells the illness.
    Feature("acts", _CODES, "", "lines[].act", is_medical=True),
    Feature("prescriber_specialty", _CODE, "", "prescriber.specialty", is_medical=True),
    Feature("provider_specialty", _CODE, "", "provider.specialty", is_medical=True),
    Feature("main_diagnosis", _CODE, "", "medical.diagnoses[main]", is_medical=True),
    Feature("diagnoses", _CODES, "", "medical.diagnoses[].icd10", is_medical=True),
    Feature("pathology", _CODE, "", "medical.pathology", is_medical=True),
)

_SAME_DAY, _PREVIOUS_DAY = Freshness.SAME_DAY, Freshness.PREVIOUS_DAY


def _counter(name: str, unit: str, source: str, freshness: Freshness) -> Feature:
    return Feature(name, _INT, unit, source, freshness=freshness, is_history=True)


def _before(name: str, unit: str, source: str) -> Feature:
    """Return a counter of the days before the file's own."""
    return _counter(name, unit, source, _PREVIOUS_DAY)


def _today(name: str, unit: str, source: str) -> Feature:
    """Return a counter that also knows what came in earlier on the day."""
    return _counter(name, unit, source, _SAME_DAY)


_RATE = "1/10000"
_SPREADS = "1/100 of a standard deviation"

# Worked out in selectivity/history; missing when nothing is known, such as a rate without controls.
_HISTORY = (
    _before("provider_files_30d", "files", "provider and flow, 30 days"),
    _before("provider_files_90d", "files", "provider and flow, 90 days"),
    _before("provider_files_365d", "files", "provider and flow, 365 days"),
    _before("provider_amount_30d", "centimes", "provider and flow, 30 days"),
    _before("provider_amount_365d", "centimes", "provider and flow, 365 days"),
    _before("amount_provider_zscore", _SPREADS, "ln(amount) against provider and flow, 365 days"),
    _before("amount_peer_zscore", _SPREADS, "ln(amount) against flow, nature, kind and specialty"),
    _before("provider_peer_zscore", _SPREADS, "mean ln(amount) of the provider against its peers"),
    _before("price_ratio", "1/100", "unit price of the dearest line by the usual one"),
    _before("provider_weekend_share", _RATE, "provider, care on Saturday or Sunday, 365 days"),
    _before("provider_newcomer_share", _RATE, "provider, people not seen for a year, 90 days"),
    _before("provider_controls_365d", "controls", "provider, controls closed in 365 days"),
    _before("provider_hit_rate", _RATE, "provider, controls found wrong"),
    _before("provider_flow_hit_rate", _RATE, "provider and flow, controls found wrong"),
    _before("prescriber_files_30d", "files", "prescriber, 30 days"),
    _before("prescriber_files_365d", "files", "prescriber, 365 days"),
    _before("prescriber_hit_rate", _RATE, "prescriber, controls found wrong"),
    _before("prescriber_provider_files_90d", "files", "prescriber with provider, 90 days"),
    _before("prescriber_provider_share", _RATE, "of the prescriber, to this provider, 90 days"),
    _before("act_hit_rate", _RATE, "dearest act in its flow and nature, controls found wrong"),
    _before("segment_hit_rate", _RATE, "flow, nature and region, controls found wrong"),
    _today("beneficiary_files_30d", "files", "beneficiary, 30 days"),
    _today("beneficiary_files_90d", "files", "beneficiary, 90 days"),
    _today("beneficiary_files_365d", "files", "beneficiary, 365 days"),
    _today("beneficiary_amount_365d", "centimes", "beneficiary, 365 days"),
    _before("beneficiary_hit_rate", _RATE, "beneficiary, controls found wrong"),
    _today("prescribers_90d", "prescribers", "beneficiary, 90 days"),
    _today("providers_90d", "providers", "beneficiary, 90 days"),
    _today("days_since_last_file", "days", "beneficiary, within 365 days"),
    _today("days_since_same_act", "days", "beneficiary and dearest act, within 365 days"),
    _today("same_act_interval_days", "days", "beneficiary and dearest act, mean between files"),
    _today("stoppages_365d", "stoppages", "beneficiary, sick leaves in 365 days"),
    _today("sick_leave_days_730d", "days", "beneficiary, sick leave in 730 days"),
    _today("dental_prosthesis_730d", "centimes", "beneficiary, prostheses, 730 days"),
    _today("duplicate_files_90d", "files", "same acts and days elsewhere, 90 days"),
    _before("provider_beneficiary_files_90d", "files", "beneficiary with provider, 90 days"),
    Feature(
        "is_first_with_provider", _FLAG, "", "beneficiary new to the provider in 365 days",
        freshness=_PREVIOUS_DAY, is_history=True,
    ),
    Feature(
        "is_in_probe", _FLAG, "", "taken by a probe round of the provider, at the gate",
        freshness=_SAME_DAY, is_history=True,
    ),
)  # fmt: skip

_NEVER = tuple(
    Feature(name, kind, "", source, sensitive=_FORBIDDEN, domain=domain)
    for name, kind, source, domain in (
        ("sex", _CODE, "insured.sex, beneficiary.sex", frozenset({"F", "M", "U"})),
        ("nationality", _CODE, "insured", None),
        ("language", _CODE, "insured.language", frozenset({"fr", "ar", "en", "de", "lb"})),
        ("relation", _CODE, "beneficiary.relation", _words(Relation)),
        ("family_name", _CODE, "insured.family_name", None),
        ("given_name", _CODE, "insured.given_name", None),
        ("address", _CODE, "insured.address", None),
        ("has_digital_consent", _FLAG, "insured.digital_consent", None),
    )
)

FEATURES: Registry = MappingProxyType(
    {feature.name: feature for feature in (*_FROM_MESSAGE, *_HISTORY, *_NEVER)}
)
"""Every feature of this version. A name once stored in a decision is never given another sense."""
