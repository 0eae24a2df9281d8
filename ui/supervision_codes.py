"""What codes are called on the supervisors' pages."""

from collections.abc import Mapping

from ui.i18n import N_

# What speaks against a move without forbidding it.
RESERVATIONS: Mapping[str, str] = {
    "opened": N_("Its doctor opened it already"),
    "other_region": N_("Doctor of another region"),
    "level_above": N_("Doctor of a higher level than needed"),
    "continuity": N_("Another doctor knows the person"),
    "contracted": N_("Doctor paid by the file"),
}

LEVERS: Mapping[str, str] = {
    "same_region": N_("Same region, other agency"),
    "other_region": N_("Other region"),
    "level_above": N_("Level above the need"),
    "continuity": N_("Doctor who knows the person"),
    "contracted_fee": N_("Doctor paid by the file"),
    "load": N_("Evenness of loads"),
    "wip_days": N_("Days of work given ahead"),
    "affinity_days_renewal": N_("Patience for continuity: renewals"),
    "affinity_days_complement": N_("Patience for continuity: completed files"),
    "affinity_days_other": N_("Patience for continuity: other files"),
    "drain_days": N_("Nothing new before a leave"),
    "settle_days": N_("Days between two moves"),
    "move_budget": N_("Files of one proposal"),
    "balance_gap": N_("Uneven loads from"),
}

LEVER_HINTS: Mapping[str, str] = {
    "same_region": N_("Cost of a doctor of the region who is not of the agency."),
    "other_region": N_("Cost of a doctor of another region."),
    "level_above": N_("Cost of each level above what the file needs."),
    "continuity": N_("Taken off for the doctor who followed the person."),
    "contracted_fee": N_("Cost of paying by the file."),
    "load": N_("Cost of a full horizon; larger makes loads more even, smaller keeps files near."),
    "wip_days": N_("Working days of work that a doctor holds; the rest waits in the pool."),
    "affinity_days_renewal": N_("Days in which the doctor of the last opinion is preferred."),
    "affinity_days_complement": N_("Days in which the doctor of the last opinion is preferred."),
    "affinity_days_other": N_("Days in which the doctor of the last opinion is preferred."),
    "drain_days": N_("Working days before a planned leave without new files."),
    "settle_days": N_("Within these days no file is moved a second time by itself."),
    "move_budget": N_("At most so many files are proposed at once."),
    "balance_gap": N_(
        "In hundredths: so far may the busiest doctor be above what is needed before files are"
        " proposed to move."
    ),
}
