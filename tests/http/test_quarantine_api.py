"""Quarantine over HTTP: what is wrong, who sees values, replay and discard."""

import orjson
import pytest
import sqlalchemy as sa
from sqlmodel import col

from medcontrol import db as database
from medcontrol.model import AccessLog, ReceivedFile
from medcontrol.services.clients import Scope
from medcontrol.vocabulary import Role
from tests.factories import NOW
from tests.intake_examples import message
from tests.serving import API, Web
from workflows.gate.single import take_in_one

URL = f"{API}/quarantine"
SECRET = "C50.9 is no code"


@pytest.fixture
def line_id(web: Web) -> str:
    faulty = message(agency="ATLANTIS-1", medical={"diagnoses": [{"icd10": SECRET, "main": True}]})
    taken = take_in_one(web.tools, orjson.dumps(faulty), source_name="test", now=NOW)
    return str(taken.quarantine_id)


def readings() -> list[tuple[str, str]]:
    with database.read_only() as session:
        return [
            tuple(row)
            for row in session.execute(sa.select(col(AccessLog.what), col(AccessLog.purpose)))
        ]


def test_the_list_names_faults_and_no_value(web: Web, line_id: str) -> None:
    response = web.person(Role.COORDINATOR, "MA-06").get(URL, params={"status": "waiting"})

    (row,) = response.json()["rows"]
    assert row["id"] == line_id
    assert {"/agency", "/medical/diagnoses/0/icd10"} <= {each["path"] for each in row["errors"]}
    assert "ATLANTIS" not in response.text
    assert SECRET not in response.text


@pytest.mark.parametrize("role", [Role.AGENT, Role.ADMINISTRATOR, Role.REFERENCE_MANAGER])
def test_who_may_not_read_medical_content_sees_administrative_values_only(
    web: Web, line_id: str, role: Role
) -> None:
    response = web.person(role).get(f"{URL}/{line_id}")

    values = {each["path"]: each["value"] for each in response.json()["errors"]}
    assert values["/agency"] == "ATLANTIS-1"
    assert values["/medical/diagnoses/0/icd10"] is None
    assert SECRET not in response.text
    assert readings() == []


def test_who_may_sees_medical_values_and_it_is_logged(web: Web, line_id: str) -> None:
    response = web.person(Role.COORDINATOR, "MA-06").get(f"{URL}/{line_id}")

    values = {each["path"]: each["value"] for each in response.json()["errors"]}
    assert values["/medical/diagnoses/0/icd10"] == SECRET
    assert readings() == [(f"quarantine:{line_id}", "correct")]


def test_a_doctor_has_no_quarantine(web: Web, line_id: str) -> None:
    assert web.person(Role.DOCTOR).get(f"{URL}/{line_id}").status_code == 403


def test_a_program_gets_no_values_and_no_lines_of_others(web: Web, line_id: str) -> None:
    program = web.program(Scope.QUARANTINE_READ, unit=None)

    assert program.get(f"{URL}/{line_id}").status_code == 404


def test_a_corrected_line_is_taken_in_and_settled(web: Web, line_id: str) -> None:
    agent = web.person(Role.AGENT)
    response = agent.post(f"{URL}/{line_id}/replay", json=message())

    assert (response.status_code, response.json()["result"]) == (201, "accepted")
    row = agent.get(f"{URL}/{line_id}").json()
    assert (row["status"], row["received_file_id"]) == (
        "replayed",
        response.json()["received_file_id"],
    )
    again = agent.post(f"{URL}/{line_id}/replay", json=message())
    assert (again.status_code, again.json()["code"]) == (409, "already_done")


def test_a_line_that_is_still_wrong_waits_on(web: Web, line_id: str) -> None:
    agent = web.person(Role.AGENT)
    response = agent.post(f"{URL}/{line_id}/replay")

    assert (response.status_code, response.json()["code"]) == (422, "intake.faulty")
    assert agent.get(f"{URL}/{line_id}").json()["status"] == "waiting"
    with database.read_only() as session:
        assert session.execute(sa.select(ReceivedFile)).first() is None


def test_a_discarded_line_stays_discarded(web: Web, line_id: str) -> None:
    agent = web.person(Role.AGENT)

    assert agent.post(f"{URL}/{line_id}/discard").status_code == 204
    assert agent.post(f"{URL}/{line_id}/discard").status_code == 409
    assert agent.post(f"{URL}/{line_id}/replay").status_code == 409
    assert agent.get(URL, params={"status": "waiting"}).json()["rows"] == []


def test_a_coordinator_reads_but_does_not_correct(web: Web, line_id: str) -> None:
    coordinator = web.person(Role.COORDINATOR, "MA-06")

    assert coordinator.post(f"{URL}/{line_id}/discard").status_code == 403


def test_pages_follow_each_other(web: Web) -> None:
    for n in range(5):
        take_in_one(web.tools, b"{%d" % n, source_name="test", now=NOW)
    agent = web.person(Role.AGENT)
    first = agent.get(URL, params={"size": 3}).json()
    rest = agent.get(URL, params={"size": 3, "after": first["next"]}).json()

    ids = [row["id"] for row in (*first["rows"], *rest["rows"])]
    assert (len(first["rows"]), len(set(ids)), rest["next"]) == (3, 5, None)
