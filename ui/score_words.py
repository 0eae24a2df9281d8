"""What the learned score is called on the screens: families of features, what is never used."""

from collections.abc import Mapping

from ui.i18n import N_

SCORE_LISTS: Mapping[str, Mapping[str, str]] = {
    "family": {
        "amount": N_("Amount against like files"),
        "content": N_("Content: lines, quantities, repetitions"),
        "acts": N_("Acts asked for"),
        "health": N_("Declared medical situation"),
        "provider": N_("Activity and record of the provider"),
        "prescriber": N_("Activity and record of the prescriber"),
        "beneficiary": N_("Recent care of the beneficiary"),
        "duplicates": N_("Likeness to other files"),
        "timing": N_("Days of care and of filing"),
        "pieces": N_("Documents and channel"),
        "kind": N_("Kind of request"),
    },
    "score_norm": {
        "amount_for_acts": N_("the amount against what files of the same acts usually cost"),
        "line_for_acts": N_("the dearest line against that of files of the same acts"),
        "amount_for_kind": N_("the amount against files of the same flow and nature"),
    },
    "score_direction": {
        "1": N_("more never lowers the score"),
        "0": N_("either way"),
        "-1": N_("more never raises it"),
    },
}
