"""Who may call what: every route asks, nothing is read or stored before it did."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api import app as api_app
from api.auth import Permission
from medcontrol import db as database
from medcontrol.model import InboxMessage, IntakeBatch, QuarantinedMessage, ReceivedFile
from medcontrol.services import clients, sessions
from medcontrol.services.clients import Scope
from medcontrol.vocabulary import Role
from tests.factories import NOW, make_user
from tests.serving import API, Web

ROUTES = [
    route for router in api_app.ROUTERS for route in router.routes if isinstance(route, APIRoute)
]


def dependencies(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from dependencies(each)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.methods} {route.path}")
def test_every_route_asks_for_a_permission_first(route: APIRoute) -> None:
    assert any(isinstance(each, Permission) for each in dependencies(route.dependant))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.methods} {route.path}")
def test_nobody_gets_anything_without_a_token_or_login(web: Web, route: APIRoute) -> None:
    path = route.path
    for name in ("batch_id", "quarantine_id", "control_file_id", "task_id"):
        path = path.replace(f"{{{name}}}", str(uuid4()))

    response = web.anonymous().request(min(route.methods or ()), API + path)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["code"] == "unauthenticated"


@pytest.mark.parametrize("path", ["files", "batches"])
def test_without_authentication_nothing_is_stored(web: Web, path: str) -> None:
    response = web.anonymous().post(
        f"{API}/intake/{path}",
        content=b'{"source": "x"}\n',
        headers={"content-type": "application/json", "authorization": "Bearer mc_wrong"},
    )

    assert response.status_code == 401
    with database.read_only() as session:
        for table in (QuarantinedMessage, ReceivedFile, InboxMessage, IntakeBatch):
            assert session.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 0


def test_a_revoked_token_is_good_for_nothing(web: Web) -> None:
    program = web.program(Scope.FILES_READ)
    assert program.get(f"{API}/control-files").status_code == 200
    with database.transaction() as session:
        clients.revoke(session, "si-amo", now=NOW)

    assert program.get(f"{API}/control-files").status_code == 401


def test_a_login_that_is_over_is_nobody(web: Web) -> None:
    with database.transaction() as session:
        user = make_user(session, Role.SUPERVISOR)
        token, _ = sessions.open(session, user, now=NOW - timedelta(days=2))
    caller = web.anonymous()
    caller.cookies.set("medcontrol_session", token)

    assert caller.get(f"{API}/control-files").status_code == 401


def test_a_program_needs_the_scope(web: Web) -> None:
    program = web.program(Scope.INTAKE_WRITE, unit=None)

    assert program.get(f"{API}/control-files").status_code == 403
    assert program.get(f"{API}/quarantine").status_code == 403


def test_a_program_never_gets_medical_content_or_reasons(web: Web) -> None:
    program = web.program(*Scope)

    assert program.get(f"{API}/control-files/{uuid4()}/medical").status_code == 403
    assert program.get(f"{API}/control-files/{uuid4()}/why").status_code == 403


def test_a_write_with_a_login_needs_its_csrf_token(web: Web) -> None:
    agent = web.person(Role.AGENT)

    response = agent.post(
        f"{API}/quarantine/{uuid4()}/discard", headers={b"x-csrf-token": b"\xe9 of another page"}
    )

    assert (response.status_code, response.json()["code"]) == (403, "csrf")
    assert agent.get(f"{API}/quarantine").status_code == 200


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.QUALITY_READER])
def test_a_role_without_the_right_is_refused_by_name_of_the_roles(web: Web, role: Role) -> None:
    response = web.person(role).get(f"{API}/quarantine")

    assert response.status_code == 403
    assert "agent" in response.json()["detail"]
