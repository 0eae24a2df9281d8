"""Days of the journal and of the access log, signed: what was signed can't be made otherwise."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol import journal
from medcontrol.crypto import KeyRing
from medcontrol.errors import InvalidInput
from medcontrol.ids import new_id
from medcontrol.model import AccessLog, ControlFile, JournalEntry
from medcontrol.services import schedule
from medcontrol.services.digests import (
    JOB,
    all_days,
    as_line,
    public_key,
    read_kept,
    sign_days,
    verify_days,
)
from tests.factories import make_control_file

FIRST = datetime(2026, 11, 17, 10, tzinfo=UTC)
DAY = timedelta(days=1)
ENTRIES = "journal entries differ from what was signed"
READINGS = "the access log differs from what was signed"
UNCHAINED = "does not follow the day before"


def happened(db: Session, at: datetime) -> ControlFile:
    """A file with two entries, read once."""
    file = make_control_file(db)
    for action in ("file.opened", "opinion.recorded"):
        journal.record(db, file.id, action, {"step": "x"}, actor=journal.SYSTEM, now=at)
    reading = {"id": new_id(), "at": at, "user_id": new_id(), "control_file_id": file.id}
    db.execute(sa.insert(AccessLog).values(**reading, what="all", purpose="file"))
    return file


@pytest.fixture
def signed(db: Session, keys: KeyRing) -> list[ControlFile]:
    """Three days with a file each, and one on the morning on which they are signed."""
    files = [happened(db, FIRST + n * DAY) for n in range(3)]
    sign_days(db, keys, "ma", now=FIRST + DAY)
    happened(db, FIRST + 3 * DAY)
    sign_days(db, keys, "ma", now=FIRST + 3 * DAY)
    return files


def test_each_day_that_is_over_is_signed_once_and_missed_ones_are_caught_up(
    db: Session, keys: KeyRing, signed: list[ControlFile]
) -> None:
    assert sign_days(db, keys, "ma", now=FIRST + 3 * DAY) == []

    days = all_days(db)
    assert [(each.number, each.day.day, each.entries, each.readings) for each in days] == [
        (1, 17, 2, 1), (2, 18, 2, 1), (3, 19, 2, 1),
    ]  # fmt: skip
    checked = verify_days(db, public_key(keys))
    assert (checked.days, checked.signed_until, checked.faults) == (3, days[-1].until, ())


def test_a_day_is_not_signed_while_what_began_in_it_may_still_end(
    db: Session, keys: KeyRing
) -> None:
    midnight = datetime(2026, 11, 18, 0, tzinfo=UTC) - timedelta(hours=1)  # Casablanca: UTC+1
    assert [
        each.day.day for each in sign_days(db, keys, "ma", now=midnight + timedelta(minutes=59))
    ] == [16]
    assert [
        each.day.day for each in sign_days(db, keys, "ma", now=midnight + timedelta(minutes=60))
    ] == [17]


def test_a_journal_written_anew_with_its_chain_is_found_by_the_signature(
    db: Session, keys: KeyRing, signed: list[ControlFile]
) -> None:
    """Whoever can write the table can also write the hashes; not the signature."""
    file = signed[1]
    rows = db.exec(select(JournalEntry).where(JournalEntry.control_file_id == file.id)).all()
    head = b""
    for row in sorted(rows, key=lambda each: each.number):
        facts = journal.chain(
            [journal.Entry(file.id, row.action, {"step": "y"})],
            actor=journal.SYSTEM, now=row.at, length=row.number - 1, head=head,
        )[0][0]  # fmt: skip
        row.facts, row.hash, head = facts["facts"], facts["hash"], facts["hash"]
    file.journal_head = head
    db.flush()

    assert journal.verify(db)[1] == []
    faults = verify_days(db, public_key(keys)).faults
    assert [(each.number, each.fault) for each in faults] == [(2, ENTRIES)]


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ("DELETE FROM access_log WHERE at < '2026-11-18'", {(1, READINGS)}),
        ("UPDATE access_log SET user_id = id WHERE at < '2026-11-18'", {(1, READINGS)}),
        ("UPDATE journal_digest SET entries = 3 WHERE number = 2",
         {(2, "wrong signature"), (2, ENTRIES), (3, UNCHAINED)}),
        ("DELETE FROM journal_digest WHERE number = 1",
         {(1, "is missing"), (2, UNCHAINED), (2, ENTRIES), (2, READINGS)}),
        ("DELETE FROM journal_digest WHERE number = 3", {(3, "is missing")}),
    ],
)  # fmt: skip
def test_a_change_of_what_was_signed_names_its_day(
    db: Session, keys: KeyRing, signed: list[ControlFile], change: str, faults: set[tuple[int, str]]
) -> None:
    schedule.note_run(db, JOB, {"signed": 1, "last": 3}, now=FIRST + 3 * DAY)
    db.execute(sa.text(change))
    db.expire_all()

    found = verify_days(db, public_key(keys)).faults

    assert {(each.number, each.fault) for each in found} == faults


def test_days_signed_again_with_the_right_key_differ_from_the_copies_kept(
    db: Session, keys: KeyRing, signed: list[ControlFile]
) -> None:
    copies = b"\n".join(orjson.dumps(as_line(each)) for each in all_days(db))
    assert verify_days(db, public_key(keys), kept=read_kept(copies)).faults == ()
    db.execute(sa.text("DELETE FROM journal_digest"))
    db.execute(sa.text("DELETE FROM access_log"))
    db.expire_all()
    sign_days(db, keys, "ma", now=FIRST + 2 * DAY)

    assert verify_days(db, public_key(keys)).faults == ()
    found = verify_days(db, public_key(keys), kept=read_kept(copies)).faults
    assert [(each.number, each.fault) for each in found] == [
        (2, "is missing"), (3, "is missing"), (1, "differs from the copy that was kept"),
    ]  # fmt: skip


def test_another_installations_key_signs_nothing_here(
    db: Session, keys: KeyRing, signed: list[ControlFile]
) -> None:
    found = verify_days(db, public_key(KeyRing.in_memory())).faults

    assert {each.fault for each in found} == {"wrong signature"}


@pytest.mark.parametrize("line", [b"{}", b"x", b'{"signed":"{}","signature":""}', b"[]"])
def test_a_copy_that_is_none_is_refused_by_its_line(line: bytes) -> None:
    with pytest.raises(InvalidInput, match="line 1"):
        read_kept(line)
