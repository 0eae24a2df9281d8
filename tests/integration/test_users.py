"""Accounts, passwords and roles."""

from datetime import date, timedelta
from functools import cache

import pytest
from pwdlib import PasswordHash
from sqlmodel import Session

from medcontrol.errors import AlreadyDone, InvalidInput, NotFound
from medcontrol.model import UserAccount
from medcontrol.services import passwords, sessions, users
from medcontrol.vocabulary import ControlLevel, Role
from tests.factories import NOW, TODAY

PASSWORD = "quatre mots bien longs"


def make_user(db: Session, login: str = "amina", password: str | None = PASSWORD) -> UserAccount:
    return users.create_user(db, login=login, name="Amina Alami", password=password)


def test_a_right_password_opens_and_a_wrong_one_does_not(db: Session) -> None:
    user = make_user(db, "Amina")
    assert users.authenticate(db, " AMINA ", PASSWORD, now=NOW) == user
    assert users.authenticate(db, "amina", PASSWORD + "!", now=NOW) is None
    assert users.authenticate(db, "nobody", PASSWORD, now=NOW) is None
    assert users.authenticate(db, "amina", PASSWORD + "\0" * 5000, now=NOW) is None


def test_the_password_is_kept_as_argon2id_only(db: Session) -> None:
    user = make_user(db)
    assert user.password_hash is not None
    assert user.password_hash.startswith("$argon2id$")


@pytest.mark.parametrize(
    "password",
    [
        "court",
        "a" * 11,
        "a" * 40,
        "abababababab",
        "xx-amina-12345",
        "a1!" * 100,
        "eleven\0and more",
        "eleven\udcffand more",
    ],
)
def test_a_weak_password_is_refused(db: Session, password: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make_user(db, password=password)
    assert refused.value.field == "password"


@pytest.mark.parametrize("login", ["a", "", "été", "a b", "x" * 65, "../etc", "-a"])
def test_a_login_that_is_none_is_refused(db: Session, login: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make_user(db, login)
    assert refused.value.field == "login"


def test_a_login_is_taken_whatever_its_capitals(db: Session) -> None:
    make_user(db, "amina")
    with pytest.raises(AlreadyDone):
        make_user(db, "AMINA")


def test_eight_failures_lock_an_account_for_a_quarter_of_an_hour(db: Session) -> None:
    user = make_user(db)
    for _ in range(7):
        users.authenticate(db, "amina", "wrong password", now=NOW)
    assert user.locked_until is None
    users.authenticate(db, "amina", "wrong password", now=NOW)
    assert users.authenticate(db, "amina", PASSWORD, now=NOW + timedelta(minutes=14)) is None
    after = NOW + timedelta(minutes=16)
    assert users.authenticate(db, "amina", "wrong again, once", now=after) is None
    assert user.failed_logins == 1, "a lock-out that is over counts anew"
    assert users.authenticate(db, "amina", PASSWORD, now=after) == user
    assert (user.failed_logins, user.locked_until) == (0, None)


def test_a_success_forgets_the_failures_before_it(db: Session) -> None:
    user = make_user(db)
    for _ in range(7):
        users.authenticate(db, "amina", "wrong password", now=NOW)
    users.authenticate(db, "amina", PASSWORD, now=NOW)
    users.authenticate(db, "amina", "wrong password", now=NOW)
    assert (user.failed_logins, user.locked_until) == (1, None)


class Watched:
    """The real hasher, which notes what each try costs: nothing else takes time."""

    def __init__(self) -> None:
        self.real = PasswordHash.recommended()
        self.costs: list[str] = []

    def hash(self, password: str) -> str:
        return self.real.hash(password)

    def verify_and_update(self, password: bytes, known: str) -> tuple[bool, str | None]:
        self.costs.append(known.rsplit("$", 2)[0])  # algorithm, memory, rounds, threads
        return self.real.verify_and_update(password, known)


def test_an_unknown_locked_or_closed_account_costs_a_try_as_much_as_a_known_one(
    db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched()
    monkeypatch.setattr(passwords, "_hasher", lambda: watched)
    monkeypatch.setattr(passwords, "_nobody", cache(passwords._nobody.__wrapped__))
    make_user(db)
    make_user(db, "locked").locked_until = NOW + timedelta(minutes=5)
    users.deactivate(db, make_user(db, "closed").id)
    make_user(db, "mute", password=None)

    for login in ("amina", "nobody", "locked", "closed", "mute", "no\0login"):
        assert users.authenticate(db, login, "wrong password", now=NOW) is None

    known, *others = watched.costs
    assert known.startswith("$argon2id$")
    assert others == [known] * 5, "who answers sooner tells who has an account"


def test_a_closed_account_lets_nobody_in_and_ends_its_logins(db: Session) -> None:
    user = make_user(db)
    token, _ = sessions.open(db, user, now=NOW)
    users.deactivate(db, user.id)
    assert users.authenticate(db, "amina", PASSWORD, now=NOW) is None
    assert sessions.find(db, token, now=NOW) is None


def test_an_account_without_password_can_not_log_in(db: Session) -> None:
    make_user(db, password=None)
    assert users.authenticate(db, "amina", "", now=NOW) is None


def test_a_new_password_ends_logins_and_lock_outs(db: Session) -> None:
    user = make_user(db)
    token, _ = sessions.open(db, user, now=NOW)
    for _ in range(8):
        users.authenticate(db, "amina", "wrong password", now=NOW)
    users.change_password(db, user.id, "cinq autres mots")
    assert sessions.find(db, token, now=NOW) is None
    assert users.authenticate(db, "amina", PASSWORD, now=NOW) is None
    assert users.authenticate(db, "amina", "cinq autres mots", now=NOW) == user


def test_a_role_holds_from_its_first_to_its_last_day(db: Session) -> None:
    user = make_user(db)
    users.grant(
        db, user.id, Role.AGENT, "CASA-1", valid_from=TODAY, valid_to=TODAY + timedelta(days=1)
    )
    held = [
        bool(users.principal_for(db, user, TODAY + timedelta(days=n)).grants) for n in range(-1, 3)
    ]
    assert held == [False, True, True, False]
    given = users.principal_for(db, user, TODAY).grants[0]
    assert (given.role, given.level, given.unit_code) == (Role.AGENT, ControlLevel.LOCAL, "CASA-1")


def test_the_same_grant_twice_is_one_and_takes_the_last_end(db: Session) -> None:
    user = make_user(db)
    users.grant(db, user.id, Role.AGENT, "CASA-1", valid_from=TODAY)
    again = users.grant(db, user.id, Role.AGENT, "CASA-1", valid_from=TODAY, valid_to=TODAY)
    assert again.valid_to == TODAY
    assert len(users.principal_for(db, user, TODAY).grants) == 1


def test_a_grant_ends_and_one_to_come_is_taken_back(db: Session) -> None:
    user = make_user(db)
    held = users.grant(db, user.id, Role.AGENT, "CASA-1", valid_from=date(2020, 1, 1))
    to_come = users.grant(db, user.id, Role.AUDITOR, "CASA-1", valid_from=date(2027, 1, 1))
    users.end_grant(db, held.id, last_day=TODAY)
    users.end_grant(db, to_come.id, last_day=TODAY)
    assert not users.principal_for(db, user, TODAY + timedelta(days=1)).grants
    assert not users.principal_for(db, user, date(2027, 6, 1)).grants


def test_grants_at_no_unit_or_with_days_reversed_are_refused(db: Session) -> None:
    user = make_user(db)
    with pytest.raises(NotFound):
        users.grant(db, user.id, Role.AGENT, "NOWHERE", valid_from=TODAY)
    with pytest.raises(InvalidInput):
        users.grant(
            db, user.id, Role.AGENT, "CASA-1", valid_from=TODAY, valid_to=TODAY - timedelta(days=1)
        )


def test_there_is_one_first_administrator(db: Session) -> None:
    unit = users.central_unit(db, "ma")

    def create(login: str) -> UserAccount:
        return users.create_first_administrator(
            db, login=login, name="Chef", password=PASSWORD, unit_code=unit, on=TODAY
        )

    first = create("first")
    assert users.principal_for(db, first, TODAY).has(Role.ADMINISTRATOR)
    with pytest.raises(AlreadyDone):
        create("second")
    users.deactivate(db, first.id)
    create("second")


def test_the_list_shows_the_roles_of_the_day(db: Session) -> None:
    user = make_user(db)
    users.grant(db, user.id, Role.AGENT, "CASA-1", valid_from=TODAY)
    shown = {each.user.login: each.grants for each in users.list_users(db, TODAY)}
    assert shown["amina"] == ("agent@CASA-1",)


@pytest.mark.parametrize("login", ["a\0b", "\udcff", "", "x" * 100_000])
def test_a_login_that_can_not_be_is_nobody(db: Session, login: str) -> None:
    assert users.authenticate(db, login, "p\0\udcff", now=NOW) is None
    with pytest.raises(NotFound):
        users.by_login(db, login)
