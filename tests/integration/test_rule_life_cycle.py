"""The life of a rule set: who may do what, and that nothing published ever changes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol.errors import DomainError, Forbidden
from medcontrol.ids import new_id
from medcontrol.model import RuleSetVersion
from medcontrol.model.backtest import BacktestRun
from medcontrol.policy import Principal
from medcontrol.vocabulary import BacktestStatus, Jurisdiction, Role, RuleSetStatus
from selectivity import packaged
from selectivity.faults import RuleSetFault
from selectivity.lifecycle import rows, service, store
from selectivity.lifecycle.diff import Change, differences
from selectivity.lifecycle.editing import duplicate, next_list, put, put_list, remove
from selectivity.lifecycle.refusals import (
    BadFirstDay,
    NotBacktested,
    NothingElse,
    SamePerson,
    StaleRules,
    WrongState,
)
from selectivity.lifecycle.rows import Act
from tests.factories import NOW, TODAY, make_principal
from tests.flow_world import raw
from tests.unit.selectivity_rules import row as rule_row
from workflows.gate.single import take_in_one
from workflows.tools import Tools

TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def author(db: Session) -> Principal:
    return make_principal(db, Role.ANALYST, "MA-CENTRAL")


@pytest.fixture
def second(db: Session) -> Principal:
    return make_principal(db, Role.ANALYST, "MA-CENTRAL")


def act(actor: Principal, version: int = 0, revision: int | None = None, **more: Any) -> Act:
    return Act(code="ma", version=version, actor=actor, now=NOW, revision=revision, **more)


def finished_run(session: Session, sha256: str, **changes: Any) -> UUID:
    """A back-test of these rules that ended well."""
    run = BacktestRun.model_validate(
        {
            "id": new_id(), "jurisdiction": Jurisdiction.MA, "title": "t", "rules": "ma/2",
            "rules_sha256": sha256, "rules_text": "{}", "base": "ma/1", "base_sha256": "0",
            "base_text": "{}", "since": TODAY, "until": TODAY, "asked_by": "A", "asked_at": NOW,
            "status": BacktestStatus.DONE, "progress": 100, "finished_at": NOW, **changes,
        }
    )  # fmt: skip
    session.add(run)
    session.flush()
    return run.id


def advance(session: Session, author: Principal, second: Principal, number: int) -> None:
    """Take a draft to approved."""
    service.submit(session, act(author, number))
    sha256 = store.version(session, "ma", number).sha256
    service.accept_backtest(session, act(author, number), finished_run(session, sha256))
    service.begin_shadow(session, act(author, number))
    service.approve(session, act(second, number))


def new_row(row_id: str = "costly-ald", **then: Any) -> dict[str, Any]:
    made = rule_row(row_id, {"flow": {"in": ["ald"]}, "amount": {"ge": 100}}, **then)
    made["examples"] = {
        "positive": [{"flow": "ald", "amount": 100}], "negative": [{"flow": "ald", "amount": 99}],
    }  # fmt: skip
    return made


def test_rules_go_from_draft_to_force_through_a_second_person(
    db: Session, author: Principal, second: Principal
) -> None:
    number = service.draft(db, act(author, note="ALD"))
    assert number == 2
    data = put(rows.content(db, "ma", number), "rows", None, new_row())
    service.save(db, act(author, number, 1), data)
    advance(db, author, second, number)
    assert [each.name for each in store.shadow(db, "ma", TODAY)] == []
    service.publish(db, act(author, number), TOMORROW)

    assert store.in_force(db, "ma", TODAY).name == "ma/1"
    rules = store.in_force(db, "ma", TOMORROW)
    assert (rules.name, rules.valid_from) == ("ma/2", TOMORROW)
    assert rules.sha256 == store.load_version(db, "ma", 2).sha256
    assert "costly-ald" in {row.id for row in rules.rows}
    version = store.version(db, "ma", number)
    assert version.id is not None
    assert [each.action for each in rows.events(db, version.id)] == [
        "published", "approved", "shadowed", "backtested", "checked", "edited", "drafted",
    ]  # fmt: skip


def test_the_packaged_rules_are_the_first_published_version(db: Session) -> None:
    [first] = store.published(db, "ma")

    assert (first.name, first.status, first.is_packaged) == (
        "ma/1", RuleSetStatus.PUBLISHED, True,
    )  # fmt: skip
    assert first.sha256 == packaged.load("ma", 1).sha256


def test_a_version_in_shadow_is_listed_from_its_day_and_decides_nothing(
    db: Session, author: Principal
) -> None:
    number = service.draft(db, act(author))
    service.submit(db, act(author, number))
    sha256 = store.version(db, "ma", number).sha256
    service.accept_backtest(db, act(author, number), finished_run(db, sha256))
    service.begin_shadow(db, act(author, number))

    assert [each.name for each in store.shadow(db, "ma", TODAY)] == ["ma/2"]
    assert store.shadow(db, "ma", TODAY - timedelta(days=1)) == []
    assert store.in_force(db, "ma", TOMORROW).name == "ma/1"


def test_neither_the_author_nor_the_last_editor_approves(
    db: Session, author: Principal, second: Principal
) -> None:
    number = service.draft(db, act(author))
    service.save(
        db, act(second, number), put(rows.content(db, "ma", number), "rows", None, new_row())
    )
    service.submit(db, act(author, number))
    sha256 = store.version(db, "ma", number).sha256
    service.accept_backtest(db, act(author, number), finished_run(db, sha256))

    for person in (author, second):
        with pytest.raises(SamePerson):
            service.approve(db, act(person, number))
    third = make_principal(db, Role.ANALYST, "MA-CENTRAL")
    service.approve(db, act(third, number))
    assert store.version(db, "ma", number).approver_name == third.name


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ANALYST])
def test_nobody_but_an_analyst_writes_rules(db: Session, role: Role) -> None:
    person = make_principal(db, role, "MA-CENTRAL")

    with pytest.raises(Forbidden):
        service.draft(db, act(person))
    with pytest.raises(Forbidden):
        service.retire(db, act(person, 1))


def test_the_second_of_two_editors_is_told_and_saves_nothing(
    db: Session, author: Principal, second: Principal
) -> None:
    number = service.draft(db, act(author))
    data = rows.content(db, "ma", number)
    assert service.save(db, act(author, number, 1), put(data, "rows", None, new_row("one"))) == 2

    with pytest.raises(StaleRules):
        service.save(db, act(second, number, 1), put(data, "rows", None, new_row("two")))
    kept = {each["id"] for each in rows.content(db, "ma", number)["rows"]}
    assert "one" in kept
    assert "two" not in kept


def test_a_draft_may_be_at_fault_but_is_not_submitted(db: Session, author: Principal) -> None:
    number = service.draft(db, act(author))
    bad = {**new_row(), "when": {"sex": {"in": ["F"]}}}
    service.save(db, act(author, number), put(rows.content(db, "ma", number), "rows", None, bad))

    with pytest.raises(RuleSetFault) as fault:
        service.submit(db, act(author, number))
    assert ("forbidden_feature", "costly-ald", "sex") in {
        (each.code, each.row, each.column) for each in fault.value.findings
    }
    assert store.version(db, "ma", number).status is RuleSetStatus.DRAFT


def test_only_a_finished_back_test_of_this_very_content_counts(
    db: Session, author: Principal
) -> None:
    number = service.draft(db, act(author))
    service.submit(db, act(author, number))
    sha256 = store.version(db, "ma", number).sha256
    other = finished_run(db, "0" * 64)
    running = finished_run(db, sha256, status=BacktestStatus.RUNNING)

    for run in (other, running, new_id()):
        with pytest.raises(NotBacktested):
            service.accept_backtest(db, act(author, number), run)


def test_rules_begin_tomorrow_at_the_earliest_and_in_order(
    db: Session, author: Principal, second: Principal
) -> None:
    first, then = service.draft(db, act(author)), service.draft(db, act(author))
    for number in (first, then):
        advance(db, author, second, number)
    for day in (TODAY, TODAY - timedelta(days=1), TODAY + timedelta(days=400)):
        with pytest.raises(BadFirstDay):
            service.publish(db, act(author, first), day)
    service.publish(db, act(author, first), TOMORROW)

    with pytest.raises(BadFirstDay):
        service.publish(db, act(author, then), TOMORROW)
    service.publish(db, act(author, then), TOMORROW + timedelta(days=1))
    assert store.in_force(db, "ma", TOMORROW).name == "ma/2"
    assert store.in_force(db, "ma", TOMORROW + timedelta(days=1)).name == "ma/3"


def test_a_retired_version_decides_today_for_the_last_time(
    db: Session, author: Principal, second: Principal
) -> None:
    number = service.draft(db, act(author))
    advance(db, author, second, number)
    service.publish(db, act(author, number), TOMORROW)
    later = Act(code="ma", version=number, actor=author, now=NOW + timedelta(days=3), note="flood")

    service.retire(db, later)

    names = [store.in_force(db, "ma", TODAY + timedelta(days=n)).name for n in range(6)]
    assert names == ["ma/1", "ma/2", "ma/2", "ma/2", "ma/1", "ma/1"]
    with pytest.raises(WrongState):
        service.retire(db, later)


def test_the_only_rules_of_a_fund_are_not_retired(
    db: Session,
    author: Principal,
    second: Principal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = packaged.data("ma", 1)
    monkeypatch.setattr(packaged, "FOLDER", tmp_path)  # a fund for which none come along
    number = service.draft(db, Act(code="lu", version=0, actor=author, now=NOW), data=data)
    lu = Act(code="lu", version=number, actor=author, now=NOW)
    service.submit(db, lu)
    sha256 = store.version(db, "lu", number).sha256
    service.accept_backtest(db, lu, finished_run(db, sha256, jurisdiction=Jurisdiction.LU))
    service.approve(db, Act(code="lu", version=number, actor=second, now=NOW))
    service.publish(db, lu, TOMORROW)

    with pytest.raises(NothingElse):
        service.retire(db, lu)


def test_what_comes_with_the_system_is_never_touched(db: Session, author: Principal) -> None:
    for step in (service.submit, service.begin_shadow, service.retire, service.reopen):
        with pytest.raises(WrongState):
            step(db, act(author, 1))
    with pytest.raises(WrongState):
        service.save(db, act(author, 1), {})


CHANGES = (
    "UPDATE rule_set_version SET content = '{}'",
    "UPDATE rule_set_version SET sha256 = 'x'",
    "UPDATE rule_set_version SET code = 'lu'",
    "UPDATE rule_set_version SET version = 9",
    "UPDATE rule_set_version SET valid_from = valid_from - 1",
    "UPDATE rule_set_version SET approver_id = gen_random_uuid()",
    "UPDATE rule_set_version SET status = 'draft', approver_id = NULL",
    "DELETE FROM rule_set_version",
    "UPDATE rule_set_event SET note = 'x'",
    "DELETE FROM rule_set_event",
)


@pytest.mark.parametrize("retired", [False, True])
def test_the_database_itself_refuses_to_change_what_was_published(
    db: Session, author: Principal, second: Principal, retired: bool
) -> None:
    number = service.draft(db, act(author))
    advance(db, author, second, number)
    service.publish(db, act(author, number), TOMORROW)
    if retired:
        service.retire(db, act(author, number))
    for statement in CHANGES:
        with pytest.raises(sa.exc.IntegrityError), db.begin_nested():
            db.execute(sa.text(statement))


def everything(db: Session, person: Principal, number: int) -> Iterator[Any]:
    """Each call that there is, with one version."""
    data = rows.content(db, "ma", number)
    yield lambda: service.save(db, act(person, number), remove(data, "rows", "ald-first"))
    yield lambda: service.submit(db, act(person, number))
    yield lambda: service.accept_backtest(db, act(person, number), new_id())
    yield lambda: service.begin_shadow(db, act(person, number))
    yield lambda: service.approve(db, act(person, number))
    yield lambda: service.reopen(db, act(person, number))
    yield lambda: service.publish(db, act(person, number), TOMORROW + timedelta(days=2))
    yield lambda: service.retire(db, act(person, number))


def test_no_sequence_of_calls_changes_a_published_version(
    db: Session, author: Principal, second: Principal
) -> None:
    number = service.draft(db, act(author))
    advance(db, author, second, number)
    service.publish(db, act(author, number), TOMORROW)
    frozen = _frozen(db, number)
    other = service.draft(db, act(author), parent=number)
    for _ in range(2):  # retired the first time, still frozen the second
        for person in (author, second):
            for call in (*everything(db, person, number), *everything(db, person, other)):
                try:
                    with db.begin_nested():
                        call()
                except DomainError:
                    pass
                assert _frozen(db, number) == frozen


def _frozen(db: Session, number: int) -> tuple[Any, ...]:
    row = db.exec(
        select(RuleSetVersion)
        .where(RuleSetVersion.version == number)
        .execution_options(populate_existing=True)
    ).one()
    return row.content, row.sha256, row.version, row.valid_from, row.author_id, row.approver_id


def test_an_open_version_goes_back_to_draft_and_its_approval_is_void(
    db: Session, author: Principal, second: Principal
) -> None:
    number = service.draft(db, act(author))
    advance(db, author, second, number)

    service.reopen(db, act(author, number, note="forgot a row"))

    version = store.version(db, "ma", number)
    assert (version.status, version.approver_name) == (RuleSetStatus.DRAFT, None)
    assert version.backtest_id is None


def test_lists_get_the_next_number_instead_of_other_codes(db: Session, author: Principal) -> None:
    number = service.draft(db, act(author))
    data = rows.content(db, "ma", number)
    changed = put_list(data, "repeated-treatments@1", ["CHIMIO", "DIAL"])
    service.save(db, act(author, number), changed)
    with pytest.raises(RuleSetFault, match="next number"):
        service.submit(db, act(author, number))

    renamed, name = next_list(changed, "repeated-treatments@1")
    service.save(db, act(author, number), renamed)

    assert name == "repeated-treatments@2"
    service.submit(db, act(author, number))
    cells = [row["when"].get("acts", {}) for row in renamed["rows"]]
    assert any("repeated-treatments@2" in cell.get("in_list", ()) for cell in cells)


def test_unknown_agencies_block(db: Session, author: Principal) -> None:
    number = service.draft(db, act(author))
    wrong = new_row()
    wrong["when"]["agency"] = {"in": ["CASA-99", "CASA-1"]}
    service.save(db, act(author, number), put(rows.content(db, "ma", number), "rows", None, wrong))

    with pytest.raises(RuleSetFault) as fault:
        service.submit(db, act(author, number))
    found = [each for each in fault.value.findings if each.code == "unknown_code"]
    assert [(each.row, each.column) for each in found] == [("costly-ald", "agency")]


def test_a_difference_names_rows_and_members(db: Session) -> None:
    old = packaged.data("ma", 1)
    new, copy = duplicate(old, "rows", "ald-first")
    new = remove(new, "rows", "late-filing")
    changed = {**new["rows"][0], "then": {**new["rows"][0]["then"], "level": "regional"}}
    new = put(new, "rows", changed["id"], changed)
    found = {(each.id, each.change): each for each in differences(old, new)}

    assert set(found) == {
        ("care-abroad-agreement", Change.CHANGED), (copy, Change.ADDED),
        ("late-filing", Change.REMOVED),
    }  # fmt: skip
    [member] = found["care-abroad-agreement", Change.CHANGED].members
    assert (member.name, member.before, member.after) == ("then.level", "central", "regional")
    assert differences(old, packaged.data("ma", 1)) == ()


def test_files_of_the_first_day_hit_the_new_row_in_a_process_that_was_running(
    db: Session, tools: Tools, author: Principal, second: Principal
) -> None:
    from tests.flow_world import make_world

    make_world(db, tools)
    before = take_in_one(tools, raw(amount="500.00", currency="MAD"), source_name="t", now=NOW)
    number = service.draft(db, act(author))
    data = put(rows.content(db, "ma", number), "rows", None, new_row(level="regional"))
    service.save(db, act(author, number), data)
    advance(db, author, second, number)
    service.publish(db, act(author, number), TOMORROW)
    message = raw(
        external_id="W-2", amount="500.00", currency="MAD", received_at="2026-11-21T09:30:00+01:00"
    )
    after = take_in_one(tools, message, source_name="t", now=NOW + timedelta(days=1))

    names = dict(
        db.execute(
            sa.text(
                "SELECT f.external_id, d.rule_set || ' ' || array_to_string(d.matched_rows, ',')"
                " FROM selectivity_decision d JOIN received_file f ON f.id = d.received_file_id"
            )
        ).all()
    )
    assert before.reference
    assert after.reference
    assert names == {"W-1": "ma/1 ald-first", "W-2": "ma/2 ald-first,costly-ald"}
