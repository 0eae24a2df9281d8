"""What people keep of their own on the screens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the views of lists that people save."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "saved_view",
        sa.Column("id", pg.UUID(as_uuid=True), nullable=False),
        sa.Column("user_id", pg.UUID(as_uuid=True), nullable=False),
        sa.Column("path", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_saved_view_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint(
            "user_id", "path", "name", name=op.f("uq_saved_view_user_id_path_name")
        ),
    )
    op.create_index(
        "uq_saved_view_default", "saved_view", ["user_id", "path"], unique=True,
        postgresql_where=sa.text("is_default"),
    )  # fmt: skip


def downgrade() -> None:
    """Forget them."""
    op.drop_table("saved_view")
