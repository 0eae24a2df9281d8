"""Rows written past the ORM arrive as they were given, and refusals are SQLAlchemy's."""

import gc
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.collecting import undisturbed
from medcontrol.copying import copy_rows, prepared
from medcontrol.db import transaction
from medcontrol.driver import ask
from medcontrol.ids import new_id
from medcontrol.journal import SYSTEM
from medcontrol.model import ControlFile, HumanTask, OutboxMessage
from tests.flow_world import World, make_world, raw
from workflows.gate.single import take_in_one
from workflows.steps import moving
from workflows.steps.locked import columns, locked, take_changes
from workflows.steps.writing import Gathered
from workflows.tools import Tools

AWKWARD = ["plain", "tab\there", "line\nend\r", "back\\slash \\N", "quote\" ' {a,b}", "é ع 🙂", ""]
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def message(text: str) -> dict[str, object]:
    return {
        "id": new_id(), "topic": "t", "key": f"key {text}", "payload": {"text": text, "n": None},
        "created_at": AT, "next_try_at": AT, "attempts": 0, "last_error": text or None,
    }  # fmt: skip


@pytest.mark.parametrize("way", ["copy", "insert"])
def test_awkward_text_arrives_as_it_was_given(db: Session, way: str) -> None:
    rows = [message(text) for text in AWKWARD]

    if way == "copy":
        copy_rows(db, OutboxMessage, rows)
    else:
        gathered = Gathered()
        for row in rows:
            gathered.add(OutboxMessage, row)
        gathered.write(db)

    found = db.exec(select(OutboxMessage).order_by(col(OutboxMessage.id))).all()
    assert [row.payload["text"] for row in found] == AWKWARD
    assert [row.last_error for row in found] == [text or None for text in AWKWARD]
    assert {row.created_at for row in found} == {AT}


def test_codes_of_an_array_arrive_as_they_were_given(db: Session) -> None:
    (text,) = prepared(HumanTask, ("signals",), {"signals": AWKWARD})

    found = db.execute(sa.text("SELECT CAST(:text AS varchar[])"), {"text": text}).scalar_one()

    assert found == AWKWARD


def test_work_announced_twice_is_published_once(db: Session) -> None:
    gathered = Gathered()
    gathered.add(OutboxMessage, message("same"))
    gathered.add(OutboxMessage, message("same"))

    gathered.write(db)

    assert db.execute(sa.text("SELECT count(*) FROM outbox_message")).scalar_one() == 1


def test_what_the_database_refuses_is_told_as_sqlalchemy_tells_it(db: Session) -> None:
    gathered = Gathered()
    gathered.add(OutboxMessage, message("x") | {"topic": None})

    with pytest.raises(sa.exc.IntegrityError):
        gathered.write(db)


def test_a_file_that_somebody_else_holds_is_refused_as_an_operational_error(
    committed: sa.Engine, tools: Tools
) -> None:
    with transaction() as session:
        make_world(session, tools)
    taken = take_in_one(tools, raw(), source_name="test", now=AT)
    with committed.begin() as holder, transaction() as session:
        file_id = holder.execute(
            sa.text("SELECT id FROM control_file WHERE reference = :name FOR UPDATE"),
            {"name": taken.reference},
        ).scalar_one()
        session.execute(sa.text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(sa.exc.OperationalError):
            moving.begin(session, tools, file_id, actor=SYSTEM, now=AT)
        session.rollback()

        holder.rollback()
        assert moving.begin(session, tools, file_id, actor=SYSTEM, now=AT).file.id == file_id


def test_a_locked_row_reads_like_its_model_and_remembers_what_changed(
    db: Session, tools: Tools
) -> None:
    world: World = make_world(db, tools)
    file = world.file(world.take())

    move = moving.begin(db, tools, file.id, actor=SYSTEM, now=AT)

    assert columns(move.file) == {name: getattr(file, name) for name in columns(move.file)}
    assert type(move.file.status) is type(file.status)
    move.file.version += 1
    assert take_changes(move.file) == {"version": file.version + 1}
    assert take_changes(move.file) == {}
    with pytest.raises(AttributeError):
        move.file.no_such_column = 1


def test_a_locked_row_that_lacks_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        locked(ControlFile, ["too few"])


def test_several_questions_are_answered_in_order(db: Session) -> None:
    assert ask(db, {"n": 3}, b"SELECT %(n)s + 1", b"SELECT %(n)s + 2") == [[(4,)], [(5,)]]


def test_the_collector_works_again_after_a_chunk_even_one_that_fails() -> None:
    was_on = []

    def fail() -> None:
        with undisturbed():
            was_on.append(gc.isenabled())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert was_on == [False]
    assert gc.isenabled()
