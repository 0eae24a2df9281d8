"""Bills of long-term care by level of need, acts that were not executed."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "care_level",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("registration_number", sa.String(length=64), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("level", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_care_level_validity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_level")),
    )
    op.create_index(
        "ix_care_level_person", "care_level", ["registration_number"], unique=False,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )  # fmt: skip
    op.create_table(
        "care_provider_year",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("provider_name", sa.Text(), nullable=False),
        sa.Column("executed", sa.BigInteger(), nullable=False),
        sa.Column("not_executed_hundredths", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "executed >= 0 AND not_executed_hundredths >= 0",
            name=op.f("ck_care_provider_year_not_negative"),
        ),
        sa.PrimaryKeyConstraint("provider_id", "year", name=op.f("pk_care_provider_year")),
    )
    op.add_column(
        "care_bill",
        sa.Column(
            "provider_kind", sa.String(length=64), nullable=False, server_default="care_network"
        ),
    )
    op.alter_column("care_bill", "provider_kind", server_default=None)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("care_bill", "provider_kind")
    op.drop_table("care_provider_year")
    op.drop_table("care_level")
