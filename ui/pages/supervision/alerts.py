"""Legal deadlines that near or have passed, until the supervisor takes note (alertes)."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.queries.deadline_alerts import Alerts, load_alerts
from medcontrol.queries.supervision import UnitName
from medcontrol.queries.supervision_scope import supervised_units
from medcontrol.services.calendar import working_calendar
from medcontrol.services.deadline_alerts import take_note
from medcontrol.vocabulary import Role
from ui.forms import text_of, uuids_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted

router = APIRouter(prefix="/supervision/alerts")


@dataclass(frozen=True, slots=True)
class AlertsPage:
    """The open alerts of the supervisor's units, or of one."""

    alerts: Alerts
    units: tuple[UnitName, ...]
    unit: str


@router.get("")
def show(request: Request, visitor: Me) -> Response:
    """Draw the open alerts, what is due first above."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    unit = text_of(request.query_params, "unit", 64)
    jurisdiction = visitor.site.jurisdiction
    with read_only() as session:
        calendar = working_calendar(session, jurisdiction)
        alerts = load_alerts(session, visitor.principal, unit=unit, calendar=calendar)
        units = supervised_units(session, visitor.principal, jurisdiction)
    return render(request, "supervision/alerts.html", AlertsPage(alerts, units, unit))


@router.post("")
def note(request: Request, visitor: Me, form: Posted) -> Response:
    """Take note of the alerts that were ticked; the files stay as they are."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    with transaction() as session:
        noted = take_note(session, visitor.principal, uuids_of(form, "alert"), now=visitor.now)
    return see_other("/supervision/alerts", "alerts.noted", noted)
