"""No request, however malformed, gives a 500: every operation, with the rights of each role."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import sqlalchemy as sa
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from api.bodies import BATCH_TYPES
from medcontrol import db as database
from medcontrol.crypto import KeyRing
from medcontrol.services import clients, sessions
from medcontrol.services.clients import Scope
from medcontrol.settings import Settings
from medcontrol.vocabulary import Role
from tests.contract.test_openapi import described
from tests.emptying import empty
from tests.factories import NOW, make_user
from tests.flow_world import make_world
from tests.serving import API, Web, serving
from workflows.gate.single import take_in_one
from workflows.tools import make_tools


@dataclass(frozen=True)
class Fund:
    """The application with a few real files, and headers of everybody who may call."""

    web: Web
    caller: TestClient
    everybody: tuple[dict[str, str], ...]
    ids: dict[str, str]


@pytest.fixture(scope="module")
def fund(
    engine: sa.Engine, keys: KeyRing, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fund]:
    home: Path = tmp_path_factory.mktemp("home")
    tools = make_tools(Settings(home=home, database_url=None, redis_url=None), keys)
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        database.using(engine),
        serving(engine, tools, home, monkeypatch) as web,
        web.anonymous() as caller,
    ):
        yield Fund(web, caller, everybody(web), ids(web))
    empty(engine)


def ids(web: Web) -> dict[str, str]:
    with database.transaction() as session:
        world = make_world(session, web.tools)
        session.commit()
        file = world.file(world.take())
        faulty = take_in_one(web.tools, b"{}", source_name="test", now=NOW)
        task = world.task(file)
        return {
            "control_file_id": str(file.id),
            "task_id": str(task.id),
            "quarantine_id": str(faulty.quarantine_id),
        }


def everybody(web: Web) -> tuple[dict[str, str], ...]:
    """Return the headers of nobody, of a program with every scope and of every role."""
    with database.transaction() as session:
        _, token = clients.create(session, name="all", scopes=[*Scope], unit_code="CASA-1", now=NOW)
        people = []
        for role in Role:
            user = make_user(session, role, "CASA-1")
            cookie, csrf = sessions.open(session, user, now=NOW)
            people.append({"cookie": f"medcontrol_session={cookie}", "x-csrf-token": csrf})
    return ({}, {"authorization": f"Bearer {token}"}, *people)


@schemathesis.serializer(*BATCH_TYPES)
def as_bytes(_: object, value: Any) -> bytes:
    """Send what was generated for a delivery as it is."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return bytes(value.data) if hasattr(value, "data") else json.dumps(value).encode()


OPERATIONS = [
    found.ok()  # type: ignore[union-attr]
    for found in schemathesis.openapi.from_dict(described()).get_all_operations()
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
@settings(
    max_examples=6,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_whatever_is_sent_is_answered_as_described(
    operation: Any, fund: Fund, data: st.DataObject
) -> None:
    is_meant_well = data.draw(st.booleans())
    mode = GenerationMode.POSITIVE if is_meant_well else GenerationMode.NEGATIVE
    case = data.draw(operation.as_strategy(generation_mode=mode))
    # What is meant well is about something that exists.
    if is_meant_well and case.path_parameters:
        case.path_parameters |= {
            name: fund.ids[name] for name in case.path_parameters if name in fund.ids
        }
    sent = request_of(case)
    for who in fund.everybody:
        response = fund.caller.request(**sent | {"headers": sent["headers"] | who})
        case.validate_response(
            response,
            checks=[not_a_server_error, status_code_conformance, content_type_conformance],
        )


def request_of(case: Case[Any]) -> dict[str, Any]:
    """Return a generated request without the credentials that were generated with it."""
    found = case.as_transport_kwargs(base_url=f"http://testserver{API}")
    headers = {
        name: value
        for name, value in found["headers"].items()
        if name.lower() not in ("authorization", "cookie")
    }
    body = {"json": found["json"]} if found.get("json") is not None else {}
    if found.get("data") is not None:
        body = {"content": found["data"]}
    return {
        "method": found["method"],
        "url": found["url"],
        "params": found.get("params"),
        "headers": headers,
        **body,
    }
