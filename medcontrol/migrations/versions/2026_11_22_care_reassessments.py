"""Reassessments of long-term care: entries into an establishment."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the entries that open a reassessment."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "care_entry",
        sa.Column("id", pg.UUID(as_uuid=True), nullable=False),
        sa.Column("registration_number", sa.String(length=64), nullable=False),
        sa.Column("establishment_id", sa.String(length=64), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("control_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_entry")),
    )
    op.create_index(
        "uq_care_entry_in_force", "care_entry", ["registration_number", "establishment_id"],
        unique=True, postgresql_where=sa.text("replaced_at IS NULL"),
    )  # fmt: skip
    op.create_index(
        "ix_care_entry_open", "care_entry", ["recorded_at"],
        postgresql_where=sa.text("control_id IS NULL AND replaced_at IS NULL"),
    )  # fmt: skip


def downgrade() -> None:
    """Forget the entries."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_care_entry_open", table_name="care_entry")
    op.drop_index("uq_care_entry_in_force", table_name="care_entry")
    op.drop_table("care_entry")
