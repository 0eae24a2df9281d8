"""selectivity_history"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _words(name: str, words: tuple[str, ...], length: int = 32) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=length)


_JURISDICTIONS = ("ma", "lu")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "feature_bucket",
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in (
                "files", "amount", "priced", "log_sum", "log_squares",
                "weekends", "newcomers", "controls", "hits",
            )
        ),
        sa.PrimaryKeyConstraint(
            "kind", "key", "day", "part", "batch", name=op.f("pk_feature_bucket")
        ),
    )  # fmt: skip
    op.create_table(
        "beneficiary_event",
        sa.Column("beneficiary", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.SmallInteger(), nullable=False),
        sa.Column("controls", sa.SmallInteger(), nullable=False),
        sa.Column("hits", sa.SmallInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.BigInteger(), nullable=False),
        sa.Column("prescriber", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.BigInteger(), nullable=False),
        sa.Column("stoppages", sa.SmallInteger(), nullable=False),
        sa.Column("leave_days", sa.Integer(), nullable=False),
        sa.Column("prosthesis", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("beneficiary", "day", "number", name=op.f("pk_beneficiary_event")),
    )
    op.create_table(
        "past_file",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("jurisdiction", _words("jurisdiction", _JURISDICTIONS, 8), nullable=False),
        sa.Column(
            "scheme",
            _words("scheme", ("amo", "general", "conventional", "long_term_care")),
            nullable=False,
        ),
        sa.Column("flow", sa.String(length=64), nullable=False),
        sa.Column("nature", sa.String(length=64), nullable=False),
        sa.Column("agency_code", sa.String(length=64), nullable=False),
        sa.Column("region_code", sa.String(length=64), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=True),
        sa.Column("sector", sa.String(length=64), nullable=True),
        sa.Column("sex", _words("sex", ("F", "M", "U"), 4), nullable=True),
        sa.Column("age", sa.Integer(), nullable=True),
        sa.Column("draw_period", sa.String(length=64), nullable=False),
        sa.Column("draw", sa.LargeBinary(), nullable=False),
        sa.Column("control_origin", sa.String(length=64), nullable=True),
        sa.Column("inclusion_probability", sa.Float(), nullable=True),
        sa.Column(
            "features",
            postgresql.JSON(none_as_null=True, astext_type=sa.Text()),
            nullable=False,
        ),
        sa.Column("key_id", sa.String(length=64), nullable=True),
        sa.Column("medical_features", sa.LargeBinary(), nullable=True),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_file")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_past_file_source_external_id")),
    )
    op.create_index(
        "ix_past_file_received", "past_file", ["jurisdiction", "received_on", "id"], unique=False
    )
    _control_outcome()


def _control_outcome() -> None:
    op.create_table(
        "control_outcome",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("received_file_id", sa.UUID(), nullable=True),
        sa.Column("past_file_id", sa.UUID(), nullable=True),
        sa.Column("control_file_id", sa.UUID(), nullable=True),
        sa.Column("jurisdiction", _words("jurisdiction", _JURISDICTIONS, 8), nullable=False),
        sa.Column(
            "result",
            _words(
                "control_result",
                ("conform", "reduced", "refused", "confirmed_anomaly", "withdrawn"),
            ),
            nullable=False,
        ),
        sa.Column("amount_avoided_cents", sa.BigInteger(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("origins", postgresql.ARRAY(sa.String(length=64)), nullable=False),
        sa.Column("inclusion_probability", sa.Float(), nullable=True),
        sa.Column("is_overturned", sa.Boolean(), nullable=False),
        sa.Column("overturned_on", sa.Date(), nullable=True),
        sa.Column("replaces_id", sa.UUID(), nullable=True),
        sa.Column("doctor_id", sa.UUID(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(received_file_id IS NULL) <> (past_file_id IS NULL)",
            name=op.f("ck_control_outcome_one_subject"),
        ),
        sa.CheckConstraint(
            "is_overturned = (overturned_on IS NOT NULL)",
            name=op.f("ck_control_outcome_overturned"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_control_outcome_{column}_{table}")
            )
            for column, table in (
                ("received_file_id", "received_file"),
                ("past_file_id", "past_file"),
                ("control_file_id", "control_file"),
                ("replaces_id", "control_outcome"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control_outcome")),
    )
    for column in ("received_file_id", "past_file_id", "control_file_id"):
        op.create_index(op.f(f"ix_control_outcome_{column}"), "control_outcome", [column])
    op.create_index("ix_control_outcome_decided", "control_outcome", ["jurisdiction", "decided_on"])


def downgrade() -> None:
    op.drop_table("control_outcome")
    op.drop_table("past_file")
    op.drop_table("beneficiary_event")
    op.drop_table("feature_bucket")
