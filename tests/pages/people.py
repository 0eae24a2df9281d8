"""Supervisors, administrators and auditors of the tests, and forms with files."""

from typing import Any

from lxml import html

from medcontrol import db as database
from medcontrol.model import Doctor
from medcontrol.vocabulary import Role
from tests.factories import make_doctor, make_principal
from tests.flow_world import FLOWS
from tests.pages.desk import Browser, Fund, form_of


def log_in(fund: Fund, role: Role, unit: str = "CASA-1") -> Browser:
    """Return the browser of somebody new with one role."""
    with database.transaction() as session:
        principal = make_principal(session, role, unit)
    return fund.log_in(principal)


def supervisor(fund: Fund, unit: str = "MA-06") -> Browser:
    return log_in(fund, Role.SUPERVISOR, unit)


def administrator(fund: Fund) -> Browser:
    return log_in(fund, Role.ADMINISTRATOR, "MA-CENTRAL")


def hire(fund: Fund, **changes: Any) -> Doctor:
    """Let one more doctor work at CASA-1."""
    with database.transaction() as session:
        return make_doctor(session, **{"flows": FLOWS, "minutes": 480, **changes})


def hand_over(fund: Fund, browser: Browser, reference: str, doctor: Doctor, reason: str) -> Any:
    """Let a supervisor give a file to a doctor by way of the preview; return the answer."""
    page = browser.page(f"/supervision/reassign?task={fund.task(reference).id}")
    shown = browser.send(
        page, "/reassign/preview", target="doctor", doctor=str(doctor.id), reason=reason
    )
    return browser.send(html.fromstring(shown.text), "/supervision/reassign")


def upload(browser: Browser, page: Any, action: str, files: list[Any], **values: Any) -> Any:
    """Submit a form with files: (field, (name, bytes, type))."""
    form = form_of(page, action)
    fields = dict(form.form_values()) | values
    kept: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    kept["kept"] = [each.value for each in form.inputs if each.name == "kept"]
    return browser.client.post(form.action, data=kept, files=files)
