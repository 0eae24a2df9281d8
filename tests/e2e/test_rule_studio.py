"""A rule's life in a real browser: written, tried, back-tested, approved by a second person, met
by the next day's files, and seen with its hit rate."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

from medcontrol import db as database
from medcontrol.clock import civil_date
from medcontrol.model import SelectivityDecision, UserAccount
from medcontrol.policy import Principal
from medcontrol.services import sessions
from medcontrol.vocabulary import Role
from selectivity.backtest.jobs import run_backtest
from selectivity.outcomes.night import measure_effects
from tests.browser import open_browser, serious_violations
from tests.e2e.server import serve
from tests.factories import make_principal
from tests.pages.conftest import fund, pages_settings
from tests.pages.desk import LINES as SMALL_LINES
from tests.pages.desk import Fund
from ui.visitors import SESSION_COOKIE

__all__ = ["fund", "pages_settings"]  # fixtures
pytestmark = pytest.mark.e2e

ROW = "ambulatoire-900"
# Above what the safe harbour of small amounts spares.
LINES = [{**SMALL_LINES[0], "amount": "350.00"}, {**SMALL_LINES[1], "amount": "600.00"}]
CARE: dict[str, Any] = {
    "flow": "ambulatory", "nature": "reimbursement", "lines": LINES, "amount": "950.00",
    "currency": "MAD", "form": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as found:
        yield found


@pytest.fixture
def base(fund: Fund) -> Iterator[str]:
    with serve(fund.app) as address:
        yield address


@contextmanager
def window(browser: Browser, fund: Fund, base: str, who: Principal) -> Iterator[Page]:
    """Somebody's window; nothing may break the policy of the page."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, base_url=base)
    with database.transaction() as session:
        token, _ = sessions.open(session, session.get_one(UserAccount, who.id), now=fund.now)
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": base}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    yield page
    context.close()
    signs = ("Refused", "violates", "Uncaught", "Error:")
    assert [text for text in complaints if any(sign in text for sign in signs)] == []


def write_the_rule(page: Page) -> None:
    page.goto("/selectivity/rules")
    assert serious_violations(page) == []
    page.get_by_role("button", name="Nouveau brouillon depuis les règles en vigueur").click()
    page.get_by_role("link", name="Nouvelle ligne").click()
    for feature in ("flow", "nature", "amount"):
        page.locator("#add").select_option(feature)
        page.get_by_role("button", name="Ajouter").click()
        expect(page.locator(f"[name$='-feature'][value='{feature}']")).to_have_count(1)
    page.get_by_role("checkbox", name="Soins ambulatoires").check()
    page.get_by_role("checkbox", name="Remboursement").check()
    page.locator("[name=c2-low]").fill("900")
    sentence = page.locator("[data-sentence]")
    expect(sentence).to_contain_text("le montant est d’au moins 900,00 MAD")
    expect(sentence).to_contain_text("le flux est Soins ambulatoires")
    page.locator("#rate").fill("50")
    expect(sentence).to_contain_text("pour 50 % des dossiers")
    page.locator("#rate").fill("100")
    page.locator("#id").fill(ROW)
    page.locator("#reason-fr").fill("Remboursement de plus de 900 DH ; vérifier les actes.")
    page.locator("#reason-ar").fill("تعويض يفوق 900 درهم؛ التحقق من الأعمال.")
    page.locator("#rationale").fill("Essai de bout en bout.")
    page.locator("#owner").fill("analyste")
    example = "flow: ambulatory\nnature: reimbursement\namount: "
    page.locator("#positive").fill(f"{example}900.00")
    page.locator("#negative").fill(f"{example}899.99")
    expect(page.locator("#row-preview")).to_contain_text("rien ne bloque")


def try_a_file(page: Page) -> None:
    page.locator("#bench").fill("W-1")
    page.get_by_role("button", name="Essayer").click()
    tried = page.locator("[data-tried]")
    expect(tried).to_contain_text("correspond")
    expect(tried.locator(".is-met")).to_have_count(3)
    page.locator("[name=c2-low]").fill("1000")
    expect(tried.locator(".is-unmet")).to_have_count(1)
    page.locator("[name=c2-low]").fill("900")
    expect(tried.locator(".is-unmet")).to_have_count(0)
    assert serious_violations(page) == []
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator(f"#row-{ROW}")).to_be_visible()
    assert serious_violations(page) == []


def back_test(page: Page, fund: Fund) -> None:
    page.get_by_role("button", name="Clore le brouillon").click()
    page.get_by_role("button", name="Simuler").click()
    page.wait_for_url("**/selectivity/backtests/*")
    run_id = UUID(page.url.rsplit("/", 1)[1])
    assert run_backtest(run_id, fund.tools.keys, now=lambda: fund.now)
    page.reload()
    expect(page.locator("main")).to_contain_text(ROW)
    page.goto("/selectivity/rules/ma/2")
    page.locator("#note-accept").fill("Volume soutenable.")
    page.get_by_role("button", name="Retenir la simulation").click()
    page.get_by_role("button", name="Mettre en ombre").click()
    expect(page.locator("main")).to_contain_text("Une seconde personne approuve")
    expect(page.get_by_role("button", name="Approuver")).to_have_count(0)


def approve(page: Page) -> None:
    page.goto("/selectivity/rules/ma/2")
    page.locator("#note-approve").fill("Relu.")
    page.get_by_role("button", name="Approuver").click()
    page.get_by_role("button", name="Publier").click()
    expect(page.locator("h1")).to_contain_text("À venir")
    expect(page.get_by_role("button", name="Publier")).to_have_count(0)


def close_controls(fund: Fund, references: list[str]) -> None:
    """The doctor reduces the first file and grants the second."""
    doctor = fund.doctor()
    page = doctor.page(f"/files/{references[0]}")
    motive = page.xpath("//select[@id='line-1-motive']/option[@value != '']/@value")[0]
    reduced: dict[str, Any] = {
        "line-1-outcome": "refused", "line-1-motive": motive, "line-2-outcome": "accepted",
    }  # fmt: skip
    done = doctor.send(page, "/opinion", outcome="partially_granted", **reduced)
    assert done.status_code == 303
    page = doctor.page(f"/files/{references[1]}")
    lines: dict[str, Any] = {"line-1-outcome": "accepted", "line-2-outcome": "accepted"}
    assert doctor.send(page, "/opinion", outcome="granted", **lines).status_code == 303


def test_a_rule_is_written_proved_approved_and_measured(
    fund: Fund, browser: Browser, base: str
) -> None:
    fund.take(control={"required": True, "mode": "on_file"}, **CARE)
    with database.transaction() as session:
        author, second = (make_principal(session, Role.ANALYST, "MA-CENTRAL") for _ in range(2))
    with window(browser, fund, base, author) as page:
        write_the_rule(page)
        try_a_file(page)
        back_test(page, fund)
    with window(browser, fund, base, second) as page:
        approve(page)

    fund.now += timedelta(days=1)
    received = fund.now.isoformat()
    references = [
        fund.take(external_id=f"N-{number}", received_at=received, **CARE) for number in (1, 2)
    ]
    decisions = [row for row in fund.rows(SelectivityDecision) if row.rule_set == "ma/2"]
    assert [ROW in row.matched_rows for row in decisions] == [True, True]
    assert {reason["ar"] for row in decisions for reason in row.reasons if "ar" in reason}
    close_controls(fund, references)
    with database.transaction() as session:
        measure_effects(
            session, fund.tools.keys, "ma", today=civil_date(fund.now, "ma"), now=fund.now
        )
    with window(browser, fund, base, author) as page:
        page.goto("/selectivity/rules")
        row = page.locator("tr", has=page.get_by_role("link", name=ROW, exact=True))
        expect(row).to_contain_text("50\u00a0%")
