"""The calendar behind a secret address (flux iCalendar). Open: the address is the key."""

from fastapi import APIRouter, Request, Response

from medcontrol.clock import civil_date
from medcontrol.db import transaction
from medcontrol.services.agenda_feeds import read_feed
from medcontrol.vocabulary import AppointmentKind
from ui.i18n import DEFAULT_LANGUAGE, translations
from ui.labels import label_of
from ui.site import site_of

router = APIRouter(prefix="/calendars")


@router.get("/{token}.ics")
def read(request: Request, token: str) -> Response:
    """Return a doctor's agenda: when, where, of what kind, which file; no name, nothing medical."""
    site = site_of(request)
    now = site.clock()
    gettext = translations(DEFAULT_LANGUAGE).gettext
    titles = {kind: gettext(label_of(kind)) for kind in AppointmentKind}
    with transaction() as session:
        content = read_feed(
            session, token, titles=titles, now=now, today=civil_date(now, site.jurisdiction)
        )
    headers = {"Cache-Control": "private, max-age=300", "Referrer-Policy": "no-referrer"}
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)
