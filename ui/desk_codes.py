"""What codes are called at the desks of supervisors, agents and administrators."""

from collections.abc import Mapping

from ui.i18n import N_
from ui.supervision_codes import LEVER_HINTS, LEVERS, RESERVATIONS

BUCKETS: Mapping[str, str] = {
    "late": N_("Late"),
    "today": N_("Today"),
    "within_2": N_("Within 2 days"),
    "within_5": N_("Within 5 days"),
    "later": N_("Later"),
}

TASK_STATES: Mapping[str, str] = {
    "all": N_("All open"),
    "todo": N_("To do now"),
    "held": N_("On hold"),
    "pool": N_("In nobody's hands"),
    "unassignable": N_("Nobody eligible"),
}

MEASURES: Mapping[str, str] = {
    "files": N_("Files"),
    "points": N_("Minutes of work"),
}

# Why a doctor may not have a file; the order is that of the elimination.
CONSTRAINTS: Mapping[str, str] = {
    "active": N_("No longer works for the fund"),
    "profession": N_("Another profession is needed"),
    "competence": N_("Not competent for this type of file"),
    "level": N_("Level of control too low"),
    "place": N_("Examination too far away"),
    "absence": N_("Absent until the due date"),
    "conflict": N_("Conflict of interest"),
    "exclusion": N_("Gave an opinion on this file before"),
    "capacity": N_("No capacity left"),
    "affinity": N_("Waits for the doctor who knows the person"),
    "no_doctor": N_("No doctor at all"),
    "no_open_task": N_("Nothing for a doctor to do on this file now"),
    "unchanged": N_("Already there"),
    "other_batch": N_("Waits in another reassignment"),
    "locked": N_("Somebody is working on it now"),
    "failed": N_("An error occurred; it was reported"),
    "changed_since": N_("Somebody worked on it since"),
    "opened_since": N_("Its new doctor opened it"),
}

REASSIGN_REASONS: Mapping[str, str] = {
    "absence": N_("Absence of the doctor"),
    "workload": N_("Workload"),
    "due_date": N_("Due date in danger"),
    "competence": N_("Competence needed"),
    "conflict_of_interest": N_("Conflict of interest"),
    "continuity": N_("Doctor who knows the file"),
    "insured_moved": N_("The insured person moved"),
    "other": N_("Other reason"),
}

ABSENCES: Mapping[str, str] = {
    "leave": N_("Leave"),
    "sick": N_("Illness"),
    "training": N_("Training"),
    "mission": N_("Mission"),
    "maternity": N_("Maternity leave"),
    "other": N_("Other absence"),
}

CONFLICTS: Mapping[str, str] = {
    "treats": N_("Treats this person"),
    "prescribed": N_("Prescribed for this person"),
    "relative": N_("Relative of this person"),
    "establishment": N_("Works in this establishment"),
    "declared": N_("Declared"),
}

DAY_STATES: Mapping[str, str] = {
    "works": N_("works"),
    "away": N_("absent"),
    "closed": N_("day not worked"),
}

DESK_REFUSALS: Mapping[str, str] = {
    "target_required": N_("Choose a doctor or a pool."),
    "doctor_required": N_("Choose the doctor."),
    "unit_required": N_("Choose the unit."),
    "reason_required": N_("Choose the reason."),
    "reassignment.too_many": N_("More than 20,000 files: narrow the filter."),
    "reassignment.undo_expired": N_("Too late: 15 minutes have passed."),
    "reassignment.not_done": N_("The files are still being moved; wait for the end."),
    "absence.overlaps": N_("Absent on some of these days already: change that absence."),
    "absence.days": N_("This day is too long ago, years away, or past for an absence that began."),
    "selection.expired": N_("This selection is too old. Choose again in the list."),
    "note_required": N_("Say in words what the reason is."),
    "body_too_large": N_("What was sent is too large: 80 MB at most."),
    "flow_required": N_("Choose the type of file."),
    "number_invalid": N_("Enter a whole number within the bounds."),
    "date_order": N_("The end precedes the start."),
    "pieces_required": N_("Tick at least one piece to ask for."),
    "kind_required": N_("Say whether pieces are missing or to be corrected."),
    "time_required": N_("Enter the day and the hour of the appointment."),
    "place_required": N_("Enter the place of the examination."),
    "day_not_worked": N_("This day is not worked."),
    "notice_too_short": N_("Shorter than the notice of the law: tick that the person agreed."),
    "deposit_out_of_bounds": N_("The deposit is not to come, and not older than 60 days."),
    "export.too_many_rows": N_("More than 50,000 files: narrow the search."),
    "file_required": N_("Choose at least one document."),
    "document.empty": N_("The document is empty."),
    "document.too_large": N_("The document is too large: 50 MB at most."),
    "json_invalid": N_("The text is no correct JSON."),
    "own_account": N_("You can not close your own account."),
    "login_taken": N_("This login is taken."),
    "code_taken": N_("This code is taken."),
    "password_weak": N_("12 characters at least, several different ones, without the login."),
    "quarantine.settled": N_("This line was settled already."),
    "table.unreadable": N_("The file is no table with the expected columns."),
}

# What is wrong with a line of intake, or with a field of the counter's form.
FAULTS: Mapping[str, str] = {
    "line.too_long": N_("The line is larger than allowed."),
    "line.not_utf8": N_("The line is not UTF-8."),
    "json.invalid": N_("The line is no complete and correct JSON."),
    "json.nul": N_("The NUL character is not allowed."),
    "json.lone_surrogate": N_("A Unicode character is incomplete."),
    "json.not_finite": N_("NaN and Infinity are no numbers."),
    "json.number_too_large": N_("The number is too large to be kept exactly."),
    "json.duplicate_key": N_("The same member is given twice."),
    "json.too_deep": N_("Elements are nested too deeply."),
    "json.too_many_values": N_("The line holds too many values."),
    "message.not_object": N_("The line must be a JSON object, one per file."),
    "member.unknown": N_("This member does not exist in the format."),
    "member.missing": N_("This field is required."),
    "value.wrong_type": N_("The value is of the wrong type."),
    "value.not_in_list": N_("The value is not in the list."),
    "value.wrong_form": N_("The value does not have the expected form."),
    "value.too_short": N_("The text is too short."),
    "value.too_long": N_("The text is too long."),
    "value.too_small": N_("The number is too small."),
    "value.too_large": N_("The number is too large."),
    "value.too_many": N_("The list has too many elements."),
    "value.refused": N_("The format does not allow this value."),
    "date.not_real": N_("This date does not exist."),
    "instant.not_real": N_("This instant does not exist or has no time zone."),
    "flow.unknown": N_("This type of file is unknown."),
    "flow.not_of_jurisdiction": N_("This type of file does not exist in this country."),
    "flow.not_open": N_("This type of file is not open yet."),
    "nature.unknown": N_("This nature does not exist for this type of file."),
    "agency.unknown": N_("This agency is unknown."),
    "lines.number_repeated": N_("This line number is taken."),
    "lines.sum_differs": N_("The amount is not the sum of the lines."),
    "currency.missing": N_("An amount is given without its currency."),
    "birth_date.after_receipt": N_("The birth date is after the day of receipt."),
    "care.ends_before_start": N_("The care ends before it starts."),
    "document.not_base64": N_("The content of the document is not base64."),
    "document.hash_differs": N_("The announced fingerprint is not that of the document."),
    "document.size_differs": N_("The announced size is not that of the document."),
    "document.type_differs": N_("The announced type is not that of the document."),
    "intake.failed": N_("The system could not take this file; it was reported."),
    "identity.conflict": N_("Another content came in before under the same number."),
}

PURPOSES: Mapping[str, str] = {
    "file_page": N_("File page"),
    "computed_checks": N_("Computed checks"),
    "decision": N_("Decision"),
    "correct": N_("Correction in quarantine"),
    "document": N_("Document"),
    "evidence": N_("Evidence taken out"),
}

PROVIDERS: Mapping[str, str] = {
    "doctor": N_("Doctor"),
    "dentist": N_("Dentist"),
    "pharmacy": N_("Pharmacy"),
    "clinic": N_("Clinic"),
    "hospital": N_("Hospital"),
    "laboratory": N_("Laboratory"),
    "radiology": N_("Radiology"),
    "paramedical": N_("Paramedical"),
    "other": N_("Other"),
}

# Fields of the counter's form, named as the members of the message are.
MEMBERS: Mapping[str, str] = {
    "insured.registration_number": N_("Registration number"),
    "insured.family_name": N_("Family name of the insured person"),
    "insured.given_name": N_("Given name of the insured person"),
    "insured.birth_date": N_("Birth date of the insured person"),
    "insured.sex": N_("Sex"),
    "insured.national_id": N_("National id (CNIE)"),
    "insured.phone": N_("Phone"),
    "insured.address": N_("Address"),
    "insured.language": N_("Language of letters"),
    "beneficiary.relation": N_("Care is for"),
    "beneficiary.family_name": N_("Family name of the beneficiary"),
    "beneficiary.given_name": N_("Given name of the beneficiary"),
    "beneficiary.birth_date": N_("Birth date of the beneficiary"),
    "beneficiary.sex": N_("Sex"),
    "prescriber.id": N_("Prescriber's number (INPE)"),
    "prescriber.name": N_("Prescriber"),
    "provider.id": N_("Provider's number"),
    "provider.name": N_("Provider"),
    "provider.kind": N_("Kind of provider"),
    "care.from": N_("Care from"),
    "care.to": N_("Care to"),
    "authorisation": N_("Number of the prior agreement"),
    "ald_number": N_("ALD number"),
    "amount": N_("Total amount (MAD)"),
    "currency": N_("Currency"),
    "documents": N_("Documents"),
    "paper.location": N_("Place of the paper file"),
    "paper.slip": N_("Transmission slip"),
    "paper.pages": N_("Number of pages"),
    "deposited_on": N_("Day of deposit"),
    "agency": N_("Agency"),
    "nature": N_("Nature"),
    "external_id": N_("Slip number"),
    "line.act": N_("Act code"),
    "line.label": N_("Wording"),
    "line.quantity": N_("Quantity"),
    "line.amount": N_("Amount"),
    "line.date": N_("Date"),
    "line.tooth": N_("Tooth"),
}

# Documents that senders name and that no pack lists.
DOCUMENTS: Mapping[str, str] = {
    "other": N_("Other document"),
    "form": N_("Form"),
    "identity": N_("Identity card"),
    "prescription": N_("Prescription"),
    "invoice": N_("Invoice"),
    "report": N_("Medical report"),
    "quote": N_("Quote"),
    "sealed-report": N_("Sealed envelope of the treating doctor"),
    "confidential-note": N_("Confidential note"),
    "certificate": N_("Specialist's certificate"),
    "medical-certificate": N_("Medical certificate"),
    "disability-card": N_("Disability card"),
    "x-ray": N_("X-ray"),
}

WEEKDAYS: Mapping[str, str] = {
    "0": N_("Monday"),
    "1": N_("Tuesday"),
    "2": N_("Wednesday"),
    "3": N_("Thursday"),
    "4": N_("Friday"),
    "5": N_("Saturday"),
    "6": N_("Sunday"),
}

# Files that the page of imports takes.
TABLES: Mapping[str, str] = {
    "doctors": N_("Doctors"),
    "competences": N_("Competences"),
    "units": N_("Units served"),
    "superiors": N_("Superiors"),
    "availabilities": N_("Weekly hours"),
    "absences": N_("Absences"),
    "conflicts": N_("Conflicts of interest"),
}

# What became of a line of a doctor's sheet.
CHANGES: Mapping[str, str] = {
    "added": N_("added"),
    "changed": N_("changed"),
    "removed": N_("taken back"),
}

DESK_LISTS: Mapping[str, Mapping[str, str]] = {
    "bucket": BUCKETS,
    "task_state": TASK_STATES,
    "measure": MEASURES,
    "constraint": CONSTRAINTS,
    "reassign": {**REASSIGN_REASONS, "undo": N_("Taken back")},
    "reservation": RESERVATIONS,
    "lever": LEVERS,
    "lever_hint": LEVER_HINTS,
    "absence": ABSENCES,
    "conflict": CONFLICTS,
    "doctor_change": CHANGES,
    "day_state": DAY_STATES,
    "fault": FAULTS,
    "purpose": PURPOSES,
    "weekday": WEEKDAYS,
    "table": TABLES,
    "provider": PROVIDERS,
    "member": MEMBERS,
    "document": DOCUMENTS,
}
