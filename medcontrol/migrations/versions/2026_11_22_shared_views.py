"""Views of lists that a unit shares, and what a list opens with for a role."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_ROLES = (
    "agent", "doctor", "coordinator", "central_doctor", "supervisor", "quality_reader",
    "appeals_secretary", "analyst", "reference_manager", "auditor", "administrator", "expert",
)  # fmt: skip


def upgrade() -> None:
    """Say whose a view is; what somebody's list opens with becomes a choice among views."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("saved_view", sa.Column("unit_code", sa.String(length=64), nullable=True))
    op.add_column(
        "saved_view",
        sa.Column(
            "role",
            sa.Enum(*_ROLES, name="role", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
    )
    op.create_foreign_key(
        op.f("fk_saved_view_unit_code_unit"), "saved_view", "unit", ["unit_code"], ["code"]
    )
    op.create_check_constraint(
        op.f("ck_saved_view_one_audience"), "saved_view", "unit_code IS NULL OR role IS NULL"
    )
    op.create_table(
        "view_choice",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("path", sa.String(length=64), nullable=False),
        sa.Column("view_id", sa.UUID(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_view_choice_user_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["view_id"], ["saved_view.id"], name=op.f("fk_view_choice_view_id_saved_view")
        ),
        sa.PrimaryKeyConstraint("user_id", "path", name=op.f("pk_view_choice")),
    )
    op.create_index("ix_view_choice_view", "view_choice", ["view_id"])
    op.execute(
        "INSERT INTO view_choice (user_id, path, view_id)"
        " SELECT user_id, path, id FROM saved_view WHERE is_default"
    )
    op.drop_index("uq_saved_view_default", table_name="saved_view")
    op.drop_column("saved_view", "is_default")
    op.drop_constraint(op.f("uq_saved_view_user_id_path_name"), "saved_view", type_="unique")
    _create_unique("own", ["user_id", "path", "name"], "unit_code IS NULL AND role IS NULL")
    _create_unique("unit", ["unit_code", "path", "name"], "unit_code IS NOT NULL")
    _create_unique("role", ["role", "path"], "role IS NOT NULL")


def downgrade() -> None:
    """Keep what people saved for themselves; what was shared goes."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("own", "unit", "role"):
        op.drop_index(f"uq_saved_view_{name}", table_name="saved_view")
    op.add_column(
        "saved_view",
        sa.Column("is_default", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.execute(
        "UPDATE saved_view v SET is_default = true FROM view_choice c"
        " WHERE c.view_id = v.id AND c.user_id = v.user_id"
    )
    op.alter_column("saved_view", "is_default", server_default=None)
    op.drop_table("view_choice")
    op.execute("DELETE FROM saved_view WHERE unit_code IS NOT NULL OR role IS NOT NULL")
    op.create_unique_constraint(
        op.f("uq_saved_view_user_id_path_name"), "saved_view", ["user_id", "path", "name"]
    )
    op.create_index(
        "uq_saved_view_default", "saved_view", ["user_id", "path"], unique=True,
        postgresql_where=sa.text("is_default"),
    )  # fmt: skip
    op.drop_constraint(op.f("ck_saved_view_one_audience"), "saved_view", type_="check")
    op.drop_column("saved_view", "role")
    op.drop_column("saved_view", "unit_code")


def _create_unique(name: str, columns: list[str], where: str) -> None:
    op.create_index(
        f"uq_saved_view_{name}", "saved_view", columns, unique=True,
        postgresql_where=sa.text(where),
    )  # fmt: skip
