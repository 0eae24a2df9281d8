"""The journal and the access log are signed day by day."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the signed digests, none yet: the first one covers all that happened before."""
    op.create_table(
        "journal_digest",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("readings", sa.Integer(), nullable=False),
        sa.Column("readings_root", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("octet_length(root) = 32", name=op.f("ck_journal_digest_root")),
        sa.CheckConstraint(
            "octet_length(readings_root) = 32", name=op.f("ck_journal_digest_readings_root")
        ),
        sa.CheckConstraint(
            "octet_length(previous) IN (0, 32)", name=op.f("ck_journal_digest_previous")
        ),
        sa.CheckConstraint(
            "octet_length(public_key) = 32", name=op.f("ck_journal_digest_public_key")
        ),
        sa.CheckConstraint(
            "octet_length(signature) = 64", name=op.f("ck_journal_digest_signature")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_journal_digest")),
        sa.UniqueConstraint("day", name=op.f("uq_journal_digest_day")),
    )
    op.create_index("ix_access_log_at", "access_log", ["at"], postgresql_using="brin")


def downgrade() -> None:
    """Forget the digests; copies that were kept elsewhere stay what they are."""
    op.drop_index("ix_access_log_at", table_name="access_log")
    op.drop_table("journal_digest")
