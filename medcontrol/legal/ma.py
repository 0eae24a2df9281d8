"""The law of ma, typed. Written by ``python -m medcontrol.legal``."""

from medcontrol.legal.loading import law

_LAW = law("ma")


class _APosteriori:
    capacity_share = _LAW.decimal("a_posteriori.capacity_share")
    control_minutes = _LAW.whole("a_posteriori.control_minutes")
    draw_limit_months = _LAW.whole("a_posteriori.draw_limit_months")
    weekly_quota = _LAW.whole("a_posteriori.weekly_quota")


class _Ald:
    child_age_years = _LAW.whole("ald.child_age_years")
    child_review_months = _LAW.whole("ald.child_review_months")
    criteria_met_share = _LAW.decimal("ald.criteria_met_share")
    default_validity_months = _LAW.whole("ald.default_validity_months")
    exam_age_months = _LAW.whole("ald.exam_age_months")
    partial_review_months = _LAW.whole("ald.partial_review_months")
    rate_class_alc = _LAW.decimal("ald.rate_class_alc")
    rate_class_ald = _LAW.decimal("ald.rate_class_ald")
    renewal_open_days_before = _LAW.whole("ald.renewal_open_days_before")
    renewal_reminder_days_before = _LAW.whole("ald.renewal_reminder_days_before")


class _Ambulatory:
    agreement_from_sessions = _LAW.whole("ambulatory.agreement_from_sessions")
    authorisation_months = _LAW.whole("ambulatory.authorisation_months")
    same_act_days = _LAW.whole("ambulatory.same_act_days")
    sessions_per_agreement = _LAW.whole("ambulatory.sessions_per_agreement")


class _Appeal:
    commission_members = _LAW.whole("appeal.commission_members")
    commission_quorum = _LAW.whole("appeal.commission_quorum")


class _CareAbroad:
    authorisation_months = _LAW.whole("care_abroad.authorisation_months")
    companion_age_years = _LAW.whole("care_abroad.companion_age_years")
    filing_days = _LAW.whole("care_abroad.filing_days")
    prolongation_days = _LAW.whole("care_abroad.prolongation_days")
    specialist_certificates = _LAW.whole("care_abroad.specialist_certificates")


class _Clocks:
    a_posteriori_control_days = _LAW.whole("clocks.a_posteriori_control_days")
    ald_decision_days = _LAW.whole("clocks.ald_decision_days")
    ald_target_days = _LAW.whole("clocks.ald_target_days")
    alert_percent_left = _LAW.whole("clocks.alert_percent_left")
    appeal_decision_days = _LAW.whole("clocks.appeal_decision_days")
    appeal_file_days = _LAW.whole("clocks.appeal_file_days")
    appeal_hearing_notice_days = _LAW.whole("clocks.appeal_hearing_notice_days")
    appeal_observation_days = _LAW.whole("clocks.appeal_observation_days")
    appeal_warning_days = _LAW.whole("clocks.appeal_warning_days")
    care_abroad_decision_days = _LAW.whole("clocks.care_abroad_decision_days")
    care_abroad_urgent_hours = _LAW.whole("clocks.care_abroad_urgent_hours")
    central_opinion_days = _LAW.whole("clocks.central_opinion_days")
    complement_days = _LAW.whole("clocks.complement_days")
    complement_reminder_days = _LAW.whole("clocks.complement_reminder_days")
    completeness_working_days = _LAW.whole("clocks.completeness_working_days")
    control_target_days = _LAW.whole("clocks.control_target_days")
    conventional_decision_days = _LAW.whole("clocks.conventional_decision_days")
    convocation_notice_days = _LAW.whole("clocks.convocation_notice_days")
    disability_decision_days = _LAW.whole("clocks.disability_decision_days")
    emergency_request_hours = _LAW.whole("clocks.emergency_request_hours")
    ep_answer_days = _LAW.whole("clocks.ep_answer_days")
    expertise_exam_days = _LAW.whole("clocks.expertise_exam_days")
    expertise_mission_days = _LAW.whole("clocks.expertise_mission_days")
    expertise_reminder_days = _LAW.whole("clocks.expertise_reminder_days")
    expertise_report_days = _LAW.whole("clocks.expertise_report_days")
    ijm_claim_months = _LAW.whole("clocks.ijm_claim_months")
    ijm_control_working_days = _LAW.whole("clocks.ijm_control_working_days")
    ijm_max_weeks = _LAW.whole("clocks.ijm_max_weeks")
    ijm_max_weeks_within_months = _LAW.whole("clocks.ijm_max_weeks_within_months")
    ijm_notice_days = _LAW.whole("clocks.ijm_notice_days")
    ijm_waiting_days = _LAW.whole("clocks.ijm_waiting_days")
    invalidity_decision_days = _LAW.whole("clocks.invalidity_decision_days")
    opinion_answer_days = _LAW.whole("clocks.opinion_answer_days")
    opinion_reminder_after_days = _LAW.whole("clocks.opinion_reminder_after_days")
    opinion_reminder_before_days = _LAW.whole("clocks.opinion_reminder_before_days")
    pec_control_hours = _LAW.whole("clocks.pec_control_hours")
    pec_hospital_answer_working_hours = _LAW.whole("clocks.pec_hospital_answer_working_hours")
    pec_medicament_answer_hours = _LAW.whole("clocks.pec_medicament_answer_hours")
    pec_opinion_hours = _LAW.whole("clocks.pec_opinion_hours")
    pec_prolongation_answer_hours = _LAW.whole("clocks.pec_prolongation_answer_hours")
    pi_claim_months_for_retroactivity = _LAW.whole("clocks.pi_claim_months_for_retroactivity")
    provider_invoice_days = _LAW.whole("clocks.provider_invoice_days")
    reimbursement_control_days = _LAW.whole("clocks.reimbursement_control_days")
    reimbursement_filing_days = _LAW.whole("clocks.reimbursement_filing_days")
    second_doctor_days = _LAW.whole("clocks.second_doctor_days")
    specialist_opinion_days = _LAW.whole("clocks.specialist_opinion_days")
    tacit_agreement = _LAW.flag("clocks.tacit_agreement")


class _Completion:
    incomplete_restarts = _LAW.flag("completion.incomplete_restarts")
    incorrect_restarts = _LAW.flag("completion.incorrect_restarts")


class _Conventional:
    form_months = _LAW.whole("conventional.form_months")
    prolongation_days = _LAW.whole("conventional.prolongation_days")


class _Convocation:
    commission_minutes = _LAW.whole("convocation.commission_minutes")
    examination_minutes = _LAW.whole("convocation.examination_minutes")
    examination_minutes_invalidity = _LAW.whole("convocation.examination_minutes_invalidity")
    examination_minutes_sick_leave = _LAW.whole("convocation.examination_minutes_sick_leave")
    excused_absence_counts = _LAW.flag("convocation.excused_absence_counts")
    expertise_minutes = _LAW.whole("convocation.expertise_minutes")
    late_arrival_minutes = _LAW.whole("convocation.late_arrival_minutes")
    no_shows_before_closing = _LAW.whole("convocation.no_shows_before_closing")
    offered_within_days = _LAW.whole("convocation.offered_within_days")
    reminder_days = _LAW.whole("convocation.reminder_days")
    slot_step_minutes = _LAW.whole("convocation.slot_step_minutes")
    visit_minutes = _LAW.whole("convocation.visit_minutes")


class _Decision:
    undo_seconds = _LAW.whole("decision.undo_seconds")


class _Dental:
    authorisation_months = _LAW.whole("dental.authorisation_months")
    examination_from_cents = _LAW.whole("dental.examination_from_cents")
    odf_max_age = _LAW.whole("dental.odf_max_age")
    orthodontics_months = _LAW.whole("dental.orthodontics_months")
    orthodontics_open_days_before = _LAW.whole("dental.orthodontics_open_days_before")
    orthodontics_semesters = _LAW.whole("dental.orthodontics_semesters")
    prosthesis_ceiling_cents = _LAW.whole("dental.prosthesis_ceiling_cents")
    prosthesis_renewal_months = _LAW.whole("dental.prosthesis_renewal_months")
    window_months = _LAW.whole("dental.window_months")


class _Expertise:
    no_shows_before_ending = _LAW.whole("expertise.no_shows_before_ending")


class _Fees:
    central_opinion = _LAW.decimal("fees.central_opinion")
    control_on_file = _LAW.decimal("fees.control_on_file")
    decision = _LAW.decimal("fees.decision")
    examination = _LAW.decimal("fees.examination")
    examination_invalidity = _LAW.decimal("fees.examination_invalidity")
    expertise_in_person = _LAW.decimal("fees.expertise_in_person")
    expertise_on_file = _LAW.decimal("fees.expertise_on_file")
    second_doctor = _LAW.decimal("fees.second_doctor")
    specialist_opinion = _LAW.decimal("fees.specialist_opinion")


class _Hospital:
    authorisation_days = _LAW.whole("hospital.authorisation_days")
    programme_months = _LAW.whole("hospital.programme_months")
    programme_open_days_before = _LAW.whole("hospital.programme_open_days_before")


class _Ijm:
    contrib_days = _LAW.whole("ijm.contrib_days")
    in_months = _LAW.whole("ijm.in_months")
    invalidity_switch_days = _LAW.whole("ijm.invalidity_switch_days")
    maternity_claim_months = _LAW.whole("ijm.maternity_claim_months")
    maternity_contrib_days = _LAW.whole("ijm.maternity_contrib_days")
    maternity_days = _LAW.whole("ijm.maternity_days")
    maternity_in_months = _LAW.whole("ijm.maternity_in_months")
    max_days = _LAW.whole("ijm.max_days")
    rate = _LAW.fraction("ijm.rate")
    re_examination_days = _LAW.whole("ijm.re_examination_days")
    re_examination_request_days = _LAW.whole("ijm.re_examination_request_days")
    recontrol_1_days = _LAW.whole("ijm.recontrol_1_days")
    recontrol_2_days = _LAW.whole("ijm.recontrol_2_days")
    recontrol_3_days = _LAW.whole("ijm.recontrol_3_days")
    recontrol_4_days = _LAW.whole("ijm.recontrol_4_days")
    reopen_days = _LAW.whole("ijm.reopen_days")
    review_earlier_days = _LAW.whole("ijm.review_earlier_days")
    review_later_days = _LAW.whole("ijm.review_later_days")
    review_open_days_before = _LAW.whole("ijm.review_open_days_before")


class _Levels:
    ald_regional_months = _LAW.whole("levels.ald_regional_months")
    ambulatory_central_cents = _LAW.whole("levels.ambulatory_central_cents")
    ambulatory_regional_cents = _LAW.whole("levels.ambulatory_regional_cents")
    conventional_regional_days = _LAW.whole("levels.conventional_regional_days")
    dental_central_cents = _LAW.whole("levels.dental_central_cents")
    dental_regional_cents = _LAW.whole("levels.dental_regional_cents")
    hospital_central_cents = _LAW.whole("levels.hospital_central_cents")
    hospital_regional_cents = _LAW.whole("levels.hospital_regional_cents")
    hospital_regional_days = _LAW.whole("levels.hospital_regional_days")
    medicines_central_cents = _LAW.whole("levels.medicines_central_cents")
    medicines_regional_cents = _LAW.whole("levels.medicines_regional_cents")
    sick_leave_regional_days = _LAW.whole("levels.sick_leave_regional_days")


class _Medicines:
    authorisation_months = _LAW.whole("medicines.authorisation_months")
    price_threshold_cents = _LAW.whole("medicines.price_threshold_cents")
    renewal_early_days = _LAW.whole("medicines.renewal_early_days")
    renewal_open_days_before = _LAW.whole("medicines.renewal_open_days_before")


class _Pi:
    adjournment_months = _LAW.whole("pi.adjournment_months")
    adl_third_person_count = _LAW.whole("pi.adl_third_person_count")
    base = _LAW.decimal("pi.base")
    cap = _LAW.decimal("pi.cap")
    contrib_days = _LAW.whole("pi.contrib_days")
    full_days = _LAW.whole("pi.full_days")
    last12m = _LAW.whole("pi.last12m")
    last_months = _LAW.whole("pi.last_months")
    miners_pension_age_years = _LAW.whole("pi.miners_pension_age_years")
    no_review_before_pension_months = _LAW.whole("pi.no_review_before_pension_months")
    observation_days = _LAW.whole("pi.observation_days")
    pension_age_years = _LAW.whole("pi.pension_age_years")
    review_first_months = _LAW.whole("pi.review_first_months")
    review_first_period_months = _LAW.whole("pi.review_first_period_months")
    review_later_months = _LAW.whole("pi.review_later_months")
    review_open_days_before = _LAW.whole("pi.review_open_days_before")
    step = _LAW.decimal("pi.step")
    step_days = _LAW.whole("pi.step_days")
    third_person = _LAW.decimal("pi.third_person")


class _Probes:
    compliant_rate = _LAW.decimal("probes.compliant_rate")
    pause_days = _LAW.whole("probes.pause_days")


class _Psh:
    alert_age_months = _LAW.whole("psh.alert_age_months")
    card_years = _LAW.whole("psh.card_years")
    permanent_validity_months = _LAW.whole("psh.permanent_validity_months")
    review_open_days_before = _LAW.whole("psh.review_open_days_before")
    rights_end_age_years = _LAW.whole("psh.rights_end_age_years")
    temporary_validity_months = _LAW.whole("psh.temporary_validity_months")


class _Quality:
    doctor_minimum_pairs = _LAW.whole("quality.doctor_minimum_pairs")
    high_risk = _LAW.decimal("quality.high_risk")
    hold_working_hours = _LAW.whole("quality.hold_working_hours")
    minimum_pairs = _LAW.whole("quality.minimum_pairs")
    monthly_cap = _LAW.whole("quality.monthly_cap")
    newcomer_months = _LAW.whole("quality.newcomer_months")
    newcomer_share = _LAW.decimal("quality.newcomer_share")
    random = _LAW.decimal("quality.random")
    reading_working_days = _LAW.whole("quality.reading_working_days")
    refusals = _LAW.decimal("quality.refusals")
    unread_months = _LAW.whole("quality.unread_months")


class _Reviews:
    capacity_share = _LAW.decimal("reviews.capacity_share")
    earlier_days = _LAW.whole("reviews.earlier_days")
    later_days = _LAW.whole("reviews.later_days")
    look_again_months = _LAW.whole("reviews.look_again_months")


class _WorkingTime:
    closes_at = _LAW.time("working_time.closes_at")
    first_weekday = _LAW.whole("working_time.first_weekday")
    last_weekday = _LAW.whole("working_time.last_weekday")
    opens_at = _LAW.time("working_time.opens_at")


a_posteriori = _APosteriori
ald = _Ald
ambulatory = _Ambulatory
appeal = _Appeal
care_abroad = _CareAbroad
clocks = _Clocks
completion = _Completion
conventional = _Conventional
convocation = _Convocation
decision = _Decision
dental = _Dental
expertise = _Expertise
fees = _Fees
hospital = _Hospital
ijm = _Ijm
levels = _Levels
medicines = _Medicines
pi = _Pi
probes = _Probes
psh = _Psh
quality = _Quality
reviews = _Reviews
working_time = _WorkingTime
