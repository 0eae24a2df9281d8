"""Printing, delivery and verification of letters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_ID = pg.UUID(as_uuid=True)
_CODE = sa.String(64)


def _words(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _columns() -> tuple[sa.Column[object], ...]:
    receipts = ("handed_over", "unclaimed", "refused")
    return (
        sa.Column("way", _words("letter_way", "carrier", "agency", "digital"), nullable=False,
                  server_default="carrier"),
        sa.Column("ready_at", _INSTANT, nullable=True),
        sa.Column("verification_code", _CODE, nullable=True),
        sa.Column("is_registered", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("receipt", _words("letter_receipt", *receipts), nullable=True),
        sa.Column("receipt_on", sa.Date(), nullable=True),
        sa.Column("batch_id", _ID, nullable=True),
        sa.Column("batch_position", sa.Integer(), nullable=True),
    )  # fmt: skip


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE SEQUENCE letter_batch_serial MAXVALUE 9999999 CYCLE")
    op.create_table(
        "letter_batch",
        sa.Column("id", _ID, nullable=False),
        sa.Column("number", _CODE, nullable=False),
        sa.Column("unit_code", _CODE, nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("printed_at", _INSTANT, nullable=False),
        sa.Column("printed_by", _ID, nullable=False),
        sa.Column("pdf_sha256", _CODE, nullable=False),
        sa.Column("sent_at", _INSTANT, nullable=True),
        sa.Column("cancelled_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["unit_code"], ["unit.code"], name=op.f("fk_letter_batch_unit_code_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_batch")),
        sa.UniqueConstraint("number", name=op.f("uq_letter_batch_number")),
    )
    op.create_index("ix_letter_batch_unit", "letter_batch", ["unit_code", "printed_at"])
    for column in _columns():
        op.add_column("letter", column)
    op.create_unique_constraint(
        op.f("uq_letter_verification_code"), "letter", ["verification_code"]
    )
    op.add_column("provider_letter", sa.Column("verification_code", _CODE, nullable=True))
    op.create_unique_constraint(
        op.f("uq_provider_letter_verification_code"), "provider_letter", ["verification_code"]
    )
    op.create_foreign_key(
        op.f("fk_letter_batch_id_letter_batch"), "letter", "letter_batch", ["batch_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_letter_receipt"), "letter",
        "(receipt IS NULL) = (receipt_on IS NULL) AND (receipt IS NULL OR is_registered)",
    )  # fmt: skip
    op.create_index(
        "ix_letter_waiting", "letter", ["ready_at", "id"],
        postgresql_where=sa.text("status = 'waiting'"),
    )  # fmt: skip
    op.create_index(
        "ix_letter_batch", "letter", ["batch_id"],
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_column("provider_letter", "verification_code")
    op.drop_index("ix_letter_batch", "letter")
    op.drop_index("ix_letter_waiting", "letter")
    for column in reversed(_columns()):
        op.drop_column("letter", column.name)
    op.drop_table("letter_batch")
    op.execute("DROP SEQUENCE letter_batch_serial")
