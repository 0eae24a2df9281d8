"""Whatever an address asks for, a page answers: refused or drawn, never broken."""

import re
from itertools import product
from urllib.parse import quote, quote_from_bytes
from uuid import UUID

from medcontrol import db as database
from medcontrol.model import RoleGrant
from medcontrol.policy import Principal
from medcontrol.vocabulary import Role
from tests.architecture.source import ROOT
from tests.architecture.test_routes import PAGES
from tests.factories import NOW
from tests.pages.desk import Browser, Fund, form_of
from ui.security import CSRF_FIELD

READ = re.compile(r'_of\(\s*(?:form|query|asked|sent|[\w.]*query_params), "([\w.-]+)"')
NAMES = sorted(
    {name for path in (ROOT / "ui/pages").rglob("*.py") for name in READ.findall(path.read_text())}
)
NOBODY = str(UUID(int=0))
WILD = ("9999-12-31", "9" * 30, f"0001-01-01T00:00+14:00|{NOBODY}")
LEFT_OUT = ("/login", "/logout", "/language", "/verify", "/calendars")


# No browser sends these, and no column takes them.
UNREADABLE = ("a\0b", "\x1b[0m", "\x7f")


def everything(fund: Fund) -> Browser:
    """The browser of a doctor who holds every role at the centre."""
    principal: Principal = fund.world.by_doctor[fund.world.central.id]
    with database.transaction() as session:
        session.add_all(
            RoleGrant(
                user_id=principal.id, role=role, unit_code="MA-CENTRAL", valid_from=NOW.date()
            )
            for role in Role
        )
    return fund.log_in(principal)


def test_no_page_breaks_on_a_wild_address(fund: Fund) -> None:
    reference = fund.take()
    browser = everything(fund)
    paths = {each.path.replace("{reference}", reference) for each in PAGES if "GET" in each.methods}
    asked = sorted(path for path in paths if "{" not in path and not path.startswith(LEFT_OUT))

    broken = []
    for path in asked:
        for value in WILD:
            try:
                browser.client.get(path, params=dict.fromkeys(NAMES, value))
            except Exception as error:  # noqa: BLE001 - every one of them is told
                broken.append(f"{path} {value!r}: {type(error).__name__} {error}"[:300])

    assert len(asked) > 50
    assert broken == []


def test_what_no_column_takes_is_no_address_and_no_answer(fund: Fund) -> None:
    browser = everything(fund)
    token = form_of(browser.page("/reception/slips"), "/new").fields[CSRF_FIELD]
    known = [each for each in PAGES if not each.path.startswith("/log")]  # not in, not out

    answered = {}
    for page in known:
        path = re.sub(r"\{[^}]*\}", quote(UNREADABLE[0]), page.path)
        sent = dict.fromkeys(NAMES, UNREADABLE[0])
        if "GET" in page.methods and "{" in page.path:
            answered["GET", path] = browser.client.get(path, params=sent).status_code
        elif "POST" in page.methods:
            answer = browser.client.post(path, data={**sent, CSRF_FIELD: token})
            answered["POST", path] = answer.status_code

    assert {status for (_, path), status in answered.items() if "%" in path} == {404}
    assert {status for status in answered.values() if status >= 500} == set()
    assert len(answered) > 100


def test_what_no_column_takes_is_left_out_of_what_a_slip_and_a_batch_are_sent(fund: Fund) -> None:
    browser = everything(fund)
    slips = browser.page("/reception/slips")
    slip = browser.send(slips, "/new", from_unit="MA-CENTRAL", to_unit="CASA-1").headers["location"]
    token = form_of(slips, "/new").fields[CSRF_FIELD]
    to = [f"{slip}/{command}" for command in ("files", "scan", "remove", "dispatch")]
    to += ["/reception/slips/new", "/reception/letters/print"]

    values = (*(each.encode() for each in UNREADABLE), b"\xed\xa0\x80")  # half a character
    for address, value in product(to, values):
        shown = browser.get(f"{address.rpartition('/')[0]}{quote_from_bytes(value)}")
        assert shown.status_code == 404, (address, value)
        sent = "&".join(f"{name}={quote_from_bytes(value)}" for name in NAMES)
        answer = browser.client.post(
            address, content=f"{sent}&{CSRF_FIELD}={token}",
            headers={"content-type": "application/x-www-form-urlencoded"},
        )  # fmt: skip
        assert 400 <= answer.status_code < 500, (address, value, answer.status_code)
