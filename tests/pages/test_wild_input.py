"""Whatever an address asks for, a page answers: refused or drawn, never broken."""

import re
from uuid import UUID

from medcontrol import db as database
from medcontrol.model import RoleGrant
from medcontrol.policy import Principal
from medcontrol.vocabulary import Role
from tests.architecture.source import ROOT
from tests.architecture.test_routes import PAGES
from tests.factories import NOW
from tests.pages.desk import Browser, Fund

READ = re.compile(r'_of\(\s*(?:form|query|asked|sent|[\w.]*query_params), "([\w.-]+)"')
NAMES = sorted(
    {name for path in (ROOT / "ui/pages").rglob("*.py") for name in READ.findall(path.read_text())}
)
NOBODY = str(UUID(int=0))
WILD = ("9999-12-31", "9" * 30, f"0001-01-01T00:00+14:00|{NOBODY}")
LEFT_OUT = ("/login", "/logout", "/language", "/verify", "/calendars")


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
