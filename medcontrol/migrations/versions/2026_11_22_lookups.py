"""Two lookups that read whole tables: a prescriber's files, and what was opened or done lately."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes.

    Steps are opened and done in about the order in which they lie in their table, so a block
    range index is enough: next to nothing to write, and no obstacle to updates in place.
    """
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_control_file_prescriber_id", "control_file", ["prescriber_id"])
    op.create_index(
        "ix_human_task_times",
        "human_task",
        ["opened_at", "done_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on", "pages_per_range": 32},
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_human_task_times", table_name="human_task")
    op.drop_index("ix_control_file_prescriber_id", table_name="control_file")
