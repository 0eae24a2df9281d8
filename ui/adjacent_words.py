"""Words of appeals, expertises and opinions asked outside, for the screens."""

from collections.abc import Mapping

from medcontrol.vocabulary import Sex
from ui.i18n import N_
from ui.labels import label_of

ADJACENT_REFUSALS: Mapping[str, str] = {
    "appeal.pending": N_("An appeal against this decision is pending."),
    "appeal.nothing_to_contest": N_("No decision stands on this file that could be contested."),
    "opinion.ended": N_("This opinion is not awaited any more."),
    "expertise.over": N_("This expertise is over."),
    "recourse.pending": N_("This body has the case already."),
    "body": N_("Say before whom the recourse was filed."),
    "recourse_filed_on": N_("A day from the decision on the appeal to today."),
    "recourse_outcome": N_("Say what was decided."),
    "decided_on": N_("A day from the filing to today."),
    "case_number": N_("At most 64 characters."),
    "appeal.member_busy": N_("A member is not free at that time."),
    "members": N_("Name three doctors who took no part and have no tie."),
    "hearing_at": N_("The hearing is announced at least fifteen days ahead."),
    "late_accepted": N_("The appeal came after the limit: excuse the lateness or do not admit it."),
    "standing": N_("Say that the person may appeal."),
    "questions": N_("Ask at least one question."),
    "expert": N_("Choose an expert without a tie to the file."),
    "whom": N_("Choose one person without a tie to the file."),
    "due_on": N_("A day from tomorrow to the legal limit."),
    "report": N_("A report and its conclusions are needed."),
    "filed_on": N_("A day from the decision to today."),
    "reasons": N_("An appeal gives its reasons."),
    "login_of_expert": N_("An account with the role of an expert, and of no other expert."),
}

ADJACENT_NOTICES: Mapping[str, tuple[str, str]] = {
    "appeal.registered": ("success", N_("Appeal registered; the decision’s basis is frozen.")),
    "opinion.answered": ("success", N_("Opinion sent; the file goes on.")),
    "opinion.asked": ("success", N_("Question sent.")),
    "opinion.to_write": ("info", N_("Request opened. Write the question under Opinions.")),
    "opinion.revoked": ("success", N_("Request taken back; the file goes on.")),
    "expert.named": ("success", N_("Expert named; the mission letter leaves.")),
    "mission.reported": ("success", N_("Report handed in. Your access has ended.")),
    "mission.left": ("success", N_("Mission ended. Your access has ended.")),
    "expertise.cancelled": ("success", N_("Expertise cancelled; the file goes on.")),
}

ADJACENT_ACTIONS: Mapping[str, str] = {
    "appeal.registered": N_("Appeal registered"),
    "appeal.opened": N_("Appeal opened"),
    "snapshot.frozen": N_("Basis of the decision frozen"),
    "hearing.set": N_("Hearing set"),
    "commission.voted": N_("Commission voted"),
    "observations.received": N_("Observations received"),
    "decision.corrected": N_("Decision corrected after an appeal"),
    "expertise.opened": N_("Expertise opened"),
    "expert.named": N_("Expert named"),
    "mission.ended": N_("Expert’s mission ended"),
    "fee.owed": N_("Fee put on the statement"),
    "opinion.to_write": N_("Opinion to be asked"),
    "opinion.asked": N_("Opinion asked outside"),
    "opinion.reminded": N_("Reminder of the opinion"),
    "opinion.given_up": N_("Opinion given up"),
    "invalidity.opened": N_("Invalidity file opened"),
    "file.not_opened": N_("No further file opened: there is one already"),
    "entitlement.followed": N_("Right followed by another one"),
    "entitlement.suspended": N_("Right suspended"),
    "entitlement.resumed": N_("Suspension lifted"),
    "recourse.recorded": N_("Recourse outside the fund recorded"),
    "recourse.settled": N_("Outcome of a recourse outside the fund recorded"),
}

FLOWS_BESIDE: Mapping[str, str] = {"appeal": N_("Appeal"), "expertise": N_("Expertise")}

ADJACENT_LISTS: Mapping[str, Mapping[str, str]] = {
    "sex": {sex: label_of(sex) for sex in Sex},
    "contests": {
        "medical": N_("Medical part"),
        "administrative": N_("Administrative part"),
        "both": N_("Both parts"),
    },
    "filed_by": {
        "insured": N_("Insured person"),
        "beneficiary": N_("Beneficiary"),
        "representative": N_("Representative"),
        "provider": N_("Provider"),
        "treating_doctor": N_("Treating doctor"),
    },
    "appeal_part": {
        "maintained": N_("Maintained"),
        "overturned": N_("Overturned"),
        "partly_overturned": N_("Overturned in part"),
    },
    "recourse_body": {
        "anam": N_("National health insurance agency (ANAM)"),
        "administrative_court": N_("Administrative court"),
        "ordinary_court": N_("Ordinary court"),
    },
    "recourse_outcome": {
        "maintained": N_("Maintained"),
        "overturned": N_("Overturned"),
        "partly_overturned": N_("Overturned in part"),
        "withdrawn": N_("Taken back"),
    },
    "expert_list": {
        "court": N_("Court’s list"),
        "university": N_("University"),
        "fund": N_("Fund’s list"),
    },
    "beside": {
        "snapshot": N_("Frozen basis of the contested decision"),
        "expert_report": N_("Expert’s report"),
        "opinion_question": N_("Question asked outside"),
        "opinion_answer": N_("Outside opinion"),
    },
    "beside_part": {
        "question": N_("Question"),
        "conclusions": N_("Conclusions that may be shared"),
        "report": N_("Report"),
        "had_treating_doctor": N_("The treating doctor was there"),
        "opinion": N_("Opinion"),
        "reasoning": N_("Reasoning"),
        "summary": N_("Summary"),
        "diagnosis": N_("Diagnosis"),
        "document": N_("Document"),
    },
    "opinion_status": {"draft": N_("To be written"), "open": N_("Awaited")},
    "barred": {
        "author_of_contested_opinion": N_("decided what is contested"),
        "took_part": N_("took part in it"),
        "superior_of_author": N_("superior of who decided"),
        "subordinate_of_author": N_("subordinate of who decided"),
        "earlier_opinion": N_("examined this appeal"),
        "treats": N_("treats the person"),
        "prescribed": N_("prescribed"),
        "relative": N_("relative"),
        "establishment": N_("works there"),
        "declared": N_("declared tie"),
        "provider": N_("provided the care"),
    },
}
