"""What jobs, errors and outcomes of incidents are called on the screens."""

from collections.abc import Mapping

from medcontrol.vocabulary import IncidentKind, RetryOutcome
from ui.i18n import N_

INCIDENT_LABELS = (
    (IncidentKind.LETTER, N_("A letter does not leave")),
    (IncidentKind.EVENT, N_("Another system is not told")),
    (IncidentKind.NEXT_FILE, N_("A file that should follow does not open")),
    (IncidentKind.LARGE_WORK, N_("Work in the background fails")),
    (IncidentKind.UNKNOWN_TOPIC, N_("No task consumes the message")),
    (IncidentKind.NEVER_CONFIRMED, N_("No worker says what became of it")),
    (IncidentKind.NOT_HANDED_OVER, N_("Nobody hands work over")),
    (IncidentKind.ONE_FILE, N_("A job fails at some files")),
    (IncidentKind.JOB, N_("A whole job fails")),
    (IncidentKind.STILL_READY, N_("A file stands still: its step is not open")),
    (IncidentKind.STILL_OPEN, N_("A file stays open after its flow")),
    (IncidentKind.UNREADABLE, N_("A file stands still: its state can't be read")),
    (IncidentKind.NO_FLOW, N_("A file stands still: it has no flow")),
    (RetryOutcome.WAITING, N_("Under way")),
    (RetryOutcome.DONE, N_("Done")),
    (RetryOutcome.FAILED, N_("Failed again")),
    (RetryOutcome.GONE, N_("Gone meanwhile")),
)

#: Topics of the outbox, and jobs.
_WORK: Mapping[str, str] = {
    "letters.send": N_("Send a letter"),
    "provider_letters.send": N_("Send a letter to a provider"),
    "events.deliver": N_("Deliver an event"),
    "intake.run_batch": N_("Take a batch in"),
    "reassignment.run": N_("Move files"),
    "packs.migrate": N_("Move files between versions"),
    "calendar.recount": N_("Count deadlines again"),
    "files.open_next": N_("Open the file that follows"),
    "backtest.run": N_("Run a back-test"),
    "incidents.retry": N_("Try failed work again"),
    "files.watch": N_("Watch over files that stand still"),
    "deadlines.sweep": N_("Deadlines that fell due"),
    "deadlines.warn": N_("Warnings of deadlines"),
    "holds.wake": N_("Holds that end"),
    "appointments.remind": N_("Reminders of appointments"),
    "opinions.remind.run": N_("Reminders of opinions"),
    "pool.assign": N_("Doctors for the pool"),
    "reviews.open": N_("Reviews of rights"),
    "invariants.check": N_("Nightly checks"),
    "history.check": N_("Check of counters"),
    "journal.sign": N_("Signature of the journal"),
    "quality.move": N_("Open second readings"),
    "quality.draw": N_("Draw second readings"),
    "steering.count": N_("Months of steering"),
    "paper.watch": N_("Slips of paper files"),
    "care.controls.run": N_("Later control of care bills"),
    "blue.draw": N_("The week's paid files"),
    "probes.move": N_("Probe rounds"),
    "selectivity.rank": N_("Ranking of the night"),
    "selectivity.measure": N_("Measures of the night"),
    "backtest.replay": N_("Replay of decisions"),
    "backtest.experiments": N_("Stop rules of experiments"),
}

_ERRORS: Mapping[str, str] = {
    "unavailable": N_("Who should take it does not answer"),
    "outbox.unknown_topic": N_("No task consumes it"),
    "outbox.never_confirmed": N_("No answer from any worker"),
    "outbox.not_handed_over": N_("Not handed over"),
    "flow.ready": N_("Nothing is open, nothing runs"),
    "flow.ended": N_("The flow has ended"),
    "flow.unreadable": N_("State that can't be read"),
    "flow.none": N_("No flow"),
}

INCIDENT_LISTS: Mapping[str, Mapping[str, str]] = {
    "work": _WORK,
    "incident_error": _ERRORS,
}

INCIDENT_REFUSALS: Mapping[str, str] = {
    "incident.retry_helps_nothing": N_(
        "Trying again can't help here: do first what the runbook says."
    ),
}

INCIDENT_NOTICES: Mapping[str, tuple[str, str]] = {
    "incident.over": ("info", N_("This incident is over: nothing of it fails any more.")),
}
