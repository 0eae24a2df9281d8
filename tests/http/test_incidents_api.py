"""Whoever watches from outside sees what fails in groups, and nothing of anybody."""

from medcontrol import db as database
from medcontrol import outbox
from medcontrol.model import OutboxMessage
from medcontrol.outbox import NewMessage
from medcontrol.services.clients import Scope
from medcontrol.vocabulary import Role
from tests.factories import NOW
from tests.serving import API, Web

URL = f"{API}/incidents"


def test_what_fails_is_counted_by_fingerprint_for_programs_and_administrators(web: Web) -> None:
    program = web.program(Scope.INCIDENTS_READ, unit=None)
    assert program.get(URL).json() == {"incidents": []}
    with database.transaction() as session:
        payload = {"event": "file.closed", "control_file_id": "Alami"}
        outbox.publish(
            session,
            [NewMessage(topic="events.deliver", key=key, payload=payload) for key in "ab"],
            now=NOW,
        )
        session.flush()
        first, second = session.exec(outbox.select(OutboxMessage)).all()
        for each in (first, second):
            outbox.note_failure(session, each.id, "unavailable", now=NOW)
        outbox.give_up(second, "unavailable", now=NOW)

    answer = program.get(URL)

    (found,) = answer.json()["incidents"]
    assert "Alami" not in answer.text
    assert (found["kind"], found["what"], found["step"], found["error"]) == (
        "event", "events.deliver", "file.closed", "unavailable",
    )  # fmt: skip
    assert (found["items"], found["files"], found["tried_again"], found["given_up"]) == (2, 0, 1, 1)
    assert web.person(Role.ADMINISTRATOR, "MA-CENTRAL").get(URL).json() == answer.json()


def test_nobody_else_asks(web: Web) -> None:
    assert web.program(Scope.FILES_READ, unit="MA-CENTRAL").get(URL).status_code == 403
    assert web.person(Role.SUPERVISOR, "MA-06").get(URL).status_code == 403
