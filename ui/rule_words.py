"""What rules are called on the screens: features, their values, states, faults (vocabulaire)."""

from collections.abc import Mapping

from ui.i18n import N_

# With its article and in the singular, so that one pattern of sentence serves them all.
FEATURES: Mapping[str, str] = {
    "flow": N_("the flow"),
    "is_in_probe": N_("a probe round"),
    "nature": N_("the nature"),
    "scheme": N_("the scheme"),
    "channel": N_("the channel"),
    "source": N_("the sender"),
    "agency": N_("the agency"),
    "region": N_("the region"),
    "is_urgent": N_("urgency"),
    "amount": N_("the amount"),
    "highest_line": N_("the highest line"),
    "line_count": N_("the number of lines"),
    "highest_quantity": N_("the highest quantity"),
    "repeated_lines": N_("the number of repeated lines"),
    "lines_outside_care": N_("the number of lines outside the care"),
    "tooth_count": N_("the number of teeth"),
    "has_authorisation": N_("the authorisation"),
    "has_ald_number": N_("the number of a long-term illness"),
    "received_on": N_("the day of reception"),
    "care_from": N_("the first day of care"),
    "care_to": N_("the last day of care"),
    "care_days": N_("the length of care"),
    "filing_delay": N_("the delay of filing"),
    "care_weekday": N_("the weekday of care (1 Monday, 7 Sunday)"),
    "document_count": N_("the number of documents"),
    "document_kinds": N_("a document"),
    "paper_pages": N_("the number of pages"),
    "has_sealed_envelope": N_("the sealed envelope"),
    "provider_kind": N_("the kind of provider"),
    "provider_sector": N_("the sector of the provider"),
    "prescriber_sector": N_("the sector of the prescriber"),
    "is_self_prescribed": N_("the prescription for oneself"),
    "beneficiary_age": N_("the age"),
    "acts": N_("an act"),
    "prescriber_specialty": N_("the specialty of the prescriber"),
    "provider_specialty": N_("the specialty of the provider"),
    "main_diagnosis": N_("the main diagnosis"),
    "diagnoses": N_("a diagnosis"),
    "pathology": N_("the long-term illness"),
    "provider_files_30d": N_("the number of files of the provider in 30 days"),
    "provider_amount_30d": N_("the amount of the provider in 30 days"),
    "provider_hit_rate": N_("the rate of controls of the provider that found something"),
    "prescriber_files_30d": N_("the number of files of the prescriber in 30 days"),
    "beneficiary_files_30d": N_("the number of files of the person in 30 days"),
    "beneficiary_amount_365d": N_("the amount of the person in 365 days"),
    "prescribers_90d": N_("the number of prescribers of the person in 90 days"),
    "stoppages_365d": N_("the number of sick leaves of the person in 365 days"),
    "sick_leave_days_730d": N_("the days of sick leave of the person in two years"),
    "dental_prosthesis_730d": N_("the dental prostheses of the person in two years"),
    "duplicate_files_90d": N_("the number of files with the same acts on the same days"),
    "sex": N_("the sex"),
    "provider_files_90d": N_("the number of files of the provider in 90 days"),
    "provider_files_365d": N_("the number of files of the provider in a year"),
    "provider_amount_365d": N_("the amount of the provider in a year"),
    "amount_provider_zscore": N_("how far the amount is from the provider's usual"),
    "amount_peer_zscore": N_("how far the amount is from that of peers"),
    "provider_peer_zscore": N_("how far the provider's amounts are from those of peers"),
    "price_ratio": N_("the unit price against the usual one"),
    "provider_weekend_share": N_("the share of the provider's care at weekends"),
    "provider_newcomer_share": N_("the share of people new to the provider"),
    "provider_controls_365d": N_("the number of controls of the provider in a year"),
    "provider_flow_hit_rate": N_(
        "the rate of the provider's controls in this flow that found something"
    ),
    "prescriber_files_365d": N_("the number of files of the prescriber in a year"),
    "prescriber_hit_rate": N_("the rate of controls of the prescriber that found something"),
    "prescriber_provider_files_90d": N_(
        "the number of files of this prescriber with this provider in 90 days"
    ),
    "prescriber_provider_share": N_("the share of the prescriber's files that go to this provider"),
    "act_hit_rate": N_("the rate of controls of the dearest act that found something"),
    "segment_hit_rate": N_(
        "the rate of controls of the flow, nature and region that found something"
    ),
    "beneficiary_files_90d": N_("the number of files of the person in 90 days"),
    "beneficiary_files_365d": N_("the number of files of the person in a year"),
    "beneficiary_hit_rate": N_("the rate of controls of the person that found something"),
    "providers_90d": N_("the number of providers of the person in 90 days"),
    "days_since_last_file": N_("the days since the person's last file"),
    "days_since_same_act": N_("the days since the same act"),
    "same_act_interval_days": N_("the usual days between two of the same act"),
    "provider_beneficiary_files_90d": N_(
        "the number of files of the person with this provider in 90 days"
    ),
    "is_first_with_provider": N_("the person is new to the provider"),
    "nationality": N_("the nationality"),
    "language": N_("the language"),
    "relation": N_("the family relation"),
    "family_name": N_("the family name"),
    "given_name": N_("the given name"),
    "address": N_("the address"),
    "has_digital_consent": N_("consent to digital letters"),
}

# Yes and no of a flag.
FLAGS: Mapping[str, tuple[str, str]] = {
    "is_urgent": (N_("the file is urgent"), N_("the file is not urgent")),
    "has_authorisation": (N_("an authorisation is named"), N_("no authorisation is named")),
    "has_ald_number": (
        N_("the number of a long-term illness is given"),
        N_("no number of a long-term illness is given"),
    ),
    "has_sealed_envelope": (
        N_("a sealed envelope came along"),
        N_("no sealed envelope came along"),
    ),
    "is_self_prescribed": (
        N_("the provider prescribed to himself"),
        N_("prescriber and provider are not the same"),
    ),
}

NONE_OF: Mapping[str, str] = {
    "acts": N_("no act"),
    "document_kinds": N_("no document"),
    "diagnoses": N_("no diagnosis"),
}

PROVIDER_KINDS: Mapping[str, str] = {
    "doctor": N_("doctor's practice"),
    "dentist": N_("dental practice"),
    "pharmacy": N_("pharmacy"),
    "clinic": N_("clinic"),
    "hospital": N_("hospital"),
    "laboratory": N_("laboratory"),
    "radiology": N_("radiology"),
    "paramedical": N_("paramedical practice"),
    "care_network": N_("care network"),
    "other": N_("other"),
}
SECTORS: Mapping[str, str] = {
    "public": N_("public"),
    "private": N_("private"),
    "own": N_("the fund's own"),
}
# Only of what is no number of something.
UNITS: Mapping[str, str] = {"days": N_("days"), "years": N_("years")}

KINDS: Mapping[str, str] = {
    "mandatory": N_("Mandatory"),
    "safe_harbour": N_("Safe harbour"),
    "targeting": N_("Targeting"),
}
STATES: Mapping[str, str] = {
    "draft": N_("Draft"),
    "checked": N_("Checked"),
    "backtested": N_("Back-tested"),
    "shadow": N_("In shadow"),
    "approved": N_("Approved"),
    "published": N_("Published"),
    "retired": N_("Retired"),
    # As they are seen on a day.
    "in_force": N_("In force"),
    "scheduled": N_("To begin"),
    "superseded": N_("Replaced"),
    "given_up": N_("Given up"),
}
EVENTS: Mapping[str, str] = {
    "drafted": N_("Draft begun"),
    "edited": N_("Rules changed"),
    "checked": N_("Checks passed"),
    "backtested": N_("Back-test accepted"),
    "shadowed": N_("Was put in shadow"),
    "approved": N_("Approved by a second person"),
    "published": N_("Published: its content is fixed"),
    "retired": N_("Retired: ended or given up"),
    "reopened": N_("Taken up again as a draft"),
}
MEMBERS: Mapping[str, str] = {
    "kind": N_("What the row does"),
    "lane": N_("Lane"),
    "level": N_("Level"),
    "mode": N_("Mode"),
    "rate": N_("Rate"),
    "daily_quota": N_("Quota a day"),
    "reason": N_("Reason for the doctor"),
    "msgid": N_("Code of the reason"),
    "fr": N_("French"),
    "ar": N_("Arabic"),
    "en": N_("English"),
    "rationale": N_("Why the row exists"),
    "owner": N_("Answers for it"),
    "expires_on": N_("Last day"),
    "positive": N_("Must match"),
    "negative": N_("Must not match"),
    "id": N_("Name of the row"),
    "codes": N_("Codes"),
    "order": N_("Order"),
}

# What is wrong with a row, by the code of the finding.
FINDINGS: Mapping[str, str] = {
    "bad_yaml": N_("The file can't be read."),
    "bad_file": N_("Something that a rule set needs is missing."),
    "bad_row": N_("The row can't be read."),
    "no_id": N_("The row has no name."),
    "id_twice": N_("The name stands twice."),
    "unknown_member": N_("There is no such member."),
    "unknown_feature": N_("There is no such feature."),
    "forbidden_feature": N_("No rule may look at this."),
    "proxy_feature": N_("Close to something protected: medical or legal grounds only."),
    "unknown_code": N_("There is no such code."),
    "unknown_list": N_("There is no such list."),
    "bad_list": N_("A list is named name@1 and holds codes."),
    "list_changed": N_("This list was published with other codes: give it the next number."),
    "bad_cell": N_("The condition says nothing."),
    "bad_operator": N_("This condition does not go with this feature."),
    "bad_missing": N_("Say what a missing value means."),
    "bad_value": N_("This value can't be used here."),
    "empty_set": N_("No code is named."),
    "empty_interval": N_("No value lies between the two ends."),
    "negation_without_missing": N_("An exclusion must say what a missing value means."),
    "dead_row": N_("The row can never have an effect."),
    "contradiction": N_("A safe harbour can match the same file as this mandatory row."),
    "bad_effect": N_("A safe harbour takes neither rate, quota nor mode."),
    "bad_lane": N_("This lane does not go with the row."),
    "bad_mode": N_("This mode does not go with the lane."),
    "bad_rate": N_("A mandatory row has no rate and no quota."),
    "bad_number": N_("A whole number is needed here."),
    "bad_word": N_("Choose one of the words offered."),
    "no_reason": N_("The doctor gets no reason: write its code and the French sentence."),
    "bad_reason": N_("The same code of reason stands for two sentences."),
    "no_rationale": N_("Say why the row exists."),
    "no_owner": N_("Say who answers for the row."),
    "no_expiry": N_("The row has no last day."),
    "expired": N_("The row no longer works."),
    "no_example": N_("An example is missing: one that matches, one that does not."),
    "bad_example": N_("The example can't be read."),
    "wrong_example": N_("The example does not do what it says."),
    "no_floor": N_("The random floor leaves files out."),
    "overlap": N_("Rows of a higher level can match the same file."),
    "zero_volume": N_("In the back-test the row takes no file."),
    "excessive_volume": N_("In the back-test the row takes a large part of all files."),
    "over_capacity": N_("In the back-test the controls need more doctors than there are."),
}

RULE_LISTS: Mapping[str, Mapping[str, str]] = {
    "feature": FEATURES,
    "provider_kind": PROVIDER_KINDS,
    "sector": SECTORS,
    "rule_unit": UNITS,
    "rule_kind": KINDS,
    "rule_state": STATES,
    "rule_event": EVENTS,
    "rule_member": MEMBERS,
    "finding": FINDINGS,
}
