"""Shadow and experiments at the real gate."""

from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol.clock import utc_now
from medcontrol.crypto import KeyRing
from medcontrol.errors import Forbidden, InvalidInput
from medcontrol.ids import new_id
from medcontrol.model import (
    ControlOutcome,
    Experiment,
    ExperimentFile,
    ReceivedFile,
    RuleSetVersion,
    SelectivityDecision,
    ShadowCount,
)
from medcontrol.policy import Principal
from medcontrol.vocabulary import ExperimentMetric, Lane, Role, RuleSetStatus, SplitKey
from selectivity.backtest import experiments, shadow
from selectivity.backtest.arms import Split, running
from selectivity.backtest.experiments import Terms
from selectivity.backtest.refusals import (
    ExperimentRuns,
    ExperimentStarted,
    NotApproved,
    NotInForce,
    StopRuleNotMet,
)
from selectivity.packaged import data, in_force
from selectivity.reading import canonical, digest
from selectivity.records.replay import replay_sample
from tests.factories import NOW, TODAY, make_principal
from tests.flow_world import MESSAGE, World, make_world
from tests.unit.selectivity_rules import row
from workflows.gate import shadowing
from workflows.tools import Tools

ALL_PRIVATE = row("all-private", {"provider_sector": {"in": ["private"]}})
LINES = [{"no": 1, "act": "C2", "quantity": "1", "amount": "450.00", "date": "2026-11-11"}]


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


@pytest.fixture
def analyst(db: Session) -> Principal:
    return make_principal(db, Role.ANALYST, "MA-CENTRAL")


def version(session: Session, status: RuleSetStatus, *more: dict[str, Any]) -> RuleSetVersion:
    """Keep a version of the packaged rules with more rows, in any state."""
    whole = data("ma", in_force("ma", TODAY).version)
    changed = {**whole, "version": 7, "rows": [*whole["rows"], *more]}
    author, second = new_id(), new_id()
    found = RuleSetVersion.model_validate(
        {
            "code": "ma", "version": 7, "status": status, "content": canonical(changed),
            "sha256": digest(changed), "author_id": author, "author_name": "A",
            "created_at": NOW, "editor_id": author, "editor_name": "A", "edited_at": NOW,
            "shadow_from": TODAY - timedelta(days=1), "approver_id": second,
            "approver_name": "B", "approved_at": NOW,
        }
    )  # fmt: skip
    session.add(found)
    session.flush()
    return found


def take(world: World, number: int) -> ReceivedFile:
    """Take in one file of one of ten private providers."""
    name = f"G-{number}"
    insured = {**MESSAGE["insured"], "registration_number": f"9991{number:05}"}
    provider = {"id": f"99920{number % 10:04}", "kind": "doctor", "sector": "private"}
    world.take(
        external_id=name, flow="ambulatory", nature="reimbursement", form=None, medical=None,
        amount="450.00", currency="MAD", lines=LINES, insured=insured, provider=provider,
        care={"from": "2026-11-10", "to": "2026-11-12"},
    )  # fmt: skip
    return world.session.exec(select(ReceivedFile).where(ReceivedFile.external_id == name)).one()


def decision(world: World, file: ReceivedFile) -> SelectivityDecision:
    return world.session.get_one(SelectivityDecision, file.id)


def told(row: SelectivityDecision) -> dict[str, Any]:
    return row.model_dump(exclude={"received_file_id", "decided_at", "key_id", "medical_features"})


def test_rules_in_shadow_are_counted_by_lane_and_row(world: World) -> None:
    version(world.session, RuleSetStatus.SHADOW, ALL_PRIVATE)

    lanes = Counter(decision(world, take(world, number)).lane for number in range(8))

    report = shadow.report(world.session, "ma", "ma/7", since=TODAY)
    assert report.files == 8
    for lane in Lane:
        assert sum(n for (a, _), n in report.lanes.items() if a is lane) == lanes[lane]
    assert {each.row: each.matched for each in report.rows}["all-private"] == 8
    found = shadow.samples(world.session, "ma", "ma/7")
    assert len(found) == report.moved
    assert all("all-private" in each.matched_rows for each in found)


def test_decisions_with_and_without_shadow_are_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The very same files: the draw of a case never changes, so its decision must not."""
    version(world.session, RuleSetStatus.SHADOW, ALL_PRIVATE)
    seen = []
    with monkeypatch.context() as patched:
        patched.setattr(shadowing, "shadow", lambda *_: [])
        with world.session.begin_nested() as savepoint:
            seen = [told(decision(world, take(world, number))) for number in range(6)]
            savepoint.rollback()
    world.session.expunge_all()

    again = [told(decision(world, take(world, number))) for number in range(6)]

    assert again == seen
    assert world.session.exec(select(ShadowCount)).first() is not None


def test_a_shadow_that_fails_costs_no_file(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    version(world.session, RuleSetStatus.SHADOW, ALL_PRIVATE)

    def broken(session: Session, *_: Any) -> None:
        session.execute(sa.text("SELECT nothing FROM nowhere"))

    monkeypatch.setattr(shadowing, "note", broken)

    assert decision(world, take(world, 1)).lane in set(Lane)
    assert "selectivity.shadow_failed" in caplog.text


def planned(world: World, by: Principal, **terms: Any) -> Experiment:
    made = Terms(**{"title": "Private sector", "challenger": 7, "stop_controls": 100, **terms})
    place = world.session.exec(select(sa.func.count()).select_from(Experiment)).one()
    with pytest.MonkeyPatch.context() as patch:  # its id makes the split, and luck would fill arms
        patch.setattr(experiments, "new_id", lambda: UUID(int=place))
        found = experiments.plan(world.session, "ma", made, by=by, now=NOW)
    return world.session.get_one(Experiment, found)


def test_arms_decide_by_their_own_rules_and_are_recorded(
    world: World, analyst: Principal, keys: KeyRing
) -> None:
    challenger = version(world.session, RuleSetStatus.APPROVED, ALL_PRIVATE)
    trial = planned(world, analyst, challenger_share=5000)
    experiments.start(world.session, trial.id, by=analyst, now=NOW)

    files = [take(world, number) for number in range(40)]

    arms = {
        each.received_file_id: each.is_challenger
        for each in world.session.exec(select(ExperimentFile))
    }
    assert len(arms) == 40
    by_provider: dict[str | None, set[bool]] = {}
    for file in files:
        row = decision(world, file)
        is_challenger = arms[file.id]
        by_provider.setdefault(file.provider_id, set()).add(is_challenger)
        assert (row.rule_set_hash == challenger.sha256) is is_challenger
        assert ("all-private" in row.matched_rows) is is_challenger
    assert {len(sides) for sides in by_provider.values()} == {1}
    assert set(arms.values()) == {True, False}
    report = replay_sample(keys, "ma", now=utc_now)
    assert (report.replayed, report.differences) == (40, ())


def test_the_split_takes_its_share_of_providers_under_a_key_of_its_own(
    world: World, analyst: Principal, keys: KeyRing
) -> None:
    version(world.session, RuleSetStatus.APPROVED, ALL_PRIVATE)
    trial = planned(world, analyst)
    experiments.start(world.session, trial.id, by=analyst, now=NOW)
    found = running(world.session, "ma")
    assert found is not None
    split = Split(found, keys)
    other = Split(found, KeyRing.in_memory())
    files = [
        {"provider": {"id": f"P{number}"}, "insured": {"registration_number": "1"}}
        for number in range(4000)
    ]

    share = sum(split.is_challenger(file) for file in files) / len(files)
    same = sum(split.is_challenger(f) == other.is_challenger(f) for f in files) / len(files)

    assert 0.17 < share < 0.23
    assert 0.6 < same < 0.76


def test_what_was_agreed_never_changes_once_it_started(world: World, analyst: Principal) -> None:
    version(world.session, RuleSetStatus.APPROVED, ALL_PRIVATE)
    trial = planned(world, analyst)
    experiments.start(world.session, trial.id, by=analyst, now=NOW)

    for change in (
        "UPDATE experiment SET stop_controls = 5000",
        "UPDATE experiment SET metric = 'hit_rate'",
        "UPDATE experiment SET challenger_share = 5000",
        "UPDATE experiment SET challenger_sha256 = 'other'",
        "UPDATE experiment SET status = 'planned', started_at = NULL",
        "DELETE FROM experiment",
    ):
        with pytest.raises(sa.exc.DBAPIError), world.session.begin_nested():
            world.session.execute(sa.text(change))
    with pytest.raises(ExperimentStarted):
        experiments.start(world.session, trial.id, by=analyst, now=NOW)
    take(world, 1)
    with pytest.raises(sa.exc.DBAPIError), world.session.begin_nested():
        world.session.execute(sa.text("UPDATE experiment_file SET is_challenger = true"))


def test_only_an_approved_challenger_starts_and_only_one_at_a_time(
    world: World, analyst: Principal
) -> None:
    kept = version(world.session, RuleSetStatus.SHADOW, ALL_PRIVATE)
    trial = planned(world, analyst)
    with pytest.raises(NotApproved):
        experiments.start(world.session, trial.id, by=analyst, now=NOW)
    kept.status = RuleSetStatus.APPROVED
    world.session.flush()
    second = planned(world, analyst)
    with pytest.raises(NotInForce):
        experiments.start(
            world.session, planned(world, analyst, stop_on=TODAY + timedelta(days=3)).id,
            by=analyst, now=NOW + timedelta(days=9),
        )  # fmt: skip
    experiments.start(world.session, trial.id, by=analyst, now=NOW)
    with pytest.raises(ExperimentRuns):
        experiments.start(world.session, second.id, by=analyst, now=NOW)
    auditor = make_principal(world.session, Role.AUDITOR, "MA-CENTRAL")
    with pytest.raises(Forbidden):
        experiments.abandon(world.session, trial.id, by=auditor, now=NOW)


@pytest.mark.parametrize(
    ("field", "terms"),
    [
        ("title", {"title": " "}),
        ("challenger_share", {"challenger_share": 9000}),
        ("stop_controls", {"stop_controls": None}),
        ("stop_controls", {"stop_controls": 5}),
        ("stop_on", {"stop_on": date(2020, 1, 1)}),
    ],
)
def test_terms_that_could_not_be_kept_are_refused(
    world: World, analyst: Principal, field: str, terms: dict[str, Any]
) -> None:
    version(world.session, RuleSetStatus.APPROVED, ALL_PRIVATE)

    with pytest.raises(InvalidInput) as refusal:
        planned(world, analyst, **terms)

    assert refusal.value.field == field


def close(world: World, file: ReceivedFile, *, is_hit: bool) -> None:
    """Close the control of a file, as the outcome loop does; rules chose it."""
    decided = decision(world, file)
    decided.lane, decided.origins = Lane.ORANGE, ["rule"]
    outcome = {
        "id": new_id(), "received_file_id": file.id, "jurisdiction": "ma",
        "result": "refused" if is_hit else "conform", "amount_avoided_cents": 100 * is_hit,
        "decided_on": TODAY, "origins": ["rule"], "minutes": 20,
    }  # fmt: skip
    world.session.add(ControlOutcome.model_validate(outcome))
    world.session.flush()


def test_nothing_is_concluded_before_the_stop_rule_is_met(
    world: World, analyst: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiments, "LEAST_CONTROLS", 10)
    version(world.session, RuleSetStatus.APPROVED, ALL_PRIVATE)
    trial = planned(
        world, analyst, challenger_share=5000, stop_controls=10, split_by=SplitKey.BENEFICIARY,
        metric=ExperimentMetric.HIT_RATE,
    )  # fmt: skip
    experiments.start(world.session, trial.id, by=analyst, now=NOW)
    files = [take(world, number) for number in range(40)]
    sides = {
        each.received_file_id: each.is_challenger
        for each in world.session.exec(select(ExperimentFile))
    }
    champion = [file for file in files if not sides[file.id]]
    challenger = [file for file in files if sides[file.id]]
    for file in champion[:9] + challenger[:9]:
        close(world, file, is_hit=sides[file.id])

    assert experiments.end_due(world.session, "ma", now=NOW) == []
    assert experiments.progress(world.session, trial.id).closed == (9, 9)
    with pytest.raises(StopRuleNotMet):
        experiments.conclude(world.session, trial, "controls", NOW)
    for file in champion[9:12] + challenger[9:12]:
        close(world, file, is_hit=sides[file.id])
    assert experiments.end_due(world.session, "ma", now=NOW) == [trial.id]

    world.session.refresh(trial)
    found = trial.conclusion
    assert found is not None
    assert (found["champion"]["controls"], found["challenger"]["controls"]) == (10, 10)
    assert (found["champion"]["hits"], found["challenger"]["hits"]) == (0, 10)
    assert found["verdict"] == "not_enough_data"
    assert running(world.session, "ma") is None


def test_an_experiment_ends_when_other_rules_come_into_force(
    world: World, analyst: Principal
) -> None:
    kept = version(world.session, RuleSetStatus.APPROVED, ALL_PRIVATE)
    trial = planned(world, analyst)
    experiments.start(world.session, trial.id, by=analyst, now=NOW)
    kept.status, kept.published_at = RuleSetStatus.PUBLISHED, NOW
    kept.valid_from = TODAY
    world.session.flush()

    take(world, 1)
    assert world.session.exec(select(ExperimentFile)).first() is None
    assert experiments.end_due(world.session, "ma", now=NOW) == [trial.id]
    world.session.refresh(trial)
    assert (trial.status.value, trial.end_reason) == ("abandoned", "rules_changed")
