"""Appeals, expertises, opinions asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# Values until now, then those that join. A column's CHECK is called ck_<table>_<enum>.
_STEPS = (
    ("completeness", "control_on_file", "appointment", "examination", "specialist_opinion",
     "second_doctor", "central_opinion", "decision", "visit", "admissibility",
     "counter_examination", "commission", "expert_naming", "expert_report", "fee",
     "quality_reading"),
    ("hearing",),
)  # fmt: skip
_RECORDS = (
    ("intake", "reasoning", "examination", "draft", "message", "snapshot", "expert_report",
     "reading"),
    ("outside_opinion",),
)  # fmt: skip
_COLUMNS = (
    ("human_task", "kind", "step_kind", _STEPS),
    ("work_points", "step", "step_kind", _STEPS),
    ("medical_record", "kind", "medical_record_kind", _RECORDS),
)
_TABLES = (
    "shared_document",
    "opinion_request",
    "expert_fee",
    "expert_mission",
    "expert_conflict",
    "expert",
    "commission_member",
    "appeal",
    "excluded_doctor",
)


def _allow(table: str, column: str, enum: str, values: tuple[str, ...]) -> None:
    name = op.f(f"ck_{table}_{enum}")
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, f"{column} IN ({', '.join(map(repr, values))})")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, column, enum, (first, joined) in _COLUMNS:
        _allow(table, column, enum, first + joined)
    op.create_index(
        "ix_control_file_parent", "control_file", ["parent_id"],
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )  # fmt: skip
    _create_excluded_doctor()
    _create_appeal()
    _create_commission_member()
    _create_expert()
    _create_expert_conflict()
    _create_expert_mission()
    _create_expert_fee()
    _create_opinion_request()
    _create_shared_document()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    op.drop_index("ix_control_file_parent", "control_file")
    for table, column, enum, (first, _) in _COLUMNS:
        _allow(table, column, enum, first)


def _create_excluded_doctor() -> None:
    op.create_table(
        "excluded_doctor",
        sa.Column("control_file_id", sa.UUID(), nullable=False),
        sa.Column("doctor_id", sa.UUID(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["control_file_id"],
            ["control_file.id"],
            name=op.f("fk_excluded_doctor_control_file_id_control_file"),
        ),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctor.id"], name=op.f("fk_excluded_doctor_doctor_id_doctor")
        ),
        sa.PrimaryKeyConstraint("control_file_id", "doctor_id", name=op.f("pk_excluded_doctor")),
    )


def _create_appeal() -> None:
    op.create_table(
        "appeal",
        sa.Column("control_file_id", sa.UUID(), nullable=False),
        sa.Column("contested_file_id", sa.UUID(), nullable=False),
        sa.Column("contested_decision_id", sa.UUID(), nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=False),
        sa.Column("filed_by", sa.String(length=64), nullable=False),
        sa.Column("contests", sa.String(length=64), nullable=False),
        sa.Column("limit_on", sa.Date(), nullable=False),
        sa.Column("registered_by", sa.UUID(), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("snapshot_id", sa.UUID(), nullable=False),
        sa.Column("snapshot_hash", sa.String(length=64), nullable=False),
        sa.Column("hearing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hearing_place", sa.Text(), nullable=True),
        sa.Column("medical_part", sa.String(length=64), nullable=True),
        sa.Column("administrative_part", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("correction_id", sa.UUID(), nullable=True),
        sa.CheckConstraint(
            "administrative_part IS NULL OR administrative_part IN ('maintained', 'overturned', 'partly_overturned')",
            name=op.f("ck_appeal_administrative_part"),
        ),
        sa.CheckConstraint(
            "contests IN ('medical', 'administrative', 'both')", name=op.f("ck_appeal_contests")
        ),
        sa.CheckConstraint(
            "filed_by IN ('insured', 'beneficiary', 'representative', 'provider', 'treating_doctor')",
            name=op.f("ck_appeal_filed_by"),
        ),
        sa.CheckConstraint(
            "medical_part IS NULL OR medical_part IN ('maintained', 'overturned', 'partly_overturned')",
            name=op.f("ck_appeal_medical_part"),
        ),
        sa.CheckConstraint(
            "(outcome IS NULL) = (decided_at IS NULL)", name=op.f("ck_appeal_decided")
        ),
        sa.ForeignKeyConstraint(
            ["contested_decision_id"],
            ["decision.id"],
            name=op.f("fk_appeal_contested_decision_id_decision"),
        ),
        sa.ForeignKeyConstraint(
            ["contested_file_id"],
            ["control_file.id"],
            name=op.f("fk_appeal_contested_file_id_control_file"),
        ),
        sa.ForeignKeyConstraint(
            ["control_file_id"],
            ["control_file.id"],
            name=op.f("fk_appeal_control_file_id_control_file"),
        ),
        sa.ForeignKeyConstraint(
            ["correction_id"], ["decision.id"], name=op.f("fk_appeal_correction_id_decision")
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["medical_record.id"],
            name=op.f("fk_appeal_snapshot_id_medical_record"),
        ),
        sa.PrimaryKeyConstraint("control_file_id", name=op.f("pk_appeal")),
    )
    op.create_index("ix_appeal_contested", "appeal", ["contested_file_id"], unique=False)
    op.create_index(
        "uq_appeal_open",
        "appeal",
        ["contested_decision_id"],
        unique=True,
        postgresql_where=sa.text("outcome IS NULL"),
    )


def _create_commission_member() -> None:
    op.create_table(
        "commission_member",
        sa.Column("control_file_id", sa.UUID(), nullable=False),
        sa.Column("doctor_id", sa.UUID(), nullable=False),
        sa.Column("is_chair", sa.Boolean(), nullable=False),
        sa.Column("is_present", sa.Boolean(), nullable=True),
        sa.Column("vote", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "vote IS NULL OR vote IN ('maintained', 'overturned', 'partly_overturned')",
            name=op.f("ck_commission_member_vote"),
        ),
        sa.CheckConstraint(
            "vote IS NULL OR is_present", name=op.f("ck_commission_member_who_votes_is_there")
        ),
        sa.ForeignKeyConstraint(
            ["control_file_id"],
            ["control_file.id"],
            name=op.f("fk_commission_member_control_file_id_control_file"),
        ),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctor.id"], name=op.f("fk_commission_member_doctor_id_doctor")
        ),
        sa.PrimaryKeyConstraint("control_file_id", "doctor_id", name=op.f("pk_commission_member")),
    )
    op.create_index("ix_commission_member_doctor", "commission_member", ["doctor_id"], unique=False)
    op.create_index(
        "uq_commission_member_chair",
        "commission_member",
        ["control_file_id"],
        unique=True,
        postgresql_where=sa.text("is_chair"),
    )


def _create_expert() -> None:
    op.create_table(
        "expert",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("specialty", sa.String(length=64), nullable=False),
        sa.Column("list_kind", sa.String(length=64), nullable=False),
        sa.Column("professional_id", sa.String(length=64), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("on_file_cents", sa.BigInteger(), nullable=True),
        sa.Column("in_person_cents", sa.BigInteger(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "list_kind IN ('court', 'university', 'fund')", name=op.f("ck_expert_list_kind")
        ),
        sa.CheckConstraint(
            "on_file_cents >= 0 AND in_person_cents >= 0", name=op.f("ck_expert_fees")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_expert_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert")),
        sa.UniqueConstraint("code", name=op.f("uq_expert_code")),
        sa.UniqueConstraint("user_id", name=op.f("uq_expert_user_id")),
    )


def _create_expert_conflict() -> None:
    op.create_table(
        "expert_conflict",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("expert_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('treats', 'prescribed', 'relative', 'establishment', 'declared')",
            name=op.f("ck_expert_conflict_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["expert_id"], ["expert.id"], name=op.f("fk_expert_conflict_expert_id_expert")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert_conflict")),
    )
    op.create_index("ix_expert_conflict_expert", "expert_conflict", ["expert_id"], unique=False)


def _create_expert_mission() -> None:
    op.create_table(
        "expert_mission",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("control_file_id", sa.UUID(), nullable=False),
        sa.Column("expert_id", sa.UUID(), nullable=False),
        sa.Column("named_by", sa.UUID(), nullable=True),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("is_in_person", sa.Boolean(), nullable=False),
        sa.Column("had_treating_doctor", sa.Boolean(), nullable=True),
        sa.Column("questions_id", sa.UUID(), nullable=False),
        sa.Column("report_id", sa.UUID(), nullable=True),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'named') = (ended_at IS NULL)", name=op.f("ck_expert_mission_ended")
        ),
        sa.CheckConstraint(
            "status IN ('named', 'reported', 'declined', 'withdrawn', 'cancelled')",
            name=op.f("ck_expert_mission_status"),
        ),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_expert_mission_validity")),
        sa.ForeignKeyConstraint(
            ["control_file_id"],
            ["control_file.id"],
            name=op.f("fk_expert_mission_control_file_id_control_file"),
        ),
        sa.ForeignKeyConstraint(
            ["expert_id"], ["expert.id"], name=op.f("fk_expert_mission_expert_id_expert")
        ),
        sa.ForeignKeyConstraint(
            ["questions_id"],
            ["medical_record.id"],
            name=op.f("fk_expert_mission_questions_id_medical_record"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert_mission")),
    )
    op.create_index(
        "ix_expert_mission_expert", "expert_mission", ["expert_id", "status"], unique=False
    )
    op.create_index("ix_expert_mission_file", "expert_mission", ["control_file_id"], unique=False)
    op.create_index(
        "uq_expert_mission_open",
        "expert_mission",
        ["control_file_id"],
        unique=True,
        postgresql_where=sa.text("status = 'named'"),
    )


def _create_expert_fee() -> None:
    op.create_table(
        "expert_fee",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("mission_id", sa.UUID(), nullable=False),
        sa.Column("expert_id", sa.UUID(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("entered_by", sa.UUID(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_cents >= 0", name=op.f("ck_expert_fee_amount")),
        sa.ForeignKeyConstraint(
            ["expert_id"], ["expert.id"], name=op.f("fk_expert_fee_expert_id_expert")
        ),
        sa.ForeignKeyConstraint(
            ["mission_id"],
            ["expert_mission.id"],
            name=op.f("fk_expert_fee_mission_id_expert_mission"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert_fee")),
        sa.UniqueConstraint("mission_id", name=op.f("uq_expert_fee_mission_id")),
    )
    op.create_index("ix_expert_fee_expert", "expert_fee", ["expert_id", "month"], unique=False)


def _create_opinion_request() -> None:
    op.create_table(
        "opinion_request",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("control_file_id", sa.UUID(), nullable=False),
        sa.Column("asked_by", sa.UUID(), nullable=True),
        sa.Column("asking_doctor_id", sa.UUID(), nullable=True),
        sa.Column("doctor_id", sa.UUID(), nullable=True),
        sa.Column("expert_id", sa.UUID(), nullable=True),
        sa.Column("is_pseudonymised", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("question_id", sa.UUID(), nullable=True),
        sa.Column("answer_id", sa.UUID(), nullable=True),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status <> 'open' OR (due_on IS NOT NULL AND question_id IS NOT NULL AND num_nonnulls(doctor_id, expert_id) = 1)",
            name=op.f("ck_opinion_request_open_is_whole"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'open', 'answered', 'revoked', 'expired')",
            name=op.f("ck_opinion_request_status"),
        ),
        sa.CheckConstraint(
            "doctor_id IS NULL OR expert_id IS NULL", name=op.f("ck_opinion_request_one_is_asked")
        ),
        sa.CheckConstraint("reminders BETWEEN 0 AND 3", name=op.f("ck_opinion_request_reminders")),
        sa.ForeignKeyConstraint(
            ["asking_doctor_id"],
            ["doctor.id"],
            name=op.f("fk_opinion_request_asking_doctor_id_doctor"),
        ),
        sa.ForeignKeyConstraint(
            ["control_file_id"],
            ["control_file.id"],
            name=op.f("fk_opinion_request_control_file_id_control_file"),
        ),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctor.id"], name=op.f("fk_opinion_request_doctor_id_doctor")
        ),
        sa.ForeignKeyConstraint(
            ["expert_id"], ["expert.id"], name=op.f("fk_opinion_request_expert_id_expert")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion_request")),
    )
    op.create_index(
        "ix_opinion_request_doctor", "opinion_request", ["doctor_id", "status"], unique=False
    )
    op.create_index(
        "ix_opinion_request_expert", "opinion_request", ["expert_id", "status"], unique=False
    )
    op.create_index("ix_opinion_request_file", "opinion_request", ["control_file_id"], unique=False)
    op.create_index(
        "ix_opinion_request_open",
        "opinion_request",
        ["due_on"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "uq_opinion_request_open",
        "opinion_request",
        ["control_file_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('draft', 'open')"),
    )


def _create_shared_document() -> None:
    op.create_table(
        "shared_document",
        sa.Column("holder_id", sa.UUID(), nullable=False),
        sa.Column("document_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_shared_document_document_id_document")
        ),
        sa.PrimaryKeyConstraint("holder_id", "document_id", name=op.f("pk_shared_document")),
    )
