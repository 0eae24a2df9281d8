"""One sentence about what was just done, carried over the redirect that follows a form."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse

from ui.i18n import N_, translations
from ui.shell import Toast

COOKIE = "medcontrol_notice"
# Long enough for a slow page; the page that shows it takes the cookie away.
_SECONDS = 60

# Code to tone and words. The number, when there is one, is shown by its own name.
NOTICES: Mapping[str, tuple[str, str]] = {
    "saved": ("success", N_("Saved.")),
    "created": ("success", N_("Created.")),
    "removed": ("success", N_("Removed.")),
    "ended": ("success", N_("Ended.")),
    "task.completed": ("success", N_("Recorded. The file goes on.")),
    "appointment.booked": ("success", N_("Appointment booked; the convocation will be sent.")),
    "documents.added": ("success", N_("Documents added to the file.")),
    "quarantine.replayed": ("success", N_("Taken in again: the file is accepted.")),
    "quarantine.duplicate": ("info", N_("Known already: this content was taken in before.")),
    "quarantine.discarded": ("success", N_("Discarded. The line stays on record.")),
    "outbox.revived": ("success", N_("Messages that will be tried again: %(num)s")),
    "doctor.created": ("success", N_("Doctor created. Add competences and working hours.")),
    "user.created": ("success", N_("Account created. Give it a role.")),
    "user.deactivated": ("success", N_("Account closed; its sessions are ended.")),
    "user.activated": ("success", N_("Account open again.")),
    "nothing.selected": ("warning", N_("Tick at least one line.")),
}


def see_other(address: str, notice: str | None = None, number: int = 0) -> RedirectResponse:
    """Return the answer to a form that did its work: look at ``address`` (303)."""
    response = RedirectResponse(address, status_code=303)
    if notice is not None:
        response.set_cookie(
            COOKIE, f"{notice}:{number}", max_age=_SECONDS, httponly=True, samesite="lax"
        )
    return response


def toasts_of(request: Request, language: str) -> tuple[Toast, ...]:
    """Return the notice that the request carries; what nobody knows is dropped."""
    code, _, number = request.cookies.get(COOKIE, "").partition(":")
    if code not in NOTICES or not number.isdecimal():
        return ()
    tone, text = NOTICES[code]
    values: dict[str, Any] = {"num": number[:9]}
    return (Toast(text=translations(language).gettext(text) % values, tone=tone),)
