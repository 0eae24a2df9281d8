"""What fails is seen in groups, and tried again with an outcome for each."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_OUTCOMES = ("waiting", "done", "failed", "gone")


def upgrade() -> None:
    """Let messages say since when they fail; add failed work and retries, none yet."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("first_failed_at", "last_failed_at"):
        op.add_column("outbox_message", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_outbox_message_failed",
        "outbox_message",
        ["topic"],
        postgresql_where=sa.text(
            "done_at IS NULL AND (last_error IS NOT NULL OR dead_at IS NOT NULL)"
        ),
    )
    _failed_work()
    _retries()


def _failed_work() -> None:
    op.create_table(
        "failed_work",
        sa.Column("job", sa.String(64), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("control_file_id", sa.Uuid(), nullable=True),
        sa.Column("step", sa.String(64), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("job", "subject_id", name=op.f("pk_failed_work")),
        sa.ForeignKeyConstraint(
            ["control_file_id"],
            ["control_file.id"],
            name=op.f("fk_failed_work_control_file_id_control_file"),
        ),
    )
    op.create_index(
        "ix_failed_work_open",
        "failed_work",
        ["job"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _retries() -> None:
    op.create_table(
        "incident_retry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(64), nullable=False),
        sa.Column("step", sa.String(64), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_retry")),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["user_account.id"], name=op.f("fk_incident_retry_asked_by_user_account")
        ),
    )
    op.create_index("ix_incident_retry_asked_at", "incident_retry", ["asked_at"])
    op.create_table(
        "incident_retry_item",
        sa.Column("retry_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("control_file_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(32), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("retry_id", "subject_id", name=op.f("pk_incident_retry_item")),
        sa.ForeignKeyConstraint(
            ["retry_id"],
            ["incident_retry.id"],
            name=op.f("fk_incident_retry_item_retry_id_incident_retry"),
        ),
        sa.ForeignKeyConstraint(
            ["control_file_id"],
            ["control_file.id"],
            name=op.f("fk_incident_retry_item_control_file_id_control_file"),
        ),
        sa.CheckConstraint(
            f"outcome IN {_OUTCOMES!r}", name=op.f("ck_incident_retry_item_retry_outcome")
        ),
    )


def downgrade() -> None:
    """Forget what failed beside the outbox and what was tried again; messages stay."""
    for table in ("incident_retry_item", "incident_retry", "failed_work"):
        op.drop_table(table)
    op.drop_index("ix_outbox_message_failed", table_name="outbox_message")
    for name in ("last_failed_at", "first_failed_at"):
        op.drop_column("outbox_message", name)
