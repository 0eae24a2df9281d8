"""Who calls, and whether they may call this operation at all: tokens, logins, scopes, roles."""

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.errors import Refusal
from medcontrol.db import read_only
from medcontrol.errors import Forbidden
from medcontrol.journal import Actor
from medcontrol.policy import Principal
from medcontrol.services import clients, sessions
from medcontrol.services.clients import Scope
from medcontrol.vocabulary import ActorKind, Role

SESSION_COOKIE = "medcontrol_session"
CSRF_HEADER = "x-csrf-token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_bearer = HTTPBearer(auto_error=False, description="Token of a client, `mc_…`")
_cookie = APIKeyCookie(
    name=SESSION_COOKIE,
    auto_error=False,
    description=f"Login of the screens; writes also need the header `{CSRF_HEADER}`",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may call an operation; which files are meant is the policy's."""

    principal: Principal
    actor: Actor
    is_program: bool = False


class Permission:
    """The dependency that every operation has: a scope for programs, roles for people.

    Runs before the operation reads or opens anything.

    Raises:
        Refusal: 401, nobody is known by the token or cookie; 403, the CSRF token is wrong.
        Forbidden: known, but without the scope or role.
    """

    def __init__(self, scope: Scope | None, roles: Collection[Role] | None = None) -> None:
        """Keep what is asked for.

        Args:
            scope: what a program must hold; None keeps programs out.
            roles: of which a person must hold one, anywhere; None lets in whoever is logged in,
                where the policy alone decides.
        """
        self.scope = scope
        self.roles = None if roles is None else frozenset(roles)

    def __call__(
        self,
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        cookie: Annotated[str | None, Depends(_cookie)],
    ) -> Caller:
        """Return who calls."""
        if bearer is not None:
            return self._program(bearer.credentials)
        if cookie:
            return self._person(request, cookie)
        raise _unknown("a bearer token or a login is needed")

    def _program(self, token: str) -> Caller:
        with read_only() as session:
            client = clients.find(session, token)
        if client is None:
            raise _unknown("this token is not, or no longer, good")
        if self.scope is None or not client.may(self.scope):
            raise Forbidden(f"needs the scope {self.scope}" if self.scope else "not for programs")
        return Caller(client.principal, client.actor, is_program=True)

    def _person(self, request: Request, token: str) -> Caller:
        with read_only() as session:
            login = sessions.find(session, token, now=request.app.state.context.clock())
        if login is None:
            raise _unknown("this login is over")
        given = request.headers.get(CSRF_HEADER, "")
        if request.method not in _SAFE and not hmac.compare_digest(
            login.csrf.encode(), given.encode("utf-8", "replace")
        ):
            raise Refusal(403, "csrf", f"the header {CSRF_HEADER} must hold the login's token")
        if self.roles is not None and not login.principal.has(*self.roles):
            raise Forbidden("needs one of the roles " + ", ".join(sorted(self.roles)))
        principal = login.principal
        return Caller(principal, Actor(ActorKind.USER, principal.name, principal.id))


def _unknown(detail: str) -> Refusal:
    return Refusal(401, "unauthenticated", detail, headers={"WWW-Authenticate": "Bearer"})
