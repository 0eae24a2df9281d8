"""Words for the codes of long-term care: rules that refuse, reasons, what a control looks at."""

from collections.abc import Mapping

from ui.i18n import N_

#: Why figures or days can't be: the rule that ``CareFault`` names.
RULES: Mapping[str, str] = {
    "order": N_("The last day is before the first."),
    "not_negative": N_("Minutes can't be below zero."),
    "above_zero": N_("A coefficient must be above zero."),
    "from_0_to_1": N_("A share lies between 0 and 1, such as 1/2."),
    "no_overlap": N_("These days overlap others."),
    "one_at_least": N_("Enter one at least."),
    "covered": N_("A day of the right has no care plan."),
    "number": N_("Enter a number such as 420, 0.5 or 1/3."),
    "date": N_("Enter a day, year 1900 to 2200."),
    "regime": N_("No weekly limits of minutes hold on these days: the regime is another."),
    "required": N_("This field is required."),
    "meets": N_("No day of the need lies in the period."),
    "both": N_("Give both weekly limits or neither."),
    "text": N_("This field is required."),
}

#: Why there is no right to an overrun, or less of one.
REASONS: Mapping[str, str] = {
    "no_stay": N_("No hospital stay is known."),
    "not_acute": N_("The stay was not in acute care (regulation of 22.12.2006, art. 1)."),
    "stay_too_short": N_("The acute stay was too short: {0} days of the {1} needed."),
    "need_too_short": N_("The need was too short: {0} days of the {1} needed."),
    "outside_window": N_("The need lies outside the two months after discharge."),
    "need_too_long": N_("The need lasts to {0}, beyond the limit of {1}."),
    "need_clipped": N_("The need lasts to {0}; it counts to {1} (limit of two months)."),
}

SIGNS: Mapping[str, str] = {
    "nothing_assigned": N_("Nothing is assigned to the provider: to be looked at."),
    "beyond_plan": N_("Minutes beyond the plan were accepted."),
    "not_executed": N_("Care that was not executed because of the person is billed."),
    "not_documented": N_("The provider says of no reasons or documents that it keeps them."),
    "providers_together": N_("Several providers bill the same minutes of the person."),
    "not_executed_year": N_("The provider's year is beyond the limit of care not executed."),
    "cut_no_right": N_("Minutes beyond the plan were cut: there is no right to an overrun."),
    "cut_over_limit": N_("Minutes beyond the plan and the overrun were cut."),
    "cut_in_hospital": N_("Days in a hospital were cut."),
    "cut_over_level": N_("A level above the one on record was billed."),
    "cut_not_executed": N_("Care not executed beyond the limit of the month was cut."),
}

#: Why minutes of a bill are not accepted.
CUTS: Mapping[str, str] = {
    "no_right": N_("beyond the plan, without a right to an overrun"),
    "over_limit": N_("beyond the plan and the overrun"),
    "in_hospital": N_("days in a hospital"),
    "over_level": N_("level above the one on record"),
    "not_executed": N_("not executed, beyond the limit"),
}

#: What made a check necessary.
CAUSES: Mapping[str, str] = {
    "bill": N_("the bill came in"),
    "plan": N_("a care plan came late or was corrected"),
    "stay": N_("a hospital stay came late or was corrected"),
    "level": N_("a level of need came late or was corrected"),
    "law": N_("a parameter of the law changed"),
}

REGIMES: Mapping[str, str] = {
    "minutes_with_ceilings": N_("paid by minutes, within ceilings"),
    "flat_rate_levels": N_("paid by level of need"),
}

PROVIDERS: Mapping[str, str] = {
    "care_network": N_("care network"),
    "semi_stationary": N_("semi-stationary centre"),
    "establishment": N_("establishment"),
}

DAY_KINDS: Mapping[str, str] = {
    "full_week": N_("full week"),
    "partial_week": N_("partial week"),
    "window": N_("window without need"),
    "acute": N_("acute stay"),
    "stay": N_("other stay"),
    "outside": N_("outside"),
}

PARAMETERS: Mapping[str, str] = {
    "aev.weekly_overrun_minutes": N_("Most minutes a week beyond the plan"),
    "aev.weekly_ceiling_minutes": N_("Most minutes a week in all"),
    "fluctuation.stay_min_days": N_("Least days of an acute stay"),
    "fluctuation.need_min_days": N_("Least days of the need"),
    "fluctuation.need_max_months": N_("Most months of the need"),
    "fluctuation.rounding": N_("Rounding, once, at payment"),
    "non_executed.month_percent": N_("Care not executed: share of the month, per cent"),
    "non_executed.year_percent": N_("Care not executed: share of the year, per cent"),
    "non_executed.flat_rate_cut": N_("What care not executed takes from a flat rate"),
}

#: Who assessed, in processing times.
CHANNELS: Mapping[str, str] = {
    "provider": N_("Provider"),
    "administration": N_("Administration"),
}

#: Figures of processing times: title and definition, in the order of the columns.
TIMES: Mapping[str, tuple[str, str]] = {
    "channel": (
        N_("Assessed by"),
        N_(
            "The provider where its form, or its reasons, was what was assessed; else the"
            " administration."
        ),
    ),
    "files": (N_("Decisions"), N_("Decisions signed by the fund in the month.")),
    "assessment_median_days": (
        N_("To the assessment: median"),
        N_(
            "Calendar days from the receipt of the request to the assessment that counted; half"
            " took at most so many."
        ),
    ),
    "assessment_p90_days": (
        N_("To the assessment: nine of ten"),
        N_("The same; nine of ten took at most so many."),
    ),
    "decision_median_days": (
        N_("To the decision: median"),
        N_(
            "Calendar days from the receipt of the request to the signature of the fund; half took"
            " at most so many."
        ),
    ),
    "decision_p90_days": (
        N_("To the decision: nine of ten"),
        N_("The same to the signature; nine of ten took at most so many."),
    ),
    "answer_median_days": (
        N_("Provider’s answer: median"),
        N_(
            "Calendar days from the first letter to the provider to its first document; half took"
            " at most so many."
        ),
    ),
    "answer_p90_days": (
        N_("Provider’s answer: nine of ten"),
        N_("The same to the first document; nine of ten took at most so many."),
    ),
    "answered": (
        N_("Answered, asked"),
        N_("Providers that answered before the signature, of those that were asked."),
    ),
    "within_target": (
        N_("Within the target"),
        N_("Share of the decisions signed by the due date of their file."),
    ),
}

#: Why a change of the law can't be worked out.
CHANGES: Mapping[str, str] = {
    "path": N_("Choose a parameter."),
    "value_unknown": N_("The parameter can’t have this value."),
    "not_then": N_("The parameter held no more on that day."),
    "date": N_("Enter a day, year 1900 to 2200."),
    "too_many_bills": N_(
        "Too many bills for a page: name a later first day, or use medcontrol care regress."
    ),
}

#: Why an open file is concerned by a change of the law.
CONCERNED: Mapping[str, str] = {
    "bill": N_("its bill would be paid otherwise"),
    "check": N_("a computed check would say otherwise"),
    "deadline": N_("a clock would have another length"),
}

CARE_LISTS: Mapping[str, Mapping[str, str]] = {
    "care_change": CHANGES,
    "care_channel": CHANNELS,
    "care_concerned": CONCERNED,
    "care_rule": RULES,
    "care_reason": REASONS,
    "care_sign": SIGNS,
    "care_day": DAY_KINDS,
    "care_parameter": PARAMETERS,
    "care_cut": CUTS,
    "care_cause": CAUSES,
    "care_regime": REGIMES,
    "care_provider": PROVIDERS,
}
