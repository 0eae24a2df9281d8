"""Slips and where paper lies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_ID = pg.UUID(as_uuid=True)
_CODE = sa.String(64)


def _words(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_control_file_paper_slip", "control_file", ["paper_slip"],
        postgresql_where=sa.text("paper_slip IS NOT NULL"),
    )  # fmt: skip
    op.execute("CREATE SEQUENCE paper_slip_serial MAXVALUE 9999999 CYCLE")
    _slips()
    _files()
    _movements()
    _envelopes()


def _slips() -> None:
    statuses = ("draft", "sealed", "dispatched", "received", "cancelled")
    op.create_table(
        "paper_slip",
        sa.Column("id", _ID, nullable=False),
        sa.Column("number", _CODE, nullable=False),
        sa.Column("from_unit", _CODE, nullable=False),
        sa.Column("to_unit", _CODE, nullable=False),
        sa.Column("status", _words("slip_status", *statuses), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("created_by", _ID, nullable=False),
        sa.Column("sealed_at", _INSTANT, nullable=True),
        sa.Column("dispatched_at", _INSTANT, nullable=True),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("received_at", _INSTANT, nullable=True),
        sa.Column("received_by", _ID, nullable=True),
        sa.Column("overdue_at", _INSTANT, nullable=True),
        sa.CheckConstraint("from_unit <> to_unit", name=op.f("ck_paper_slip_two_units")),
        sa.ForeignKeyConstraint(["from_unit"], ["unit.code"], name=op.f("fk_paper_slip_from_unit_unit")),
        sa.ForeignKeyConstraint(["to_unit"], ["unit.code"], name=op.f("fk_paper_slip_to_unit_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_slip")),
        sa.UniqueConstraint("number", name=op.f("uq_paper_slip_number")),
    )  # fmt: skip
    for unit in ("from_unit", "to_unit"):
        op.create_index(f"ix_paper_slip_{unit}", "paper_slip", [unit, "created_at"])
    op.create_index(
        "ix_paper_slip_under_way", "paper_slip", ["dispatched_at"],
        postgresql_where=sa.text("status = 'dispatched'"),
    )  # fmt: skip


def _files() -> None:
    states = ("expected", "found", "missing", "unexpected")
    op.create_table(
        "paper_slip_file",
        sa.Column("slip_id", _ID, nullable=False),
        sa.Column("control_file_id", _ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", _words("paper_file_state", *states), nullable=False),
        sa.Column("travels", sa.Boolean(), nullable=False),
        sa.Column("has_envelope", sa.Boolean(), nullable=False),
        sa.Column("added_at", _INSTANT, nullable=False),
        sa.Column("checked_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["slip_id"], ["paper_slip.id"], name=op.f("fk_paper_slip_file_slip_id_paper_slip")
        ),
        sa.ForeignKeyConstraint(
            ["control_file_id"], ["control_file.id"],
            name=op.f("fk_paper_slip_file_control_file_id_control_file"),
        ),
        sa.PrimaryKeyConstraint("slip_id", "control_file_id", name=op.f("pk_paper_slip_file")),
    )  # fmt: skip
    op.create_index(
        "uq_paper_slip_file_travels", "paper_slip_file", ["control_file_id"], unique=True,
        postgresql_where=sa.text("travels"),
    )  # fmt: skip
    op.create_index("ix_paper_slip_file_file", "paper_slip_file", ["control_file_id"])
    op.create_index(
        "ix_paper_slip_file_missing", "paper_slip_file", ["slip_id"],
        postgresql_where=sa.text("state = 'missing'"),
    )  # fmt: skip


def _movements() -> None:
    moves = ("registered", "placed", "dispatched", "arrived", "overdue", "missing", "found")
    op.create_table(
        "paper_movement",
        sa.Column("id", _ID, nullable=False),
        sa.Column("control_file_id", _ID, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("what", _words("paper_move", *moves), nullable=False),
        sa.Column("unit_code", _CODE, nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("slip_id", _ID, nullable=True),
        sa.Column("by_id", _ID, nullable=True),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["control_file_id"], ["control_file.id"],
            name=op.f("fk_paper_movement_control_file_id_control_file"),
        ),
        sa.ForeignKeyConstraint(
            ["unit_code"], ["unit.code"], name=op.f("fk_paper_movement_unit_code_unit")
        ),
        sa.ForeignKeyConstraint(
            ["slip_id"], ["paper_slip.id"], name=op.f("fk_paper_movement_slip_id_paper_slip")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_movement")),
    )  # fmt: skip
    op.create_index("ix_paper_movement_file", "paper_movement", ["control_file_id", "at"])
    op.execute(
        """
        CREATE FUNCTION paper_movement_only_adds() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER paper_movement_only_adds BEFORE UPDATE OR DELETE ON paper_movement"
        " FOR EACH ROW EXECUTE FUNCTION paper_movement_only_adds()"
    )


def _envelopes() -> None:
    op.create_table(
        "sealed_envelope",
        sa.Column("id", _ID, nullable=False),
        sa.Column("control_file_id", _ID, nullable=False),
        sa.Column("registered_at", _INSTANT, nullable=False),
        sa.Column("registered_by", _ID, nullable=True),
        sa.Column("opened_at", _INSTANT, nullable=True),
        sa.Column("opened_by", _ID, nullable=True),
        sa.Column("opened_by_name", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(opened_at IS NULL) = (opened_by IS NULL) AND (opened_at IS NULL) = (opened_by_name"
            " IS NULL)",
            name=op.f("ck_sealed_envelope_opened"),
        ),
        sa.ForeignKeyConstraint(
            ["control_file_id"], ["control_file.id"],
            name=op.f("fk_sealed_envelope_control_file_id_control_file"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_envelope")),
    )  # fmt: skip
    op.create_index("ix_sealed_envelope_file", "sealed_envelope", ["control_file_id"])


def downgrade() -> None:
    op.drop_table("sealed_envelope")
    op.drop_table("paper_movement")
    op.execute("DROP FUNCTION paper_movement_only_adds()")
    op.drop_table("paper_slip_file")
    op.drop_table("paper_slip")
    op.execute("DROP SEQUENCE paper_slip_serial")
    op.drop_index("ix_control_file_paper_slip", "control_file")
