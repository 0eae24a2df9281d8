"""The law of lu, typed. Written by ``python -m medcontrol.legal``."""

from medcontrol.legal.loading import law

_LAW = law("lu")


class _Aev:
    entry_threshold_minutes = _LAW.whole("aev.entry_threshold_minutes")
    regime = _LAW.word("aev.regime")
    weekly_ceiling_minutes = _LAW.whole("aev.weekly_ceiling_minutes")
    weekly_overrun_minutes = _LAW.whole("aev.weekly_overrun_minutes")


class _Clocks:
    alert_percent_left = _LAW.whole("clocks.alert_percent_left")
    appeal_file_days = _LAW.whole("clocks.appeal_file_days")
    fund_decision_working_days = _LAW.whole("clocks.fund_decision_working_days")


class _Completion:
    incomplete_restarts = _LAW.flag("completion.incomplete_restarts")
    incorrect_restarts = _LAW.flag("completion.incorrect_restarts")


class _Fluctuation:
    answer_days = _LAW.whole("fluctuation.answer_days")
    ceiling_test = _LAW.word("fluctuation.ceiling_test")
    control_months = _LAW.whole("fluctuation.control_months")
    decision_days = _LAW.whole("fluctuation.decision_days")
    limit_counting = _LAW.word("fluctuation.limit_counting")
    long_need = _LAW.word("fluctuation.long_need")
    need_max_months = _LAW.whole("fluctuation.need_max_months")
    need_min_days = _LAW.whole("fluctuation.need_min_days")
    need_test = _LAW.word("fluctuation.need_test")
    new_stay = _LAW.word("fluctuation.new_stay")
    nothing_assigned = _LAW.word("fluctuation.nothing_assigned")
    reminder_days = _LAW.whole("fluctuation.reminder_days")
    rounding = _LAW.word("fluctuation.rounding")
    sample_percent = _LAW.whole("fluctuation.sample_percent")
    several_providers = _LAW.word("fluctuation.several_providers")
    stay_counting = _LAW.word("fluctuation.stay_counting")
    stay_min_days = _LAW.whole("fluctuation.stay_min_days")
    window_start = _LAW.word("fluctuation.window_start")


class _NonExecuted:
    flat_rate_cut = _LAW.word("non_executed.flat_rate_cut")
    month_percent = _LAW.whole("non_executed.month_percent")
    year_percent = _LAW.whole("non_executed.year_percent")


class _Reassessment:
    carer_months = _LAW.whole("reassessment.carer_months")
    decision_days = _LAW.whole("reassessment.decision_days")
    establishment_days = _LAW.whole("reassessment.establishment_days")
    form_days = _LAW.whole("reassessment.form_days")
    form_reminder_days = _LAW.whole("reassessment.form_reminder_days")
    in_kind_months = _LAW.whole("reassessment.in_kind_months")
    mandate_answer_days = _LAW.whole("reassessment.mandate_answer_days")
    open_days_before = _LAW.whole("reassessment.open_days_before")
    reapplication_years = _LAW.whole("reassessment.reapplication_years")
    request_months = _LAW.whole("reassessment.request_months")
    visits_close_at = _LAW.time("reassessment.visits_close_at")
    visits_open_at = _LAW.time("reassessment.visits_open_at")


class _Reviews:
    capacity_share = _LAW.decimal("reviews.capacity_share")
    look_again_months = _LAW.whole("reviews.look_again_months")


class _WorkingTime:
    closes_at = _LAW.time("working_time.closes_at")
    first_weekday = _LAW.whole("working_time.first_weekday")
    last_weekday = _LAW.whole("working_time.last_weekday")
    opens_at = _LAW.time("working_time.opens_at")


aev = _Aev
clocks = _Clocks
completion = _Completion
fluctuation = _Fluctuation
non_executed = _NonExecuted
reassessment = _Reassessment
reviews = _Reviews
working_time = _WorkingTime
