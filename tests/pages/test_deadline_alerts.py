"""Legal deadlines that near or passed, at the supervisor's desk."""

from lxml import html

from medcontrol.model import Deadline, DeadlineAlert
from tests.pages.desk import Fund, texts
from tests.pages.people import supervisor
from workflows.sweeping import sweep_deadlines, warn_of_deadlines

ROWS = "//main//tbody/tr"


def near(fund: Fund) -> str:
    """Let the legal deadline of a file near; return its reference."""
    reference = fund.take()
    file_id = fund.file(reference).id
    clocks = [each for each in fund.rows(Deadline) if each.control_file_id == file_id]
    fund.now = next(each.warn_at for each in clocks if each.warn_at)
    warn_of_deadlines(fund.tools, now=lambda: fund.now)
    return reference


def test_a_deadline_that_nears_stands_on_the_board_until_somebody_takes_note(fund: Fund) -> None:
    reference = near(fund)
    browser = supervisor(fund)
    assert "échéance légale proche" in browser.page("/supervision").text_content()
    page = browser.page("/supervision/alerts")
    assert [reference in row for row in texts(page, ROWS)] == [True]

    form = next(each for each in page.forms if each.method == "POST" and "alerts" in each.action)
    browser.client.post("/supervision/alerts", data=dict(form.form_values()))

    assert texts(browser.page("/supervision/alerts"), ROWS) == []
    assert "échéance légale proche" not in browser.page("/supervision").text_content()
    assert fund.rows(DeadlineAlert)[0].noted_by is not None


def test_once_passed_it_comes_again_and_another_region_neither_sees_nor_notes_it(
    fund: Fund,
) -> None:
    near(fund)
    due = fund.rows(DeadlineAlert)[0].due_at
    fund.now = due.replace(year=due.year + 1)
    sweep_deadlines(fund.tools, now=lambda: fund.now)
    alert = next(each for each in fund.rows(DeadlineAlert) if each.kind == "passed")
    stranger = supervisor(fund, "MA-04")

    page = stranger.page("/supervision/alerts")
    token = page.xpath("//input[@name='csrf_token']/@value")[0]
    stranger.client.post("/supervision/alerts", data={"csrf_token": token, "alert": str(alert.id)})

    assert texts(page, ROWS) == []
    assert next(e for e in fund.rows(DeadlineAlert) if e.id == alert.id).noted_at is None
    mine = supervisor(fund).get("/supervision/alerts").text
    assert len(html.fromstring(mine).xpath(ROWS)) == 1
