"""Refusals: problems with codes, a status by kind, and no content where nobody foresaw."""

import logging
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col

from api.errors import MEDIA_TYPE, STATUS
from medcontrol import db as database
from medcontrol.errors import Kind
from medcontrol.model import QuarantinedMessage
from medcontrol.vocabulary import Role
from tests.factories import NOW
from tests.serving import API, Web
from workflows.gate.single import take_in_one


def problem(response: Any) -> dict[str, Any]:
    assert response.headers["content-type"] == MEDIA_TYPE
    found: dict[str, Any] = response.json()
    assert found["status"] == response.status_code
    assert found["type"] == f"urn:medcontrol:problem:{found['code']}"
    return found


def test_every_kind_of_refusal_has_a_status() -> None:
    assert set(STATUS) == set(Kind)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("DELETE", "/control-files", 405, "method_not_allowed"),
        ("GET", "/control-files/7", 422, "request.invalid"),
        ("GET", "/control-files/018f6f3e-0000-7000-8000-000000000000", 404, "not_found"),
        ("GET", "/control-files?after=%00", 422, "invalid_input"),
        ("GET", "/control-files?name=%00", 422, "invalid_input"),
        ("GET", "/control-files?received_from=2026-02-30", 422, "request.invalid"),
        (
            "GET",
            "/control-files?received_from=2026-02-03&received_to=2026-02-01",
            422,
            "invalid_input",
        ),
    ],
)
def test_a_refusal_is_a_problem_with_a_code(
    web: Web, method: str, path: str, status: int, code: str
) -> None:
    response = web.person(Role.SUPERVISOR).request(method, API + path)

    assert (response.status_code, problem(response)["code"]) == (status, code)


def test_a_wrong_member_is_named_by_pointer(web: Web) -> None:
    body = {"expected_version": 0, "until": "2026-12-01", "reason": "x", "more": 1}

    response = web.person(Role.AGENT).post(f"{API}/tasks/{uuid4()}/hold", json=body)

    assert response.status_code == 422
    assert {each["path"] for each in problem(response)["errors"]} == {"/expected_version", "/more"}


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'{"a": 1' + b"1" * 5000 + b"}", b"\xff"])
def test_a_malformed_body_is_a_problem(web: Web, body: bytes) -> None:
    response = web.person(Role.AGENT).post(
        f"{API}/tasks/{uuid4()}/hold", content=body, headers={"content-type": "application/json"}
    )

    assert response.status_code in (400, 422)
    problem(response)


def test_an_ordinary_body_may_have_a_mebibyte(web: Web) -> None:
    response = web.person(Role.AGENT).post(
        f"{API}/tasks/{uuid4()}/hold",
        content=b" " * (1024 * 1024 + 1),
        headers={"content-type": "application/json"},
    )

    assert (response.status_code, problem(response)["code"]) == (413, "body.too_large")


def test_an_unforeseen_failure_is_a_500_with_an_id_and_no_content(
    web: Web, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("diagnosis C50.9 of Amina")

    caller = web.person(Role.SUPERVISOR)
    monkeypatch.setattr("medcontrol.queries.files.list_files", fail)
    with caplog.at_level(logging.ERROR):
        response = caller.get(f"{API}/control-files")

    found = problem(response)
    assert (response.status_code, found["code"]) == (500, "unexpected")
    assert found["id"] in caplog.text
    assert "C50.9" not in response.text + caplog.text
    assert "Amina" not in response.text + caplog.text


def test_a_lost_database_is_a_503(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("SELECT secret", {}, Exception("gone"))

    caller = web.person(Role.SUPERVISOR)
    monkeypatch.setattr("medcontrol.queries.files.list_files", fail)
    response = caller.get(f"{API}/control-files")

    assert (response.status_code, problem(response)["code"]) == (503, "unavailable")
    assert response.headers["retry-after"]


def test_a_commit_that_fails_is_no_success_and_leaves_nothing(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held by a test because FastAPI's default scope would answer 204 first, then commit."""
    caller, line_id = web.person(Role.AGENT), quarantined_line(web)

    def fail(_: Session) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Session, "commit", fail)
        response = caller.post(f"{API}/quarantine/{line_id}/discard")

    assert response.status_code == 500
    with database.read_only() as session:
        status = session.execute(sa.select(col(QuarantinedMessage.status))).scalar_one()
    assert status == "waiting"
    assert caller.post(f"{API}/quarantine/{line_id}/discard").status_code == 204


def quarantined_line(web: Web) -> str:

    taken = take_in_one(web.tools, b"{broken", source_name="test", now=NOW)
    return str(taken.quarantine_id)
