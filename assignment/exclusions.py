"""Who may not look at a file again (récusations): one SQL expression, asked at every door.

A linked file that looks at another one again (an appeal, a second reading) is kept from whoever
took part there. An appeal is kept from their superiors and subordinates of that day too. An
expertise looks at nothing again: it is kept from whom the file is kept from that asks for it.
Nor does a file of another flow that follows from a decision, such as a pension after sick leave.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.driver import FEW, run

#: Flows whose files are about another file; their doctors are those of that file's flow.
LINKED = ("appeal", "expertise", "quality")
EXPERTISE, QUALITY = "expertise", "quality"

AUTHOR = "author_of_contested_opinion"
TOOK_PART = "took_part"
SUPERIOR = "superior_of_author"
SUBORDINATE = "subordinate_of_author"

# A child that is about what its parent ``p`` is about; one of another flow follows from it.
_AGAIN = "{child}.flow = p.flow OR {child}.flow IN ('appeal', 'expertise', 'quality')"
# [[doctor, reason]…] of the file ``f``; the strongest reason of a doctor stands last. NULL for a
# file that is about no other one, at no cost.
EXCLUDED = f"""
CASE WHEN f.parent_id IS NOT NULL THEN (
  WITH RECURSIVE above(id, flow, parent_id) AS (
    SELECT f.id, f.flow, f.parent_id
    UNION ALL
    SELECT p.id, p.flow, p.parent_id FROM above a JOIN control_file p ON p.id = a.parent_id
  ), again(id, is_appeal) AS (
    SELECT a.parent_id, bool_or(a.flow <> '{QUALITY}') FROM above a
    JOIN control_file p ON p.id = a.parent_id
    WHERE a.flow <> '{EXPERTISE}' AND ({_AGAIN.format(child="a")}) GROUP BY a.parent_id
  ), seen(id, is_appeal, is_contested) AS (
    SELECT g.id, g.is_appeal, true FROM again g
    UNION ALL
    SELECT s.id, g.is_appeal, false FROM again g JOIN control_file s ON s.parent_id = g.id
    JOIN control_file p ON p.id = g.id
    WHERE s.id NOT IN (SELECT id FROM above) AND ({_AGAIN.format(child="s")})
  ), part(doctor_id, since, is_appeal, is_author) AS (
    SELECT o.doctor_id, CAST(o.given_at AS date), s.is_appeal, s.is_contested
    FROM seen s JOIN opinion o ON o.control_file_id = s.id
    UNION ALL
    SELECT t.done_by_doctor_id, CAST(t.done_at AS date), s.is_appeal, false
    FROM seen s JOIN human_task t ON t.control_file_id = s.id
    WHERE t.done_by_doctor_id IS NOT NULL
    UNION ALL
    SELECT q.doctor_id, CAST(q.ended_at AS date), s.is_appeal, false
    FROM seen s JOIN opinion_request q ON q.control_file_id = s.id AND q.status = 'answered'
    WHERE q.doctor_id IS NOT NULL
    UNION ALL
    SELECT m.doctor_id, CAST(x.closed_at AS date), s.is_appeal, false
    FROM seen s JOIN commission_member m ON m.control_file_id = s.id
    JOIN control_file x ON x.id = s.id
    WHERE m.is_present
  ), barred(doctor_id, reason, rank) AS (
    SELECT s.doctor_id, '{SUBORDINATE}', 1 FROM part p JOIN doctor_superior s
      ON s.superior_id = p.doctor_id AND s.valid_from <= p.since
      AND (s.valid_to IS NULL OR s.valid_to >= p.since) WHERE p.is_appeal
    UNION SELECT s.superior_id, '{SUPERIOR}', 2 FROM part p JOIN doctor_superior s
      ON s.doctor_id = p.doctor_id AND s.valid_from <= p.since
      AND (s.valid_to IS NULL OR s.valid_to >= p.since) WHERE p.is_appeal
    UNION SELECT e.doctor_id, e.reason, 3 FROM above a
      JOIN excluded_doctor e ON e.control_file_id = a.id
    UNION SELECT p.doctor_id, '{TOOK_PART}', 4 FROM part p
    UNION SELECT p.doctor_id, '{AUTHOR}', 5 FROM part p WHERE p.is_author
  )
  SELECT json_agg(json_build_array(doctor_id, reason) ORDER BY rank) FROM barred
) END
"""  # noqa: S608 - words of ours

_OF_FILES = sa.text(
    f"SELECT f.id, {EXCLUDED} FROM control_file f WHERE f.id = ANY(:ids)"  # noqa: S608 - words of ours
)
_OF_FILE = (
    f"SELECT f.id, {EXCLUDED} FROM control_file f WHERE f.id = %(id)s"  # noqa: S608 - words of ours
).encode()


def reasons_of(pairs: list[list[str]] | None) -> dict[UUID, str]:
    """Return what ``EXCLUDED`` says, by doctor."""
    return {UUID(doctor): reason for doctor, reason in pairs or ()}


def excluded_from(session: Session, control_file_id: UUID) -> dict[UUID, str]:
    """Return the doctors whom a file is kept from, each with the strongest reason code."""
    return excluded_from_each(session, [control_file_id]).get(control_file_id, {})


def excluded_from_each(session: Session, file_ids: Collection[UUID]) -> dict[UUID, dict[UUID, str]]:
    """Return, by file, the doctors whom it is kept from; nothing is asked for no file."""
    rows: Iterable[Sequence[Any]]
    if len(file_ids) <= FEW:  # taking its plan anew costs ten times what the answer does
        found = run(session, [(_OF_FILE, {"id": each}) for each in file_ids])
        rows = [row for each in found for row in each]
    else:
        rows = session.execute(_OF_FILES, {"ids": list(file_ids)})
    return {row[0]: reasons_of(row[1]) for row in rows}
