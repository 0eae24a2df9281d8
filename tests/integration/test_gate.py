"""The gate on the real database: what every line of a delivery becomes."""

import gzip
import io
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol.errors import AlreadyDone
from medcontrol.ids import new_id
from medcontrol.intake import UnreadableDelivery, read_lines
from medcontrol.model import (
    ControlFile,
    InboxMessage,
    QuarantinedMessage,
    ReceivedFile,
    SelectivityDecision,
)
from medcontrol.vocabulary import Lane, QuarantineReason, QuarantineStatus
from tests.factories import NOW
from tests.flow_world import message, raw
from tests.intake_examples import SAMPLE
from workflows.gate import messages
from workflows.gate.counts import BatchName, Counts
from workflows.gate.intake import take_in
from workflows.gate.single import replay, take_in_one
from workflows.tools import Tools


def take(tools: Tools, content: bytes, **options: int) -> Counts:
    lines = read_lines(io.BytesIO(content))
    return take_in(tools, lines, batch=BatchName(new_id(), "test"), now=lambda: NOW, **options)


def test_the_sample_day_and_its_second_run(db: Session, tools: Tools) -> None:
    content = SAMPLE.read_bytes()

    first, second = take(tools, content), take(tools, content, chunk_size=100)

    def figures(counts: Counts) -> tuple[int, ...]:
        return (
            counts.received, counts.accepted, counts.quarantined, counts.duplicates,
            counts.conflicts, counts.already_handled,
        )  # fmt: skip

    assert figures(first) == (513, 500, 8, 3, 2, 0)
    assert figures(second) == (513, 0, 8, 503, 2, 0)
    assert len(db.exec(select(QuarantinedMessage.id)).all()) == 10
    assert len(db.exec(select(ReceivedFile.id)).all()) == 500
    assert len(db.exec(select(SelectivityDecision.received_file_id)).all()) == 500
    opened = len(db.exec(select(ControlFile.id)).all())
    assert opened == first.opened == first.by_lane[Lane.ORANGE] + first.by_lane[Lane.RED]


def test_a_line_that_the_database_refuses_costs_one_file(
    db: Session, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"\n".join(raw(external_id=f"G-{number}") for number in range(9))
    honest = messages.received_row

    def spoil(accepted, *rest):  # type: ignore[no-untyped-def]
        row = honest(accepted, *rest)
        return row | {"agency_code": None} if accepted.external_id == "G-4" else row

    monkeypatch.setattr(messages, "received_row", spoil)

    counts = take(tools, content)

    assert (counts.received, counts.accepted, counts.quarantined) == (9, 8, 1)
    row = db.exec(select(QuarantinedMessage)).one()
    assert (row.line_no, row.errors[0]["code"]) == (5, "intake.failed")
    assert db.get(InboxMessage, ("test", "G-4")) is None


def test_what_precedes_a_damaged_end_is_taken_in(db: Session, tools: Tools) -> None:
    whole = gzip.compress(b"\n".join(raw(external_id=f"Z-{n}") for n in range(50)))

    with pytest.raises(UnreadableDelivery):
        take(tools, whole[:-40])

    assert len(db.exec(select(ReceivedFile.id)).all()) >= 1


def test_a_corrected_line_is_taken_in_and_its_old_bytes_are_handled(
    db: Session, tools: Tools
) -> None:
    faulty = raw(agency="NOWHERE-9")
    taken = take_in_one(tools, faulty, source_name="test", now=NOW)
    assert (taken.kind, [error.path for error in taken.errors]) == ("faulty", ["/agency"])
    assert taken.quarantine_id is not None

    still_wrong = replay(tools, taken.quarantine_id, faulty, by="test", now=NOW)
    fixed = replay(tools, taken.quarantine_id, raw(), by="test", now=NOW)
    again = take_in_one(tools, faulty, source_name="test", now=NOW)

    assert (still_wrong.kind, fixed.kind, again.kind) == ("faulty", "accepted", "already_handled")
    row = db.exec(select(QuarantinedMessage)).one()
    assert (row.status, row.received_file_id) == (
        QuarantineStatus.REPLAYED,
        fixed.received_file_id,
    )
    with pytest.raises(AlreadyDone):
        replay(tools, taken.quarantine_id, raw(), by="test", now=NOW)


def test_other_content_under_one_identity_is_a_conflict_and_the_first_stays(
    db: Session, tools: Tools
) -> None:
    first = take_in_one(tools, raw(), source_name="test", now=NOW)
    same = take_in_one(tools, b" " + raw(), source_name="test", now=NOW)
    other = take_in_one(tools, raw(nature="renewal"), source_name="test", now=NOW)

    assert (first.kind, same.kind, other.kind) == ("accepted", "duplicate", "conflict")
    assert same.received_file_id == first.received_file_id
    row = db.exec(select(QuarantinedMessage)).one()
    assert row.reason is QuarantineReason.CONFLICT
    assert db.exec(select(ReceivedFile.nature)).all() == ["first"]


def test_a_valid_line_after_a_quarantined_one_of_the_same_identity_is_accepted(
    db: Session, tools: Tools
) -> None:
    bad = take_in_one(tools, raw(flow="no_such_flow"), source_name="test", now=NOW)
    good = take_in_one(tools, raw(), source_name="test", now=NOW)

    assert (bad.kind, good.kind) == ("faulty", "accepted")


def test_nothing_medical_lies_in_the_clear_anywhere(db: Session, tools: Tools) -> None:
    secret = "Rechute sous traitement Zyklo"
    medical = message()["medical"] | {"summary": secret}
    take_in_one(tools, raw(medical=medical), source_name="test", now=NOW)
    take_in_one(
        tools, raw(medical=medical, external_id="W-2", agency="NOWHERE-9"), source_name="test",
        now=NOW,
    )  # fmt: skip

    assert list(_tables_with(db, secret.encode())) == []
    assert list(_tables_with(db, b"E11.9")) == []


def _tables_with(db: Session, needle: bytes) -> Iterator[str]:
    """Yield each table that holds a text somewhere, as text or as bytes."""
    names = db.execute(
        sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    ).scalars()
    for name in names.all():
        every = sa.text(f"SELECT to_json(t)::text FROM {name} t")  # noqa: S608 - a table of ours
        rows = db.execute(every).scalars()
        for row in rows:
            if needle.decode() in row or needle.hex() in row:
                yield str(name)


def test_a_days_quota_holds_over_chunks(db: Session, tools: Tools) -> None:
    take(tools, SAMPLE.read_bytes(), chunk_size=50)

    engine = tools.selectivity("ma", NOW.date())
    quotas = {row.id: row.daily_quota for row in engine.rules.rows if row.daily_quota}  # type: ignore[attr-defined]
    used = db.execute(sa.text("SELECT row_id, day, used FROM selectivity_quota")).all()
    assert all(row.used <= quotas[row.row_id] for row in used)
