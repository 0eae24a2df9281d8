"""What codes of agendas and of clocks are called on the screens."""

from collections.abc import Mapping

from medcontrol.vocabulary import (
    AppointmentKind,
    AppointmentReason,
    AppointmentState,
    DeadlineAlertKind,
)
from ui.i18n import N_

AGENDA_LABELS = (
    (AppointmentKind.EXAMINATION, N_("Examination")),
    (AppointmentKind.VISIT, N_("Visit")),
    (AppointmentKind.EXPERTISE, N_("Expertise")),
    (AppointmentKind.COMMISSION, N_("Commission")),
    (AppointmentState.BOOKED, N_("Booked")),
    (AppointmentState.ATTENDED, N_("Came")),
    (AppointmentState.MISSED, N_("Did not come")),
    (AppointmentState.CANCELLED, N_("Cancelled")),
    (AppointmentReason.ABSENT, N_("Absent without excuse")),
    (AppointmentReason.EXCUSED, N_("Absent, excused")),
    (AppointmentReason.PERSON_ASKED, N_("At the person’s request")),
    (AppointmentReason.DOCTOR_AWAY, N_("The doctor is not there")),
    (AppointmentReason.PLACE_CLOSED, N_("Room or unit closed")),
    (AppointmentReason.FLOW, N_("The file went another way")),
    (DeadlineAlertKind.NEAR, N_("Nears")),
    (DeadlineAlertKind.PASSED, N_("Passed")),
)

AGENDA_LISTS: Mapping[str, Mapping[str, str]] = {
    "trouble": {
        "doctor_away": N_("The doctor is absent on this day"),
        "day_off": N_("This day is not worked any more"),
        "other_doctor": N_("The file went to another doctor"),
        "unsettled": N_("Nobody said whether the person came"),
    },
}

AGENDA_ACTIONS: Mapping[str, str] = {
    "appointment.attended": N_("Came to the appointment"),
    "appointment.cancelled": N_("Appointment cancelled"),
    "appointment.moved": N_("Appointment moved"),
    "appointment.arrived": N_("Arrival noted"),
    "appointment.reminded": N_("Reminded of the appointment"),
    "appointment.rebooked": N_("Appointment booked again"),
    "appointment.slot_gone": N_("The slot is taken: to be booked anew"),
    "deadline.near": N_("Legal deadline nears: supervisor alerted"),
    "deadline.alerted": N_("Legal deadline passed: supervisor alerted"),
    "deadline.moved": N_("Deadline moved by the calendar"),
}

AGENDA_REFUSALS: Mapping[str, str] = {
    "appointment.slot_taken": N_("This slot was taken meanwhile. Here are those that are free."),
    "appointment.outside_hours": N_("The doctor does not receive at that time."),
    "appointment.not_booked": N_("This appointment was kept, missed, moved or cancelled already."),
    "slot_required": N_("Choose a free slot."),
    "calendar.changed_since": N_("The calendar changed since it was shown. Look at it again."),
}

AGENDA_NOTICES: Mapping[str, tuple[str, str]] = {
    "appointment.moved": ("success", N_("Appointment moved; the new convocation will be sent.")),
    "appointment.cancelled": ("success", N_("Cancelled: the file waits for a date again.")),
    "appointment.missed": ("success", N_("Absence noted; the file goes on.")),
    "calendar.changed": (
        "success",
        N_("Calendar changed. Deadlines are counted again in the background."),
    ),
    "alerts.noted": ("success", N_("Alerts noted: %(num)s")),
}
