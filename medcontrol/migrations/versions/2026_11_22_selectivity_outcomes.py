"""selectivity_outcomes"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "blue_week",
        sa.Column(
            "jurisdiction",
            sa.Enum(
                "ma", "lu", name="jurisdiction", native_enum=False, create_constraint=True, length=8
            ),
            nullable=False,
        ),
        sa.Column("week", sa.String(length=64), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("bound_by", sa.String(length=64), nullable=False),
        sa.Column("pool", sa.Integer(), nullable=False),
        sa.Column("overflow", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("overflow_reach", sa.Float(), nullable=False),
        sa.Column("rest_reach", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "week", name=op.f("pk_blue_week")),
    )
    op.create_table(
        "rule_proposal",
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
                "add_row",
                "suspend_row",
                "provider",
                name="proposal_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column(
            "condition", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "evidence", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "accepted",
                "dismissed",
                name="proposal_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.UUID(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("led_to", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(status = 'open') = (settled_at IS NULL)", name=op.f("ck_rule_proposal_settled")
        ),
        sa.CheckConstraint(
            "status <> 'dismissed' OR reason <> ''", name=op.f("ck_rule_proposal_dismissed_why")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_proposal")),
    )
    op.create_index(
        "uq_rule_proposal_open",
        "rule_proposal",
        ["jurisdiction", "kind", "subject"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "selectivity_alert",
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
                "like_random",
                "feature_drift",
                "random_rate",
                "fairness",
                name="alert_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=64), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column(
            "facts", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.CheckConstraint(
            "severity IN ('warning', 'alarm')", name=op.f("ck_selectivity_alert_severity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_selectivity_alert")),
    )
    op.create_index(
        "uq_selectivity_alert_open",
        "selectivity_alert",
        ["jurisdiction", "kind", "subject"],
        unique=True,
        postgresql_where=sa.text("closed_on IS NULL"),
    )
    op.create_table(
        "selectivity_measure",
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
                "effectiveness",
                "fairness",
                "drift",
                "scan",
                name="measure_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "content", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.PrimaryKeyConstraint(
            "jurisdiction", "kind", "as_of", name=op.f("pk_selectivity_measure")
        ),
    )
    op.create_table(
        "blue_draw",
        sa.Column("received_file_id", sa.UUID(), nullable=False),
        sa.Column(
            "jurisdiction",
            sa.Enum(
                "ma", "lu", name="jurisdiction", native_enum=False, create_constraint=True, length=8
            ),
            nullable=False,
        ),
        sa.Column("week", sa.String(length=64), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("is_overflow", sa.Boolean(), nullable=False),
        sa.Column("draw", sa.LargeBinary(), nullable=False),
        sa.Column("inclusion_probability", sa.Float(), nullable=False),
        sa.Column("later_file_id", sa.UUID(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recovery_cents", sa.BigInteger(), nullable=True),
        sa.Column("recovery_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["jurisdiction", "week"],
            ["blue_week.jurisdiction", "blue_week.week"],
            name=op.f("fk_blue_draw_jurisdiction_week_blue_week"),
        ),
        sa.ForeignKeyConstraint(
            ["later_file_id"],
            ["received_file.id"],
            name=op.f("fk_blue_draw_later_file_id_received_file"),
        ),
        sa.ForeignKeyConstraint(
            ["received_file_id"],
            ["received_file.id"],
            name=op.f("fk_blue_draw_received_file_id_received_file"),
        ),
        sa.PrimaryKeyConstraint("received_file_id", name=op.f("pk_blue_draw")),
        sa.UniqueConstraint(
            "jurisdiction", "week", "rank", name=op.f("uq_blue_draw_jurisdiction_week_rank")
        ),
    )
    op.create_index(
        op.f("ix_blue_draw_later_file_id"), "blue_draw", ["later_file_id"], unique=False
    )
    op.create_table(
        "provider_case",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "jurisdiction",
            sa.Enum(
                "ma", "lu", name="jurisdiction", native_enum=False, create_constraint=True, length=8
            ),
            nullable=False,
        ),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "under_review",
                "founded",
                "unfounded",
                name="provider_case_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.UUID(), nullable=True),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column(
            "evidence", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("analyst_id", sa.UUID(), nullable=True),
        sa.Column("doctor_user_id", sa.UUID(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status IN ('founded', 'unfounded')) = (closed_at IS NOT NULL)",
            name=op.f("ck_provider_case_closed"),
        ),
        sa.ForeignKeyConstraint(
            ["analyst_id"],
            ["user_account.id"],
            name=op.f("fk_provider_case_analyst_id_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["doctor_user_id"],
            ["user_account.id"],
            name=op.f("fk_provider_case_doctor_user_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_case")),
    )
    op.create_index(
        "uq_provider_case_open",
        "provider_case",
        ["jurisdiction", "provider_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('open', 'under_review')"),
    )
    op.create_table(
        "probe",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "jurisdiction",
            sa.Enum(
                "ma", "lu", name="jurisdiction", native_enum=False, create_constraint=True, length=8
            ),
            nullable=False,
        ),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("flow", sa.String(length=64), nullable=False),
        sa.Column("acts", sa.String(length=64), nullable=True),
        sa.Column("sample_size", sa.Integer(), nullable=False),
        sa.Column("max_rounds", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("pause_days", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=64), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "sampling",
                "education",
                "compliant",
                "escalated",
                "stopped",
                name="probe_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.UUID(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=True),
        sa.CheckConstraint("max_rounds BETWEEN 1 AND 3", name=op.f("ck_probe_max_rounds")),
        sa.CheckConstraint("sample_size BETWEEN 20 AND 40", name=op.f("ck_probe_sample_size")),
        sa.CheckConstraint("threshold BETWEEN 0 AND 10000", name=op.f("ck_probe_threshold")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["provider_case.id"], name=op.f("fk_probe_case_id_provider_case")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_probe")),
    )
    op.create_index(
        "uq_probe_running",
        "probe",
        ["jurisdiction", "provider_id", "flow", sa.literal_column("coalesce(acts, '')")],
        unique=True,
        postgresql_where=sa.text("status IN ('sampling', 'education')"),
    )
    op.create_table(
        "provider_case_event",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["provider_case.id"],
            name=op.f("fk_provider_case_event_case_id_provider_case"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_case_event")),
    )
    op.create_index(
        "ix_provider_case_event_case", "provider_case_event", ["case_id", "at"], unique=False
    )
    op.create_table(
        "provider_case_file",
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("file_id", sa.UUID(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["provider_case.id"],
            name=op.f("fk_provider_case_file_case_id_provider_case"),
        ),
        sa.PrimaryKeyConstraint("case_id", "file_id", name=op.f("pk_provider_case_file")),
    )
    op.create_table(
        "probe_round",
        sa.Column("probe_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("controls", sa.Integer(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("is_compliant", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["probe_id"], ["probe.id"], name=op.f("fk_probe_round_probe_id_probe")
        ),
        sa.PrimaryKeyConstraint("probe_id", "number", name=op.f("pk_probe_round")),
    )
    op.create_table(
        "provider_letter",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("probe_id", sa.UUID(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=64), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "waiting",
                "sent",
                "cancelled",
                name="letter_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "context", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("carrier_reference", sa.Text(), nullable=True),
        sa.Column("pdf_sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["probe_id"], ["probe.id"], name=op.f("fk_provider_letter_probe_id_probe")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_letter")),
        sa.UniqueConstraint("probe_id", "round", name=op.f("uq_provider_letter_probe_id_round")),
    )
    op.create_table(
        "probe_file",
        sa.Column("received_file_id", sa.UUID(), nullable=False),
        sa.Column("probe_id", sa.UUID(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["probe_id", "round"],
            ["probe_round.probe_id", "probe_round.number"],
            name=op.f("fk_probe_file_probe_id_round_probe_round"),
        ),
        sa.ForeignKeyConstraint(
            ["received_file_id"],
            ["received_file.id"],
            name=op.f("fk_probe_file_received_file_id_received_file"),
        ),
        sa.PrimaryKeyConstraint("received_file_id", name=op.f("pk_probe_file")),
    )
    op.create_index("ix_probe_file_round", "probe_file", ["probe_id", "round"], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("probe_file")
    op.drop_table("provider_letter")
    op.drop_table("probe_round")
    op.drop_table("provider_case_file")
    op.drop_table("provider_case_event")
    op.drop_table("probe")
    op.drop_table("provider_case")
    op.drop_table("blue_draw")
    op.drop_table("selectivity_measure")
    op.drop_table("selectivity_alert")
    op.drop_table("rule_proposal")
    op.drop_table("blue_week")
