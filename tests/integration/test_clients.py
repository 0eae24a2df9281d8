"""Programs that call the API."""

import pytest
from sqlmodel import Session

from medcontrol.errors import AlreadyDone, InvalidInput, NotFound
from medcontrol.policy import Action, may
from medcontrol.services import clients
from medcontrol.services.clients import Scope
from tests.factories import NOW, make_control_file


def test_a_token_is_shown_once_and_finds_its_client(db: Session) -> None:
    row, token = clients.create(
        db, name="edi", scopes=["intake:write", "files:read"], unit_code="CASA-1", now=NOW
    )
    assert token.startswith("mc_")
    assert token.encode() not in bytes(row.token_hash)
    found = clients.find(db, token)
    assert found is not None
    assert (found.name, found.unit_code) == ("edi", "CASA-1")
    assert found.scopes == {Scope.INTAKE_WRITE, Scope.FILES_READ}
    assert found.may(Scope.INTAKE_WRITE)
    assert not found.may(Scope.FILES_WRITE)


@pytest.mark.parametrize(
    "token", ["", "mc_", "mc_wrong", "Bearer x", "mc_\udcff", "mc_" + "a" * 9999]
)
def test_a_made_up_token_finds_nobody(db: Session, token: str) -> None:
    clients.create(db, name="edi", scopes=["intake:write"], now=NOW)
    assert clients.find(db, token) is None


def test_a_client_sees_the_files_of_its_unit_and_nothing_medical(db: Session) -> None:
    here = make_control_file(db)
    elsewhere = make_control_file(db, agency_code="RABAT-1", region_code="MA-04")
    _, token = clients.create(db, name="portal", scopes=["files:read"], unit_code="CASA-1", now=NOW)
    found = clients.find(db, token)
    assert found is not None
    who = found.principal
    assert may(db, who, here.id, Action.SEE)
    assert not may(db, who, elsewhere.id, Action.SEE)
    assert not may(db, who, here.id, Action.READ_MEDICAL)
    assert not may(db, who, here.id, Action.CONTROL)
    assert not may(db, who, here.id, Action.REASSIGN)


def test_a_client_that_only_hands_files_in_sees_none(db: Session) -> None:
    here = make_control_file(db)
    _, token = clients.create(db, name="edi", scopes=["intake:write"], now=NOW)
    found = clients.find(db, token)
    assert found is not None
    assert not may(db, found.principal, here.id, Action.SEE)


def test_a_planning_tool_may_reassign_in_its_region(db: Session) -> None:
    here = make_control_file(db)
    _, token = clients.create(
        db, name="planner", scopes=["assignment:write"], unit_code="MA-06", now=NOW
    )
    found = clients.find(db, token)
    assert found is not None
    assert may(db, found.principal, here.id, Action.REASSIGN)


def test_a_revoked_token_is_good_for_nothing_and_its_name_stays_taken(db: Session) -> None:
    _, token = clients.create(db, name="edi", scopes=["intake:write"], now=NOW)
    clients.revoke(db, "edi", now=NOW)
    assert clients.find(db, token) is None
    with pytest.raises(AlreadyDone):
        clients.revoke(db, "edi", now=NOW)
    with pytest.raises(AlreadyDone):
        clients.create(db, name="edi", scopes=["intake:write"], now=NOW)
    with pytest.raises(NotFound):
        clients.revoke(db, "nobody", now=NOW)


@pytest.mark.parametrize(
    ("name", "scopes", "field"),
    [
        ("", ["intake:write"], "name"),
        ("a b", ["intake:write"], "name"),
        ("edi", [], "scopes"),
        ("edi", ["everything"], "scopes"),
        ("edi", ["files:read"], "unit_code"),
    ],
)
def test_a_client_that_can_not_be_is_refused_by_field(
    db: Session, name: str, scopes: list[str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        clients.create(db, name=name, scopes=scopes, now=NOW)
    assert refused.value.field == field


def test_a_client_of_no_unit_is_refused(db: Session) -> None:
    with pytest.raises(NotFound):
        clients.create(db, name="edi", scopes=["files:read"], unit_code="NOWHERE", now=NOW)
