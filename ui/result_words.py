"""What measurement is called on the screens: verdicts, alerts, proposals, probes, cases."""

from collections.abc import Mapping

from ui.i18n import N_

RESULT_LISTS: Mapping[str, Mapping[str, str]] = {
    "origin": {
        "mandatory": N_("Mandatory"),
        "rule": N_("Targeting rules"),
        "score": N_("Score"),
        "random": N_("Random floor"),
        "external": N_("Asked from outside"),
        "other": N_("Other"),
    },
    "effect_kind": {
        "baseline": N_("Chance"),
        "origin": N_("Origin"),
        "level": N_("Level"),
        "row": N_("Rule"),
    },
    "verdict": {
        "not_enough": N_("Not enough data"),
        "better": N_("Finds more than chance"),
        "like_random": N_("No different from chance"),
        "suspend": N_("Finds less than chance"),
    },
    "alert": {
        "like_random": N_("A rule finds no more than chance, for 60 days or longer"),
        "feature_drift": N_("Files are no longer what they were"),
        "random_rate": N_("The random hit rate has moved"),
        "fairness": N_("A group is chosen more while it is found wrong less"),
    },
    "proposal": {
        "add_row": N_("New rule"),
        "suspend_row": N_("Suspend a rule"),
        "provider": N_("Look at a provider"),
    },
    "proposal_status": {
        "open": N_("To be looked at"),
        "accepted": N_("Accepted"),
        "dismissed": N_("Set aside"),
    },
    "case_status": {
        "open": N_("To be taken"),
        "under_review": N_("Under review"),
        "founded": N_("Founded"),
        "unfounded": N_("Unfounded"),
    },
    "case_origin": {
        "segment": N_("A segment of random controls"),
        "probe": N_("Probe rounds"),
        "row": N_("A rule"),
        "person": N_("An analyst"),
    },
    "case_action": {
        "opened": N_("Case opened"),
        "evidence_added": N_("Evidence added"),
        "taken": N_("Taken in hand"),
        "noted": N_("Remark"),
        "founded": N_("Closed as founded"),
        "unfounded": N_("Closed as unfounded"),
    },
    "probe_status": {
        "sampling": N_("Sampling"),
        "education": N_("Letter sent, waiting for the next round"),
        "compliant": N_("Compliant"),
        "escalated": N_("Handed to the central level"),
        "stopped": N_("Stopped"),
    },
    "dimension": {
        "sex": N_("Sex"),
        "age": N_("Age"),
        "scheme": N_("Scheme"),
        "region": N_("Region"),
        "sector": N_("Sector of the provider"),
    },
    "scope": {
        "rules": N_("By the rules"),
        "score": N_("By the score"),
        "overall": N_("Overall"),
    },
    "group": {
        "F": N_("Women"),
        "M": N_("Men"),
        "0-17": N_("Under 18"),
        "18-39": N_("18 to 39"),
        "40-59": N_("40 to 59"),
        "60-74": N_("60 to 74"),
        "75-150": N_("75 and over"),
        "amo": N_("Compulsory insurance (AMO)"),
        "general": N_("General scheme"),
        "conventional": N_("Conventional scheme"),
        "long_term_care": N_("Long-term care"),
        "public": N_("Public"),
        "private": N_("Private"),
        "own": N_("The fund's own"),
    },
    "control_result": {
        "conform": N_("Conform"),
        "reduced": N_("Reduced"),
        "refused": N_("Refused"),
        "confirmed_anomaly": N_("Confirmed anomaly"),
        "withdrawn": N_("Withdrawn"),
    },
    "level_of_control": {
        "local": N_("Local"),
        "regional": N_("Regional"),
        "central": N_("Central"),
    },
    "cusum": {"up": N_("upwards"), "down": N_("downwards")},
}

RESULT_REFUSALS: Mapping[str, str] = {
    "probe.running": N_("This provider is under probe for this service already."),
}
