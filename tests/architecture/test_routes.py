"""Every address asks who calls, before anything is read."""

from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api import app as api_app
from api.auth import Permission
from ui import app as pages_app
from ui.visitors import current_visitor

# Pages for people who are not logged in yet, or who set their language first.
OPEN_PAGES = {
    "/login", "/login/demo", "/language/{code}", "/language", "/verify", "/verify/{code}",
    "/calendars/{token}.ics",  # the secret in the address is the key, and revocable
}  # fmt: skip


def routes(router: APIRouter) -> Iterator[APIRoute]:
    """The routes of a router and of those that it includes."""
    for each in router.routes:
        if isinstance(each, APIRoute):
            yield each
        elif isinstance(included := getattr(each, "original_router", None), APIRouter):
            yield from routes(included)


API = [route for router in api_app.ROUTERS for route in routes(router)]
PAGES = [route for router in pages_app._routers() for route in routes(router)]


def dependencies(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from dependencies(each)


def name(route: APIRoute) -> str:
    return f"{'/'.join(sorted(route.methods))} {route.path}"


@pytest.mark.parametrize("route", API, ids=name)
def test_every_operation_of_the_api_asks_for_a_permission(route: APIRoute) -> None:
    assert any(isinstance(each, Permission) for each in dependencies(route.dependant))


@pytest.mark.parametrize("route", PAGES, ids=name)
def test_every_page_asks_who_visits(route: APIRoute) -> None:
    asks = current_visitor in list(dependencies(route.dependant))

    assert asks or route.path in OPEN_PAGES, "depend on ui.visitors.Me, or say why it is open"


def test_the_api_and_the_pages_have_routes() -> None:
    assert len(API) > 10
    assert len(PAGES) > 10
