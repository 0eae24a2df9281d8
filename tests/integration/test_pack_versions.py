"""Running files move to a new version of their pack, and back, without anybody losing work."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from sqlmodel import Session, select

from medcontrol import journal
from medcontrol.errors import AlreadyDone, InvalidInput
from medcontrol.model import Deadline, FlowInstance, HumanTask, JournalEntry, PackMigrationFile
from medcontrol.vocabulary import (
    ActorKind,
    ControlFileStatus,
    DeadlineStatus,
    DocumentClass,
    PackMigrationResult,
    PackMigrationStatus,
    TaskStatus,
)
from tests.factories import NOW
from tests.flow_world import World, make_world
from workflows.commands import NewDocument, PieceAsked, add_documents, fire_deadline
from workflows.definition.catalog import PACKS, Catalog
from workflows.tools import Tools
from workflows.versions import jobs as version_jobs
from workflows.versions import transplant

ADMIN = journal.Actor(ActorKind.SYSTEM, "tests")


def edit(root: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the second version's ``pack.yaml``."""
    path = root / "ma/ald/2/pack.yaml"
    pack = yaml.safe_load(path.read_text("utf-8"))
    change(pack)
    path.write_text(yaml.safe_dump(pack, allow_unicode=True), "utf-8")


@pytest.fixture
def two(tmp_path: Path, tools: Tools) -> Tools:
    """Tools with two versions of the ALD pack; the second calls the wait for pieces otherwise."""
    root = tmp_path / "packs"
    for part in ("ma/ald", "ma/_common"):
        shutil.copytree(PACKS / part, root / part)
    shutil.copytree(root / "ma/ald/1", root / "ma/ald/2")
    flow = root / "ma/ald/2/flow.bpmn"
    flow.write_text(flow.read_text("utf-8").replace("wait_for_pieces", "pieces_awaited"))

    def change(pack: dict[str, Any]) -> None:
        shared = yaml.safe_load((root / "ma/_common/1/shared.yaml").read_text("utf-8"))
        own = pack.get("waits") or {}
        entry = shared["waits"]["wait_for_pieces"] | (own.pop("wait_for_pieces", None) or {})
        pack |= {"version": 2, "valid_from": date(2027, 1, 1)}
        pack["waits"] = own | {"pieces_awaited": entry}

    edit(root, change)
    return replace(tools, catalog=Catalog(root))


@pytest.fixture
def world(db: Session, two: Tools) -> World:
    return make_world(db, two)


def look(world: World, changes: Mapping[str, str | None] | None = None, rate: int = 100) -> UUID:
    asked = version_jobs.Request(
        jurisdiction="ma", from_pack="ma/ald/1", to_pack="ma/ald/2", changes=changes or {},
        max_error_rate=rate, asked_by=ADMIN,
    )  # fmt: skip
    migration = version_jobs.request(world.session, world.tools.catalog, asked, now=NOW)
    world.session.commit()
    assert go_on(world, migration) is PackMigrationStatus.CHECKED
    return migration


def go_on(
    world: World, migration: UUID, wanted: PackMigrationStatus | None = None
) -> PackMigrationStatus:
    if wanted is not None:
        version_jobs.ask(world.session, migration, wanted, now=NOW)
        world.session.commit()
    status = version_jobs.work(migration, world.tools.catalog, now=lambda: NOW)
    world.session.expire_all()
    return status


def results(world: World, migration: UUID) -> dict[str, list[str]]:
    rows = world.session.exec(
        select(PackMigrationFile).where(PackMigrationFile.migration_id == migration)
    ).all()
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.result, []).append(row.step + (f":{row.reason}" if row.reason else ""))
    return {name: sorted(steps) for name, steps in found.items()}


def open_rows(world: World, file_id: UUID) -> list[Any]:
    tasks = world.session.exec(
        select(HumanTask).where(
            HumanTask.control_file_id == file_id, HumanTask.status == TaskStatus.OPEN
        )
    ).all()
    clocks = world.session.exec(
        select(Deadline).where(
            Deadline.control_file_id == file_id, Deadline.status == DeadlineStatus.RUNNING
        )
    ).all()
    return sorted(
        [(str(t.id), t.engine_task_id, t.due_at, t.assigned_doctor_id) for t in tasks]
        + [(str(c.id), c.engine_task_id, c.due_at, c.name) for c in clocks],
        key=str,
    )


def pack_of(world: World, file_id: UUID) -> tuple[str, str]:
    row = world.session.get_one(FlowInstance, file_id, populate_existing=True)
    return row.pack, row.pack_hash


def test_a_move_keeps_tasks_clocks_and_doctors_and_the_file_goes_on(world: World) -> None:
    at_doctor = world.file(world.take(external_id="A"))
    waits = world.file(world.take(external_id="B"))
    world.end(waits, "ask_completion", pieces=(PieceAsked(kind="exams"),))
    before = open_rows(world, at_doctor.id), open_rows(world, waits.id)
    hashes = {p.key: p.digest for p in world.tools.catalog}

    migration = look(world)

    assert pack_of(world, waits.id) == ("ma/ald/1", hashes["ma/ald/1"])
    assert results(world, migration) == {"migratable": ["control_on_file", "wait_for_pieces"]}
    assert go_on(world, migration, PackMigrationStatus.RUNNING) is PackMigrationStatus.DONE
    assert pack_of(world, waits.id) == ("ma/ald/2", hashes["ma/ald/2"])
    assert (open_rows(world, at_doctor.id), open_rows(world, waits.id)) == before
    entry = world.session.exec(
        select(JournalEntry).where(
            JournalEntry.control_file_id == waits.id, JournalEntry.action == "flow.migrated"
        )
    ).one()
    facts = str(entry.facts)
    assert hashes["ma/ald/1"] in facts
    assert hashes["ma/ald/2"] in facts
    assert journal.verify(world.session)[1] == []

    document = NewDocument(
        kind="exams",
        title="Examens",
        content=b"%PDF-1.4 test",
        document_class=DocumentClass.MEDICAL,
    )
    world.session.expire_all()
    add_documents(world.session, world.tools, waits.id, [document], by=ADMIN, now=NOW)
    world.session.refresh(waits)
    assert waits.status is ControlFileStatus.AWAITING_CONTROL
    for file in (waits, at_doctor):
        world.session.refresh(file)
        world.end(file, "granted", reasoning="Critères remplis.")
        assert file.status is ControlFileStatus.CLOSED


def test_a_threshold_that_the_new_version_adds_is_compared_at_the_move(world: World) -> None:
    grown = {"of": "age_years", "parameter": "ald.child_age_years"}
    long = {"of": "days", "parameter": "ald.child_age_years"}

    def change(pack: dict[str, Any]) -> None:
        for name, above in (("is_grown_up", grown), ("is_long", long)):
            pack["facts"][name] = {
                "type": "boolean", "default": False, "given": "opening", "above": above
            }  # fmt: skip

    edit(world.tools.catalog.root, change)
    world.tools = replace(world.tools, catalog=Catalog(world.tools.catalog.root))
    file = world.file(world.take(external_id="A"))

    migration = look(world)
    go_on(world, migration, PackMigrationStatus.RUNNING)

    state = world.session.get_one(FlowInstance, file.id, populate_existing=True).state
    facts = transplant.facts_of(state)
    assert (facts["is_grown_up"], facts["is_long"]) == (True, False)


def test_a_reminder_that_was_sent_is_not_sent_again_after_the_move(world: World) -> None:
    file = world.file(world.take())
    world.end(file, "ask_completion", pieces=(PieceAsked(kind="exams"),))
    clocks = select(Deadline).where(Deadline.control_file_id == file.id)
    reminder = next(c for c in world.session.exec(clocks) if c.name == "completion_reminder")
    late = reminder.due_at + timedelta(seconds=1)
    assert fire_deadline(world.session, world.tools, reminder.id, now=late)

    go_on(world, look(world), PackMigrationStatus.RUNNING)

    names = [c.name for c in world.session.exec(clocks) if c.status is DeadlineStatus.RUNNING]
    assert "completion_limit" in names
    assert "completion_reminder" not in names


def test_a_move_is_taken_back_where_nobody_went_on(world: World) -> None:
    stays, went_on = (
        world.file(world.take(external_id="A")),
        world.file(world.take(external_id="B")),
    )
    world.end(stays, "ask_completion", pieces=(PieceAsked(kind="exams"),))
    before = open_rows(world, stays.id), stays.status
    state = world.session.get_one(FlowInstance, stays.id).state
    migration = look(world)
    go_on(world, migration, PackMigrationStatus.RUNNING)
    world.session.refresh(went_on)
    world.end(went_on, "escalate")

    assert go_on(world, migration, PackMigrationStatus.REVERTING) is PackMigrationStatus.REVERTED

    assert results(world, migration) == {
        "reverted": ["wait_for_pieces"],
        "kept": ["control_on_file:touched"],
    }
    assert pack_of(world, stays.id)[0] == "ma/ald/1"
    assert pack_of(world, went_on.id)[0] == "ma/ald/2"
    assert world.session.get_one(FlowInstance, stays.id).state == state
    world.session.refresh(stays)
    assert (open_rows(world, stays.id), stays.status) == before
    assert journal.verify(world.session)[1] == []


def test_a_file_whose_place_is_gone_is_blocked_with_the_reason_and_stays(world: World) -> None:
    file = world.file(world.take())

    migration = look(world, {"control_on_file": None})

    assert results(world, migration) == {"blocked": ["control_on_file:no_place"]}
    go_on(world, migration, PackMigrationStatus.RUNNING)
    assert pack_of(world, file.id)[0] == "ma/ald/1"


def test_a_move_stops_when_too_many_files_fail(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        world.take(external_id=f"S-{number}")
    migration = look(world)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no")

    with monkeypatch.context() as patched:
        patched.setattr(version_jobs, "carry_over", broken)
        patched.setattr(version_jobs, "CHANGED", 2)
        assert go_on(world, migration, PackMigrationStatus.RUNNING) is PackMigrationStatus.STOPPED

    failed = PackMigrationResult.FAILED
    assert {name: len(rows) for name, rows in results(world, migration).items()} == {
        failed: 2, "migratable": 1,
    }  # fmt: skip
    with pytest.raises(AlreadyDone):
        version_jobs.ask(world.session, migration, PackMigrationStatus.STOPPED, now=NOW)


def test_a_step_that_another_doctor_has_to_do_keeps_the_file_with_its_own(
    world: World, two: Tools
) -> None:
    def change(pack: dict[str, Any]) -> None:
        steps = pack.setdefault("steps", {})
        steps["control_on_file"] = (steps.get("control_on_file") or {}) | {"level": "central"}

    edit(two.catalog.root, change)
    world.take()
    world.tools = replace(two, catalog=Catalog(two.catalog.root))

    migration = look(world)

    assert results(world, migration) == {"blocked": ["control_on_file:holder"]}


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"nothing": None}, "nothing"), ({"control_on_file": "wait_for_pieces"}, "control_on_file")],
)
def test_a_mapping_that_can_not_be_is_refused_by_the_old_elements_name(
    world: World, changes: dict[str, str | None], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        look(world, changes)

    assert refusal.value.field == field
