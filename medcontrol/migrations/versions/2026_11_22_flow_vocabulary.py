"""Words of the adjacent processes: appeal, expertise, second reading, visit."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Values of 0001, then those that join. A column's CHECK is called ck_<table>_<enum>.
_CHANNELS = ("paper", "portal", "edi", "periodic"), ("internal",)
_STATUSES = (
    ("awaiting_completeness", "awaiting_control", "awaiting_completion", "awaiting_appointment",
     "awaiting_examination", "awaiting_specialist", "awaiting_second_doctor", "awaiting_central",
     "awaiting_decision", "awaiting_notification", "closed"),
    ("awaiting_opinion", "awaiting_expertise", "awaiting_admissibility",
     "awaiting_counter_examination", "awaiting_commission", "awaiting_observations",
     "awaiting_report", "awaiting_reading"),
)  # fmt: skip
_OUTCOMES = (
    ("granted", "partially_granted", "refused_medical", "refused_administrative", "adjourned",
     "withdrawn"),
    ("maintained", "overturned", "partly_overturned", "inadmissible", "concluded"),
)  # fmt: skip
_STEPS = (
    ("completeness", "control_on_file", "appointment", "examination", "specialist_opinion",
     "second_doctor", "central_opinion", "decision"),
    ("visit", "admissibility", "counter_examination", "commission", "expert_naming",
     "expert_report", "fee", "quality_reading"),
)  # fmt: skip
_RECORDS = (
    ("intake", "reasoning", "examination", "draft", "message"),
    ("snapshot", "expert_report", "reading"),
)
_ROLES = (
    ("agent", "doctor", "coordinator", "central_doctor", "supervisor", "quality_reader",
     "appeals_secretary", "analyst", "reference_manager", "auditor", "administrator"),
    ("expert",),
)  # fmt: skip
_COLUMNS = (
    ("received_file", "channel", "channel", _CHANNELS),
    ("control_file", "channel", "channel", _CHANNELS),
    ("control_file", "status", "control_file_status", _STATUSES),
    ("control_file", "outcome", "decision_outcome", _OUTCOMES),
    ("decision", "outcome", "decision_outcome", _OUTCOMES),
    ("human_task", "kind", "step_kind", _STEPS),
    ("human_task", "file_status", "control_file_status", _STATUSES),
    ("work_points", "step", "step_kind", _STEPS),
    ("medical_record", "kind", "medical_record_kind", _RECORDS),
    ("role_grant", "role", "role", _ROLES),
)


def _allow(table: str, column: str, enum: str, values: tuple[str, ...]) -> None:
    name = op.f(f"ck_{table}_{enum}")
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, f"{column} IN ({', '.join(map(repr, values))})")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, column, enum, (first, joined) in _COLUMNS:
        _allow(table, column, enum, first + joined)


def downgrade() -> None:
    for table, column, enum, (first, _) in _COLUMNS:
        _allow(table, column, enum, first)
