"""What open codes are called on the screens: flows, natures, signals, journal actions, refusals.

Codes come from senders and packs too, so the lists are open: what is not here is shown as it
stands, never hidden.
"""

from collections.abc import Mapping

from medcontrol.reference.flows import flows, natures
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
from ui.i18n import N_, translations
from ui.incident_words import INCIDENT_LISTS, INCIDENT_REFUSALS
from ui.pack_words import PACK_LISTS
from ui.periodic_codes import PERIODIC_LISTS, PERIODIC_REFUSALS
from ui.quality_words import QUALITY_ACTIONS, QUALITY_LISTS, QUALITY_SIGNALS
from ui.refusals import REFUSALS
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
    "woken_by_document": N_("Woken: document received"),
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
    "file.driven": N_("Stood still: driven again"),
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

# Who answers for a row of the rules that come along; others are shown as they were typed.
OWNERS: Mapping[str, str] = {
    "risk-analyst": N_("Risk analyst"),
    "regional-coordinator": N_("Coordinating doctor of the region"),
    "central-doctor": N_("Central doctor"),
    "dental-coordinator": N_("Coordinating dentist"),
    "pharmacist-coordinator": N_("Coordinating pharmacist"),
    "care-administration": N_("Long-term care administration"),
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
    "owner": OWNERS,
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
        **INCIDENT_REFUSALS,
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
    **INCIDENT_LISTS,
}


def word_for(kind: str, code: str) -> str | None:
    """Return the message id for a code of a list (``flow``, ``nature``, …), None when unknown."""
    return _LISTS.get(kind, {}).get(code)


def word_in(language: str, kind: str, code: str) -> str:
    """Return what a code of a list is called in a language; an unknown one as it stands."""
    known = word_for(kind, code)
    if known is None and kind == "flow" and code in flows():
        return flows()[code].title.in_language(language)  # a pack brought it along
    if known is None and kind == "nature" and code in natures():
        return natures()[code].in_language(language)
    return code if known is None else translations(language).gettext(known)
