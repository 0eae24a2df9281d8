"""A professional's number is found as fast where he prescribed as where he provided."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index that the search by a professional's number lacked."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_control_file_prescriber_id", "control_file", ["prescriber_id"])


def downgrade() -> None:
    """Take it away."""
    op.drop_index("ix_control_file_prescriber_id", table_name="control_file")
