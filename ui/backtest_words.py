"""What back-tests, experiments and explanations are called on the screens (vocabulaire)."""

from collections.abc import Mapping

from ui.i18n import N_

FINDINGS: Mapping[str, str] = {
    "all_hits": N_("Hits in the whole period"),
    "base_caught": N_("Caught by the base"),
    "caught": N_("Caught by these rules"),
    "difference": N_("More or fewer than the base"),
    "missed": N_("Missed by these rules"),
}

DIMENSIONS: Mapping[str, str] = {
    "sex": N_("Sex"),
    "age_band": N_("Age"),
    "scheme": N_("Scheme"),
    "region": N_("Region"),
    "sector": N_("Sector of the provider"),
}

GROUPS: Mapping[str, str] = {
    "unknown": N_("not known"),
    "F": N_("Women"),
    "M": N_("Men"),
    "U": N_("Sex unknown"),
    "0-17": N_("Under 18"),
    "18-39": N_("18 to 39"),
    "40-59": N_("40 to 59"),
    "60-74": N_("60 to 74"),
    "75+": N_("75 and over"),
    "amo": N_("AMO scheme"),
    "general": N_("General scheme"),
    "conventional": N_("Conventional scheme"),
    "long_term_care": N_("Long-term care"),
    "public": N_("Public"),
    "private": N_("Private"),
    "own": N_("The fund's own"),
}

ASSUMPTIONS: Mapping[str, str] = {
    "recorded_chances": N_("The chance with which each file was controlled is the recorded one."),
    "independent_draws": N_("Files were drawn independently of each other."),
    "open_controls_like_closed": N_(
        "Controls that are still open will find as often as those that closed."
    ),
    "controls_find_what_is": N_(
        "A control finds what there is: how severe each doctor is, is not corrected for."
    ),
}

TRIAL_ENDS: Mapping[str, str] = {
    "controls": N_("each arm has the controls that were agreed"),
    "date": N_("the last day has passed"),
    "abandoned": N_("given up"),
    "rules_changed": N_("other rules came into force"),
}

VERDICTS: Mapping[str, str] = {
    "challenger": N_("The challenger is better"),
    "champion": N_("The champion is better"),
    "undecided": N_("No difference beyond chance"),
    "not_enough_data": N_("Not enough data"),
}

ORIGINS: Mapping[str, str] = {
    "mandatory": N_("Mandatory control"),
    "rule": N_("Rule"),
    "score": N_("Risk score"),
    "random": N_("Random draw"),
    "external": N_("Asked by the sender"),
}

UNITS: Mapping[str, str] = {
    "centimes": N_("in centimes"),
    "days": N_("in days"),
    "years": N_("in years"),
    "1/10000": N_("of ten thousand"),
}

BACKTEST_REFUSALS: Mapping[str, str] = {
    "number_invalid": N_("Enter a whole number."),
    "period_too_long": N_("Three years at most."),
    "backtest_invalid": N_("These rules, base or capacity can't be tried."),
    "selectivity.rule_set_fault": N_("The rules can't be read; see their page."),
    "experiment.started": N_("It was started before, or it ended; its terms stand."),
    "experiment.another_runs": N_("Another experiment runs; only one decides at a time."),
    "experiment.champion_not_in_force": N_(
        "The champion is no longer in force, or the last day has passed."
    ),
    "experiment.challenger_not_approved": N_(
        "A second person has to approve the challenger first."
    ),
    "experiment.stop_rule_not_met": N_("The rule agreed beforehand does not end it yet."),
    "experiment.title": N_("Give it a title of at most 120 letters."),
    "experiment.challenger": N_("Choose other rules than those in force."),
    "experiment.challenger_share": N_("From 5 to 50 per cent."),
    "experiment.stop_controls": N_(
        "Say when it stops: at least 100 controls in each arm, or a day."
    ),
    "experiment.stop_on": N_("Choose a day to come, within a year."),
}

BACKTEST_LISTS: Mapping[str, Mapping[str, str]] = {
    "finding_of": FINDINGS,
    "fair_dimension": DIMENSIONS,
    "fair_group": GROUPS,
    "assumption": ASSUMPTIONS,
    "trial_end": TRIAL_ENDS,
    "verdict_of": VERDICTS,
    "origin_of": ORIGINS,
    "measure_unit": UNITS,
}
