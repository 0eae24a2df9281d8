"""One sentence about what was just done, carried over the redirect that follows a form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse

from ui.adjacent_words import ADJACENT_NOTICES
from ui.agenda_words import AGENDA_NOTICES
from ui.i18n import N_, translations
from ui.incident_words import INCIDENT_NOTICES
from ui.quality_words import QUALITY_NOTICES
from ui.shell import Toast
from ui.site import site_of

COOKIE = "medcontrol_notice"
# Long enough for a slow page; the page that shows it takes the cookie away.
_SECONDS = 60
_REFERENCE = re.compile(r"[A-Z0-9-]{1,64}", re.ASCII)

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
    "outbox.replayed": ("success", N_("Events that will be told again: %(num)s")),
    "doctor.created": ("success", N_("Doctor created. Add competences and working hours.")),
    "user.created": ("success", N_("Account created. Give it a role.")),
    "user.deactivated": ("success", N_("Account closed; its sessions are ended.")),
    "user.activated": ("success", N_("Account open again.")),
    "decision.recorded": ("success", N_("Decision recorded on %(subject)s.")),
    "decision.undone": ("info", N_("Decision undone: nothing was sent.")),
    "decision.too_late": ("warning", N_("Too late to undo: the letter is on its way.")),
    "draft.saved": ("success", N_("Draft saved.")),
    "pieces.requested": (
        "success",
        N_("Pieces requested; the clock stands still until they come."),
    ),
    "pieces.waived": ("success", N_("The file goes on without the pieces.")),
    "file.escalated": ("success", N_("Sent to the colleague; it comes back with the opinion.")),
    "file.held": ("success", N_("On hold; it comes back by itself.")),
    "file.released": ("success", N_("Back among the files to do.")),
    "claim.refused": ("warning", N_("This file can't be yours: competence, place or load.")),
    "file.claimed": ("success", N_("The file is yours.")),
    "files.held": ("success", N_("Files put on hold: %(num)s")),
    "files.held_some": ("warning", N_("Files put on hold: %(num)s. The others are not yours.")),
    "message.sent": ("success", N_("Message sent.")),
    "queue.empty": ("info", N_("Nothing more to do, and nothing to take.")),
    "settings.saved": ("success", N_("Settings saved.")),
    "password.changed": ("success", N_("Password changed. Other sessions are ended.")),
    "absence.saved": ("success", N_("Absence saved; nothing new is given to you on those days.")),
    "absence.entered": ("success", N_("Absence entered. Here is what is due meanwhile.")),
    "absence.cancelled": ("success", N_("Absence taken back. Files stay where they are.")),
    "absence.handed_over": ("success", N_("Noted: nothing had to be moved.")),
    "lever.set": ("success", N_("Lever set.")),
    "postponement.undone": ("success", N_("Taken back: the reviews open on their days again.")),
    "backtest.asked": ("success", N_("Asked for. It runs in the background.")),
    "experiment.planned": ("success", N_("Planned. Nothing is decided by it yet.")),
    "experiment.started": ("success", N_("Started: both arms decide from now on.")),
    "slip.seal": ("success", N_("Slip sealed. Print it and put it with the parcel.")),
    "slip.reopen": ("success", N_("Slip open again.")),
    "slip.dispatch": ("success", N_("Noted: the parcel is on its way.")),
    "slip.cancel": ("info", N_("Slip given up; its files are free.")),
    "slip.finish": ("success", N_("Reception closed.")),
    "paper.placed": ("success", N_("Place noted.")),
    "envelope.registered": ("success", N_("Sealed envelope registered.")),
    "envelope.opened": ("success", N_("Noted: you opened the envelope.")),
    "letters.printed": ("success", N_("Batch ready: open the PDF and print it.")),
    "letters.sent": ("success", N_("All letters of the batch are noted as sent.")),
    "letters.given_up": ("info", N_("Batch given up; its letters wait again.")),
    "letter.receipt": ("success", N_("Receipt noted.")),
    "nothing.selected": ("warning", N_("Tick at least one line.")),
    **AGENDA_NOTICES,
    **ADJACENT_NOTICES,
    **QUALITY_NOTICES,
    **INCIDENT_NOTICES,
}


@dataclass(frozen=True, slots=True)
class Undoable:
    """A decision that can be taken back for a while.

    Attributes:
        reference, version: of its file.
        origin: the queue that the file was opened from, as an address.
    """

    reference: str
    version: int
    origin: str = ""

    def address(self) -> str:
        """Return where the form that takes it back is sent."""
        pairs = {"version": str(self.version), "from": self.origin}
        query = urlencode({name: value for name, value in pairs.items() if value})
        return f"/files/{self.reference}/undo?{query}"

    def carried(self) -> tuple[str, str, str]:
        """Return what a cookie carries of it."""
        return self.reference, str(self.version), quote(self.origin, safe="")


def see_other(
    address: str, notice: str | None = None, number: int = 0, *, undo: Undoable | None = None
) -> RedirectResponse:
    """Return the answer to a form that did its work: look at ``address`` (303)."""
    response = RedirectResponse(address, status_code=303)
    if notice is not None:
        carried = [notice, str(number), *(undo.carried() if undo else ())]
        response.set_cookie(
            COOKIE, ":".join(carried), max_age=_SECONDS, httponly=True, samesite="lax"
        )
    return response


def toasts_of(request: Request, language: str) -> tuple[Toast, ...]:
    """Return the notice that the request carries; what nobody knows is dropped."""
    code, number, *rest = (request.cookies.get(COOKIE, "") + ":").split(":")[:5]
    if code not in NOTICES or not number.isdecimal():
        return ()
    tone, text = NOTICES[code]
    undo = _undo_of(rest)
    values: dict[str, Any] = {"num": number[:9], "subject": undo.reference if undo else ""}
    return (
        Toast(
            text=translations(language).gettext(text) % values,
            tone=tone,
            undo_address=undo.address() if undo else None,
            undo_seconds=site_of(request).settings.undo_seconds if undo else 0,
        ),
    )


def _undo_of(parts: list[str]) -> Undoable | None:
    if len(parts) < 2 or not _REFERENCE.fullmatch(parts[0]) or not parts[1].isdecimal():
        return None
    origin = unquote(parts[2]) if len(parts) > 2 else ""
    return Undoable(parts[0], int(parts[1][:9]), origin)
