"""Why this doctor: in words to who has the file, with costs and obstacles to who steers."""

from datetime import timedelta

from medcontrol import db as database
from medcontrol.vocabulary import Role
from tests.factories import make_principal
from tests.pages.desk import Fund, texts
from tests.pages.people import hand_over, hire, log_in, supervisor

CARD = "//details[@id='why-doctor']"
LINK = f"{CARD}//a[contains(@href, '/why-doctor')]"


def test_the_doctor_reads_why_in_words_and_sees_no_colleague(fund: Fund) -> None:
    colleague = hire(fund)
    reference = fund.take()
    holder = fund.task(reference).assigned_doctor_id
    with database.transaction() as session:
        own = make_principal(session, Role.DOCTOR, "CASA-1", colleague)
    principal = own if holder == colleague.id else fund.world.by_doctor[fund.world.doctor.id]
    browser = fund.log_in(principal)

    page = browser.page(f"/files/{reference}")

    said = " ".join(texts(page, CARD))
    assert "Pourquoi moi ?" in said
    assert "Le mieux placé de ceux qui peuvent l’avoir." in said
    assert "dessert le lieu du dossier" in said
    assert not page.xpath(LINK)
    assert browser.get(f"/files/{reference}/why-doctor").status_code == 403


def test_a_supervisor_sees_costs_of_all_candidates_and_how_many_may_not(fund: Fund) -> None:
    colleague = hire(fund)
    hire(fund, flows=("ambulatory",))
    reference = fund.take()
    browser = supervisor(fund)

    page = browser.page(browser.page(f"/files/{reference}").xpath(LINK)[0].get("href"))

    assert len(texts(page, "//section[@aria-labelledby='then-1']//tbody/tr")) >= 2
    now = texts(page, "//section[@aria-labelledby='now-1']//tbody/tr/th")
    assert any(colleague.name in each for each in now)
    assert sum("a le dossier" in each for each in now) == 1
    sums = texts(page, "//section[@aria-labelledby='now-1']//tbody/tr/td[last()]")
    assert sums == sorted(sums, key=lambda text: float(text.replace(",", ".")))
    out = texts(page, "//section[@aria-labelledby='out-1']//tbody/tr")
    assert any(each.startswith("Pas compétent pour ce type de dossier") for each in out)


def test_what_a_person_chose_is_said_so_and_an_agent_learns_nothing(fund: Fund) -> None:
    reference = fund.take()
    chosen = hire(fund)
    with database.transaction() as session:
        own = make_principal(session, Role.DOCTOR, "CASA-1", chosen)
    hand_over(fund, supervisor(fund), reference, chosen, "workload")

    said = " ".join(texts(fund.log_in(own).page(f"/files/{reference}"), CARD))
    agent = log_in(fund, Role.AGENT)

    assert "Choisi par une personne" in said
    assert "dessert le lieu" not in said, "no terms decided"
    assert not agent.page(f"/files/{reference}").xpath(CARD)
    assert agent.get(f"/files/{reference}/why-doctor").status_code == 403


def test_a_move_shows_no_zeros_and_taken_back_the_reason_of_the_beginning(fund: Fund) -> None:
    reference = fund.take()
    other, browser = hire(fund), supervisor(fund)
    why = f"/files/{reference}/why-doctor"
    before = texts(browser.page(why), "//section[@aria-labelledby='then-1']//tbody")
    batch = hand_over(fund, browser, reference, other, "workload")

    moved = browser.page(why)
    fund.now += timedelta(minutes=5)
    browser.send(browser.page(batch.headers["location"]), "/undo")
    back, card = browser.page(why), " ".join(texts(browser.page(f"/files/{reference}"), CARD))

    assert "Choisi par une personne" in moved.text_content()
    assert not moved.xpath("//section[@aria-labelledby='then-1']"), "nobody compared costs"
    assert moved.xpath("//section[@aria-labelledby='now-1']")
    assert texts(back, "//section[@aria-labelledby='then-1']//tbody") == before
    for said in (" ".join(back.text_content().split()), card):
        assert "Réaffectation annulée le" in said
        assert "motif d’origine" in said
        assert "Le mieux placé de ceux qui peuvent l’avoir." in said
        assert "Choisi par une personne" not in said
