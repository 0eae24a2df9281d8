"""reassignment"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bulk reassignment, its selections and results; who announced an absence."""
    _create_reassignment_batch()
    _create_selection_token()
    _create_reassignment_item()
    # What exists already was announced and waits: those defaults stay for rows that come by file.
    op.add_column(
        "absence",
        sa.Column(
            "kind",
            sa.Enum(
                "planned",
                "unplanned",
                name="absence_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            server_default="planned",
        ),
    )
    op.add_column(
        "absence",
        sa.Column(
            "status",
            sa.Enum(
                "announced",
                "handed_over",
                name="absence_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            server_default="announced",
        ),
    )
    op.add_column("absence", sa.Column("entered_by", sa.UUID(), nullable=True))
    op.add_column("absence", sa.Column("entered_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Forget them."""
    op.drop_column("absence", "entered_at")
    op.drop_column("absence", "entered_by")
    op.drop_column("absence", "status")
    op.drop_column("absence", "kind")
    op.drop_index(
        "uq_reassignment_item_waiting",
        table_name="reassignment_item",
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.drop_index("ix_reassignment_item_status", table_name="reassignment_item")
    op.drop_table("reassignment_item")
    op.drop_index("ix_selection_token_expires_at", table_name="selection_token")
    op.drop_table("selection_token")
    op.drop_index(
        "uq_reassignment_batch_undo",
        table_name="reassignment_batch",
        postgresql_where=sa.text("kind = 'undo'"),
    )
    op.drop_index("ix_reassignment_batch_requested", table_name="reassignment_batch")
    op.drop_table("reassignment_batch")


def _create_reassignment_batch() -> None:
    op.create_table(
        "reassignment_batch",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "jurisdiction",
            sa.Enum(
                "ma", "lu", name="jurisdiction", native_enum=False, create_constraint=True, length=8
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "reassign",
                "retry",
                "undo",
                "handover",
                name="batch_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("parent_id", sa.UUID(), nullable=True),
        sa.Column("absence_id", sa.UUID(), nullable=True),
        sa.Column("requested_by", sa.UUID(), nullable=False),
        sa.Column("requested_label", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("target", postgresql.JSON(none_as_null=True), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "waiting",
                "running",
                "done",
                name="batch_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind IN ('undo', 'retry')) = (parent_id IS NOT NULL)",
            name=op.f("ck_reassignment_batch_parent"),
        ),
        sa.CheckConstraint(
            "(status = 'done') = (finished_at IS NOT NULL)",
            name=op.f("ck_reassignment_batch_finished"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["reassignment_batch.id"],
            name=op.f("fk_reassignment_batch_parent_id_reassignment_batch"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reassignment_batch")),
    )
    op.create_index(
        "ix_reassignment_batch_requested", "reassignment_batch", ["requested_by", "requested_at"]
    )
    op.create_index(
        "uq_reassignment_batch_undo",
        "reassignment_batch",
        ["parent_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'undo'"),
    )


def _create_selection_token() -> None:
    op.create_table(
        "selection_token",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("filters", sa.Text(), nullable=True),
        sa.Column("task_ids", postgresql.ARRAY(sa.UUID()), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(filters IS NULL) <> (task_ids IS NULL)", name=op.f("ck_selection_token_one_way")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_selection_token")),
    )
    op.create_index("ix_selection_token_expires_at", "selection_token", ["expires_at"])


def _create_reassignment_item() -> None:
    op.create_table(
        "reassignment_item",
        sa.Column("batch_id", sa.UUID(), nullable=False),
        sa.Column("human_task_id", sa.UUID(), nullable=False),
        sa.Column("control_file_id", sa.UUID(), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "waiting",
                "moved",
                "refused",
                "undone",
                name="item_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("from_doctor_id", sa.UUID(), nullable=True),
        sa.Column("from_agency", sa.String(length=64), nullable=False),
        sa.Column("from_region", sa.String(length=64), nullable=False),
        sa.Column("wanted_doctor_id", sa.UUID(), nullable=True),
        sa.Column("to_doctor_id", sa.UUID(), nullable=True),
        sa.Column("refusals", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("warnings", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("journal_number", sa.Integer(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["reassignment_batch.id"],
            name=op.f("fk_reassignment_item_batch_id_reassignment_batch"),
        ),
        sa.ForeignKeyConstraint(
            ["from_doctor_id"],
            ["doctor.id"],
            name=op.f("fk_reassignment_item_from_doctor_id_doctor"),
        ),
        sa.ForeignKeyConstraint(
            ["human_task_id"],
            ["human_task.id"],
            name=op.f("fk_reassignment_item_human_task_id_human_task"),
        ),
        sa.ForeignKeyConstraint(
            ["to_doctor_id"], ["doctor.id"], name=op.f("fk_reassignment_item_to_doctor_id_doctor")
        ),
        sa.ForeignKeyConstraint(
            ["wanted_doctor_id"],
            ["doctor.id"],
            name=op.f("fk_reassignment_item_wanted_doctor_id_doctor"),
        ),
        sa.PrimaryKeyConstraint("batch_id", "human_task_id", name=op.f("pk_reassignment_item")),
    )
    op.create_index("ix_reassignment_item_status", "reassignment_item", ["batch_id", "status"])
    op.create_index(
        "uq_reassignment_item_waiting",
        "reassignment_item",
        ["human_task_id"],
        unique=True,
        postgresql_where=sa.text("status = 'waiting'"),
    )
