"""What codes of second readings and of steering are called on the screens."""

from collections.abc import Mapping

from medcontrol.vocabulary import HoldEnd, ReadingFinding, ReadingStatus
from ui.i18n import N_

QUALITY_LABELS = (
    (ReadingStatus.DRAWN, N_("Was drawn")),
    (ReadingStatus.READING, N_("Being read")),
    (ReadingStatus.READ, N_("Read")),
    (ReadingStatus.UNREAD, N_("Not read")),
    (ReadingStatus.CANCELLED, N_("Was set aside")),
    (ReadingFinding.CONFORM, N_("Conform")),
    (ReadingFinding.MINOR, N_("Minor finding")),
    (ReadingFinding.MAJOR, N_("Major finding")),
    (HoldEnd.READ, N_("Read in time")),
    (HoldEnd.RETURNED, N_("Given back to its doctor")),
    (HoldEnd.LIMIT, N_("Left unread: the wait was over")),
    (HoldEnd.UNREAD, N_("Left without a reading")),
)

QUALITY_NOTICES: Mapping[str, tuple[str, str]] = {
    "reading.saved": ("success", N_("Recorded.")),
    "reading.recused": ("success", N_("Another reader will read this file.")),
    "reading.moved": ("warning", N_("This reading is over or in other hands.")),
    "reading.set_aside": ("success", N_("Reading set aside; what waited for it leaves.")),
    "correction.opened": ("success", N_("The request is open again with another doctor.")),
    "correction.dismissed": ("success", N_("The decision stays.")),
}

QUALITY_ACTIONS: Mapping[str, str] = {
    "quality.opened": N_("Second reading opened"),
    "quality.held": N_("The letter waits for a second reading"),
    "quality.released": N_("The letter leaves without a second reading"),
    "quality.limit_passed": N_("The letter leaves: its wait was as long as it may be"),
    "quality.correction_proposed": N_("Quality control proposes a correction"),
    "quality.correction_accepted": N_("Correction accepted"),
    "quality.correction_dismissed": N_("Correction set aside"),
    "decision.returned": N_("Decision given back by quality control"),
    "reading.compared": N_("The two decisions were compared"),
    "reading.finished": N_("Second reading finished"),
    "reading.closed": N_("Second reading closed"),
}

QUALITY_SIGNALS: Mapping[str, str] = {"returned": N_("Given back by quality control")}

QUALITY_LISTS: Mapping[str, Mapping[str, str]] = {
    "steering": {
        "month": N_("Month"),
        "level": N_("Level"),
        "flow": N_("Flow"),
        "region": N_("Region"),
    },
}

#: Figures of steering: title, unit, definition.
FIGURES: Mapping[str, tuple[str, str, str]] = {
    "received": (
        N_("Files received"),
        N_("files"),
        N_(
            "Files received in the month, controlled or not; files that another file opened are "
            "left out."
        ),
    ),
    "controlled": (
        N_("Files controlled"),
        N_("files"),
        N_("Control files opened in the month."),
    ),
    "closed": (
        N_("Files closed"),
        N_("files"),
        N_("Control files closed in the month, whatever the outcome."),
    ),
    "outcome": (
        N_("Outcomes"),
        N_("files"),
        N_("Closed files by decision; of a decision that was undone, the one that stands."),
    ),
    "median": (
        N_("Median time"),
        N_("working days"),
        N_(
            "Working days after the day of receipt, up to that of closing, within which half of "
            "the files closed in the month were closed."
        ),
    ),
    "p90": (
        N_("Nine of ten within"),
        N_("working days"),
        N_("The same for nine files out of ten."),
    ),
    "legal_kept": (
        N_("Legal deadlines kept"),
        N_("deadlines"),
        N_("Opposable clocks of files closed in the month that had not run out."),
    ),
    "legal_late": (
        N_("Legal deadlines late"),
        N_("deadlines"),
        N_("Opposable clocks of files closed in the month that ran out before."),
    ),
    "internal_kept": (
        N_("Internal targets kept"),
        N_("deadlines"),
        N_("Internal clocks of files closed in the month, from receipt, that had not run out."),
    ),
    "internal_late": (
        N_("Internal targets late"),
        N_("deadlines"),
        N_("Internal clocks of files closed in the month, from receipt, that ran out before."),
    ),
    "appeals": (
        N_("Appeals decided"),
        N_("appeals"),
        N_(
            "Appeals closed in the month on the merits, counted at the level, flow and region of "
            "the contested decision."
        ),
    ),
    "overturned": (
        N_("Appeals overturned"),
        N_("appeals"),
        N_("Of these, those that overturned the decision, wholly or in part."),
    ),
    "readings": (
        N_("Second readings"),
        N_("readings"),
        N_("Blind second readings finished, of decisions taken in the month."),
    ),
    "agreement": (
        N_("Agreement"),
        N_("share"),
        N_(
            "Share of second readings with the same outcome, each weighing by how rarely its "
            "stratum is drawn; not shown for too few."
        ),
    ),
    "kappa": (
        N_("Kappa"),
        N_("from -1 to 1"),
        N_("Agreement beyond chance (Cohen), weighted likewise, with its interval (0.95)."),
    ),
}
