"""Logins and the programs that call the API."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.model import RoleGrant, UserSession
from medcontrol.services import sessions
from medcontrol.settings import settings
from medcontrol.vocabulary import Role
from tests.factories import NOW, TODAY, make_doctor, make_user, principal_of
from tests.statements import statements


def test_a_login_brings_back_who_it_is_with_the_roles_of_today(db: Session) -> None:
    user = make_user(db, Role.DOCTOR, doctor=make_doctor(db))
    db.add(RoleGrant(user_id=user.id, role=Role.AGENT, unit_code="RABAT-1",
                     valid_from=date(2020, 1, 1), valid_to=TODAY - timedelta(days=1)))  # fmt: skip
    db.flush()
    token, csrf = sessions.open(db, user, now=NOW)
    found = sessions.find(db, token, now=NOW)
    assert found is not None
    assert found.principal == principal_of(db, user)
    assert found.principal.doctor_id == user.doctor_id
    assert (found.csrf, found.user) == (csrf, user)
    assert token != csrf


def test_it_is_found_in_one_statement(db: Session) -> None:
    user = make_user(db, Role.AGENT)
    token, _ = sessions.open(db, user, now=NOW)
    with statements(db) as seen:
        assert sessions.find(db, token, now=NOW) is not None
    assert len(seen) == 1


def test_somebody_without_a_role_is_logged_in_all_the_same(db: Session) -> None:
    user = make_user(db, Role.AGENT)
    db.execute(sa.delete(RoleGrant).where(col(RoleGrant.user_id) == user.id))
    token, _ = sessions.open(db, user, now=NOW)
    found = sessions.find(db, token, now=NOW)
    assert found is not None
    assert found.principal.grants == ()


def test_a_login_ends_by_the_clock_and_by_its_owner(db: Session) -> None:
    user = make_user(db, Role.AGENT)
    token, _ = sessions.open(db, user, now=NOW)
    end = NOW + timedelta(hours=settings().session_hours)
    assert sessions.find(db, token, now=end - timedelta(seconds=1)) is not None
    assert sessions.find(db, token, now=end) is None
    sessions.close(db, token)
    sessions.close(db, token)
    assert sessions.find(db, token, now=NOW) is None


def test_only_the_hash_of_a_token_is_kept(db: Session) -> None:
    user = make_user(db, Role.AGENT)
    token, _ = sessions.open(db, user, now=NOW)
    kept = db.exec(select(UserSession.token_hash)).all()
    assert all(token.encode() not in bytes(each) and len(each) == 32 for each in kept)


@pytest.mark.parametrize("token", ["", "x", "\udcff", "é" * 1000, "\0"])
def test_a_made_up_token_opens_nothing(db: Session, token: str) -> None:
    assert sessions.find(db, token, now=NOW) is None


def test_logins_that_are_over_are_forgotten(db: Session) -> None:
    user = make_user(db, Role.AGENT)
    sessions.open(db, user, now=NOW - timedelta(days=3))
    token, _ = sessions.open(db, user, now=NOW)
    assert sessions.forget_expired(db, now=NOW) == 1
    assert sessions.find(db, token, now=NOW) is not None
