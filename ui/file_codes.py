"""What codes are called around a file: outcomes and what they mean, facts, journal, exports."""

from collections.abc import Mapping

from ui.i18n import N_

# What a choice means for the insured person, in a sentence; by outcome, or by what it decides.
CONSEQUENCES: Mapping[str, str] = {
    "granted": N_("The insured person receives the agreement."),
    "partially_granted": N_("The insured person receives a partial agreement with the motives."),
    "refused_medical": N_("The insured person receives a refusal with its motive and the appeal."),
    "refused_administrative": N_(
        "The insured person receives a refusal with its motive and the appeal."
    ),
    "adjourned": N_("The insured person is told that the decision is put off."),
    "withdrawn": N_("The file closes; no letter is sent."),
    "close_file": N_("The file closes; the insured person is told."),
    "summon": N_("The agency books an examination; the insured person is convened."),
    "visit": N_("The region agrees first, then the agency sets the day of the visit."),
    "no_show": N_("The absence is recorded; a second convocation may follow."),
    "reschedule": N_("The agency books another day."),
    "escalate": N_("A colleague of the region is asked; the file comes back to you."),
    "advised": N_("The file goes back to the doctor who asked."),
    "agreed": N_("The proposal goes on to the decision."),
    "disagreed": N_("The file goes back to the first doctor."),
    "dispute": N_("The central level settles it."),
    "returned": N_("The file goes back to the first doctor with your reasons."),
    "signed": N_("The file closes and the letter leaves."),
}

# Outcomes of steps in lists that mix packs; a file's own page uses the words of its pack.
OUTCOMES: Mapping[str, str] = {
    "complete": N_("Complete"),
    "incomplete": N_("Pieces requested"),
    "ask_completion": N_("Pieces requested"),
    "granted": N_("Granted"),
    "partially_granted": N_("Partly granted"),
    "refused_medical": N_("Refused, medical grounds"),
    "refused_administrative": N_("Refused, administrative grounds"),
    "adjourned": N_("Adjourned"),
    "withdrawn": N_("Closed without decision"),
    "maintained": N_("Maintained"),
    "aggravated": N_("Aggravated"),
    "improved": N_("Improved"),
    "summon": N_("Summoned"),
    "escalate": N_("Opinion asked for"),
    "booked": N_("Appointment booked"),
    "no_show": N_("Did not come"),
    "reschedule": N_("To be booked again"),
    "advised": N_("Opinion given"),
    "agreed": N_("Agreed"),
    "disagreed": N_("Disagreed"),
    "dispute": N_("Dispute"),
    "returned": N_("Sent back"),
    "signed": N_("Signed"),
    "close_file": N_("File closed"),
}

# Yes-or-no facts that a doctor may give beside the outcome.
FACTS: Mapping[str, str] = {
    "third_person_aid": N_("Third-person aid"),
    "off_list": N_("Off list: central co-signature"),
    "costly": N_("Heavy and costly illness: central co-signature"),
}

# Names of members beside a journal entry.
JOURNAL_FACTS: Mapping[str, str] = {
    "step": N_("Step"),
    "outcome": N_("Outcome"),
    "kind": N_("Kind"),
    "code": N_("Letter"),
    "deadline": N_("Clock"),
    "reason": N_("Reason"),
    "until": N_("Until"),
    "number": N_("No."),
    "lane": N_("Lane"),
    "level": N_("Level"),
    "before": N_("Before"),
    "after": N_("After"),
    "audience": N_("Who reads it"),
    "rule": N_("How"),
    "mode": N_("By"),
    "months": N_("Months"),
    "stops": N_("Stops"),
    "message": N_("Message"),
    "slip": N_("Slip"),
    "batch": N_("Batch"),
    "unit": N_("Unit"),
    "receipt": N_("Receipt"),
    "on": N_("On"),
    "from": N_("From"),
    "to": N_("To"),
    "hash_before": N_("Fingerprint before"),
    "hash_after": N_("Fingerprint after"),
}

# Heads of an exported queue.
COLUMNS: Mapping[str, str] = {
    "reference": N_("File"),
    "person_name": N_("Person concerned"),
    "person_birth_year": N_("Year of birth"),
    "flow": N_("Flow"),
    "nature": N_("Nature"),
    "lane": N_("Lane"),
    "level": N_("Level"),
    "step": N_("Step"),
    "status": N_("State"),
    "due_on": N_("Due"),
    "received_on": N_("Received"),
    "age_working_days": N_("Age in working days"),
    "urgent": N_("Urgent"),
    "held_until": N_("On hold until"),
    "outcome": N_("Outcome"),
    "doctor": N_("Doctor"),
}

# Questions that the forms of senders often answer, where no form of the pack asks them.
ANSWERS: Mapping[str, str] = {
    "stage": N_("Stage"),
    "renewal_reason": N_("Reason of the renewal"),
    "declared_by": N_("Declared by"),
    "admission": N_("Admission"),
    "service": N_("Service"),
    "country": N_("Country"),
    "request": N_("Request"),
    "incapacity_since": N_("Incapacity since"),
    "last_day_worked": N_("Last day worked"),
    "is_permanent": N_("Permanent"),
    "asks_third_person": N_("Asks for third-person aid"),
    "employer_number": N_("Number of the employer"),
    "insured_days": N_("Insured days"),
    "insured_days_last_year": N_("Insured days of the last year"),
    "needs_companion": N_("Needs a companion"),
    "needs_transport": N_("Needs transport"),
    "outings_allowed": N_("Outings allowed"),
    "contribution_days": N_("Contribution days"),
    "accident": N_("Accident"),
    "miner": N_("Miner"),
    "returned_on": N_("Returned on"),
    "card_number": N_("Number of the card"),
    "card_issued_on": N_("Card issued on"),
    "employer_name": N_("Employer"),
    "employer_address": N_("Address of the employer"),
    "milestone": N_("Control of a long leave"),
}

# Whom a letter is written to.
RECIPIENTS: Mapping[str, str] = {
    "insured": N_("To the insured person"),
    "provider": N_("To the provider"),
    "employer": N_("To the employer"),
    "treating_doctor": N_("To the treating doctor"),
    "specialist": N_("To the specialist"),
}

# What decided who has a file, said to who has it as to supervisors.
CHOICES: Mapping[str, str] = {
    "cheapest": N_("The best placed of those who may have it."),
    "planned": N_("Planned so that loads stay even and due dates are met."),
    "made_room": N_("Planned so that another file could be placed as well."),
    "kept": N_("Goes on with the file after the step before."),
    "chosen": N_("Chosen by a person, not by the engine."),
}

TRAITS: Mapping[str, str] = {
    "known": N_("knows the person"),
    "near": N_("serves the place of the file"),
    "far": N_("from further away: nobody nearer was better"),
    "level_above": N_("of a higher level than the file needs"),
    "contracted": N_("contracted"),
}

FILE_LISTS: Mapping[str, Mapping[str, str]] = {
    "recipient": RECIPIENTS,
    "outcome": OUTCOMES,
    "fact": FACTS,
    "journal_fact": JOURNAL_FACTS,
    "column": COLUMNS,
    "answer": ANSWERS,
    "choice": CHOICES,
    "trait": TRAITS,
}
