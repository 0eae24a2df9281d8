"""What a file's page says of its past: days it waited, why it woke, drafts of colleagues."""

from datetime import date, timedelta
from uuid import UUID

from sqlmodel import Session

from medcontrol import db as database
from medcontrol.queries.file_past import waited_days
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import DocumentClass, Role
from tests.factories import NOW, make_principal
from tests.flow_world import World, make_world
from tests.pages.desk import Fund, form_of, texts
from tests.pages.people import hand_over, hire, supervisor
from workflows.commands import NewDocument, PieceAsked, add_documents, hold
from workflows.steps.holding import wake
from workflows.tools import Tools

PAPER = NewDocument(
    kind="exams", title="Bilan", content=b"%PDF-1.4", document_class=DocumentClass.MEDICAL
)


def days_of(world: World, file_id: UUID) -> int:
    calendar = working_calendar(world.session, "ma")
    return waited_days(world.session, file_id, now=world.now, calendar=calendar)


def put_aside(world: World, task_id: UUID, until: date) -> None:
    hold(
        world.session, world.tools, task_id, until=until, reason="waiting_for_opinion",
        expected_version=None, principal=world.by_doctor[world.doctor.id], now=world.now,
    )  # fmt: skip


def test_days_of_waiting_add_up_and_no_day_counts_twice(db: Session, tools: Tools) -> None:
    world = make_world(db, tools)
    file = world.file(world.take())
    task = world.task(file)
    assert days_of(world, file.id) == 0

    put_aside(world, task.id, NOW.date() + timedelta(days=10))
    world.now = NOW + timedelta(days=4)
    assert days_of(world, file.id) == 4, "it still waits"
    wake(db, tools, task.id, principal=None, now=world.now)
    put_aside(world, task.id, NOW.date() + timedelta(days=6))
    world.now = NOW + timedelta(days=30)
    assert days_of(world, file.id) == 6, "until the chosen day, not until it was looked at"

    wake(db, tools, task.id, principal=None, now=world.now)
    world.end(file, "ask_completion", pieces=(PieceAsked(kind="exams"),))
    world.now += timedelta(days=3)
    add_documents(db, tools, file.id, [PAPER], by=world.agent, now=world.now)
    world.now += timedelta(days=5)
    assert days_of(world, file.id) == 9


def test_a_document_wakes_a_held_file_and_the_badge_says_so(fund: Fund) -> None:
    reference = fund.take()
    task = fund.task(reference)
    with database.transaction() as session:
        hold(
            session, fund.tools, task.id, until=fund.now.date() + timedelta(days=9),
            reason="waiting_for_opinion", expected_version=None,
            principal=fund.world.by_doctor[fund.world.doctor.id], now=fund.now,
        )  # fmt: skip
    fund.now += timedelta(days=2)
    with database.transaction() as session:
        add_documents(
            session, fund.tools, task.control_file_id, [PAPER], by=fund.world.agent, now=fund.now
        )
    browser = fund.doctor()

    back = browser.page("/queue?tab=back")
    page = browser.page(f"/files/{reference}")

    assert "Réveil : pièce reçue" in " ".join(texts(back, "//tr[@data-row]"))
    assert "a attendu 2 jours" in " ".join(texts(page, "//header[@class='file-head']"))


def test_who_takes_over_learns_of_a_draft_and_not_what_is_in_it(fund: Fund) -> None:
    reference = fund.take()
    first = fund.doctor()
    page = first.page(f"/files/{reference}")
    form_of(page, "/opinion").action = f"/files/{reference}/draft"
    first.send(page, "/draft", reasoning="Brouillon secret")
    chosen = hire(fund)
    with database.transaction() as session:
        own = make_principal(session, Role.DOCTOR, "CASA-1", chosen)
    hand_over(fund, supervisor(fund), reference, chosen, "absence")

    seen = fund.log_in(own).page(f"/files/{reference}")

    author = fund.world.by_doctor[fund.world.doctor.id].name
    assert f"Brouillon de {author}" in " ".join(texts(seen, "//form[@id='decide']"))
    assert "Brouillon secret" not in seen.text_content()
    assert seen.xpath("//textarea[@id='reasoning']")[0].text in (None, "", "\n")
