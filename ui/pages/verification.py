"""The public page behind the QR code of a letter: genuine or not, and nothing else (vérification).

Whoever holds a letter may ask. The answer never says what kind of letter it is, whom it is for or
what it decides, and a code that is wrong, withdrawn or too young gets one and the same answer.
"""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only
from medcontrol.queries.letters import Genuine, verify
from ui.forms import text_of
from ui.rendering import render
from ui.site import site_of
from ui.visitors import anonymous_shell
from ui.windows import Window
from workflows.letters.marks import read_typed_code, spelled_code

router = APIRouter(prefix="/verify")
_LONGEST = 80
_HEADERS = {"x-robots-tag": "noindex, nofollow", "referrer-policy": "no-referrer"}
_asked = Window(seconds=60, most_keys=10_000)


@dataclass(frozen=True, slots=True)
class VerifyPage:
    """The question, and its answer once one was asked."""

    typed: str = ""
    is_asked: bool = False
    is_too_often: bool = False
    found: Genuine | None = None


@router.get("")
def ask(request: Request) -> Response:
    """Draw the question, or the answer for a code that was typed."""
    typed = text_of(request.query_params, "code", _LONGEST)
    return _answer(request, typed) if typed else _draw(request, VerifyPage())


@router.get("/{code}")
def answer(request: Request, code: str) -> Response:
    """Answer for the code of a QR code."""
    return _answer(request, code[:_LONGEST])


def _answer(request: Request, typed: str) -> Response:
    """Look a code up, whatever it is: the same statement for every one."""
    site = site_of(request)
    caller = request.client.host if request.client else ""
    if not _asked.allows(caller, site.settings.verify_per_minute, site.clock()):
        page = VerifyPage(typed=typed, is_too_often=True)
        return _draw(request, page, 429, {"retry-after": "60"})
    code = read_typed_code(typed)
    with read_only() as session:
        found = verify(session, code)
    shown = spelled_code(code) if code else typed
    return _draw(request, VerifyPage(shown, is_asked=True, found=found))


def _draw(
    request: Request, page: VerifyPage, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    request.state.shell = anonymous_shell(request)
    return render(
        request, "verify.html", page, status_code=status, headers=_HEADERS | (headers or {})
    )
