"""Views of lists: private, of a unit, of a role; counted, and what the list opens with."""

from typing import Any

from medcontrol import db as database
from medcontrol.policy import Principal
from medcontrol.queries.saved_views import COUNT_LIMIT
from medcontrol.queries.worklist import QueueFilters
from medcontrol.queries.worklist_loading import count_each
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import Role
from tests.factories import NOW, make_control_file, make_doctor, make_principal, make_task
from tests.pages.desk import AMBULATORY, Browser, Fund, texts
from tests.pages.people import administrator, log_in, supervisor

OWN = "//section[@aria-labelledby='own-views-title']"
SHARED = "//section[@aria-labelledby='shared-views-title']"


def own_views(page: Any) -> list[str]:
    return texts(page, f"{OWN}//span[@class='nav-text']")


def shared_views(page: Any) -> list[str]:
    return texts(page, f"{SHARED}//span[@class='nav-text']/bdi")


def save(browser: Browser, address: str, **values: str) -> Any:
    return browser.send(browser.page(address), "/views", **values)


def heads(page: Any) -> list[str]:
    return texts(page, "//thead//th[@scope='col']")


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


def test_a_chief_shares_a_view_and_everyone_of_the_unit_finds_it_with_its_maker(
    fund: Fund,
) -> None:
    fund.take()
    fund.take(external_id="W-2", **AMBULATORY)
    chief, doctor = fund.regional(), fund.doctor()

    chief.send(
        chief.page("/queue?flow=ambulatory"), "/views", name="Soins de la région", unit="MA-06",
        address=f"?flow=ambulatory&doctor={fund.world.doctor.id}&after=x", is_default="1",
    )  # fmt: skip
    page = doctor.page("/queue")

    # What it lists, and how many, is each reader's own; nobody else's queue goes along.
    assert shared_views(page) == ["Soins de la région"]
    maker = fund.world.by_doctor[fund.world.regional.id].name
    assert maker in texts(page, f"{SHARED}//span[@class='nav-sub']")[0]
    assert page.xpath(f"{SHARED}//a/@href") == ["/queue?flow=ambulatory"]
    assert texts(page, f"{SHARED}//bdi[@class='nav-count']") == ["1"]
    assert texts(chief.page("/queue"), f"{SHARED}//bdi[@class='nav-count']") == ["0"]
    assert shared_views(log_in(fund, Role.AGENT, "RABAT-1").page("/queue")) == []
    # It opens first for who said so, and for nobody else; a reader may choose it, not remove it.
    assert chief.get("/queue").headers["location"] == "/queue?flow=ambulatory"
    assert doctor.get("/queue").status_code == 200
    page = doctor.page("/queue?flow=ambulatory")
    assert page.xpath("//form[contains(@action, '/remove')]") == []
    doctor.send(page, "/default")
    assert doctor.get("/queue").headers["location"] == "/queue?flow=ambulatory"
    # Another chief of the unit takes it away for everyone, whoever opened their list with it.
    other = supervisor(fund)
    save(other, "/queue?tab=todo", name="X", unit="CASA-1")
    other.send(other.page("/queue?flow=ambulatory"), "/remove")
    assert shared_views(doctor.page("/queue?tab=todo")) == ["X"]
    assert doctor.get("/queue").status_code == 200


def test_only_chiefs_share_and_only_with_their_units(fund: Fund) -> None:
    doctor, chief = fund.doctor(), fund.regional()

    assert doctor.page("/queue").xpath("//select[@name='unit']") == []
    assert save(doctor, "/queue?flow=ald", name="ALD", unit="CASA-1").status_code == 403
    assert save(chief, "/queue?flow=ald", name="ALD", unit="RABAT-1").status_code == 403
    assert save(chief, "/queue?flow=ald", name="ALD", unit="CASA-1").status_code == 303


def test_an_administrator_sets_what_a_list_opens_with_for_a_role(fund: Fund) -> None:
    chief, doctor, admin = fund.regional(), fund.doctor(), administrator(fund)
    save(chief, "/queue?sort=lane&columns=due&columns=lane", name="Par circuit", unit="MA-06")
    wanted = "/queue?sort=lane&columns=due&columns=lane"

    def choose(view: str) -> Any:
        token = admin.page("/views/roles").xpath("//input[@name='csrf_token']/@value")[0]
        data = {"csrf_token": token, "path": "/queue", "role": "doctor", "view": view}
        return admin.client.post("/views/roles", data=data)

    page = admin.page("/views/roles")
    (shared,) = set(page.xpath("//select[@name='view']/option[@value != '']/@value"))
    assert choose(shared).status_code == 303

    # Everyone of the role, and nobody else; the unit's view may go, the role's stays.
    assert doctor.get("/queue").headers["location"] == wanted
    assert chief.get("/queue").status_code == 200
    chief.send(chief.page(wanted), "/remove")
    assert doctor.get("/queue").headers["location"] == wanted
    # Somebody may prefer the plain list, or a view of their own.
    doctor.send(doctor.page("/queue"), "/default")
    assert doctor.get("/queue").status_code == 200
    save(doctor, "/queue?flow=ald", name="ALD", is_default="1")
    assert doctor.get("/queue").headers["location"] == "/queue?flow=ald"
    doctor.send(doctor.page("/queue"), "/default")
    assert doctor.get("/queue").headers["location"] == wanted

    assert choose("").status_code == 303
    assert doctor.get("/queue").status_code == 200
    assert choose("garbage").status_code == 422
    assert doctor.get("/views/roles").status_code == 403


def test_columns_are_chosen_in_the_address_and_never_one_that_is_not_the_readers(
    fund: Fund,
) -> None:
    reference = fund.take(external_id="W-2", **AMBULATORY)
    address = "/queue?columns=amount&columns=unit&columns=points&columns=hands&columns=score"
    doctor, chief = fund.doctor(), fund.regional()

    page, seen = doctor.page(address), chief.page(address + "&tab=team")

    assert heads(page) == ["Dossier", "Unité", "Montant"]
    of_chiefs = ["Minutes de travail", "Entre les mains de"]
    assert heads(seen) == ["Dossier", "Unité", "Montant", *of_chiefs]
    assert texts(page, "//tr[@data-row]/*")[1:] == [reference, "Casablanca 1", "450,00 MAD"]
    assert page.xpath("//input[@type='checkbox' and @value='points']") == []
    # The choice goes along with order, filters and pages.
    assert all("columns=amount" in each for each in page.xpath("//thead//a/@href"))
    carried = "//form[.//input[@name='urgent']]//input[@name='columns']/@value"
    assert set(page.xpath(carried)) == {"amount", "unit", "points", "hands"}


def test_the_list_of_open_files_has_views_and_columns_of_its_own(fund: Fund) -> None:
    fund.take(external_id="W-2", **AMBULATORY)
    chief = supervisor(fund)
    wanted = "/supervision/tasks?flow=ambulatory&columns=due&columns=points"

    save(chief, wanted, name="Minutes", is_default="1")
    opened = chief.get("/supervision/tasks")
    page = chief.page("/supervision/tasks")

    assert opened.headers["location"] == wanted
    assert heads(page) == ["Échéance", "Dossier", "Minutes de travail"]
    assert texts(page, f"{OWN}//bdi[@class='nav-count']") == ["1"]
    everything = chief.page("/supervision/tasks?state=all")
    assert "Entre les mains de" in heads(everything)


def test_counts_beside_views_stop_early_whatever_there_is(fund: Fund) -> None:
    with database.transaction() as session:
        doctor = make_doctor(session, unit_code="CASA-1")
        reader: Principal = make_principal(session, Role.SUPERVISOR, "MA-06")
        file = make_control_file(session, assigned_doctor_id=doctor.id)
        for _ in range(COUNT_LIMIT + 6):
            make_task(session, file, assigned_doctor_id=doctor.id)
        views = [QueueFilters(doctor=doctor.id), QueueFilters(doctor=doctor.id, urgent=True)]
        counts = count_each(
            session, reader, views, now=NOW, calendar=working_calendar(session, "ma")
        )

    assert counts == [COUNT_LIMIT + 1, 0]
