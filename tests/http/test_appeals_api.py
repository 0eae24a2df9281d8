"""Registering an appeal over HTTP: by a program of the unit or by the secretary, once."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from medcontrol import db as database
from medcontrol.model import Appeal
from medcontrol.services.clients import Scope
from medcontrol.vocabulary import Role
from tests.factories import NOW
from tests.flow_world import make_world
from tests.serving import API, Web
from workflows.tools import Tools

BODY: dict[str, Any] = {
    "filed_on": str(NOW.date()),
    "filed_by": "insured",
    "reasons": "Je conteste ce refus.",
}


def refused(web: Web, tools: Tools) -> str:
    with database.transaction() as session:
        world = make_world(session, tools)
    world.now = NOW - timedelta(hours=2)
    taken = world.take()
    with database.transaction() as session:
        world.session = session
        file = world.file(taken)
        world.end(file, "refused_medical", motive_code="med.not_justified")
        return str(file.id)


def test_a_program_registers_an_appeal_once_and_doctors_do_not(web: Web, tools: Tools) -> None:
    file_id = refused(web, tools)
    address = f"{API}/control-files/{file_id}/appeals"
    program = web.program(Scope.FILES_WRITE, unit="CASA-1")

    assert web.person(Role.DOCTOR, "CASA-1").post(address, json=BODY).status_code == 403
    answer = program.post(address, json=BODY)
    assert answer.status_code == 201, answer.text
    assert answer.json()["reference"].startswith("REC-2026-")
    again = web.person(Role.APPEALS_SECRETARY, "MA-06").post(address, json=BODY)
    assert (again.status_code, again.json()["code"]) == (409, "appeal.pending")
    with database.read_only() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(Appeal)).scalar() == 1


def test_a_file_that_the_caller_may_not_see_is_not_there(web: Web, tools: Tools) -> None:
    file_id = refused(web, tools)
    elsewhere = web.program(Scope.FILES_WRITE, unit="RABAT-1")
    answer = elsewhere.post(f"{API}/control-files/{file_id}/appeals", json=BODY)
    assert answer.status_code == 404


def test_what_is_wrong_is_named(web: Web, tools: Tools) -> None:
    file_id = refused(web, tools)
    secretary = web.person(Role.APPEALS_SECRETARY, "MA-06")
    body = BODY | {"filed_on": str(NOW.date() + timedelta(days=1))}
    answer = secretary.post(f"{API}/control-files/{file_id}/appeals", json=body)
    assert answer.status_code == 422
    assert "filed_on" in answer.text
