"""What a night measures of the database, keeps, warns of and proposes."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.crypto import KeyRing
from medcontrol.errors import AlreadyDone, Forbidden, InvalidInput
from medcontrol.model import (
    ControlOutcome,
    ProviderCase,
    ProviderCaseFile,
    RuleProposal,
    SelectivityAlert,
)
from medcontrol.vocabulary import (
    AlertKind,
    MeasureKind,
    ProposalKind,
    ProposalStatus,
    Role,
    RuleSetStatus,
)
from selectivity.lifecycle import store
from selectivity.lifecycle.rows import content
from selectivity.outcomes import measures, night, proposals
from selectivity.outcomes.effectiveness import Verdict, by_row
from selectivity.outcomes.proposals import Proposed
from tests.factories import NOW, TODAY, make_principal
from tests.outcomes.past import fill

_EVERY_TENTH = """
UPDATE control_outcome o SET result = 'refused' FROM (
  SELECT c.id, row_number() OVER (PARTITION BY d.origins ORDER BY c.id) AS n
  FROM control_outcome c JOIN selectivity_decision d USING (received_file_id)) x
WHERE x.id = o.id AND x.n % 10 = 0
"""


_ALL_OF_THE_ROW = """
UPDATE control_outcome o SET result = 'refused' FROM selectivity_decision d
WHERE d.received_file_id = o.received_file_id AND d.matched_rows <> '{}'
"""


@pytest.fixture
def past(db: Session) -> Session:
    fill(db)
    return db


def test_a_night_tells_rows_from_chance_and_is_read_back(past: Session, keys: KeyRing) -> None:
    figures = night.measure_all(past, keys, "ma", today=TODAY, now=NOW)
    effects = by_row(past, "ma")
    assert effects["above"].verdict is Verdict.BETTER
    assert effects["below"].verdict is Verdict.SUSPEND
    assert effects["below"].files == effects["below"].controls == 300
    assert effects["above"].minutes == 3000
    assert effects["above"].avoided_cents == effects["above"].hits * 20_000
    assert figures["rows"] == 2
    kept = measures.latest(past, "ma", MeasureKind.FAIRNESS)
    assert kept is not None
    assert {line["dimension"] for line in kept.content["lines"]} == {"sex", "age"}
    assert night.measure_all(past, keys, "ma", today=TODAY, now=NOW) == figures | {"proposals": 0}


def test_a_hit_that_an_appeal_overturned_counts_against_its_row(
    past: Session, keys: KeyRing
) -> None:
    night.measure_effects(past, keys, "ma", today=TODAY, now=NOW)
    before = by_row(past, "ma")["above"]
    past.execute(
        sa.update(ControlOutcome)
        .where(col(ControlOutcome.result) == "refused")
        .values(is_overturned=True, overturned_on=TODAY)
    )
    night.measure_effects(past, keys, "ma", today=TODAY, now=NOW)
    after = by_row(past, "ma")["above"]
    assert (before.hits > 0, after.hits, after.avoided_cents) == (True, 0, 0)
    assert after.controls == before.controls


def test_a_provider_in_a_segment_becomes_a_case_and_never_a_rule(
    past: Session, keys: KeyRing
) -> None:
    night.scan_segments(past, keys, "ma", today=TODAY, now=NOW)
    found = past.exec(select(RuleProposal)).one()
    assert found.kind is ProposalKind.PROVIDER
    assert ["provider", "P-77"] in found.condition
    analyst = make_principal(past, Role.ANALYST, "MA-CENTRAL")
    row = proposals.accept(past, found.id, actor=analyst, now=NOW)
    case = past.exec(select(ProviderCase)).one()
    assert (case.provider_id, row.led_to) == ("P-77", f"case:{case.id}")
    linked = past.exec(select(ProviderCaseFile)).all()
    assert len(linked) == found.evidence["hits"]
    assert "files" not in case.evidence[0]
    with pytest.raises(AlreadyDone):
        proposals.accept(past, found.id, actor=analyst, now=NOW)


def test_a_segment_becomes_a_draft_row_and_a_bad_row_a_draft_without_it(db: Session) -> None:
    analyst = make_principal(db, Role.ANALYST, "MA-CENTRAL")
    proof = {"hits": 9, "controls": 12, "window_days": 45, "lift": 9.0, "p": 1e-8,
             "avoided_cents": 1, "files": []}  # fmt: skip
    segment = Proposed(
        ProposalKind.ADD_ROW, "s", "Acte KINE", (["flow", "ambulatory"], ["acts", "KINE"],
        ["amount", [10_000, 30_000]]), proof,
    )  # fmt: skip
    bad = store.in_force(db, "ma", TODAY).rows[-1].id
    suspend = Proposed(ProposalKind.SUSPEND_ROW, bad, "", (), proof)
    kinds = [ProposalKind.ADD_ROW, ProposalKind.SUSPEND_ROW]
    assert proposals.propose(db, "ma", kinds, [segment, suspend], today=TODAY) == 2
    for row in proposals.proposals(db, "ma"):
        led = proposals.accept(db, row.id, actor=analyst, now=NOW).led_to or ""
        version = int(led.rpartition("/")[2])
        assert store.version(db, "ma", version).status is RuleSetStatus.DRAFT
        ids = [each["id"] for each in content(db, "ma", version)["rows"]]
        if row.kind is ProposalKind.SUSPEND_ROW:
            assert bad not in ids
        else:
            assert bad in ids
            assert any(each.startswith("segment-") for each in ids)
            store.load_version(db, "ma", version)  # can be read as rules


def test_what_was_dismissed_stays_away_for_a_while_and_needs_a_reason(db: Session) -> None:
    analyst = make_principal(db, Role.ANALYST, "MA-CENTRAL")
    agent = make_principal(db, Role.AGENT)
    each = Proposed(ProposalKind.ADD_ROW, "s", "Acte", (["acts", "K"],), {"files": []})
    proposals.propose(db, "ma", [ProposalKind.ADD_ROW], [each], today=TODAY)
    row = proposals.proposals(db, "ma")[0]
    with pytest.raises(Forbidden):
        proposals.dismiss(db, row.id, "x", actor=agent, now=NOW)
    with pytest.raises(InvalidInput):
        proposals.dismiss(db, row.id, " ", actor=analyst, now=NOW)
    proposals.dismiss(db, row.id, "Known.", actor=analyst, now=NOW)
    later = TODAY + timedelta(days=30)
    assert proposals.propose(db, "ma", [ProposalKind.ADD_ROW], [each], today=later) == 0
    assert proposals.proposals(db, "ma")[0].status is ProposalStatus.DISMISSED
    much_later = TODAY + timedelta(days=proposals.QUIET_DAYS)
    assert proposals.propose(db, "ma", [ProposalKind.ADD_ROW], [each], today=much_later) == 1


def test_a_row_like_chance_for_sixty_days_raises_an_alert_that_closes_when_it_is_over(
    db: Session, keys: KeyRing
) -> None:
    target = store.in_force(db, "ma", TODAY).rows[-1].id
    fill(db, 300)
    db.execute(sa.text("UPDATE selectivity_decision SET matched_rows = ARRAY[:row]"
                       " WHERE matched_rows <> '{}'"), {"row": target})  # fmt: skip
    db.execute(sa.text("UPDATE control_outcome SET result = 'conform'"))
    db.execute(sa.text(_EVERY_TENTH))
    first = TODAY - timedelta(days=61)
    measured = night.measure_effects(db, keys, "ma", today=TODAY, now=NOW)
    like = next(each for each in measured if each.key == target)
    assert (like.verdict, like.since) == (Verdict.LIKE_RANDOM, TODAY)
    assert not db.exec(select(SelectivityAlert)).all()
    db.execute(sa.text("UPDATE selectivity_measure SET as_of = :day, content = replace("
                       "content::text, :today, :then)::json WHERE kind = 'effectiveness'"),
               {"day": first, "today": TODAY.isoformat(), "then": first.isoformat()})  # fmt: skip
    night.measure_effects(db, keys, "ma", today=TODAY, now=NOW)
    alert = db.exec(select(SelectivityAlert)).one()
    assert (alert.kind, alert.subject, alert.closed_on) == (AlertKind.LIKE_RANDOM, target, None)
    db.execute(sa.text(_ALL_OF_THE_ROW))
    night.measure_effects(db, keys, "ma", today=TODAY + timedelta(days=1), now=NOW)
    db.refresh(alert)
    assert alert.closed_on == TODAY + timedelta(days=1)
