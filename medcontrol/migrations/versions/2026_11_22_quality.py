"""Second readings and the months of steering."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_OUTCOMES = (
    "granted", "partially_granted", "refused_medical", "refused_administrative", "adjourned",
    "withdrawn", "maintained", "overturned", "partly_overturned", "inadmissible", "concluded",
)  # fmt: skip
_ENUMS = {
    "jurisdiction": ("ma", "lu"),
    "control_level": ("local", "regional", "central"),
    "reading_status": ("drawn", "reading", "read", "unread", "cancelled"),
    "hold_end": ("read", "returned", "limit", "unread"),
    "decision_outcome": _OUTCOMES,
    "reading_finding": ("conform", "minor", "major"),
    "proposal_status": ("open", "accepted", "dismissed"),
}
_INDEXES = (
    ("ix_human_task_reading", "human_task", ["opened_at"], "kind = 'quality_reading'"),
    ("ix_decision_decided_at", "decision", ["decided_at"], None),
    ("ix_control_file_opened", "control_file", ["opened_at"], None),
    ("ix_control_file_closed", "control_file", ["closed_at"], "closed_at IS NOT NULL"),
)


def _enum(name: str, column: str, length: int = 32, *, nullable: bool = True) -> Any:
    kind = sa.Enum(
        *_ENUMS[name], name=name, native_enum=False, create_constraint=True, length=length
    )
    return sa.Column(column, kind, nullable=nullable)


def _instant(name: str, *, nullable: bool = True) -> Any:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id(name: str, target: str | None = None, *, nullable: bool = True) -> Any:
    refers = [sa.ForeignKey(target, name=op.f(f"fk_second_reading_{name}_{target.split('.')[0]}"))
              ] if target else []  # fmt: skip
    return sa.Column(name, pg.UUID(as_uuid=True), *refers, nullable=nullable)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    code = sa.String(length=64)
    op.create_table(
        "second_reading",
        _id("id", nullable=False),
        _id("decision_id", "decision.id", nullable=False),
        _id("control_file_id", "control_file.id", nullable=False),
        _enum("jurisdiction", "jurisdiction", 8, nullable=False),
        sa.Column("campaign", code, nullable=False),
        sa.Column("stratum", code, nullable=False),
        sa.Column("draw", sa.LargeBinary(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        _instant("drawn_at", nullable=False),
        sa.Column("flow", code, nullable=False),
        sa.Column("region_code", code, nullable=False),
        _enum("control_level", "level", nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        _id("author_doctor_id", "doctor.id", nullable=False),
        _enum("reading_status", "status", nullable=False),
        sa.Column("unread_reason", code, nullable=True),
        _id("reading_file_id", "control_file.id"),
        _instant("held_until"),
        sa.Column("held_keys", pg.JSON(none_as_null=True), nullable=False),
        _instant("released_at"),
        _enum("hold_end", "hold_end"),
        _id("reader_doctor_id", "doctor.id"),
        _instant("read_at"),
        _enum("decision_outcome", "first_outcome"),
        sa.Column("second_outcome", code, nullable=True),
        sa.Column("is_same_outcome", sa.Boolean(), nullable=True),
        sa.Column("lines_same", sa.Integer(), nullable=True),
        sa.Column("lines_total", sa.Integer(), nullable=True),
        sa.Column("is_same_validity", sa.Boolean(), nullable=True),
        _enum("reading_finding", "finding"),
        _instant("finished_at"),
        _instant("returned_at"),
        _enum("proposal_status", "proposal"),
        _id("proposal_by"),
        _instant("proposal_at"),
        sa.Column("proposal_reason", sa.Text(), nullable=True),
        _id("reopened_file_id", "control_file.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_reading")),
        *(sa.UniqueConstraint(name, name=op.f(f"uq_second_reading_{name}"))
          for name in ("decision_id", "reading_file_id")),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_second_reading_{name}")) for name, rule in (
            ("draw", "octet_length(draw) = 8"),
            ("rate", "rate BETWEEN 1 AND 10000"),
            ("released", "(hold_end IS NULL) = (released_at IS NULL)"),
            ("lines", "lines_same BETWEEN 0 AND lines_total"),
            ("unread", "(status = 'unread') = (unread_reason IS NOT NULL)"),
        )),
    )  # fmt: skip
    _second_reading_indexes()
    op.create_table(
        "steering_month",
        _enum("jurisdiction", "jurisdiction", 8, nullable=False),
        *(sa.Column(name, code, nullable=False)
          for name in ("month", "level", "flow", "region_code")),
        sa.Column("through", sa.Date(), nullable=False),
        _instant("made_at", nullable=False),
        sa.Column("figures", pg.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "jurisdiction", "month", "level", "flow", "region_code",
            name=op.f("pk_steering_month"),
        ),
    )  # fmt: skip
    for name, table, columns, where in _INDEXES:
        op.create_index(name, table, columns, postgresql_where=sa.text(where) if where else None)


def _second_reading_indexes() -> None:
    for name, columns, where in (
        ("file", ["control_file_id"], None),
        ("campaign", ["jurisdiction", "campaign"], None),
        ("waiting", ["jurisdiction", "drawn_at"], "status = 'drawn'"),
        ("held", ["held_until"], "held_until IS NOT NULL AND hold_end IS NULL"),
    ):
        op.create_index(
            f"ix_second_reading_{name}", "second_reading", columns,
            postgresql_where=sa.text(where) if where else None,
        )  # fmt: skip


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, table, _, _ in _INDEXES:
        op.drop_index(name, table_name=table)
    op.drop_table("steering_month")
    op.drop_table("second_reading")
