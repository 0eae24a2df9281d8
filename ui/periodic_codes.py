"""Words of periodic controls: why reviews are postponed, why one can't be, what changed."""

from collections.abc import Mapping

from medcontrol.vocabulary import Annulled
from ui.i18n import N_
from ui.labels import label_of

POSTPONE_REASONS: Mapping[str, str] = {
    "workload": N_("Too much work on these days"),
    "absence": N_("Doctors are absent"),
    "person_asked": N_("The person asked for it"),
    "documents_late": N_("Examinations or reports come later"),
    "closure": N_("The unit is closed"),
    "other": N_("Other reason"),
}

POSTPONE_REFUSED: Mapping[str, str] = {
    "right_ended": N_("The right has ended"),
    "review_open": N_("Its review is open already"),
    "no_review": N_("No review is planned"),
    "due_now": N_("Its review opens today"),
    "past_window": N_("Beyond what the law's window and the right's last day allow"),
    "moved_since": N_("Moved again since"),
}

RIGHT_FIELDS: Mapping[str, str] = {
    "status": N_("Status"),
    "valid_from": N_("First day"),
    "valid_to": N_("Last day"),
    "next_review_on": N_("Review due"),
    "opens_on": N_("Review opens"),
    "milestone": N_("Milestone"),
    "suspended_on": N_("Suspended from"),
    "resumed_on": N_("Paid again from"),
}

MILESTONES: Mapping[str, str] = {
    "day_45": N_("Day 45"),
    "day_90": N_("Day 90"),
    "day_180": N_("Day 180"),
    "week_40": N_("Week 40"),
    "week_48": N_("Week 48: change to invalidity"),
}

RATE_CLASSES: Mapping[str, str] = {
    "alc": N_("Heavy and costly illness"),
    "ald": N_("Long-term illness"),
}

PERIODIC_LISTS: Mapping[str, Mapping[str, str]] = {
    "postpone": {**POSTPONE_REASONS, **{each: label_of(each) for each in Annulled}},
    "postpone_refused": POSTPONE_REFUSED,
    "right_field": RIGHT_FIELDS,
    "milestone": MILESTONES,
    "rate_class": RATE_CLASSES,
}

PERIODIC_REFUSALS: Mapping[str, str] = {
    "postponement.too_many": N_("More than 5,000 rights: narrow the filter."),
    "postponement.undone": N_("This was taken back before."),
    "postponement.not_whole": N_(
        "Some of these rights belong to other units: only who has them all may take it back."
    ),
    "days_required": N_("By 1 to 366 days."),
}
