"""An agency prints its letters together, sends them in one go, and hands out second copies."""

import hashlib
import io
from datetime import date, timedelta

import pytest
from pypdf import PdfReader
from sqlmodel import Session, col, select

from medcontrol import journal
from medcontrol.errors import Forbidden, InvalidInput, NotFound, Unavailable
from medcontrol.ids import new_id
from medcontrol.model import ControlFile, Letter, LetterBatch, OutboxMessage
from medcontrol.policy import Principal
from medcontrol.services.letters import send_letter
from medcontrol.vocabulary import LetterReceipt, LetterStatus, LetterWay, Role
from tests.factories import NOW, make_principal
from tests.flow_world import World, make_world
from tests.post_receiver import RecordingPost
from workflows.invariants import check_all
from workflows.letters import batches as batches
from workflows.letters import copies as copies
from workflows.letters.writing import Occasion, Sender, letter_rows
from workflows.tools import Tools

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


def letter_of(world: World, number: int = 1, **changes: object) -> Letter:
    """The acknowledgement of a new file."""
    file = world.file(world.take(external_id=f"L-{number}", **changes))
    return world.session.exec(select(Letter).where(Letter.control_file_id == file.id)).one()


def printed(world: World, *letters: Letter, by: Principal | None = None) -> LetterBatch:
    return batches.print_batch(
        world.session, world.tools, by or world.agent, unit="CASA-1",
        letter_ids=[each.id for each in letters], language="fr", now=LATER,
    )  # fmt: skip


def text_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def test_a_batch_is_one_pdf_with_the_list_first_and_the_letters_in_its_order(world: World) -> None:
    one, two = letter_of(world, 1), letter_of(world, 2)

    batch = printed(world, two, one)

    references = [world.session.get_one(ControlFile, each.control_file_id).reference
                  for each in (one, two)]  # fmt: skip
    pages = text_of(world.tools.documents.get(batch.pdf_sha256))
    assert batch.letters == 2
    assert all(reference in pages[0] for reference in references)
    assert batch.number in pages[0]
    assert [next(r for r in references if r in page) for page in pages[1:]] == references
    assert [one.batch_position, two.batch_position] == [1, 2]


def test_letters_of_a_batch_leave_by_no_other_way_and_are_sent_in_one_go(world: World) -> None:
    one, two = letter_of(world, 1), letter_of(world, 2)
    key = OutboxMessage.key == f"letter:{one.id}"
    message_id = world.session.exec(select(OutboxMessage.id).where(key)).one()
    post = RecordingPost()
    batch = printed(world, one, two)

    tried = send_letter(
        world.session, message_id, render=lambda *_: b"%PDF", documents=world.tools.documents,
        post=post, now=lambda: LATER,
    )  # fmt: skip
    batches.send_batch(world.session, world.agent, batch.id, references={}, now=LATER)

    assert (tried, post.keys) == (None, [])
    assert {each.status for each in (one, two)} == {LetterStatus.SENT}
    assert {each.carrier_reference for each in (one, two)} == {batch.number}
    with pytest.raises(batches.BatchSettled):
        batches.send_batch(world.session, world.agent, batch.id, references={}, now=LATER)
    assert journal.verify(world.session)[1] == []
    assert [each for each in check_all(now=lambda: LATER) if "letter" in each.code] == []


def test_a_letter_is_in_one_batch_and_free_again_when_the_batch_is_given_up(world: World) -> None:
    letter = letter_of(world)
    first = printed(world, letter)
    with pytest.raises(batches.LettersGone):
        printed(world, letter)

    batches.give_up_batch(world.session, world.agent, first.id, now=LATER)
    second = printed(world, letter)

    assert letter.batch_id == second.id
    assert second.number != first.number
    assert world.tools.documents.has(first.pdf_sha256)


def test_what_can_still_be_undone_or_is_another_unit_s_is_not_printed(world: World) -> None:
    decided = world.file(world.take())
    world.end(decided, "granted")
    fresh = world.session.exec(
        select(Letter).where(Letter.control_file_id == decided.id, Letter.code == "grant")
    ).one()
    stranger = make_principal(world.session, Role.AGENT, "RABAT-1")

    for unit, letter, agent in (
        ("CASA-1", fresh, world.agent), ("RABAT-1", letter_of(world, 2), stranger),
        ("CASA-1", letter_of(world, 3), stranger),
    ):  # fmt: skip
        with pytest.raises(batches.LettersGone):
            batches.print_batch(
                world.session, world.tools, agent, unit=unit, letter_ids=[letter.id],
                language="fr", now=NOW + timedelta(seconds=5),
            )  # fmt: skip
    with pytest.raises(batches.BatchEmpty):
        printed(world)
    with pytest.raises(batches.BatchTooLarge):
        batches.print_batch(
            world.session, world.tools, world.agent, unit="CASA-1", language="fr", now=NOW,
            letter_ids=[new_id() for _ in range(batches.MOST_LETTERS + 1)],
        )  # fmt: skip


def test_only_agents_of_its_unit_handle_a_batch(world: World) -> None:
    batch = printed(world, letter_of(world))
    stranger = make_principal(world.session, Role.AGENT, "RABAT-1")

    with pytest.raises(NotFound):
        batches.find_batch(world.session, stranger, batch.number)
    with pytest.raises(Forbidden):
        batches.send_batch(world.session, stranger, batch.id, references={}, now=LATER)
    assert batches.find_batch(world.session, world.agent, batch.number) == batch


def test_a_registered_letter_leaves_with_its_number_and_its_receipt_is_kept(world: World) -> None:
    letter = letter_of(world)
    letter.is_registered = True
    world.session.flush()
    batch = printed(world, letter)
    with pytest.raises(InvalidInput) as refusal:
        batches.send_batch(world.session, world.agent, batch.id, references={}, now=LATER)
    assert refusal.value.field == f"reference.{letter.id}"
    batches.send_batch(
        world.session, world.agent, batch.id, references={letter.id: "RR 123 MA"}, now=LATER
    )

    def receive(on: date) -> None:
        copies.note_receipt(
            world.session, world.agent, letter.control_file_id, letter.id,
            receipt=LetterReceipt.HANDED_OVER, on=on, now=NOW + timedelta(days=4),
        )  # fmt: skip

    for wrong in (date(2026, 11, 19), date(2026, 11, 25)):
        with pytest.raises(InvalidInput):
            receive(wrong)
    receive(date(2026, 11, 23))

    assert letter.carrier_reference == "RR 123 MA"
    assert (letter.receipt, letter.receipt_on) == (LetterReceipt.HANDED_OVER, date(2026, 11, 23))
    assert journal.verify(world.session)[1] == []


def test_a_copy_is_the_same_bytes_and_a_duplicate_says_that_it_is_one(world: World) -> None:
    letter = letter_of(world)
    with pytest.raises(copies.NotSentYet):
        copies.duplicate(
            world.session, world.tools, world.agent, letter.control_file_id, letter.id, now=LATER
        )
    batch = printed(world, letter)
    batches.send_batch(world.session, world.agent, batch.id, references={}, now=LATER)
    file = world.session.get_one(ControlFile, letter.control_file_id)

    again = copies.render_letter(world.tools, letter, file)
    second = copies.duplicate(
        world.session, world.tools, world.agent, file.id, letter.id, now=LATER
    )

    assert hashlib.sha256(again).hexdigest() == letter.pdf_sha256
    assert copies.letter_pdf(world.session, world.tools, letter) == again
    assert "DUPLICATA" in text_of(second)[0]
    assert "DUPLICATA" not in text_of(again)[0]
    assert letter.verification_code is not None
    code = letter.verification_code[:5]
    assert code in text_of(second)[0] and code in text_of(again)[0]  # noqa: PT018 - one thought


def rows_for(world: World, ways: object, **received: object) -> dict[str, object]:
    """The row of an acknowledgement for a person with these details."""
    taken = world.file(world.take(external_id=f"R-{new_id()}"))
    pack = world.tools.catalog.get(taken.pack, taken.flow)
    sender = Sender(fund="Caisse", unit_name="Anfa", undo_seconds=0, ways=ways)  # type: ignore[arg-type]
    person = {"given_name": "A", "family_name": "B", "language": "fr", "details": {}}
    letter, message = letter_rows(
        pack, "acknowledgement", file={**taken.model_dump(), "channel": "paper"},
        received={**person, **received}, sender=sender, occasion=Occasion(), number="x", now=NOW,
    )  # fmt: skip
    return letter | {"has_message": message is not None}


def test_who_prints_and_who_has_an_account_is_a_setting_and_the_person_s_choice(
    world: World,
) -> None:
    from workflows.letters.marks import LetterWays

    agreed = {"details": {"insured": {"digital_consent": True}}}
    found = [
        (row["way"], row["has_message"])
        for row in (
            rows_for(world, LetterWays()),
            rows_for(world, LetterWays(), **agreed),
            rows_for(world, LetterWays(has_accounts=True), **agreed),
            rows_for(world, LetterWays(has_accounts=True)),
            rows_for(world, LetterWays(printed_by="agency_for_paper")),
        )
    ]

    assert found == [
        (LetterWay.CARRIER, True), (LetterWay.CARRIER, True), (LetterWay.DIGITAL, True),
        (LetterWay.CARRIER, True), (LetterWay.AGENCY, False),
    ]  # fmt: skip


class RecordingAccounts:
    """A portal in this process; refuses the first letters."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.taken: list[tuple[str, str, bytes]] = []

    def deliver(self, letter, pdf, *, idempotency_key):  # type: ignore[no-untyped-def]
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("closed")
        self.taken.append((letter.registration_number, idempotency_key, pdf[:4]))
        return f"P-{letter.id}"


def test_a_digital_letter_goes_to_the_account_and_waits_while_the_portal_is_closed(
    world: World,
) -> None:
    letter = letter_of(world)
    letter.way = LetterWay.DIGITAL
    world.session.flush()
    key = OutboxMessage.key == f"letter:{letter.id}"
    message_id = world.session.exec(select(OutboxMessage.id).where(key)).one()
    portal, post = RecordingAccounts(refusals=1), RecordingPost()

    def send(accounts: RecordingAccounts | None) -> LetterStatus | None:
        with world.session.begin_nested():
            return send_letter(
                world.session, message_id, render=lambda *_: b"%PDF-1.7", post=post,
                documents=world.tools.documents, accounts=accounts, now=lambda: LATER,
            )  # fmt: skip

    for closed in (None, portal):
        with pytest.raises(Unavailable):
            send(closed)
    status = send(portal)

    file = world.session.get_one(ControlFile, letter.control_file_id)
    assert status is LetterStatus.SENT
    assert portal.taken == [(file.registration_number, f"letter:{letter.id}", b"%PDF")]
    assert (post.keys, letter.carrier_reference) == ([], f"P-{letter.id}")
    codes = world.session.exec(select(Letter.verification_code).order_by(col(Letter.id))).all()
    assert len(set(codes)) == len(codes)
