"""A reader who has not decided sees nothing of the file at any door, whatever other roles say."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from medcontrol import db as database
from medcontrol.model import Document, RoleGrant, UserAccount
from medcontrol.vocabulary import Role
from tests.architecture.test_routes import API as PROGRAMS
from tests.architecture.test_routes import PAGES
from tests.factories import NOW
from tests.flow_world import make_world
from tests.quality.worlds import Readers, make_reader
from tests.serving import API, Web, serving
from workflows.tools import Tools

ALSO = (Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR, Role.SUPERVISOR, Role.ANALYST,
        Role.APPEALS_SECRETARY, Role.AGENT, Role.AUDITOR)  # fmt: skip
SECRET = "Soin disponible au Maroc."
_ASKED = {
    "/files/{reference}": ("?tab=journal", "?tab=opinions", "?tab=history", "?tab=documents"),
    "/search": ("?name=Alami", "?registration_number=999123456"),
    f"{API}/control-files": ("?name=alami",),
    "/selectivity/decisions": ("?file=test/Q-1",),
}
# They end a session or answer without looking at anybody.
_LEFT_OUT = ("/logout", "/openapi.json")


@pytest.fixture
def web(
    committed: sa.Engine, tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Web]:
    with serving(committed, tools, tmp_path, monkeypatch, with_pages=True) as found:
        yield found


def powerful(session: Any) -> tuple[Any, UserAccount]:
    """A reader who holds every other role that sees files, at the centre."""
    doctor, principal = make_reader(session)
    for role in ALSO:
        session.add(
            RoleGrant(user_id=principal.id, role=role, unit_code="MA-CENTRAL",
                      valid_from=date(2020, 1, 1))
        )  # fmt: skip
    session.flush()
    return doctor, session.get_one(UserAccount, principal.id)


def doors() -> list[str]:
    """Addresses of everything that can be looked at, pages and API."""
    found = [route.path for route in PAGES if "GET" in route.methods]
    found += [API + route.path for route in PROGRAMS if "GET" in route.methods]
    return [each for each in found if not each.endswith(_LEFT_OUT)]


def walked(caller: TestClient, paths: list[str], names: Mapping[str, str]) -> dict[str, str]:
    """What every door that opens shows, with the file's own names put into its address."""
    answers = {}
    for path in paths:
        address = path
        for part, value in names.items():
            address = address.replace("{" + part + "}", value)
        if "{" in address:
            continue
        for query in ("", *_ASKED.get(path, ())):
            answer = caller.get(address + query)
            assert answer.status_code < 500, (address + query, answer.text[:300])
            if answer.status_code == 200:  # a refusal may say the name that it was asked for
                answers[address + query] = answer.text
    return answers


def test_no_door_tells_a_reader_what_was_decided(web: Web, tools: Tools) -> None:
    with database.transaction() as session:
        world = make_world(session, tools)
        reader, user = powerful(session)
        _, other = powerful(session)
        other.is_active = False  # nobody but the one reader may be given the reading
    with database.transaction() as session:
        world.session = session
        fund = Readers(world, {reader.id: None})
        file = fund.refused()
        document = Document.model_validate(
            {"received_file_id": file.received_file_id, "kind": "report", "title": "CR",
             "document_class": "administrative", "media_type": "application/pdf",
             "sha256": "0" * 64, "size": 3, "is_stored": True, "added_at": NOW}
        )  # fmt: skip
        session.add(document)
        reading = fund.opened(file)
        assert fund.task(reading).assigned_doctor_id == reader.id
        names = {
            "reference": file.reference, "control_file_id": str(file.id), "file_id": str(file.id),
            "received_file_id": str(file.received_file_id), "document_id": str(document.id),
            "task_id": str(fund.task(reading).id), "doctor_id": str(reader.id),
        }  # fmt: skip
        told = (file.reference, str(file.id), str(reading.decision_id), SECRET)
    with database.transaction() as session:
        session.execute(sa.text("UPDATE user_account SET is_active = true"))
    paths = doors()

    blind = walked(web.login(user), paths, names)
    some = [path for path in paths if "reference" in path or path in _ASKED]
    seeing = walked(web.login(other), some, names)

    leaks = {
        address: [word for word in told if word in text]
        for address, text in blind.items()
        if any(word in text for word in told)
    }
    assert leaks == {}, leaks
    # The same walk by somebody with the same roles who reads nothing does find the file.
    assert sum(file.reference in text for text in seeing.values()) >= 6
