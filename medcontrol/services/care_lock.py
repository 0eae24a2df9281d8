"""One transaction at a time changes or reads what is known of a person in long-term care."""

import sqlalchemy as sa
from sqlmodel import Session


def lock_person(session: Session, registration_number: str) -> None:
    """Hold a person's facts until the end of the transaction."""
    session.execute(
        sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 9))"),
        {"key": f"care:{registration_number}"},
    )
