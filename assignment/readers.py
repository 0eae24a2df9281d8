"""Who may read a decision a second time (lecteurs): one statement, the least charged first.

A reader holds the role in the file's agency or region or at the centre, took no part in the file,
never had it in hand and never opened what is medical in it, has no other file of the person in
hand, is not the author's superior, and has
not had as many readings this month as the law lets one reader have. The comparison's grid is for
the reader alone who decided.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.legal.loading import law
from medcontrol.vocabulary import StepKind

CAP = "quality.monthly_cap"
STEP, GRID = "second_reading", "grid"

_READERS = sa.text("""
WITH held AS (
  SELECT coalesce(q.done_by_doctor_id, q.assigned_doctor_id) AS doctor_id, count(*) AS n
  FROM human_task q
  WHERE q.kind = 'quality_reading' AND q.step = 'second_reading' AND q.status <> 'cancelled'
    AND q.opened_at >= :month AND (CAST(:child AS uuid) IS NULL OR q.control_file_id <> :child)
  GROUP BY 1
)
SELECT u.doctor_id FROM user_account u
JOIN doctor d ON d.id = u.doctor_id AND d.is_active
JOIN control_file p ON p.id = :parent
LEFT JOIN held h ON h.doctor_id = u.doctor_id
WHERE u.is_active AND coalesce(h.n, 0) < :cap
  AND EXISTS (
    SELECT FROM role_grant g JOIN unit n ON n.code = g.unit_code
    WHERE g.user_id = u.id AND g.role = 'quality_reader' AND g.valid_from <= :day
      AND (g.valid_to IS NULL OR g.valid_to >= :day)
      AND (n.level = 'central' OR g.unit_code IN (p.agency_code, p.region_code)))
  AND NOT EXISTS (SELECT FROM assignment a
                  WHERE a.control_file_id = p.id AND a.doctor_id = u.doctor_id)
  AND NOT EXISTS (SELECT FROM opinion o
                  WHERE o.control_file_id = p.id AND o.doctor_id = u.doctor_id)
  AND NOT EXISTS (SELECT FROM human_task t
                  WHERE t.control_file_id = p.id AND t.done_by_doctor_id = u.doctor_id)
  AND NOT EXISTS (SELECT FROM human_task m
                  WHERE m.assigned_doctor_id = u.doctor_id AND m.status = 'open'
                    AND m.registration_number = p.registration_number
                    AND m.kind <> 'quality_reading')
  AND NOT EXISTS (SELECT FROM access_log l
                  WHERE l.control_file_id = p.id AND l.user_id = u.id)
  AND NOT EXISTS (
    SELECT FROM opinion o JOIN doctor_superior s ON s.doctor_id = o.doctor_id
    WHERE o.control_file_id = p.id AND s.superior_id = u.doctor_id
      AND s.valid_from <= CAST(o.given_at AS date)
      AND (s.valid_to IS NULL OR s.valid_to >= CAST(o.given_at AS date)))
  AND (CAST(:child AS uuid) IS NULL OR NOT EXISTS (
    SELECT FROM opinion o WHERE o.control_file_id = :child AND o.doctor_id = u.doctor_id))
ORDER BY coalesce(h.n, 0), u.doctor_id
""")
_WHO_DECIDED = sa.text("""
SELECT doctor_id FROM opinion WHERE control_file_id = :child AND is_proposal
ORDER BY given_at DESC LIMIT 1
""")


def readers_for(
    session: Session, parent_id: UUID, jurisdiction: str, *, day: date, child_id: UUID | None = None
) -> tuple[UUID, ...]:
    """Return the doctors who may read a file's decision on a day, the least charged first.

    Args:
        session: any; nothing is written.
        parent_id: the file whose decision is read.
        jurisdiction: whose law caps a reader's month.
        day: the civil day on which the reading is given out.
        child_id: the reading's own file, once it is open: whoever declined there is left out.
    """
    values = {
        "parent": parent_id, "child": child_id, "day": day, "month": day.replace(day=1),
        "cap": law(jurisdiction).number(CAP, day).value,
    }  # fmt: skip
    return tuple(session.execute(_READERS, values).scalars())


def reserved_for(session: Session, row: Mapping[str, Any], *, day: date) -> tuple[UUID, ...]:
    """Return who alone may have a task of a reading.

    Args:
        session: any.
        row: ``kind``, ``step``, ``control_file_id``, ``parent_id`` and ``jurisdiction`` of it.
        day: the civil day of the assignment.
    """
    if row["kind"] != StepKind.QUALITY_READING:
        return ()
    if row["step"] == GRID:
        return tuple(session.execute(_WHO_DECIDED, {"child": row["control_file_id"]}).scalars())
    return readers_for(
        session, row["parent_id"], row["jurisdiction"], day=day, child_id=row["control_file_id"]
    )
