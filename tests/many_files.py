"""Thousands of open files in a moment: copies of one that was really taken in."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

_COPY = """
CREATE TEMPORARY TABLE copies ON COMMIT DROP AS
SELECT n, gen_random_uuid() AS received, gen_random_uuid() AS file, gen_random_uuid() AS task
FROM generate_series(1, :number) AS n;

INSERT INTO received_file SELECT (jsonb_populate_record(r, jsonb_build_object(
  'id', c.received, 'external_id', 'COPY-' || c.n,
  'registration_number', lpad(c.n::text, 9, '8')))).*
FROM received_file r JOIN control_file f ON f.received_file_id = r.id, copies c
WHERE f.reference = :reference;

INSERT INTO control_file SELECT (jsonb_populate_record(f, jsonb_build_object(
  'id', c.file, 'received_file_id', c.received, 'reference', 'COPY-' || lpad(c.n::text, 6, '0'),
  'registration_number', lpad(c.n::text, 9, '8'), 'assigned_doctor_id', NULL,
  'journal_length', 0, 'journal_head', '\\x'))).*
FROM control_file f, copies c WHERE f.reference = :reference;

INSERT INTO human_task SELECT (jsonb_populate_record(t, jsonb_build_object(
  'id', c.task, 'control_file_id', c.file, 'reference', 'COPY-' || lpad(c.n::text, 6, '0'),
  'registration_number', lpad(c.n::text, 9, '8'), 'assigned_doctor_id', NULL,
  'points', CAST(:points AS int), 'due_at', t.due_at + c.n % 5 * interval '1 day'))).*
FROM human_task t, copies c WHERE t.reference = :reference AND t.status = 'open';
"""


def copy_file(session: Session, reference: str, number: int, *, points: int = 2) -> list[UUID]:
    """Copy a file with its open task so many times, into nobody's hands; return the tasks."""
    values = {"number": number, "reference": reference, "points": points}
    for statement in _COPY.split(";\n")[:4]:
        session.execute(sa.text(statement), values)
    return list(session.execute(sa.text("SELECT task FROM copies ORDER BY n")).scalars())
