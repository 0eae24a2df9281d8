"""Migration of running files between pack versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_STATES = ("checking", "checked", "running", "done", "stopped", "reverting", "reverted")
_RESULTS = ("migratable", "blocked", "unchanged", "migrated", "failed", "reverted", "kept")
_AT = sa.DateTime(timezone=True)


def _words(name: str, values: tuple[str, ...], length: int = 32) -> sa.Enum:
    return sa.Enum(*values, native_enum=False, create_constraint=True, length=length, name=name)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "pack_migration",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("jurisdiction", _words("jurisdiction", ("ma", "lu"), 8), nullable=False),
        sa.Column("from_pack", sa.String(64), nullable=False),
        sa.Column("to_pack", sa.String(64), nullable=False),
        sa.Column("to_hash", sa.String(64), nullable=False),
        sa.Column("mapping", pg.JSON(none_as_null=True), nullable=False),
        sa.Column("max_error_rate", sa.Integer(), nullable=False),
        sa.Column("status", _words("pack_migration_status", _STATES), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.UUID(), nullable=True),
        sa.Column("asked_at", _AT, nullable=False),
        sa.Column("reached", sa.UUID(), nullable=True),
        sa.Column("changed_at", _AT, nullable=False),
        sa.CheckConstraint(
            "max_error_rate BETWEEN 0 AND 10000", name=op.f("ck_pack_migration_max_error_rate")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_migration")),
    )
    op.create_index("ix_pack_migration_asked", "pack_migration", ["jurisdiction", "asked_at"])
    _files()
    op.create_index(
        "ix_flow_instance_running", "flow_instance", ["pack", "control_file_id"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )  # fmt: skip


def _files() -> None:
    op.create_table(
        "pack_migration_file",
        sa.Column("migration_id", sa.UUID(), nullable=False),
        sa.Column("control_file_id", sa.UUID(), nullable=False),
        sa.Column("result", _words("pack_migration_result", _RESULTS), nullable=False),
        sa.Column("step", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(64), nullable=True),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("hash_before", sa.String(64), nullable=False),
        sa.Column("hash_after", sa.String(64), nullable=True),
        sa.Column("undo", pg.JSON(none_as_null=True), nullable=True),
        sa.Column("changed_at", _AT, nullable=False),
        sa.CheckConstraint(
            "(result IN ('blocked', 'failed', 'kept')) = (reason IS NOT NULL)",
            name=op.f("ck_pack_migration_file_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["migration_id"], ["pack_migration.id"],
            name=op.f("fk_pack_migration_file_migration_id_pack_migration"),
        ),
        sa.ForeignKeyConstraint(
            ["control_file_id"], ["control_file.id"],
            name=op.f("fk_pack_migration_file_control_file_id_control_file"),
        ),
        sa.PrimaryKeyConstraint(
            "migration_id", "control_file_id", name=op.f("pk_pack_migration_file")
        ),
    )  # fmt: skip
    op.create_index(
        "ix_pack_migration_file_result",
        "pack_migration_file",
        ["migration_id", "result", "control_file_id"],
    )
    op.create_index("ix_pack_migration_file_file", "pack_migration_file", ["control_file_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_flow_instance_running", "flow_instance")
    op.drop_table("pack_migration_file")
    op.drop_table("pack_migration")
