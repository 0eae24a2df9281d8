"""The nightly check finds what must never be, names it, and is silent when all is well."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.factories import NOW, TODAY
from tests.flow_world import make_world
from tests.integration.test_periodic import make_right
from workflows.invariants import CHECKS, check_all, counts
from workflows.tools import Tools

#: For each check, what breaks it in an otherwise sound fund.
DAMAGES = {
    "task.nobody_and_no_reason": """
        UPDATE human_task SET assigned_doctor_id = NULL, unassigned_reason = NULL""",
    "task.other_doctor_than_assignment": "UPDATE human_task SET assigned_doctor_id = NULL",
    "assignment.open_on_finished_task": "UPDATE human_task SET status = 'done'",
    "load.differs_from_assignments": "UPDATE doctor_load SET open_points = open_points + 1",
    "file.waits_for_nothing": "UPDATE human_task SET status = 'cancelled'",
    "file.closed_but_flow_goes_on": """
        UPDATE control_file SET status = 'closed', closed_at = now()""",
    "task.waits_without_day": """
        UPDATE human_task SET assigned_doctor_id = NULL, unassigned_reason = 'level:2 capacity:3'
        WHERE is_medical""",
    "task.waits_beyond_its_day": """
        UPDATE human_task SET assigned_doctor_id = NULL, unassigned_reason = 'capacity:3',
               expected_on = '2020-01-01' WHERE is_medical""",
    "file.without_flow": "DELETE FROM flow_instance",
    "received.lost": """
        INSERT INTO inbox_message (source, external_id, content_hash, subject_id, seen_at)
        VALUES ('si-amo', 'A-1', '', gen_random_uuid(), now())""",
    "received.without_decision": "DELETE FROM selectivity_decision",
    "reading.wait_not_ended": """
        WITH made AS (
          INSERT INTO decision (id, control_file_id, outcome, decided_at, decided_with)
          SELECT gen_random_uuid(), id, 'granted', opened_at, '{}' FROM control_file LIMIT 1
          RETURNING id, control_file_id)
        INSERT INTO second_reading (id, decision_id, control_file_id, jurisdiction, campaign,
          stratum, draw, rate, drawn_at, flow, region_code, level, decided_on, author_doctor_id,
          status, held_keys, held_until)
        SELECT gen_random_uuid(), m.id, m.control_file_id, 'ma', '2026-11', 'all',
          decode('0000000000000001', 'hex'), 1, '2020-01-01', 'ald', 'MA-06', 'local',
          '2020-01-01', (SELECT id FROM doctor LIMIT 1), 'drawn', '[]', '2020-01-01' FROM made m""",
    "letter.nobody_sends": "DELETE FROM outbox_message WHERE topic = 'letters.send'",
    "outbox.given_up": "UPDATE outbox_message SET dead_at = now()",
    "deadline.long_overdue": "UPDATE deadline SET due_at = due_at - interval '2 years'",
    "review.not_opened": "UPDATE entitlement SET opens_on = opens_on - 60",
    "review.moved_past_the_end": """
        UPDATE entitlement SET planned_on = opens_on, opens_on = valid_to + 1""",
    "review.without_file": "UPDATE entitlement SET status = 'under_review'",
}


@pytest.fixture
def fund(db: Session, tools: Tools) -> Session:
    """Two files under control and a right that is not due."""
    world = make_world(db, tools)
    world.take()
    world.take(external_id="W-2", flow="invalidity", scheme="general", medical=None)
    make_right(db, opens_on=TODAY + timedelta(days=30))
    db.commit()
    return db


def test_a_sound_fund_has_no_problem(fund: Session) -> None:
    assert check_all(now=lambda: NOW) == []
    assert counts([]) == dict.fromkeys(CHECKS, 0)


@pytest.mark.parametrize("code", sorted(DAMAGES))
def test_each_damage_is_found_and_its_rows_named(fund: Session, code: str) -> None:
    fund.execute(sa.text(DAMAGES[code]))
    fund.commit()

    found = {problem.code: problem for problem in check_all(now=lambda: NOW)}

    assert code in found
    assert found[code].count == len(found[code].subjects) >= 1


def test_a_chosen_file_that_was_not_opened_is_found(fund: Session) -> None:
    for table in ("flow_instance", "assignment", "human_task", "deadline", "letter",
                  "journal_entry", "medical_record", "control_file"):  # fmt: skip
        fund.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 - names of ours
    fund.commit()

    found = {problem.code: problem for problem in check_all(now=lambda: NOW)}

    assert found["received.controlled_but_not_opened"].count == 2


@pytest.mark.parametrize(("moved_to", "is_found"), [(30, False), (60, False), (61, True)])
def test_a_right_for_life_is_looked_at_again_before_the_day_of_its_review(
    fund: Session, moved_to: int, is_found: bool
) -> None:
    make_right(
        fund, valid_to=None, next_review_on=TODAY + timedelta(days=61),
        planned_on=TODAY + timedelta(days=28), opens_on=TODAY + timedelta(days=moved_to),
    )  # fmt: skip
    fund.commit()

    found = {problem.code for problem in check_all(now=lambda: NOW)}

    assert found == ({"review.moved_past_the_end"} if is_found else set())


def test_only_some_rows_of_a_large_damage_are_named(fund: Session) -> None:
    fund.execute(
        sa.text(
            "INSERT INTO outbox_message (id, topic, key, payload, created_at, next_try_at,"
            " attempts, dead_at) SELECT gen_random_uuid(), 't', 'k' || n, '{}', now(), now(),"
            " 1, now() FROM generate_series(1, 100) n"
        )
    )
    fund.commit()

    (problem,) = check_all(now=lambda: NOW)

    assert (problem.code, problem.count, len(problem.subjects)) == ("outbox.given_up", 100, 20)


def test_every_check_is_tried() -> None:
    assert DAMAGES.keys() | {"received.controlled_but_not_opened"} == CHECKS.keys()
