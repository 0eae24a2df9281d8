"""Planning over HTTP: free time, a plan that writes nothing, why a file has its doctor."""

from medcontrol import db as database
from medcontrol.model import Doctor
from medcontrol.vocabulary import Role
from tests.factories import make_control_file, make_doctor, make_task
from tests.serving import API, Web


def test_a_supervisor_sees_free_time_a_plan_and_reasons_of_their_own_region_only(web: Web) -> None:
    with database.transaction() as session:
        doctor = make_doctor(session)
        mine = make_task(session, make_control_file(session)).control_file_id
        other = {"agency_code": "RABAT-1", "region_code": "MA-04"}
        theirs = make_control_file(session, received=other)
        make_task(session, theirs)
        code = session.get_one(Doctor, doctor.id).code
    supervisor = web.person(Role.SUPERVISOR, "MA-06")

    capacity = supervisor.get(f"{API}/assignment/capacity?days=2").json()
    plan = supervisor.post(f"{API}/assignment/plan", json={}).json()
    why = supervisor.get(f"{API}/control-files/{mine}/assignment")
    hidden = supervisor.get(f"{API}/control-files/{theirs.id}/assignment")
    agent = web.person(Role.AGENT).get(f"{API}/assignment/capacity")
    even = supervisor.get(f"{API}/assignment/rebalancing?region=MA-06").json()
    not_theirs = web.person(Role.AGENT).get(f"{API}/assignment/rebalancing")

    cells = [c for c in capacity["cells"] if c["competence"] == "ald"]
    assert {(c["level"], c["region"], c["points"]) for c in cells} == {("local", "MA-06", 420)}
    assert (plan["waiting"], plan["assigned"]) == (2, 2)
    assert [row["control_file_id"] for row in plan["given"]] == [str(mine)]
    [task] = why.json()
    assert (task["doctor"], [c["code"] for c in task["candidates"]]) == (None, [code])
    assert (hidden.status_code, agent.status_code, not_theirs.status_code) == (404, 403, 403)
    assert (even["moves"], even["loads"], even["budget"]) == ([], [], 50)
