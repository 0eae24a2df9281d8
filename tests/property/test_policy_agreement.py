"""List, count, search, export, tasks, API, detail and page agree on who may see which file.

The oracle is written out here in plain Python, so that the one SQL predicate is not compared with
itself.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from medcontrol import db as database
from medcontrol.ids import new_id
from medcontrol.model import Assignment, Doctor, RoleGrant, UserAccount
from medcontrol.policy import Principal, grants_of
from medcontrol.queries import files, search, tasks
from medcontrol.queries.search import SearchFilters
from medcontrol.vocabulary import AssignmentMode, ControlLevel, Role
from tests.emptying import empty
from tests.factories import NOW, TODAY, make_control_file, make_doctor, make_task
from tests.serving import API, Web, serving
from workflows.tools import Tools

AGENCIES = {"CASA-1": "MA-06", "CASA-2": "MA-06", "RABAT-1": "MA-04"}
UNITS = (*AGENCIES, "MA-06", "MA-04", "MA-CENTRAL")
DOCTORS = 2
A_DAY = timedelta(days=1)
# First and last day of a grant, and whether it holds today.
VALIDITIES = (
    (date(2020, 1, 1), None, True),
    (TODAY, TODAY, True),
    (date(2020, 1, 1), TODAY - A_DAY, False),
    (TODAY + A_DAY, None, False),
)
BY_UNIT = {Role.AGENT, Role.SUPERVISOR, Role.COORDINATOR, Role.APPEALS_SECRETARY}
CONTROLLERS = {Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR}

some_doctor = st.none() | st.integers(0, DOCTORS - 1)


@dataclass(frozen=True)
class AFile:
    """A file: where, at which level, in whose hands, and in whose it was."""

    agency: str
    level: ControlLevel
    holder: int | None
    former: int | None


@dataclass(frozen=True)
class AGrant:
    """A role at a unit, perhaps not today."""

    role: Role
    unit: str
    validity: tuple[date, date | None, bool]


@dataclass(frozen=True)
class APerson:
    """Somebody with grants, perhaps one of the doctors."""

    grants: tuple[AGrant, ...]
    doctor: int | None


a_file = st.builds(
    AFile,
    st.sampled_from(sorted(AGENCIES)),
    st.sampled_from(ControlLevel),
    some_doctor,
    some_doctor,
)
a_grant = st.builds(
    AGrant, st.sampled_from(Role), st.sampled_from(UNITS), st.sampled_from(VALIDITIES)
)


@st.composite
def one_of_each_role(draw: st.DrawFn) -> list[APerson]:
    """Somebody of every role, some with a second grant, some a doctor."""
    people = []
    for role in Role:
        first = AGrant(role, draw(st.sampled_from(UNITS)), draw(st.sampled_from(VALIDITIES)))
        more = draw(st.lists(a_grant, max_size=1))
        people.append(APerson((first, *more), draw(some_doctor)))
    return people


def may_see(person: APerson, file: AFile) -> bool:
    held = [grant for grant in person.grants if grant.validity[2]]
    return any(_opens(grant, file) for grant in held if grant.role in BY_UNIT) or _by_hand(
        person, held, file
    )


def may_read_medical(person: APerson, file: AFile) -> bool:
    held = [grant for grant in person.grants if grant.validity[2]]
    by_unit = any(_opens(grant, file) for grant in held if grant.role is Role.COORDINATOR)
    return by_unit or _by_hand(person, held, file)


def _opens(grant: AGrant, file: AFile) -> bool:
    return grant.unit in ("MA-CENTRAL", file.agency, AGENCIES[file.agency])


def _by_hand(person: APerson, held: list[AGrant], file: AFile) -> bool:
    roles = {grant.role for grant in held}
    if Role.CENTRAL_DOCTOR in roles and file.level is ControlLevel.CENTRAL:
        return True
    is_controller = person.doctor is not None and bool(roles & CONTROLLERS)
    return is_controller and person.doctor in (file.holder, file.former)


@pytest.fixture(scope="module")
def web(engine: sa.Engine, keys: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    from medcontrol.settings import Settings
    from workflows.tools import make_tools

    home: Path = tmp_path_factory.mktemp("home")
    tools: Tools = make_tools(Settings(home=home, database_url=None, redis_url=None), keys)
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        database.using(engine),
        serving(engine, tools, home, monkeypatch, with_pages=True) as served,
    ):
        yield served


def build(
    session: Session, some_files: list[AFile], people: list[APerson]
) -> tuple[dict[UUID, AFile], list[tuple[APerson, UserAccount]]]:
    """Write a world down and return its files and people."""
    doctors = [make_doctor(session) for _ in range(DOCTORS)]
    written = {_write(session, file, doctors): file for file in some_files}
    accounts = []
    for number, person in enumerate(people):
        user = UserAccount(
            id=new_id(),
            login=f"person{number}",
            name=f"Person {number}",
            doctor_id=None if person.doctor is None else doctors[person.doctor].id,
        )
        session.add(user)
        session.flush()
        for grant in person.grants:
            first, last, _ = grant.validity
            session.add(
                RoleGrant(
                    user_id=user.id,
                    role=grant.role,
                    unit_code=grant.unit,
                    valid_from=first,
                    valid_to=last,
                )
            )
        accounts.append((person, user))
    session.flush()
    return written, accounts


def _write(session: Session, file: AFile, doctors: list[Doctor]) -> UUID:
    place = {"agency_code": file.agency, "region_code": AGENCIES[file.agency]}
    holder = None if file.holder is None else doctors[file.holder].id
    row = make_control_file(session, received=place, level=file.level, assigned_doctor_id=holder)
    task = make_task(session, row)
    for doctor_id, is_over in ((holder, False), (_former(file, doctors), True)):
        if doctor_id is not None:
            session.add(
                Assignment(
                    control_file_id=row.id,
                    human_task_id=task.id,
                    doctor_id=doctor_id,
                    mode=AssignmentMode.AUTOMATIC,
                    points=15,
                    assigned_at=NOW,
                    why={},
                    ended_at=NOW if is_over else None,
                )
            )
    session.flush()
    return row.id


def _former(file: AFile, doctors: list[Doctor]) -> UUID | None:
    return None if file.former is None else doctors[file.former].id


def by_queries(session: Session, principal: Principal) -> dict[str, Any]:
    named = SearchFilters(name="alami")
    exported = search.export(session, principal, named)
    return {
        "list": {row.control_file_id for row in files.list_files(session, principal).rows},
        "search": {row.control_file_id for row in search.search(session, principal, named).rows},
        "export": {row.control_file_id for row in exported},
        "tasks": {row.control_file_id for row in tasks.list_tasks(session, principal).rows},
        "counts": {files.count_files(session, principal), search.count(session, principal, named)},
    }


def by_api(caller: TestClient) -> dict[str, Any]:
    def ids(path: str) -> set[UUID]:
        rows = caller.get(f"{API}{path}").json()["rows"]
        return {UUID(row["control_file_id"]) for row in rows}

    table = caller.get(f"{API}/control-files/export").content.decode("utf-8-sig")
    return {
        "list": ids("/control-files"),
        "search": ids("/control-files?name=alami"),
        "export": {UUID(row["control_file_id"]) for row in csv.DictReader(io.StringIO(table))},
        "tasks": ids("/tasks"),
        "counts": {caller.get(f"{API}/control-files/count").json()["count"]},
    }


@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(some_files=st.lists(a_file, min_size=1, max_size=4), people=one_of_each_role())
def test_everything_agrees_on_who_may_see_which_file(
    engine: sa.Engine, web: Web, some_files: list[AFile], people: list[APerson]
) -> None:
    empty(engine)
    with web.anonymous() as caller:
        check(web, caller, some_files, people)
    empty(engine)


def check(web: Web, caller: TestClient, some_files: list[AFile], people: list[APerson]) -> None:
    with database.transaction() as session:
        written, accounts = build(session, some_files, people)
        references = dict(session.execute(sa.text("SELECT id, reference FROM control_file")).all())
    for person, user in accounts:
        seen = {key for key, file in written.items() if may_see(person, file)}
        expected = dict.fromkeys(("list", "search", "export", "tasks"), seen) | {
            "counts": {len(seen)}
        }
        web.become(caller, user)
        with database.read_only() as session:
            principal = Principal(
                user.id, user.name, grants_of(session, user.id, TODAY), user.doctor_id
            )
            assert by_queries(session, principal) == expected
        assert by_api(caller) == expected
        for file_id, file in written.items():
            details = caller.get(f"{API}/control-files/{file_id}")
            journal = caller.get(f"{API}/control-files/{file_id}/journal")
            medical = caller.get(f"{API}/control-files/{file_id}/medical")
            answer = 200 if file_id in seen else 404
            content = 404 if file_id not in seen else 200 if may_read_medical(person, file) else 403
            assert (details.status_code, journal.status_code) == (answer, answer)
            assert medical.status_code == content
            assert caller.get(f"/files/{references[file_id]}").status_code == answer
