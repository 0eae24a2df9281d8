"""One account: roles with their validity, password, closing and opening."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.queries.administration import UserSheet
from medcontrol.queries.administration_loading import load_units, load_user
from medcontrol.services.users import activate, change_password, deactivate, end_grant, grant
from medcontrol.vocabulary import Role
from ui.forms import Errors, day_of, member_of, text_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/users/{user_id}")


@dataclass(frozen=True, slots=True)
class SheetPage:
    """The account, with what was typed into one of its forms."""

    user: UserSheet
    is_me: bool
    units: Mapping[str, str]
    typed: Mapping[str, str]
    today: str
    errors: Mapping[str, str] = field(default_factory=dict)
    roles: Sequence[Role] = tuple(Role)


@router.get("")
def show(request: Request, visitor: Me, user_id: UUID) -> Response:
    """Draw the account."""
    visitor.must_have(Role.ADMINISTRATOR)
    return _draw(request, visitor, user_id, {}, {})


@router.post("/grants")
def add_grant(request: Request, visitor: Me, form: Posted, user_id: UUID) -> Response:
    """Give a role at a unit, from a day to a day."""
    visitor.must_have(Role.ADMINISTRATOR)
    names = ("role", "unit", "valid_from", "valid_to")
    typed = {name: text_of(form, name, 64) for name in names}
    role, first = member_of(form, "role", Role), day_of(form, "valid_from")
    errors = {} if role else {"role": "required"}
    errors |= {} if typed["unit"] else {"unit": "unit_required"}
    errors |= {} if first else {"valid_from": "date_invalid"}
    last = day_of(form, "valid_to")
    errors |= {"valid_to": "date_invalid"} if typed["valid_to"] and last is None else {}
    if errors or role is None or first is None:
        return _draw(request, visitor, user_id, typed, errors)
    try:
        with transaction() as session:
            load_user(session, user_id, on=visitor.today)
            grant(session, user_id, role, typed["unit"], valid_from=first, valid_to=last)
    except InvalidInput:
        return _draw(request, visitor, user_id, typed, {"valid_to": "date_order"})
    except NotFound as error:
        if error.field != "unit_code":
            raise
        return _draw(request, visitor, user_id, typed, {"unit": "unit_required"})
    return see_other(f"/users/{user_id}", "saved")


@router.post("/grants/{grant_id}/end")
def take_grant(
    request: Request, visitor: Me, form: Posted, user_id: UUID, grant_id: UUID
) -> Response:
    """Let a role end with yesterday; one that had not begun is taken back."""
    visitor.must_have(Role.ADMINISTRATOR)
    with transaction() as session:
        sheet = load_user(session, user_id, on=visitor.today)
        if grant_id not in {each.id for each in sheet.grants}:
            raise NotFound("this account has no such role")
        end_grant(session, grant_id, last_day=visitor.today - timedelta(days=1))
    return see_other(f"/users/{user_id}", "ended")


@router.post("/password")
def reset_password(request: Request, visitor: Me, form: Posted, user_id: UUID) -> Response:
    """Set a password; every login of the account ends."""
    visitor.must_have(Role.ADMINISTRATOR)
    try:
        with transaction() as session:
            change_password(session, user_id, text_of(form, "password", 300))
    except InvalidInput:
        return _draw(request, visitor, user_id, {}, {"password": "password_weak"})
    return see_other(f"/users/{user_id}", "saved")


@router.post("/state")
def change_state(request: Request, visitor: Me, form: Posted, user_id: UUID) -> Response:
    """Close the account, or open it again. Nobody closes their own."""
    visitor.must_have(Role.ADMINISTRATOR)
    is_closing = text_of(form, "do", 16) == "close"
    if is_closing and user_id == visitor.principal.id:
        return _draw(request, visitor, user_id, {}, {"state": "own_account"})
    with transaction() as session:
        (deactivate if is_closing else activate)(session, user_id)
    return see_other(f"/users/{user_id}", f"user.{'deactivated' if is_closing else 'activated'}")


def _draw(
    request: Request,
    visitor: Visitor,
    user_id: UUID,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> Response:
    with read_only() as session:
        user = load_user(session, user_id, on=visitor.today)
        units = load_units(session, visitor.site.jurisdiction)
    page = SheetPage(
        user=user,
        is_me=user_id == visitor.principal.id,
        units=units,
        typed=typed,
        today=visitor.today.isoformat(),
        errors=Errors(errors),
    )
    return render(request, "administration/user.html", page, status_code=422 if errors else 200)
