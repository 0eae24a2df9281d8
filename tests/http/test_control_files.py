"""Reading files over HTTP: search, pages, export, detail, medical content, reasons."""

import csv
import io
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from medcontrol import db as database
from medcontrol.model import Assignment, ControlFile, Doctor
from medcontrol.queries.search import SearchFilters, TooManyRows, export
from medcontrol.rules.names import search_name
from medcontrol.services.clients import Scope
from medcontrol.vocabulary import AssignmentMode, ControlFileStatus, Lane, Role
from tests.factories import NOW, make_control_file, make_doctor, make_principal, make_task
from tests.flow_world import World, make_world
from tests.serving import API, Web

URL = f"{API}/control-files"


def make_file(**changes: Any) -> ControlFile:
    name = changes.get("person_name", "Alami Amina")
    with database.transaction() as session:
        return make_control_file(session, **{"search_name": search_name(name)} | changes)


def found(caller: Any, **criteria: Any) -> set[str]:
    response = caller.get(URL, params=criteria)
    assert response.status_code == 200, response.text
    assert caller.get(f"{URL}/count", params=criteria).json()["count"] == len(
        response.json()["rows"]
    )
    return {row["reference"] for row in response.json()["rows"]}


@pytest.fixture
def supervisor(web: Web) -> Any:
    return web.person(Role.SUPERVISOR, "MA-CENTRAL")


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("Zoé El-Fassi", "el fassi zoe"),
        ("Bouchaïb Œuvrard", "oeuvr"),
        ("أَحْمَد العلوي", "احمد"),
        ("Mohammed Tazi", "mohamed"),
    ],
)
def test_a_name_is_found_however_it_is_written(supervisor: Any, stored: str, asked: str) -> None:
    wanted = make_file(person_name=stored)
    make_file(person_name="Berrada Karim")

    assert found(supervisor, name=asked) == {wanted.reference}


@pytest.mark.parametrize(
    ("columns", "criteria"),
    [
        ({"registration_number": "123456789"}, {"registration_number": " 123456789 "}),
        ({"national_id": "AB1234"}, {"national_id": "ab1234"}),
        ({"provider_id": "ZZ-1"}, {"provider": "ZZ-1"}),
        ({"prescriber_id": "ZZ-2"}, {"provider": "ZZ-2"}),
        ({"reference": "ALD-2026-0000001-9"}, {"reference": "ald-2026-0000001"}),
        ({"received": {"external_id": "AMO_77"}}, {"reference": "AMO_77"}),
        ({"received": {"flow": "dental"}}, {"flow": ["dental", "none"]}),
        ({"received": {"nature": "renewal"}}, {"nature": "renewal"}),
        ({"status": ControlFileStatus.AWAITING_CENTRAL}, {"status": "awaiting_central"}),
        ({"lane": Lane.RED}, {"lane": "red"}),
        ({"is_urgent": True}, {"urgent": "true"}),
        ({"received": {"agency_code": "RABAT-1", "region_code": "MA-04"}}, {"agency": "RABAT-1"}),
        ({"received": {"agency_code": "RABAT-1", "region_code": "MA-04"}}, {"agency": "MA-04"}),
        ({"received_on": date(2026, 1, 5)}, {"received_to": "2026-01-05"}),
    ],
)
def test_each_criterion_finds_its_file_alone(
    supervisor: Any, columns: dict[str, Any], criteria: dict[str, Any]
) -> None:
    wanted = make_file(**columns)
    make_file()

    assert found(supervisor, **criteria) == {wanted.reference}


def given(to: Doctor, **changes: Any) -> ControlFile:
    """A file that this doctor was given, and has if nothing else is said."""
    file = make_file(**{"assigned_doctor_id": to.id} | changes)
    with database.transaction() as session:
        task = make_task(session, file)
        session.add(
            Assignment(
                control_file_id=file.id, human_task_id=task.id, doctor_id=to.id,
                mode=AssignmentMode.AUTOMATIC, points=10, assigned_at=NOW, why={},
            )
        )  # fmt: skip
    return file


def test_criteria_add_up(supervisor: Any) -> None:
    with database.transaction() as session:
        doctor, other = make_doctor(session), make_doctor(session)
    wanted = given(doctor, lane=Lane.RED)
    given(doctor)
    given(doctor, lane=Lane.RED, assigned_doctor_id=other.id)  # somebody else has it by now
    make_file(lane=Lane.RED)

    assert found(supervisor, doctor=str(doctor.id), lane="red") == {wanted.reference}


def test_a_day_begins_where_the_fund_sits(supervisor: Any) -> None:
    wanted = make_file()  # opened at 09:00 UTC

    day = {"opened_from": "2026-11-20", "opened_to": "2026-11-20"}
    assert found(supervisor, **day) == {wanted.reference}
    assert found(supervisor, opened_to="2026-11-19") == set()


@pytest.mark.parametrize("name", ["%", "_", "'", "--", "𝕬"])
def test_signs_of_the_database_mean_nothing_in_a_name(supervisor: Any, name: str) -> None:
    make_file()

    assert found(supervisor, name=name) == (set() if name != "𝕬" else found(supervisor, name="a"))


def test_pages_show_every_file_once_back_and_forth(supervisor: Any) -> None:
    made = {make_file().reference for _ in range(5)}
    first = supervisor.get(URL, params={"size": 2}).json()
    second = supervisor.get(URL, params={"size": 2, "after": first["next"]}).json()
    third = supervisor.get(URL, params={"size": 2, "after": second["next"]}).json()
    back = supervisor.get(URL, params={"size": 2, "after": second["previous"]}).json()

    rows = [row["reference"] for page in (first, second, third) for row in page["rows"]]
    assert (len(rows), set(rows), third["next"]) == (5, made, None)
    assert back["rows"] == first["rows"]


def test_an_export_opens_in_a_spreadsheet_and_runs_nothing(supervisor: Any) -> None:
    make_file(person_name="=HYPERLINK(1)", amount_cents=98290)
    response = supervisor.get(f"{URL}/export")

    (row,) = csv.DictReader(io.StringIO(response.content.decode("utf-8-sig")))
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert (row["person_name"], row["amount"]) == ("'=HYPERLINK(1)", "982.90")


def test_an_export_above_its_limit_is_refused_whole(web: Web) -> None:
    make_file()
    make_file()
    with database.transaction() as session:
        principal = make_principal(session, Role.SUPERVISOR, "MA-CENTRAL")
        with pytest.raises(TooManyRows):
            export(session, principal, SearchFilters(), limit=1)


@pytest.fixture
def world(web: Web) -> World:
    with database.transaction() as session:
        made = make_world(session, web.tools)
    with database.transaction() as session:
        made.session = session
        made.take()
    return made


def only_file() -> Any:
    with database.read_only() as session:
        return session.execute(sa.text("SELECT id, version FROM control_file")).one()


def doctor_of(web: Web, world: World) -> Any:
    from medcontrol.model import UserAccount

    with database.read_only() as session:
        user = session.get_one(UserAccount, world.by_doctor[world.doctor.id].id)
        session.expunge(user)
    return web.login(user)


def test_a_detail_shows_what_hangs_on_a_file_and_nothing_medical(web: Web, world: World) -> None:
    response = web.program(Scope.FILES_READ).get(f"{URL}/{only_file().id}")

    body = response.json()
    assert response.status_code == 200
    assert body["file"]["person_name"] == "Alami Amina"
    assert [task["step"] for task in body["tasks"]] == ["control_on_file"]
    assert [letter["code"] for letter in body["letters"]] == ["acknowledgement"]
    assert body["deadlines"]
    assert "E11.9" not in response.text
    assert "Suivi" not in response.text
    journal = web.person(Role.AGENT).get(f"{URL}/{only_file().id}/journal")
    assert journal.json()[0]["number"] == 1
    assert "E11.9" not in journal.text


def test_medical_content_is_for_the_doctor_and_logged_first(web: Web, world: World) -> None:
    url = f"{URL}/{only_file().id}/medical"

    assert web.person(Role.AGENT).get(url).status_code == 403
    assert web.person(Role.AGENT, "RABAT-1").get(url).status_code == 404
    with database.read_only() as session:
        assert session.execute(sa.text("SELECT count(*) FROM access_log")).scalar() == 0
    response = doctor_of(web, world).get(url)

    assert "E11.9" in response.text
    with database.read_only() as session:
        assert session.execute(sa.text("SELECT what, purpose FROM access_log")).all() == [
            ("all", "api")
        ]


def test_why_is_for_supervisors_not_for_agents_or_doctors(web: Web, world: World) -> None:
    url = f"{URL}/{only_file().id}/why"
    response = web.person(Role.SUPERVISOR).get(url)

    assert response.status_code == 200
    assert response.json()["assignments"][0]["doctor_id"] == str(world.doctor.id)
    assert 0 <= response.json()["u"] < 1
    assert web.person(Role.AGENT).get(url).status_code == 403
    assert doctor_of(web, world).get(url).status_code == 403
    assert web.person(Role.ANALYST).get(url).status_code == 404


def test_the_doctor_ends_a_step_once(web: Web, world: World) -> None:
    doctor, file = doctor_of(web, world), only_file()
    (task,) = doctor.get(f"{API}/tasks").json()["rows"]
    url = f"{API}/tasks/{task['task_id']}/complete"
    body = {"expected_version": task["file_version"], "outcome": "granted", "reasoning": "Oui."}

    stale = doctor.post(url, json=body | {"expected_version": task["file_version"] + 1})
    done = doctor.post(url, json=body)
    again = doctor.post(url, json=body | {"expected_version": done.json()["version"]})

    assert (stale.status_code, stale.json()["code"]) == (409, "control_file.stale")
    assert (done.status_code, done.json()["is_closed"]) == (200, True)
    assert (again.status_code, again.json()["code"]) == (409, "control_file.step_not_open")
    detail = doctor.get(f"{URL}/{file.id}").json()
    assert [decision["outcome"] for decision in detail["decisions"]] == ["granted"]
    undone = doctor.post(
        f"{URL}/{file.id}/undo-decision", json={"expected_version": done.json()["version"]}
    )
    assert undone.json()["is_closed"] is False


def test_a_step_is_not_for_somebody_else(web: Web, world: World) -> None:
    agent = web.person(Role.AGENT)
    (task,) = agent.get(f"{API}/tasks").json()["rows"]
    body = {"expected_version": task["file_version"], "outcome": "granted"}
    url = f"{API}/tasks/{task['task_id']}/complete"

    assert agent.post(url, json=body).status_code == 403
    assert web.person(Role.AGENT, "RABAT-1").post(url, json=body).status_code == 404


def test_a_task_is_held_and_woken(web: Web, world: World) -> None:
    doctor = doctor_of(web, world)
    (task,) = doctor.get(f"{API}/tasks").json()["rows"]
    url = f"{API}/tasks/{task['task_id']}"
    body = {"expected_version": task["file_version"], "until": "2026-12-01", "reason": "advice"}

    assert doctor.post(f"{url}/hold", json=body).status_code == 200
    assert doctor.get(f"{API}/tasks").json()["rows"][0]["hold_reason"] == "advice"
    assert doctor.post(f"{url}/wake").json() == {"is_woken": True}
    assert doctor.post(f"{url}/wake").json() == {"is_woken": False}
    too_far = body | {"until": "2028-01-01", "expected_version": only_file().version}
    assert doctor.post(f"{url}/hold", json=too_far).status_code == 422


def test_a_document_and_a_message_reach_the_file(web: Web, world: World) -> None:
    agent, file = web.person(Role.AGENT), only_file()
    document = {"kind": "report", "title": "Bilan", "content_base64": "SGVsbG8="}
    added = agent.post(f"{URL}/{file.id}/documents", json=document)
    broken = agent.post(f"{URL}/{file.id}/documents", json=document | {"content_base64": "%"})
    written = agent.post(f"{URL}/{file.id}/messages", json={"text": "Pièce reçue."})
    secret = agent.post(
        f"{URL}/{file.id}/messages", json={"text": "Entre nous", "audience": "doctors"}
    )

    assert (added.status_code, broken.status_code) == (201, 422)
    (row,) = agent.get(f"{URL}/{file.id}").json()["documents"]
    assert (row["size"], row["title"], row["document_class"]) == (5, None, "medical")
    assert (written.status_code, secret.status_code) == (201, 403)
    (message,) = doctor_of(web, world).get(f"{URL}/{file.id}/messages").json()
    assert message["text"] == "Pièce reçue."


def test_a_preview_of_a_reassignment_changes_nothing(web: Web, world: World) -> None:
    with database.transaction() as session:
        other = make_doctor(session)
    supervisor, file = web.person(Role.SUPERVISOR), only_file()
    body = {"control_file_ids": [str(file.id)], "to_doctor": str(other.id), "reason": "absence"}
    preview = supervisor.post(f"{API}/reassignments", json=body | {"preview": True})
    before = supervisor.get(f"{URL}/{file.id}").json()["file"]["doctor_id"]
    real = supervisor.post(f"{API}/reassignments", json=body)
    after = supervisor.get(f"{URL}/{file.id}").json()["file"]["doctor_id"]

    assert preview.json()["files"] == real.json()["files"]
    assert (before, after) == (str(world.doctor.id), str(other.id))


def test_files_of_others_are_not_reassigned(web: Web, world: World) -> None:
    body = {"control_file_ids": [str(only_file().id)], "to_unit": "RABAT-1", "reason": "workload"}
    stranger = web.person(Role.SUPERVISOR, "RABAT-1")
    agent = web.person(Role.AGENT)
    program = web.program(Scope.FILES_READ)

    assert stranger.post(f"{API}/reassignments", json=body).status_code == 404
    assert agent.post(f"{API}/reassignments", json=body).status_code == 403
    assert program.post(f"{API}/reassignments", json=body).status_code == 403
    unknown = body | {"control_file_ids": [str(uuid4())]}
    assert stranger.post(f"{API}/reassignments", json=unknown).status_code == 404
    both = body | {"to_doctor": str(uuid4())}
    assert stranger.post(f"{API}/reassignments", json=both).status_code == 422


def test_a_doctor_takes_the_next_file_of_the_pool(web: Web, world: World) -> None:
    doctor, file = doctor_of(web, world), only_file()
    assert doctor.post(f"{API}/tasks/claim-next").json() == {"task": None}
    body = {"control_file_ids": [str(file.id)], "to_unit": "CASA-1", "reason": "workload"}
    web.person(Role.SUPERVISOR).post(f"{API}/reassignments", json=body)

    taken = doctor.post(f"{API}/tasks/claim-next").json()["task"]

    assert (taken["control_file_id"], taken["doctor_id"]) == (str(file.id), str(world.doctor.id))
