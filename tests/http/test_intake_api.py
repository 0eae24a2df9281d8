"""Handing in one file: accepted, known, in conflict, faulty; and the same request again."""

from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from sqlmodel import col

from medcontrol import db as database
from medcontrol.model import QuarantinedMessage, ReceivedFile
from medcontrol.services.clients import Scope
from medcontrol.vocabulary import Role
from tests.intake_examples import message
from tests.serving import API, Web

URL = f"{API}/intake/files"
JSON = {"content-type": "application/json"}


def post(caller: Any, sent: Any, **headers: str) -> Any:
    content = sent if isinstance(sent, bytes) else orjson.dumps(sent)
    return caller.post(URL, content=content, headers=JSON | headers)


@pytest.fixture
def sender(web: Web) -> Any:
    return web.program(Scope.INTAKE_WRITE, unit=None)


def count(table: Any) -> int:
    with database.read_only() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_a_good_file_is_accepted(sender: Any) -> None:
    response = post(sender, message())

    assert response.status_code == 201
    body = response.json()
    assert (body["result"], body["lane"] is not None) == ("accepted", True)
    with database.read_only() as session:
        found = session.execute(
            sa.select(col(ReceivedFile.external_id), col(ReceivedFile.id))
        ).one()
    assert (found[0], str(found[1])) == (message()["external_id"], body["received_file_id"])


def test_the_same_content_again_is_a_duplicate(sender: Any) -> None:
    first = post(sender, message()).json()
    again = post(sender, orjson.dumps(message(), option=orjson.OPT_INDENT_2))

    assert again.status_code == 200
    assert again.json() == first | {"result": "duplicate"}
    assert count(ReceivedFile) == 1


def test_other_content_under_the_same_identity_is_a_conflict(sender: Any) -> None:
    post(sender, message())
    response = post(sender, message() | {"urgent": True})

    problem = response.json()
    assert (response.status_code, problem["code"]) == (409, "intake.conflict")
    with database.read_only() as session:
        kept = session.execute(sa.select(col(QuarantinedMessage.id))).scalar_one()
    assert problem["quarantine_id"] == str(kept)


def test_a_faulty_file_is_kept_and_every_wrong_member_named(sender: Any) -> None:
    sent = message() | {"agency": "ATLANTIS-1", "nature": "voodoo", "unknown_member": 1}
    response = post(sender, sent)

    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, "intake.faulty")
    named = {(each["path"], each["code"]) for each in problem["errors"]}
    assert ("/unknown_member", "member.unknown") in named
    assert "ATLANTIS" not in response.text
    assert "voodoo" not in response.text
    assert count(QuarantinedMessage) == 1
    assert count(ReceivedFile) == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"\x00",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": 1, "a": 1}',
        b'{"a": "\\ud800"}',
        b"[" * 2000,
        b'{"source": "' + b"x" * 200_000 + b'"}',
        b"[]",
        b"null",
    ],
    ids=["cut", "nul", "no utf-8", "nan", "twice", "surrogate", "deep", "long", "list", "null"],
)
def test_whatever_comes_is_kept_and_answered(sender: Any, raw: bytes) -> None:
    response = post(sender, raw)

    assert response.status_code == 422
    assert response.json()["errors"]
    assert count(QuarantinedMessage) == 1


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", {}, 400, "body.empty"),
        (b" \r\n", {}, 400, "body.empty"),
        (b"{}", {"content-type": "text/plain"}, 415, "body.wrong_type"),
        (b"{}", {"content-encoding": "gzip"}, 415, "body.wrong_encoding"),
    ],
)
def test_what_is_no_message_at_all_is_refused_and_not_kept(
    sender: Any, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    response = post(sender, body, **headers)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert count(QuarantinedMessage) == 0


@pytest.mark.parametrize("key", ["", "a" * 65, "mit leer"])
def test_an_idempotency_key_is_short_and_visible(sender: Any, key: str) -> None:
    response = post(sender, message(), **{"idempotency-key": key})

    assert response.status_code == 422
    assert response.json()["errors"][0]["path"] == "Idempotency-Key"
    assert count(ReceivedFile) == 0


def test_the_same_request_again_gets_the_same_answer(sender: Any) -> None:
    key = {"idempotency-key": "k-1"}
    first = post(sender, message(), **key)
    again = post(sender, message(), **key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()


def test_the_same_faulty_request_again_gets_the_same_problem(sender: Any) -> None:
    key = {"idempotency-key": "k-1"}
    first = post(sender, message() | {"flow": "none"}, **key)
    again = post(sender, message() | {"flow": "none"}, **key)

    assert (first.status_code, again.status_code) == (422, 422)
    assert first.json() == again.json()


def test_a_key_with_another_body_is_refused_and_nothing_happens(sender: Any) -> None:
    post(sender, message(), **{"idempotency-key": "k-1"})
    response = post(sender, message() | {"external_id": "AMO-2"}, **{"idempotency-key": "k-1"})

    assert (response.status_code, response.json()["code"]) == (409, "idempotency.key_reused")
    assert count(ReceivedFile) == 1


def test_keys_of_two_programs_do_not_meet(web: Web, sender: Any) -> None:
    other = web.program(Scope.INTAKE_WRITE, unit=None, name="si-cnops")
    post(sender, message(), **{"idempotency-key": "k-1"})
    response = post(other, message() | {"external_id": "AMO-2"}, **{"idempotency-key": "k-1"})

    assert response.status_code == 201


def test_a_request_that_died_before_its_answer_was_kept_is_done_again(
    sender: Any, web: Web
) -> None:
    post(sender, message(), **{"idempotency-key": "k-1"})
    with database.transaction() as session:
        session.execute(sa.text("DELETE FROM inbox_message WHERE source LIKE '#answer:%'"))

    response = post(sender, message(), **{"idempotency-key": "k-1"})

    assert (response.status_code, response.json()["result"]) == (200, "duplicate")
    assert count(ReceivedFile) == 1


def test_an_agent_may_hand_in_a_file_too(web: Web) -> None:
    assert post(web.person(Role.AGENT), message()).status_code == 201
    assert post(web.person(Role.SUPERVISOR), message()).status_code == 403
