"""Rules over HTTP: who may look, write and approve; nothing changes by looking; two editors."""

from io import BytesIO
from typing import Any

import openpyxl
import pytest
from lxml import html

from medcontrol import db as database
from medcontrol.model import AccessLog, RuleSetVersion
from medcontrol.policy import Principal
from medcontrol.vocabulary import Role, RuleSetStatus
from selectivity.lifecycle import rows, service
from selectivity.lifecycle.rows import Act
from tests.factories import NOW, make_principal
from tests.pages.desk import Browser, Fund, form_of, texts
from tests.pages.people import log_in
from ui.rule_sentences import RuleSentences

HOME = "/selectivity/rules"
DRAFT = f"{HOME}/ma/2"
READERS = {Role.ANALYST, Role.AUDITOR, Role.SUPERVISOR}
ADDRESSES = (
    HOME, f"{HOME}/ma/1", f"{HOME}/ma/1/rows/dental-prosthesis", f"{HOME}/ma/1/floor/others",
    f"{HOME}/ma/1/try?file=amount:5.00", f"{HOME}/ma/1/diff", f"{HOME}/ma/1/export/yaml",
    f"{HOME}/ma/1/new/rows", f"{HOME}/ma/1/new/floor",
)  # fmt: skip


@pytest.fixture
def analyst(fund: Fund) -> Browser:
    return log_in(fund, Role.ANALYST, "MA-CENTRAL")


@pytest.fixture
def draft(fund: Fund, analyst: Browser) -> Browser:
    """An analyst's browser, once a draft ma/2 was begun from the rules in force."""
    done = analyst.send(analyst.page(HOME), "/selectivity/rules/draft")
    assert done.headers["location"] == DRAFT
    return analyst


def post(browser: Browser, page: Any, do: str, **changes: Any) -> Any:
    """Submit the editor of a row as a browser does, pressing one of its buttons."""
    form = form_of(page, r"/(rows|floor)(/[^/]+)?")
    fields: dict[str, Any] = {}
    for name, value in form.form_values():
        fields.setdefault(name, []).append(value)
    fields |= {name.replace("__", "-"): value for name, value in changes.items()} | {"do": do}
    kept = {name: value for name, value in fields.items() if value is not None}
    return browser.client.post(form.action, data=kept)


def token(page: Any) -> str:
    return str(page.xpath("//input[@name='csrf_token']/@value")[0])


def act(browser: Browser, page: Any, do: str, **values: str) -> Any:
    """Press a button of the life of a version."""
    revision = page.xpath("//form[contains(@action, '/act')]/input[@name='revision']/@value")[0]
    fields = {"csrf_token": token(page), "revision": revision, "do": do, **values}
    return browser.client.post(f"{DRAFT}/act", data=fields)


def drawn(answer: Any) -> Any:
    """The page that an answer is."""
    assert answer.status_code < 500, answer.text
    return html.fromstring(answer.text)


def version(fund: Fund) -> RuleSetVersion:
    [found] = fund.rows(RuleSetVersion)
    assert isinstance(found, RuleSetVersion)
    return found


def test_rules_open_to_analysts_auditors_and_supervisors_only(fund: Fund) -> None:
    for role in Role:
        browser = log_in(fund, role, "MA-CENTRAL")
        for address in ADDRESSES if role in (Role.AUDITOR, Role.DOCTOR) else ADDRESSES[:1]:
            status = browser.get(address).status_code
            assert status == (200 if role in READERS else 403), (role, address)


def test_only_an_analyst_changes_rules(fund: Fund, draft: Browser) -> None:
    before = version(fund).sha256
    for role in (Role.AUDITOR, Role.SUPERVISOR, Role.DOCTOR):
        other = log_in(fund, role, "MA-CENTRAL")
        own = token(other.page("/selectivity/rules" if role in READERS else "/queue"))
        for address in (f"{HOME}/draft", f"{HOME}/import", f"{DRAFT}/act", f"{DRAFT}/lists"):
            answer = other.client.post(address, data={"csrf_token": own, "do": "submit"})
            assert answer.status_code == 403, (role, address)
        row = {"csrf_token": own, "do": "delete"}
        assert other.client.post(f"{DRAFT}/rows/late-filing", data=row).status_code == 403
    assert version(fund).sha256 == before


def test_a_reader_tries_rows_but_has_no_button_to_save(fund: Fund, draft: Browser) -> None:
    page = log_in(fund, Role.AUDITOR, "MA-CENTRAL").page(f"{DRAFT}/rows/dental-prosthesis")

    assert page.xpath("//button[@value='try']")
    assert not page.xpath("//button[@value='save' and not(@disabled)]")
    assert not page.xpath("//form[contains(@action, '/act')]")


ROWS = (
    "care-abroad-agreement", "agreed-reimbursement", "small-reimbursement", "many-sessions",
    "hospital-repeated-treatment", "dental-prosthesis", "dental-large-prosthesis",
    "disability-renewal", "convention-opening", "provider-often-corrected", "medicines-outside-ald",
    "orthodontics-over-age",
)  # fmt: skip


def test_saving_what_was_drawn_changes_nothing(fund: Fund, draft: Browser) -> None:
    before = version(fund)
    strata = texts(draft.page(DRAFT), "//ol[@class='floor-list']//bdi")

    for address in [*(f"rows/{row}" for row in ROWS), *(f"floor/{name}" for name in strata)]:
        done = post(draft, draft.page(f"{DRAFT}/{address}"), "save")
        assert done.status_code == 303, address

    after = version(fund)
    assert (after.revision, after.sha256) == (before.revision, before.sha256)
    assert len(strata) >= 3


def test_a_row_is_written_condition_by_condition(fund: Fund, draft: Browser) -> None:
    page = draft.page(f"{DRAFT}/new/rows")
    page = drawn(post(draft, page, "add", add="flow"))
    page = drawn(post(draft, page, "add", add="amount", c0__codes=["dental"]))
    done = post(
        draft, page, "save", id="dental-over-900", c1__low="900", c1__high="", rate="12.5",
        reason__fr="Soins dentaires coûteux.", reason__ar="علاج أسنان مكلف.", rationale="Essai",
        owner="analyste", positive="flow: dental\namount: 900.00",
        negative="flow: dental\namount: 899.99", daily_quota="30",
    )  # fmt: skip
    assert done.headers["location"] == f"{DRAFT}#row-dental-over-900"

    with database.read_only() as session:
        data = rows.content(session, "ma", 2)
        row = data["rows"][-1]
    assert row["when"] == {"flow": {"in": ["dental"]}, "amount": {"ge": 90000}}
    assert row["then"] == {
        "kind": "targeting", "lane": "orange", "level": "local", "mode": "on_file",
        "rate": 1250, "daily_quota": 30,
    }  # fmt: skip
    assert row["reason"]["ar"] == "علاج أسنان مكلف."
    assert row["examples"]["negative"] == [{"flow": "dental", "amount": 89999}]
    shown = draft.page(f"{DRAFT}/rows/dental-over-900").xpath("//p[@data-sentence]")[0].text
    assert shown == RuleSentences("fr", "ma").row(row)
    assert "12,5\u00a0%" in shown
    assert "rien ne bloque" in texts(draft.page(DRAFT), "//section[@id='checks']")[0]


def test_the_second_editor_keeps_what_was_typed(fund: Fund, draft: Browser) -> None:
    second = log_in(fund, Role.ANALYST, "MA-CENTRAL")
    address = f"{DRAFT}/rows/late-filing"
    mine, theirs = draft.page(address), second.page(address)
    post(draft, mine, "save", rationale="La première")

    refused = post(second, theirs, "save", rationale="La seconde")

    assert refused.status_code == 409
    page = drawn(refused)
    assert page.xpath("//textarea[@id='rationale']")[0].text == "La seconde"
    again = post(second, page, "save")
    assert again.status_code == 303
    with database.read_only() as session:
        data = rows.content(session, "ma", 2)
    assert "La seconde" in [row["rationale"] for row in data["rows"]]


def test_sex_can_be_neither_chosen_nor_brought_in(fund: Fund, draft: Browser) -> None:
    page = draft.page(f"{DRAFT}/new/rows")
    assert "sex" not in page.xpath("//select[@id='add']/option/@value")
    done = post(
        draft, page, "save", id="by-sex", c0__feature="sex", c0__op="is", c0__words="F",
    )  # fmt: skip
    assert done.status_code == 303

    page = draft.page(DRAFT)
    assert "Aucune règle n’a le droit de regarder cela." in page.text_content()
    assert page.xpath("//button[@value='submit']/@disabled")
    refused = act(draft, page, "submit")
    assert refused.status_code == 422
    assert version(fund).status is RuleSetStatus.DRAFT


def test_the_sentence_follows_what_is_typed_without_saving(fund: Fund, draft: Browser) -> None:
    page = draft.page(f"{DRAFT}/rows/late-filing")
    form = form_of(page, "/rows/late-filing")
    fields = dict(form.form_values()) | {"do": "preview", "rate": "33"}
    headers = {"hx-request": "true", "hx-target": "row-preview"}

    answer = draft.client.post(form.action, data=fields, headers=headers)

    assert answer.status_code == 200
    assert "33\u00a0%" in answer.text
    assert "<html" not in answer.text
    assert version(fund).revision == 1


def test_a_file_is_tried_cell_by_cell_and_reading_medical_ones_is_logged(
    fund: Fund, draft: Browser
) -> None:
    fund.take(amount="500.00", currency="MAD")
    page = draft.page(f"{DRAFT}/rows/ald-first")
    page = drawn(post(draft, page, "try", bench="W-1"))
    assert texts(page, "//ul[@class='verdicts']/li/span") == [
        "le flux est ALD", "la nature est Première demande",
    ]  # fmt: skip
    assert page.xpath("count(//li[@class='is-met'])") == 2
    assert fund.rows(AccessLog) == []

    page = draft.page(f"{DRAFT}/rows/dental-prosthesis")
    page = drawn(post(draft, page, "try", bench="W-1"))

    unmet = texts(page, "//li[@class='is-unmet']/span")
    assert "un acte commence par DP" in unmet
    assert "valeur médicale, non affichée" in page.text_content()
    assert "Alami" not in page.text_content()
    [logged] = fund.rows(AccessLog)
    assert logged.purpose == "rule_test"
    everything = draft.page(f"{DRAFT}/try?file=W-1")
    assert "ald-first" in texts(everything, "//article//bdi[@class='code']")


def test_what_can_not_be_tried_is_said(fund: Fund, draft: Browser) -> None:
    page = draft.page(f"{DRAFT}/rows/ald-first")

    unknown = drawn(post(draft, page, "try", bench="W-404"))
    wrong = drawn(post(draft, page, "try", bench="amount: much"))

    assert "aucun dossier de ce numéro" in unknown.text_content()
    assert "L’exemple est illisible." in wrong.text_content()
    assert draft.get(f"{DRAFT}/try?file=W-404").status_code == 404


def test_a_row_is_copied_and_deleted(fund: Fund, draft: Browser) -> None:
    copied = post(draft, draft.page(f"{DRAFT}/rows/late-filing"), "copy")
    assert copied.headers["location"] == f"{DRAFT}/rows/late-filing-2"
    post(draft, draft.page(f"{DRAFT}/rows/late-filing"), "delete")

    with database.read_only() as session:
        names = [row["id"] for row in rows.content(session, "ma", 2)["rows"]]
    assert "late-filing-2" in names
    assert "late-filing" not in names
    changes = texts(draft.page(f"{DRAFT}/diff"), "//section/header/h2")
    assert sorted(changes) == ["late-filing", "late-filing-2"]


@pytest.mark.parametrize("form", ["csv", "xlsx", "yaml"])
def test_rules_go_out_and_come_back_the_same(fund: Fund, analyst: Browser, form: str) -> None:
    body = analyst.get(f"{HOME}/ma/1/export/{form}").content
    page = analyst.page(HOME)
    fields = dict(form_of(page, "/import").form_values())
    files = [("file", (f"rules.{form}", body, "application/octet-stream"))]

    done = analyst.client.post(f"{HOME}/import", data=fields, files=files)

    assert done.headers["location"] == DRAFT
    assert "disent la même chose" in analyst.page(f"{DRAFT}/diff?with=1").text_content() or (
        texts(analyst.page(f"{DRAFT}/diff?with=1"), "//section/header/h2") == []
    )


def test_a_malformed_workbook_names_sheet_row_and_column(fund: Fund, analyst: Browser) -> None:
    book = openpyxl.load_workbook(BytesIO(analyst.get(f"{HOME}/ma/1/export/xlsx").content))
    sheet = book["rows"]
    column = next(cell.column for cell in sheet[1] if cell.value == "rate")
    sheet.cell(5, column).value = "many"
    kept = BytesIO()
    book.save(kept)
    fields = dict(form_of(analyst.page(HOME), "/import").form_values())

    files = [("file", ("rules.xlsx", kept.getvalue(), "application/octet-stream"))]
    refused = analyst.client.post(f"{HOME}/import", data=fields, files=files)

    assert refused.status_code == 422
    said = " ".join(texts(drawn(refused), "//li[contains(@class, 'finding')]"))
    assert "rows" in said
    assert "5" in said
    assert fund.rows(RuleSetVersion) == []


def test_lists_are_edited_under_their_next_number(fund: Fund, draft: Browser) -> None:
    def change(do: str, name: str, codes: str = "") -> Any:
        page = draft.page(DRAFT)
        token = page.xpath("//input[@name='csrf_token']/@value")[0]
        return draft.client.post(
            f"{DRAFT}/lists",
            data={"csrf_token": token, "revision": version(fund).revision, "list": name,
                  "codes": codes, "do": do},
        )  # fmt: skip

    assert change("next", "repeated-treatments@1").status_code == 303
    assert change("put", "repeated-treatments@2", "CHIMIO, DIAL; X1\nX2").status_code == 303
    assert change("put", "bad name", "A").status_code == 422

    with database.read_only() as session:
        data = rows.content(session, "ma", 2)
    assert data["lists"] == {"repeated-treatments@2": ["CHIMIO", "DIAL", "X1", "X2"]}
    assert "rien ne bloque" in texts(draft.page(DRAFT), "//section[@id='checks']")[0]


def test_every_page_of_rules_is_drawn_in_every_language(fund: Fund, draft: Browser) -> None:
    for language in ("ar", "en"):
        draft.client.cookies.set("medcontrol_language", language)
        for address in (HOME, DRAFT, f"{DRAFT}/rows/many-sessions", f"{DRAFT}/diff",
                        f"{DRAFT}/try?file=amount:5.00"):  # fmt: skip
            assert draft.page(address).get("lang") == language


def test_a_refused_step_is_said_on_the_page(fund: Fund, draft: Browser) -> None:
    page = draft.page(DRAFT)
    with database.transaction() as session:
        person: Principal = make_principal(session, Role.ANALYST, "MA-CENTRAL")
        service.retire(session, Act(code="ma", version=2, actor=person, now=NOW))

    refused = act(draft, page, "submit")

    assert refused.status_code == 409
    assert "n’est plus dans l’état" in drawn(refused).text_content()


def test_addresses_of_nothing_are_not_found(fund: Fund, analyst: Browser) -> None:
    for address in ("ma/9", "lu/1", "ma/1/rows/none", "ma/1/floor/none", "ma/1/diff?with=77"):
        assert analyst.get(f"{HOME}/{address}").status_code == 404, address
    assert analyst.get(f"{HOME}/ma/1/export/exe").status_code == 422


def test_the_doctor_reads_the_reason_in_arabic(fund: Fund) -> None:
    reference = fund.take()
    doctor = fund.doctor()
    doctor.client.cookies.set("medcontrol_language", "ar")

    said = texts(doctor.page(f"/files/{reference}"), "//ul[@class='reasons']/li/bdi")

    assert "طلب أول لمرض طويل الأمد؛ التحقق من المعايير الطبية للمرض." in said
