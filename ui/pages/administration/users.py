"""Accounts: the list, and a new one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import AlreadyDone, DomainError, InvalidInput, NotFound
from medcontrol.queries.administration import UserSheet
from medcontrol.queries.administration_loading import list_users
from medcontrol.services.users import create_user
from medcontrol.vocabulary import Role
from ui.forms import Errors, is_ticked, member_of, text_of
from ui.i18n import LANGUAGES
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted

router = APIRouter(prefix="/users")


@dataclass(frozen=True, slots=True)
class UsersPage:
    """The list."""

    users: Sequence[UserSheet]
    q: str
    role: Role | None
    closed: bool
    roles: Sequence[Role] = tuple(Role)


@dataclass(frozen=True, slots=True)
class NewPage:
    """The form of a new account."""

    typed: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    languages: Sequence[str] = LANGUAGES


@router.get("")
def show_list(request: Request, visitor: Me) -> Response:
    """Draw the accounts."""
    visitor.must_have(Role.ADMINISTRATOR)
    query = request.query_params
    q, closed = text_of(query, "q", 100), is_ticked(query, "closed")
    role = member_of(query, "role", Role)
    with read_only() as session:
        found = list_users(session, text=q, role=role, closed=closed, on=visitor.today)
    return render(request, "administration/users.html", UsersPage(found, q, role, closed))


@router.get("/new")
def new(request: Request, visitor: Me) -> Response:
    """Draw the form of a new account."""
    visitor.must_have(Role.ADMINISTRATOR)
    return render(request, "administration/new_user.html", NewPage({}, Errors()))


@router.post("/new")
def create(request: Request, visitor: Me, form: Posted) -> Response:
    """Save a new account; the password that was typed is never drawn again."""
    visitor.must_have(Role.ADMINISTRATOR)
    names = ("login", "name", "language", "doctor_code")
    typed = {name: text_of(form, name, 200) for name in names}
    try:
        with transaction() as session:
            user = create_user(
                session,
                login=typed["login"],
                name=typed["name"],
                password=text_of(form, "password", 256) or None,
                language=typed["language"] or "fr",
                doctor_code=typed["doctor_code"] or None,
            )
    except (InvalidInput, NotFound, AlreadyDone) as error:
        page = NewPage(typed, Errors(_error_of(error, typed)))
        return render(request, "administration/new_user.html", page, status_code=422)
    return see_other(f"/users/{user.id}", "user.created")


def _error_of(error: DomainError, typed: Mapping[str, str]) -> dict[str, str]:
    name = error.field or "login"
    if name == "password":
        return {name: "password_weak"}
    if isinstance(error, AlreadyDone):
        return {name: "login_taken"}
    if isinstance(error, NotFound):
        return {name: "not_found"}
    return {name: "invalid_input" if typed.get(name) else "required"}
