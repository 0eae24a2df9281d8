"""Views of lists that somebody keeps: private, counted, and what the list opens with."""

from typing import Any

from tests.pages.desk import AMBULATORY, Browser, Fund, texts

OWN = "//section[@aria-labelledby='own-views-title']"


def own_views(page: Any) -> list[str]:
    return texts(page, f"{OWN}//span[@class='nav-text']")


def save(browser: Browser, address: str, **values: str) -> Any:
    return browser.send(browser.page(address), "/views", **values)


def test_a_view_is_found_again_with_its_count_and_only_by_who_saved_it(fund: Fund) -> None:
    fund.take()
    fund.take(external_id="W-2", **AMBULATORY)
    browser = fund.doctor()

    saved = save(browser, "/queue?flow=ambulatory", name="  Soins   courants ")
    page = browser.page(saved.headers["location"])

    assert saved.headers["location"] == "/queue?flow=ambulatory"
    assert own_views(page) == ["Soins courants"]
    assert texts(page, f"{OWN}//bdi[@class='nav-count']") == ["1"]
    assert own_views(fund.regional().page("/queue")) == []


def test_the_list_opens_with_the_default_view_and_everything_stays_one_click_away(
    fund: Fund,
) -> None:
    fund.take()
    browser = fund.doctor()
    save(browser, "/queue?tab=todo&urgent=1", name="Urgents", is_default="1")
    save(browser, "/queue?flow=ambulatory", name="Courants", is_default="1")

    assert browser.get("/queue").headers["location"] == "/queue?flow=ambulatory"
    assert len(browser.page("/queue?tab=todo").xpath("//tr[@data-row]")) == 1

    browser.send(browser.page("/queue"), "/remove")
    assert browser.get("/queue").status_code == 200
    assert own_views(browser.page("/queue")) == ["Urgents"]


def test_a_view_of_somebody_else_or_of_no_list_is_refused(fund: Fund) -> None:
    browser, other = fund.doctor(), fund.regional()
    save(browser, "/queue?flow=ald", name="ALD")
    action = browser.page("/queue?flow=ald").xpath(
        "//form[contains(@action, '/views/') and contains(@action, '/remove')]/@action"
    )[0]
    token = other.page("/queue").xpath("//input[@name='csrf_token']/@value")[0]

    assert other.client.post(action, data={"csrf_token": token}).status_code == 404
    assert save(browser, "/queue?flow=dental", name="X", path="/users").status_code == 422
    assert save(browser, "/queue?flow=dental", name="   ").status_code == 422
