"""The runbook: what each kind of incident means, what to do, what not to do (fiches réflexes).

Shown by the pages, since the network of a fund may be closed; ``docs/runbook.md`` says the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from medcontrol.vocabulary import IncidentKind
from ui.i18n import N_


@dataclass(frozen=True, slots=True)
class Chapter:
    """One kind of incident; message ids."""

    means: str
    do: tuple[str, ...]
    never: str


RUNBOOK: Mapping[IncidentKind, Chapter] = {
    IncidentKind.LETTER: Chapter(
        N_("A letter was written and does not leave: it can't be rendered, or who carries it "
           "does not take it. The decision stands; the person does not know it yet."),
        (
            N_("unavailable: see that the carrier answers (MEDCONTROL_POST_URL, "
               "MEDCONTROL_ACCOUNTS_URL), then try again."),
            N_("An error of the program: look in the worker's log for task.failed with the id of "
               "the message; install the correction, restart, then try again."),
            N_("When letters wait for more than a day, tell the supervisors: legal deadlines of "
               "notification run."),
        ),
        N_("Do not print and send it by hand as well: the person would get it twice. A letter has "
           "one key, and trying again never posts it twice."),
    ),
    IncidentKind.EVENT: Chapter(
        N_("Another system is not told what happened here. Nothing is lost on this side: files go "
           "on."),
        (
            N_("See that the receiver answers (MEDCONTROL_EVENTS_URL) and that the secret is the "
               "same on both sides, then try again."),
            N_("When the receiver took events and lost them, tell the events of those days again."),
        ),
        N_("Do not tell events again while these wait: they come by themselves, under the same "
           "ids."),
    ),
    IncidentKind.NEXT_FILE: Chapter(
        N_("A decision asked for a file of another flow, and it can't be opened."),
        (
            N_("not_found: no flow serves it today. Put its pack in place (packs check), then try "
               "again."),
            N_("Otherwise correct the error that the worker's log names, then try again."),
        ),
        N_("Do not register the file by hand: trying again would then open nothing, and the two "
           "files would not know each other."),
    ),
    IncidentKind.LARGE_WORK: Chapter(
        N_("Work in the background ends in an error: a batch of intake, a reassignment, a move "
           "between versions, a recount of deadlines, a back-test. What it did before stands."),
        (
            N_("Look on the page of that work for what is left, and in the worker's log for the "
               "error."),
            N_("Try again: it goes on where it was, and does nothing twice."),
        ),
        N_("Do not ask for the same work a second time while this one is tried again."),
    ),
    IncidentKind.UNKNOWN_TOPIC: Chapter(
        N_("No task of this version consumes such messages: they were written by a newer or older "
           "version of the program."),
        (
            N_("See that web, worker and scheduler run the same version; restart all of them."),
            N_("Then say medcontrol outbox revive ID for each message."),
        ),
        N_("Do not delete the messages: each is work that was promised."),
    ),
    IncidentKind.NEVER_CONFIRMED: Chapter(
        N_("Messages were handed over again and again, and no worker said what became of them: "
           "workers are killed at this work, or none is running."),
        (
            N_("See that the worker runs and keeps running; a process that is killed for its "
               "memory leaves no error in its own log, but in the system's."),
            N_("Give the machine more memory or MEDCONTROL_WORKER_PROCESSES less, then try again."),
        ),
        N_("Do not try everything at once while workers die: begin with one message."),
    ),
    IncidentKind.NOT_HANDED_OVER: Chapter(
        N_("Messages are due and nobody hands them over: the scheduler or the broker does not "
           "run. Nothing is lost; nothing leaves."),
        (
            N_("See that beat and Redis or Valkey run (their logs lie in HOME/log), and start "
               "them."),
            N_("The messages leave by themselves then, the oldest first; this incident ends."),
        ),
        N_("Do not start a second scheduler beside one that hangs: end that one first."),
    ),
    IncidentKind.ONE_FILE: Chapter(
        N_("A periodic job fails at some rows: a deadline that fell due, a hold that ended, a "
           "reminder. The other files go on. The job tries again each time that it runs."),
        (
            N_("Open one of the files: what does its journal say last?"),
            N_("Look in the worker's log for sweep.failed with the id of the file; correct the "
               "cause, then try again or wait for the next run."),
        ),
        N_("Do not change a deadline or a step in the database: the flow would not know it."),
    ),
    IncidentKind.JOB: Chapter(
        N_("A whole periodic job ends in an error. What it looks after is late until it runs "
           "again; it catches up by itself."),
        (
            N_("Look in the worker's log for task.failed with the name of the job."),
            N_("Correct the cause, then try again; the job runs at once, in the background."),
        ),
        N_("Do not run the job by a timer of your own as well."),
    ),
    IncidentKind.STILL_READY: Chapter(
        N_("The flow of the file waits for a step or a clock that nobody has: no open step, no "
           "running clock. It would wait for ever."),
        (
            N_("Try again: the file is driven again. The step opens, or the clock starts from now, "
               "and a doctor gets it as any other; its journal says so."),
            N_("When several files stand still at the same step, keep their references and report "
               "it: a step was lost."),
        ),
        N_("Do not open a second file about the same request."),
    ),
    IncidentKind.STILL_OPEN: Chapter(
        N_("The flow of the file has ended, but the file counts as open: it stays in lists and "
           "figures."),
        (N_("Try again: the file is closed as its flow says."),),
        N_("Do not close it in the database: counters and journal would not agree."),
    ),
    IncidentKind.UNREADABLE: Chapter(
        N_("The state of the file can't be read: its pack is missing or was changed on disk, or "
           "the state was written by another version of the program."),
        (
            N_("Say medcontrol packs check: a pack that was changed after its release is named. "
               "Bring the released one back, restart, and the watch takes the file off this list "
               "or says what is left to do."),
            N_("After an update of the program: bring the former version back, move the files "
               "(medcontrol packs migrate), then update."),
        ),
        N_("Do not edit the stored state. Trying again can't help before the pack is back."),
    ),
    IncidentKind.NO_FLOW: Chapter(
        N_("The file has no flow at all: a part of the database was restored or removed."),
        (
            N_("Compare with the last backup: the row of flow_instance of this file is missing. "
               "Bring it back from there."),
            N_("When no backup has it, tell the supervisor: the request is to be registered "
               "anew."),
        ),
        N_("Do not delete the file: its journal and its documents are evidence."),
    ),
}  # fmt: skip
