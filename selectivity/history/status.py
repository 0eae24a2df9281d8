"""What history holds, in figures (état de l'historique)."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

CHECK = "history.check"
"""Name of the nightly job that compares counters with what they count."""

_QUESTIONS = {
    "imported_files": "SELECT count(*) FROM past_file",
    "imported_from": "SELECT min(received_on)::text FROM past_file",
    "imported_until": "SELECT max(received_on)::text FROM past_file",
    "received_files": "SELECT count(*) FROM received_file",
    "outcomes": "SELECT count(*) FROM control_outcome WHERE NOT is_overturned",
    "outcomes_overturned": "SELECT count(*) FROM control_outcome WHERE is_overturned",
    "bucket_rows": "SELECT count(*) FROM feature_bucket",
    "person_rows": "SELECT count(*) FROM beneficiary_event",
    "bytes": "SELECT pg_total_relation_size('feature_bucket')"
    " + pg_total_relation_size('beneficiary_event') + pg_total_relation_size('past_file')",
}


def status_of(session: Session) -> dict[str, Any]:
    """Return the figures of history, and when counters were last checked."""
    found = {name: session.execute(sa.text(text)).scalar_one() for name, text in _QUESTIONS.items()}
    last = session.execute(
        sa.text("SELECT last_run_at::text, last_result FROM schedule WHERE name = :name"),
        {"name": CHECK},
    ).one_or_none()
    found["last_check"] = last[0] if last else None
    found["last_check_differences"] = last[1].get("differences") if last else None
    return found
