"""What open codes are called on the screens: flows, natures, signals, journal actions, refusals.

Codes come from senders and packs too, so the lists are open: what is not here is shown as it
stands, never hidden.
"""

from collections.abc import Mapping

from ui.adjacent_words import (
    ADJACENT_ACTIONS,
    ADJACENT_LISTS,
    ADJACENT_REFUSALS,
    FLOWS_BESIDE,
)
from ui.agenda_words import AGENDA_ACTIONS, AGENDA_LISTS, AGENDA_REFUSALS
from ui.backtest_words import BACKTEST_LISTS, BACKTEST_REFUSALS
from ui.care_codes import CARE_LISTS
from ui.desk_codes import DESK_LISTS, DESK_REFUSALS
from ui.file_codes import FILE_LISTS
from ui.i18n import N_
from ui.pack_words import PACK_LISTS
from ui.periodic_codes import PERIODIC_LISTS, PERIODIC_REFUSALS
from ui.quality_words import QUALITY_ACTIONS, QUALITY_LISTS, QUALITY_SIGNALS
from ui.result_words import RESULT_LISTS, RESULT_REFUSALS
from ui.rule_words import RULE_LISTS
from ui.score_words import SCORE_LISTS

FLOWS: Mapping[str, str] = {
    "ald": N_("Long-term illness"),
    "ambulatory": N_("Ambulatory care"),
    "hospital": N_("Hospital care"),
    "dental": N_("Dental care"),
    "medicines": N_("Medicines"),
    "care_abroad": N_("Care abroad"),
    "conventional": N_("Conventional scheme"),
    "sick_leave": N_("Sick leave"),
    "invalidity": N_("Invalidity"),
    "disability": N_("Disability"),
    "care_reassessment": N_("Care reassessment"),
    "fluctuation_control": N_("Fluctuation control"),
}

NATURES: Mapping[str, str] = {
    "first": N_("First request"),
    "renewal": N_("Renewal"),
    "aggravation": N_("Aggravation"),
    "reimbursement": N_("Reimbursement"),
    "authorisation": N_("Authorisation"),
    "prolongation": N_("Prolongation"),
    "invoice": N_("Invoice"),
    "orthodontics": N_("Orthodontics"),
    "opening": N_("Opening of rights"),
    "maternity": N_("Maternity"),
    "review": N_("Review"),
    "periodic": N_("Periodic"),
    "establishment": N_("Entry into an establishment"),
    "requested": N_("On request"),
    "sample": N_("Sample"),
    "rule": N_("By rule"),
    "a_posteriori": N_("Afterwards"),
}

# Badges of a task.
SIGNALS: Mapping[str, str] = {
    "new_document": N_("New document"),
    "woken": N_("Reminder reached"),
    "no_show": N_("Did not come"),
    "message": N_("New message"),
    "reassigned": N_("Reassigned"),
    "opinion_received": N_("Opinion received"),
    "completion_received": N_("Pieces received"),
    "appointment": N_("Appointment"),
    "paper": N_("Paper file"),
    "late": N_("Deadline passed"),
    **QUALITY_SIGNALS,
}

# Built-in views at the left of the queue.
VIEWS: Mapping[str, str] = {
    "all": N_("All my files"),
    "today": N_("My day"),
    "urgent": N_("Urgent"),
    "late": N_("Late"),
    "new": N_("New since yesterday"),
}

# Names of filters, as on their chips.
FILTERS: Mapping[str, str] = {
    "flow": N_("Flow"),
    "lane": N_("Lane"),
    "level": N_("Level"),
    "kind": N_("Step"),
    "due": N_("Due"),
    "urgent": N_("Urgent"),
    "doctor": N_("Doctor"),
}

HOLD_REASONS: Mapping[str, str] = {
    "awaiting_opinion": N_("Awaiting an opinion"),
    "awaiting_document": N_("Awaiting a document"),
    "awaiting_appointment": N_("Awaiting an appointment"),
    "to_study": N_("Needs more study"),
    "other": N_("Other reason"),
}

ACTIONS: Mapping[str, str] = {
    "file.opened": N_("File opened"),
    "task.held": N_("Was put on hold"),
    "task.woken": N_("Taken up again"),
    "level.changed": N_("Moved to another level"),
    "message.written": N_("Message written"),
    "message.received": N_("Answer received"),
    "message.late": N_("Came when nothing waited for it"),
    "completion.waived": N_("Goes on without the pieces"),
    "deadline.reported": N_("Lateness reported"),
    "flow.migrated": N_("Carried over to another version of the flow"),
    "flow.migration_reverted": N_("Put back under the earlier version of the flow"),
    "deadline.overtaken": N_("Deadline without effect"),
    "decision.made": N_("Decision recorded"),
    "entitlement.review_postponed": N_("Review postponed"),
    "control_file.opened": N_("File opened"),
    "control_file.closed": N_("File closed"),
    "control_file.escalated": N_("Moved to another level"),
    "control_file.held": N_("Was put on hold"),
    "control_file.released": N_("Taken up again"),
    "control_file.woken": N_("Hold ended by itself"),
    "control_file.transferred": N_("Transferred to another unit"),
    "step.opened": N_("Step opened"),
    "step.completed": N_("Step completed"),
    "completeness.checked": N_("Completeness checked"),
    "assignment.made": N_("Assigned"),
    "assignment.changed": N_("Reassigned"),
    "assignment.ended": N_("Assignment ended"),
    "assignment.failed": N_("Nobody eligible found"),
    "opinion.recorded": N_("Opinion given"),
    "decision.recorded": N_("Decision recorded"),
    "decision.tacit": N_("Agreed by silence, as the law says"),
    "decision.undone": N_("Decision undone"),
    "completion.requested": N_("Pieces requested"),
    "completion.reminded": N_("Reminder sent"),
    "completion.received": N_("Pieces received"),
    "clock.stopped": N_("Clock stopped"),
    "clock.resumed": N_("Clock running again"),
    "deadline.passed": N_("Deadline passed"),
    "document.added": N_("Document added"),
    "document.seen": N_("Document read"),
    "medical.read": N_("Medical content read"),
    "message.sent": N_("Message written"),
    "letter.written": N_("Letter written"),
    "letter.sent": N_("Letter sent"),
    "letter.printed": N_("Letter printed"),
    "letter.unprinted": N_("Print batch given up"),
    "letter.duplicated": N_("Second copy handed out"),
    "letter.receipt": N_("Receipt of the registered letter"),
    "paper.registered": N_("Paper file registered"),
    "paper.placed": N_("Paper file put in its place"),
    "paper.dispatched": N_("Paper file left"),
    "paper.arrived": N_("Paper file arrived"),
    "paper.overdue": N_("Slip did not arrive"),
    "paper.missing": N_("Paper file missing"),
    "paper.found": N_("Paper file found again"),
    "envelope.registered": N_("Sealed envelope registered"),
    "envelope.opened": N_("Sealed envelope opened by a doctor"),
    "appointment.booked": N_("Appointment booked"),
    "appointment.missed": N_("Did not come"),
    "entitlement.granted": N_("Right granted"),
    "entitlement.ended": N_("Right ended"),
}

# Refusals of the domain as sentences; codes are those of ``medcontrol.errors``.
REFUSALS: Mapping[str, str] = {
    "invalid": N_("What was entered can't be used."),
    "invalid_input": N_("What was entered can't be used."),
    "required": N_("This field is required."),
    "paper.slip_not_open": N_("The slip is past this step. Load the page again."),
    "paper.slip_empty": N_("Put at least one file on the slip."),
    "paper.slip_full": N_("The slip is full. Begin another one."),
    "paper.on_other_slip": N_("The file stands on another slip that was not received yet."),
    "paper.already_on_slip": N_("The file stands on this slip already."),
    "paper.unreadable": N_("This is no reference of a file. Scan it again."),
    "paper.not_yours": N_("No file of your units has this reference."),
    "envelope.open": N_("The envelope was opened before."),
    "letters.none_chosen": N_("Choose at least one letter."),
    "letters.too_many": N_("Too many letters for one batch. Choose fewer."),
    "letters.gone": N_("A letter left or was withdrawn meanwhile. Choose again."),
    "letters.batch_settled": N_("The batch was sent or given up before."),
    "letters.number_required": N_("Enter the number of the registered letter."),
    "letter.not_sent": N_("The letter did not leave yet, or was not registered."),
    "not_found": N_("There is nothing here, or it is not for you to see."),
    "forbidden": N_("Your roles do not allow this."),
    "selectivity.engine_unavailable": N_(
        "The selectivity engine does not answer. Nothing is lost; try again in a moment."
    ),
    "selectivity.other_rules": N_("The engine does not know the rules that are expected."),
    "unavailable": N_("A service that is needed does not answer. Try again in a moment."),
    "internal": N_("Something went wrong on our side. It was recorded under the number below."),
    "already_done": N_("This was done before. Nothing was changed."),
    "rules.stale": N_("Somebody else changed these rules meanwhile. What you typed is kept below."),
    "rules.wrong_state": N_("The version is no longer in the state that this needs."),
    "rules.same_person": N_("Whoever wrote or last edited rules may not approve them."),
    "rules.not_backtested": N_("A finished back-test of exactly these rules is needed."),
    "rules.bad_first_day": N_(
        "Rules begin tomorrow at the earliest, and after those published before."
    ),
    "rules.nothing_else": N_("Without this version no rules would be in force."),
    "selectivity.rule_set_fault": N_("Checks block these rules; each fault is listed."),
    "control_file.stale": N_("The file changed while you had it open. Your text is kept."),
    "control_file.not_assigned_to_you": N_("The file is in another doctor's hands."),
    "step.refused_by_check": N_("The law does not allow it: see the computed check."),
    "control_file.step_not_open": N_("The file is no longer waiting for this step."),
    "assignment.conflict_of_interest": N_("This doctor may not handle this file."),
    "assignment.not_eligible": N_("This doctor is not eligible for this file."),
    "long_term_care.invalid": N_("Figures or days of long-term care that can't be."),
    "parameter.not_in_force": N_("The law has no value for that day."),
    "login.refused": N_("Login or password is wrong, or the account is locked."),
    "session.expired": N_("Your session ended. Log in again; drafts are kept."),
    "csrf": N_("The form is too old or came from elsewhere. Load the page again."),
    "motive_required": N_("Choose the motive."),
    "outcome_required": N_("Choose an outcome."),
    "line_outcome_required": N_("Say what you decide for each line."),
    "reasoning_required": N_("Write the reasons for your opinion."),
    "other_piece_required": N_("Describe the other piece."),
    "outcome_contradicts": N_("The outcome does not fit what you say of the lines."),
    "modified_how": N_("Enter the quantity or the amount granted."),
    "quantity_invalid": N_("Enter a quantity, such as 2 or 1,5."),
    "motive_wrong": N_("This motive does not fit this type of file."),
    "message_length": N_("Write 1 to 4,000 characters."),
    "hold_too_long": N_("A file can be held for 120 days at most."),
    "entitlement.validity_too_long": N_("The list does not allow so long a validity."),
    "entitlement.lifetime_not_allowed": N_(
        "For life needs an examination and an illness that allows it."
    ),
    "document.empty": N_("The document is empty."),
    "document.too_large": N_("The document is too large."),
    "document.not_found": N_("The document was announced; it has not come yet."),
    "password_differs": N_("The two new passwords differ."),
    "password_wrong": N_("This is not your password."),
    "password_weak": N_("Take at least 12 characters, without your login."),
    "date_order": N_("The last day is before the first."),
    "date_invalid": N_("Enter a date as day/month/year."),
    "date_past": N_("Choose a day to come."),
    "amount_invalid": N_("Enter an amount with two decimals, not above the amount asked."),
}

# Short names of steps for narrow columns; the tooltip has the long one. CMD: contrôle médical
# sur dossier; CMP: contrôle médical sur personne.
STEPS: Mapping[str, str] = {
    "completeness": N_("Completeness"),
    "control_on_file": N_("CMD"),
    "appointment": N_("Appointment"),
    "examination": N_("CMP"),
    "specialist_opinion": N_("Specialist"),
    "second_doctor": N_("Second doctor"),
    "central_opinion": N_("Central"),
    "decision": N_("Decision"),
}

SPECIALTIES: Mapping[str, str] = {
    "general": N_("General medicine"),
    "cardiology": N_("Cardiology"),
    "dermatology": N_("Dermatology"),
    "endocrinology": N_("Endocrinology"),
    "gynaecology": N_("Gynaecology"),
    "nephrology": N_("Nephrology"),
    "neurology": N_("Neurology"),
    "oncology": N_("Oncology"),
    "ophthalmology": N_("Ophthalmology"),
    "orthopaedics": N_("Orthopaedics"),
    "paediatrics": N_("Paediatrics"),
    "pneumology": N_("Pneumology"),
    "psychiatry": N_("Psychiatry"),
    "rheumatology": N_("Rheumatology"),
}

_LISTS: Mapping[str, Mapping[str, str]] = {
    "flow": {**FLOWS, **FLOWS_BESIDE},
    "nature": NATURES,
    "signal": SIGNALS,
    "view": VIEWS,
    "filter": FILTERS,
    "hold": HOLD_REASONS,
    "specialty": SPECIALTIES,
    "step": STEPS,
    "action": {**ACTIONS, **ADJACENT_ACTIONS, **AGENDA_ACTIONS, **QUALITY_ACTIONS},
    **FILE_LISTS,
    **PACK_LISTS,
    "refusal": {
        **REFUSALS,
        **BACKTEST_REFUSALS,
        **DESK_REFUSALS,
        **RESULT_REFUSALS,
        **AGENDA_REFUSALS,
        **ADJACENT_REFUSALS,
        **PERIODIC_REFUSALS,
    },
    **DESK_LISTS,
    **CARE_LISTS,
    **RULE_LISTS,
    **BACKTEST_LISTS,
    **RESULT_LISTS,
    **SCORE_LISTS,
    **AGENDA_LISTS,
    **ADJACENT_LISTS,
    **QUALITY_LISTS,
    **PERIODIC_LISTS,
}


def word_for(kind: str, code: str) -> str | None:
    """Return the message id for a code of a list (``flow``, ``nature``, …), None when unknown."""
    return _LISTS.get(kind, {}).get(code)
