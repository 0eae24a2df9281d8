"""Agendas, rooms and slots; alerts of deadlines; changes of the calendar."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_KINDS = ("examination", "visit", "expertise", "commission")
_STATES = ("booked", "attended", "missed", "cancelled")
_REASONS = ("absent", "excused", "person_asked", "doctor_away", "place_closed", "flow")
_BATCH = ("waiting", "running", "done")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.add_column("doctor", sa.Column("practice_address", sa.Text(), nullable=True))
    op.add_column("availability", sa.Column("from_hour", sa.Time(), nullable=True))
    op.add_column("deadline", sa.Column("warn_at", _AT, nullable=True))
    op.create_index(
        "ix_deadline_warn", "deadline", ["warn_at"],
        postgresql_where=sa.text("status = 'running' AND warn_at IS NOT NULL"),
    )  # fmt: skip
    _rooms()
    _appointments()
    _feeds()
    _alerts()
    _changes()


def _rooms() -> None:
    op.create_table(
        "room",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("unit_code", sa.String(64), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_accessible", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name=op.f("fk_room_unit_code_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room")),
        sa.UniqueConstraint("unit_code", "code", name=op.f("uq_room_unit_code_code")),
    )


def _appointments() -> None:
    op.drop_constraint(op.f("ck_appointment_state"), "appointment", type_="check")
    for column in (
        sa.Column("kind", sa.String(32)),
        sa.Column("room_id", sa.UUID()),
        sa.Column("place", sa.Text()),
        sa.Column("registration_number", sa.String(64)),
        sa.Column("person_birth_date", sa.Date()),
        sa.Column("ends_at", _AT),
        sa.Column("reason", sa.String(32)),
        sa.Column("booked_by", sa.UUID()),
        sa.Column("is_early_agreed", sa.Boolean()),
        sa.Column("rescheduled_from", sa.UUID()),
        sa.Column("reminded_at", _AT),
        sa.Column("arrived_at", _AT),
        sa.Column("settled_at", _AT),
    ):
        op.add_column("appointment", column)
    op.alter_column("appointment", "state", type_=sa.String(32))
    _complete_what_is_there()
    for name in (
        "kind", "place", "registration_number", "person_birth_date", "ends_at", "is_early_agreed",
    ):  # fmt: skip
        op.alter_column("appointment", name, nullable=False)
    _constrain()


def _complete_what_is_there() -> None:
    """Half an hour each; those that overlap another one booked last no time that is known."""
    op.execute("""
        UPDATE appointment a SET kind = 'examination', place = u.name, is_early_agreed = false,
            registration_number = f.registration_number, person_birth_date = f.person_birth_date,
            ends_at = a.starts_at + interval '30 minutes',
            reason = CASE WHEN a.state = 'cancelled' THEN 'flow' END,
            settled_at = CASE WHEN a.state <> 'booked' THEN greatest(a.starts_at, a.booked_at) END
        FROM control_file f, unit u WHERE f.id = a.control_file_id AND u.code = a.unit_code
    """)
    op.execute("""
        UPDATE appointment a SET ends_at = a.starts_at WHERE a.state = 'booked' AND EXISTS (
            SELECT 1 FROM appointment b WHERE b.state = 'booked' AND b.id < a.id
              AND (b.doctor_id = a.doctor_id OR (b.registration_number = a.registration_number
                   AND b.person_birth_date = a.person_birth_date))
              AND tstzrange(a.starts_at, a.starts_at + interval '30 minutes')
                  && tstzrange(b.starts_at, b.starts_at + interval '30 minutes'))
    """)


def _constrain() -> None:
    table = "appointment"
    for name, column, values in (
        ("appointment_kind", "kind", _KINDS),
        ("appointment_state", "state", _STATES),
        ("appointment_reason", "reason", _REASONS),
    ):
        rule = f"{column} IN ({', '.join(map(repr, values))})"
        op.create_check_constraint(op.f(f"ck_appointment_{name}"), table, rule)
    for name, rule in (
        ("order", "ends_at >= starts_at"),
        ("settled_at", "(state = 'booked') = (settled_at IS NULL)"),
        ("reason", "state <> 'cancelled' OR reason IS NOT NULL"),
    ):
        op.create_check_constraint(op.f(f"ck_appointment_{name}"), table, rule)
    op.create_foreign_key(op.f("fk_appointment_room_id_room"), table, "room", ["room_id"], ["id"])
    op.create_foreign_key(
        op.f("fk_appointment_rescheduled_from_appointment"), table, table,
        ["rescheduled_from"], ["id"],
    )  # fmt: skip
    op.create_index("ix_appointment_unit", table, ["unit_code", "starts_at"])
    booked = sa.text("state = 'booked'")
    op.create_index("ix_appointment_booked", table, ["starts_at"], postgresql_where=booked)
    for name, same in (
        ("doctor", "doctor_id WITH ="),
        ("room", "room_id WITH ="),
        ("person", "registration_number WITH =, person_birth_date WITH ="),
    ):
        op.execute(
            f"ALTER TABLE appointment ADD CONSTRAINT ex_appointment_{name} EXCLUDE USING gist"
            f" ({same}, tstzrange(starts_at, ends_at) WITH &&) WHERE (state = 'booked')"
        )


def _feeds() -> None:
    op.create_table(
        "agenda_feed",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("doctor_id", sa.UUID(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("revoked_at", _AT, nullable=True),
        sa.Column("last_read_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctor.id"], name=op.f("fk_agenda_feed_doctor_id_doctor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_feed")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_agenda_feed_token_hash")),
    )
    op.create_index(
        "uq_agenda_feed_doctor", "agenda_feed", ["doctor_id"], unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )  # fmt: skip


def _alerts() -> None:
    op.create_table(
        "deadline_alert",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("deadline_id", sa.UUID(), nullable=False),
        sa.Column("control_file_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("due_at", _AT, nullable=False),
        sa.Column("raised_at", _AT, nullable=False),
        sa.Column("noted_at", _AT, nullable=True),
        sa.Column("noted_by", sa.UUID(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('near', 'passed')", name=op.f("ck_deadline_alert_deadline_alert_kind")
        ),
        sa.ForeignKeyConstraint(
            ["deadline_id"], ["deadline.id"], name=op.f("fk_deadline_alert_deadline_id_deadline")
        ),
        sa.ForeignKeyConstraint(
            ["control_file_id"], ["control_file.id"],
            name=op.f("fk_deadline_alert_control_file_id_control_file"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_alert")),
        sa.UniqueConstraint(
            "deadline_id", "kind", "due_at", name=op.f("uq_deadline_alert_deadline_id_kind_due_at")
        ),
    )  # fmt: skip
    op.create_index(
        op.f("ix_deadline_alert_control_file_id"), "deadline_alert", ["control_file_id"]
    )
    op.create_index(
        "ix_deadline_alert_open", "deadline_alert", ["raised_at"],
        postgresql_where=sa.text("noted_at IS NULL"),
    )  # fmt: skip


def _changes() -> None:
    statuses = ", ".join(map(repr, _BATCH))
    op.create_table(
        "calendar_change",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("jurisdiction", sa.String(8), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_holiday", sa.Boolean(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("made_by", sa.UUID(), nullable=True),
        sa.Column("foreseen", pg.JSON(), nullable=False),
        sa.Column("moved_files", sa.Integer(), nullable=False),
        sa.Column("moved_deadlines", sa.Integer(), nullable=False),
        sa.Column("done_at", _AT, nullable=True),
        sa.CheckConstraint(
            "jurisdiction IN ('ma', 'lu')", name=op.f("ck_calendar_change_jurisdiction")
        ),
        sa.CheckConstraint(f"status IN ({statuses})", name=op.f("ck_calendar_change_batch_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_change")),
    )


def downgrade() -> None:
    for table in ("calendar_change", "deadline_alert", "agenda_feed"):
        op.drop_table(table)
    for name in ("doctor", "room", "person"):
        op.execute(f"ALTER TABLE appointment DROP CONSTRAINT ex_appointment_{name}")
    for name in ("ix_appointment_booked", "ix_appointment_unit"):
        op.drop_index(name, table_name="appointment")
    for name in (
        "appointment_kind", "appointment_state", "appointment_reason", "order", "settled_at",
        "reason",
    ):  # fmt: skip
        op.drop_constraint(op.f(f"ck_appointment_{name}"), "appointment", type_="check")
    for name in (
        "kind", "room_id", "place", "registration_number", "person_birth_date", "ends_at",
        "reason", "booked_by", "is_early_agreed", "rescheduled_from", "reminded_at", "arrived_at",
        "settled_at",
    ):  # fmt: skip
        op.drop_column("appointment", name)
    op.alter_column("appointment", "state", type_=sa.String(64))
    op.create_check_constraint(
        op.f("ck_appointment_state"), "appointment",
        "state IN ('booked', 'attended', 'missed', 'cancelled')",
    )  # fmt: skip
    op.drop_table("room")
    op.drop_index("ix_deadline_warn", table_name="deadline")
    op.drop_column("deadline", "warn_at")
    op.drop_column("availability", "from_hour")
    op.drop_column("doctor", "practice_address")
    op.execute("DROP EXTENSION IF EXISTS btree_gist")
