"""What the figures of the supervisors' board mean, on the page and in its exports."""

from collections.abc import Mapping

from ui.i18n import N_

_STEPS, _MINUTES = N_("open steps"), N_("minutes")

#: Figures of the board: title, unit, definition.
FIGURES: Mapping[str, tuple[str, str, str]] = {
    "due_files": (
        N_("Open by due date"),
        _STEPS,
        N_(
            "Steps that are open now, of doctors and of the desk, by the day on which they are "
            "due: before today (late), today, within two working days after today, within five, "
            "later. Each stands in one column."
        ),
    ),
    "due_points": (
        N_("Minutes by due date"),
        _MINUTES,
        N_("The expected minutes of work of the same steps."),
    ),
    "breach_files": (
        N_("Late within 7 days"),
        _STEPS,
        N_(
            "Steps not late yet that will pass their due day within the next 7 working days if "
            "the agency goes on at its pace: steps are taken in the order in which they are due, "
            "what is late first; today counts for what is left of the pace after what was "
            "finished today; nothing new comes in. A step is counted when more work stands "
            "before it than the pace allows by the end of its due day. Doctors and desk are "
            "reckoned apart, files whose clock stands still are left out, and a region is the "
            "sum of its agencies."
        ),
    ),
    "breach_points": (
        N_("Minutes late within 7 days"),
        _MINUTES,
        N_("The expected minutes of work of the same steps."),
    ),
    "pace": (
        N_("Pace"),
        N_("minutes a working day"),
        N_(
            "Expected minutes of the steps finished over the last 20 working days before today, "
            "by working day; since the first file where the fund began later."
        ),
    ),
    "pool_files": (
        N_("Pool"),
        _STEPS,
        N_("Open steps of doctors that are in nobody's hands."),
    ),
    "pool_points": (
        N_("Minutes in the pool"),
        _MINUTES,
        N_("The expected minutes of work of the same steps."),
    ),
    "nobody": (
        N_("Nobody eligible"),
        _STEPS,
        N_(
            "Open steps of doctors for which no doctor may be chosen and no day is expected, by "
            "the constraint that kept out the last ones."
        ),
    ),
    "doctor_open": (
        N_("Open"),
        _STEPS,
        N_("Open steps in the doctor's hands, of the units shown."),
    ),
    "doctor_late": (
        N_("Late"),
        _STEPS,
        N_("Of these, those due before today."),
    ),
    "doctor_soon": (
        N_("≤ 2 days"),
        _STEPS,
        N_("Of these, those due today or within two working days."),
    ),
    "doctor_held": (
        N_("On hold"),
        _STEPS,
        N_("Of these, those that the doctor put aside until a day."),
    ),
    "doctor_done": (
        N_("Done, 7 days"),
        N_("steps"),
        N_("Steps of the units shown that the doctor finished over the last seven days."),
    ),
    "doctor_points": (
        N_("Load"),
        _MINUTES,
        N_("Expected minutes of everything that is in the doctor's hands, wherever it comes from."),
    ),
    "doctor_capacity": (
        N_("Capacity, 5 days"),
        _MINUTES,
        N_("Minutes that the doctor works over the next five working days, absences taken off."),
    ),
}
