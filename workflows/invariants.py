"""What must always hold, checked every night: counted by SQL, reported by code and by id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from assignment import invariants as assignment
from medcontrol.clock import Clock
from medcontrol.db import read_only

#: Examples that are kept of each kind of problem.
EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not hold. ``subjects``: ids of the first ones, as text."""

    code: str
    count: int
    subjects: tuple[str, ...]


#: Each statement returns the ids of what is wrong.
CHECKS: Mapping[str, str] = {
    **assignment.CHECKS,
    "file.waits_for_nothing": """
        SELECT f.id::text FROM control_file f JOIN flow_instance i ON i.control_file_id = f.id
        WHERE f.status <> 'closed' AND i.ended_at IS NULL
          AND NOT EXISTS (SELECT FROM human_task t
                          WHERE t.control_file_id = f.id AND t.status = 'open')
          AND NOT EXISTS (SELECT FROM deadline d WHERE d.control_file_id = f.id
                          AND d.engine_task_id IS NOT NULL
                          AND d.status IN ('running', 'suspended'))""",
    "file.closed_but_flow_goes_on": """
        SELECT f.id::text FROM control_file f JOIN flow_instance i ON i.control_file_id = f.id
        WHERE (f.status = 'closed') <> (i.ended_at IS NOT NULL)""",
    "file.without_flow": """
        SELECT f.id::text FROM control_file f
        WHERE f.status <> 'closed'
          AND NOT EXISTS (SELECT FROM flow_instance i WHERE i.control_file_id = f.id)""",
    "received.lost": """
        SELECT m.subject_id::text FROM inbox_message m
        WHERE m.source NOT LIKE 'client:%'
          AND NOT EXISTS (SELECT FROM received_file r WHERE r.id = m.subject_id)""",
    # What another file opened (an appeal, a second reading) is not what selectivity decides on.
    "received.without_decision": """
        SELECT r.id::text FROM received_file r
        WHERE r.channel <> 'internal'
          AND NOT EXISTS (SELECT FROM selectivity_decision d WHERE d.received_file_id = r.id)""",
    "received.controlled_but_not_opened": """
        SELECT d.received_file_id::text FROM selectivity_decision d
        WHERE d.lane IN ('orange', 'red')
          AND NOT EXISTS (SELECT FROM control_file f
                          WHERE f.received_file_id = d.received_file_id)""",
    "letter.nobody_sends": """
        SELECT l.id::text FROM letter l
        WHERE l.status = 'waiting' AND l.way <> 'agency'
          AND NOT EXISTS (SELECT FROM outbox_message o WHERE o.key = 'letter:' || l.id
                          AND o.done_at IS NULL AND o.dead_at IS NULL)""",
    "reading.wait_not_ended": """
        SELECT id::text FROM second_reading WHERE hold_end IS NULL AND held_until < :late""",
    "outbox.given_up": "SELECT id::text FROM outbox_message WHERE dead_at IS NOT NULL",
    "deadline.long_overdue": """
        SELECT id::text FROM deadline WHERE status = 'running' AND due_at < :late""",
    "review.not_opened": """
        SELECT id::text FROM entitlement
        WHERE status = 'active' AND opens_on < :review_late""",
    "review.moved_past_the_end": """
        SELECT id::text FROM entitlement
        WHERE status = 'active' AND planned_on IS NOT NULL
          AND opens_on > planned_on AND opens_on > least(valid_to, next_review_on - 1)""",
    "review.without_file": """
        SELECT e.id::text FROM entitlement e
        WHERE e.status = 'under_review'
          AND NOT EXISTS (SELECT FROM control_file f
                          WHERE f.registration_number = e.registration_number
                            AND f.entitlement_id = e.id AND f.closed_at IS NULL)""",
}
#: How long a sweep may be late before somebody should look.
SWEEP_PATIENCE = timedelta(hours=1)
REVIEW_PATIENCE = timedelta(days=2)


def check_all(*, now: Clock) -> list[Problem]:
    """Run every check and return what does not hold; nothing is changed or repaired.

    Each check is one statement, so it sees one instant while work goes on.
    """
    at = now()
    values = {
        "late": at - SWEEP_PATIENCE,
        "review_late": (at - REVIEW_PATIENCE).date(),
        "now": at,
        "stale": assignment.STALE_DAYS,
    }
    found: list[Problem] = []
    with read_only() as session:
        session.execute(sa.text("SET LOCAL statement_timeout = '300s'"))
        for code, statement in CHECKS.items():
            subjects = session.execute(sa.text(statement), values).scalars().all()
            if subjects:
                found.append(Problem(code, len(subjects), tuple(subjects[:EXAMPLES])))
    return found


def counts(problems: Sequence[Problem]) -> dict[str, int]:
    """Return how many there are of each kind of problem, none included."""
    found = {problem.code: problem.count for problem in problems}
    return {code: found.get(code, 0) for code in CHECKS}
