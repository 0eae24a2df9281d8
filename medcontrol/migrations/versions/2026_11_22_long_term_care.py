"""long_term_care"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    in_force = sa.text("replaced_at IS NULL")
    op.create_table(
        "care_plan",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("registration_number", sa.String(length=64), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("is_definitive", sa.Boolean(), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("acts", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_care_plan_validity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_plan")),
    )
    op.create_index(
        "ix_care_plan_person", "care_plan", ["registration_number", "provider_id"],
        unique=False, postgresql_where=in_force,
    )  # fmt: skip
    op.create_table(
        "hospital_stay",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("registration_number", sa.String(length=64), nullable=False),
        sa.Column("admission", sa.Date(), nullable=False),
        sa.Column("discharge", sa.Date(), nullable=False),
        sa.Column("is_acute", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("discharge >= admission", name=op.f("ck_hospital_stay_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hospital_stay")),
    )
    op.create_index(
        "ix_hospital_stay_person", "hospital_stay", ["registration_number"],
        unique=False, postgresql_where=in_force,
    )  # fmt: skip
    op.create_table(
        "care_bill",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("registration_number", sa.String(length=64), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("provider_name", sa.Text(), nullable=False),
        sa.Column("agency_code", sa.String(length=64), nullable=False),
        sa.Column("is_documented", sa.Boolean(), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("periods", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("extract(day from month) = 1", name=op.f("ck_care_bill_month")),
        sa.ForeignKeyConstraint(
            ["agency_code"], ["unit.code"], name=op.f("fk_care_bill_agency_code_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_bill")),
        sa.UniqueConstraint("provider_id", "number", name=op.f("uq_care_bill_provider_id_number")),
    )
    op.create_index(
        "uq_care_bill_in_force", "care_bill", ["registration_number", "provider_id", "month"],
        unique=True, postgresql_where=in_force,
    )  # fmt: skip
    op.create_table(
        "care_bill_check",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("bill_id", sa.UUID(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("payable_minutes", sa.Integer(), nullable=False),
        sa.Column("difference_minutes", sa.Integer(), nullable=False),
        sa.Column("signs", postgresql.ARRAY(sa.String(length=64)), nullable=False),
        sa.Column("control_id", sa.String(length=64), nullable=True),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("payable_minutes >= 0", name=op.f("ck_care_bill_check_payable")),
        sa.ForeignKeyConstraint(
            ["bill_id"], ["care_bill.id"], name=op.f("fk_care_bill_check_bill_id_care_bill")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_bill_check")),
    )
    op.create_index(
        "ix_care_bill_check_bill", "care_bill_check", ["bill_id", "checked_at"], unique=False
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("care_bill_check", "care_bill", "hospital_stay", "care_plan"):
        op.drop_table(table)
