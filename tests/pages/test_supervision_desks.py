"""Absences, fairness, statements and levers over HTTP."""

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol import db as database
from medcontrol.model import Absence, HumanTask
from medcontrol.vocabulary import AbsenceStatus, DoctorKind, Role, TaskStatus
from tests.pages.desk import Fund, texts
from tests.pages.people import hire, log_in, supervisor


def test_leave_is_entered_handed_over_and_taken_back(fund: Fund) -> None:
    file = fund.take()
    with database.transaction() as session:
        session.get_one(HumanTask, fund.task(file).id).due_at = fund.now + timedelta(days=2)
    away, other = fund.world.doctor, hire(fund)
    browser = supervisor(fund)
    today = fund.now.date()
    page = browser.page("/supervision/absences")
    days = {"first_day": today.isoformat(), "last_day": (today + timedelta(days=4)).isoformat()}

    entered = browser.send(page, "/absences", doctor=str(away.id), reason="sick", **days)
    alert = texts(browser.page("/supervision"), "//section[@aria-labelledby='alerts-title']//li")
    page = browser.page(entered.headers["location"])
    proposed = texts(page, "//section[@aria-labelledby='proposed-title']//tbody/tr/th")
    task = fund.task(file)
    done = browser.send(page, "/handover", **{f"to-{task.id}": str(other.id)})
    [absence] = fund.rows(Absence)
    browser.send(page, "/cancel")

    assert any(away.name in each and "Congé sans relais" in each for each in alert)
    assert proposed == [file]
    assert "/supervision/reassignments/" in done.headers["location"]
    assert fund.task(file).assigned_doctor_id == other.id
    assert absence.status is AbsenceStatus.HANDED_OVER
    assert fund.rows(Absence) == []


def test_an_absence_that_makes_no_sense_is_said_at_its_field(fund: Fund) -> None:
    browser = supervisor(fund)
    page = browser.page("/supervision/absences")

    empty = browser.send(page, "/absences", doctor="", reason="sick")
    values = {"doctor": str(fund.world.doctor.id), "reason": "sick"}
    wrong = browser.send(page, "/absences", first_day="2026-11-20", last_day="2026-11-19", **values)
    far = supervisor(fund, "MA-04")
    theirs = far.send(far.page("/supervision/absences"), "/absences", first_day="2026-11-20",
                      last_day="2026-11-20", **values)  # fmt: skip

    assert [each.status_code for each in (empty, wrong, theirs)] == [422] * 3
    assert 'href="#first_day"' in empty.text
    assert 'href="#last_day"' in wrong.text
    assert fund.rows(Absence) == []


def test_a_doctor_moves_and_ends_their_own_leave_and_nobody_elses(fund: Fund) -> None:
    browser = fund.doctor()
    page = browser.page("/me")
    values = {"first_day": "2026-11-23", "last_day": "2026-11-27", "reason": "leave"}
    browser.send(page, "/me/absences", **values)
    twice = browser.send(page, "/me/absences", **values)
    [absence] = fund.rows(Absence)
    page = browser.page("/me")

    browser.send(page, "/change", last_day="2026-11-24")
    [shorter] = fund.rows(Absence)
    regional = fund.regional()
    token = regional.page("/me").xpath("//input[@name='csrf_token']/@value")[0]
    stolen = regional.client.post(f"/me/absences/{absence.id}/cancel", data={"csrf_token": token})
    browser.send(page, "/cancel")

    assert twice.status_code == 422
    assert shorter.last_day.isoformat() == "2026-11-24"
    assert stolen.status_code == 404
    assert fund.rows(Absence) == []


def finish(session: Session, fund: Fund, reference: str) -> None:
    task = session.get_one(HumanTask, fund.task(reference).id)
    task.status, task.done_at = TaskStatus.DONE, fund.now
    task.done_by_doctor_id = fund.world.doctor.id


def test_a_contracted_doctor_is_owed_a_fee_a_step_and_the_paper_has_nothing_medical(
    fund: Fund,
) -> None:
    first, second = fund.take(), fund.take(external_id="W-2")
    with database.transaction() as session:
        session.merge(fund.world.doctor).kind = DoctorKind.CONTRACTED
        finish(session, fund, first)
        finish(session, fund, second)
    browser = supervisor(fund)
    address = f"/supervision/statements/{fund.world.doctor.id}/2026-11"

    listed = texts(browser.page("/supervision/statements?month=2026-11"), "//tbody//td")
    lines = browser.get(f"{address}/statement.csv").content.decode("utf-8-sig").splitlines()
    paper = browser.get(f"{address}/statement.pdf")

    assert listed[-1].replace("\u202f", " ").replace("\xa0", " ") == "120,00 MAD"
    assert {first, second} == {line.split(",")[1] for line in lines[1:]}
    assert [line.split(",")[-1] for line in lines[1:]] == ["60.00"] * 2
    assert "Alami" not in "".join(lines)
    assert (paper.status_code, paper.content[:5]) == (200, b"%PDF-")
    assert browser.get(f"/supervision/statements/{fund.world.doctor.id}/2026-10").is_success
    assert browser.get("/supervision/statements?month=november").status_code == 422
    assert supervisor(fund, "MA-04").get(address).status_code == 404
    salaried = f"/supervision/statements/{fund.world.regional.id}/2026-11"
    assert browser.get(salaried).status_code == 404


def test_fairness_counts_what_was_given_against_the_weeks_capacity(fund: Fund) -> None:
    points = fund.task(fund.take()).points
    page = supervisor(fund).page("/supervision/fairness?weeks=10")

    row = texts(page, f"//tr[th/a[contains(@href, '{fund.world.doctor.id}')]]/td")

    assert len(row) == 10 + 3
    # Four days: the feast of independence is on the Wednesday.
    assert row[9] == f"{round(points * 100 / (480 * 4))} %"
    assert row[-2] == "1"


def test_a_lever_is_tried_then_set_with_a_reason_and_restored(fund: Fund) -> None:
    browser = log_in(fund, Role.SUPERVISOR, "MA-CENTRAL")
    tried = browser.page("/supervision/levers/load?value=40")

    silent = browser.send(tried, "/levers/load/set")
    done = browser.send(tried, "/levers/load/set", why="Distances trop longues")
    page = browser.page(done.headers["location"])
    again = browser.page("/supervision/levers/load?value=60")
    browser.send(again, "/levers/load/set", why="Trop loin")
    restore = browser.page("/supervision/levers/load").xpath("//a[contains(., 'Rétablir')]/@href")

    assert texts(tried, "//section[@aria-labelledby='effect-title']//tbody/tr/th")
    assert silent.status_code == 422
    assert "Distances trop longues" in page.text_content()
    assert [address.rsplit("=", 1)[1] for address in restore] == ["40.0"]
    for value in ("0", "9999", "nan", "x"):
        assert browser.get(f"/supervision/levers/load?value={value}").status_code == 422
    assert browser.get("/supervision/levers/nothing").status_code == 404


def test_levers_are_set_at_the_central_level_only(fund: Fund) -> None:
    browser = supervisor(fund)
    page = browser.page("/supervision/levers/load?value=40")
    token = browser.page("/supervision/absences").xpath("//input[@name='csrf_token']/@value")[0]

    answer = browser.client.post(
        "/supervision/levers/load/set", data={"csrf_token": token, "value": "40", "why": "x"}
    )

    assert answer.status_code == 403
    assert not page.xpath("//form[@method='post' and contains(@action, '/levers/')]")


def test_uneven_loads_are_seen_evened_out_in_one_click_and_taken_back(fund: Fund) -> None:
    files = [fund.take(external_id=f"E-{n}") for n in range(3)]
    busy = fund.world.doctor
    hire(fund)
    with database.transaction() as session:  # long files, given by the engine
        for file in files:
            session.get_one(HumanTask, fund.task(file).id).points = 300
        session.execute(
            sa.text("UPDATE assignment SET mode = 'automatic', points = 300 WHERE ended_at IS NULL")
        )
        session.execute(
            sa.text("UPDATE doctor_load SET open_points = 900 WHERE doctor_id = :id"),
            {"id": busy.id},
        )
    browser = supervisor(fund)

    page = browser.page("/supervision/balance")
    proposed = texts(page, "//section[@aria-labelledby='moves-title']//tbody/tr/th")
    refused = log_in(fund, Role.AGENT).get("/supervision/balance").status_code
    ticked = page.xpath("//input[@name='task']/@value")
    done = browser.send(page, "/balance/accept", task=ticked)
    moved = [fund.task(file).assigned_doctor_id for file in files]
    after = texts(browser.page("/supervision/balance"), "//main")[0]
    browser.send(browser.page(done.headers["location"]), "/undo")

    assert {*proposed} == {file for file, who in zip(files, moved, strict=True) if who != busy.id}
    assert 1 <= len(proposed) < 3
    assert refused == 403
    assert "assez égales" in after
    assert {fund.task(file).assigned_doctor_id for file in files} == {busy.id}
