"""assignment_model"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_LEVEL = ("local", "regional", "central")
_STEPS = (
    "completeness", "control_on_file", "appointment", "examination", "specialist_opinion",
    "second_doctor", "central_opinion", "decision",
)  # fmt: skip
_POOLS = ("agency", "region", "")
_KINDS = "kind IN ('treats', 'relative', 'establishment', 'declared')"
_MORE_KINDS = "kind IN ('treats', 'prescribed', 'relative', 'establishment', 'declared')"
# Whatever who is eligible depends on: a change of any of them gives the reference a new version.
_REFERENCE = (
    "doctor", "competence", "availability", "absence", "conflict", "doctor_unit",
    "doctor_superior", "unit", "announced_day", "assignment_lever",
)  # fmt: skip


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _of_doctors()
    _of_steering()
    op.add_column("human_task", sa.Column("expected_on", sa.Date(), nullable=True))
    op.add_column("human_task", sa.Column("specialty", sa.String(length=64), nullable=True))
    for unit in _POOLS:
        op.create_index(
            f"ix_human_task_next{'_' * bool(unit)}{unit}",
            "human_task",
            [*([f"{unit}_code"] if unit else []), sa.text("is_urgent DESC"), "due_at", "id"],
            postgresql_where=sa.text(
                "status = 'open' AND assigned_doctor_id IS NULL AND is_medical"
            ),
        )
    op.execute("CREATE SEQUENCE assignment_reference_version")
    op.execute("""
        CREATE FUNCTION renew_assignment_reference() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO assignment_reference (id, version)
            VALUES (1, nextval('assignment_reference_version'))
            ON CONFLICT (id) DO UPDATE SET version = excluded.version;
            RETURN NULL;
        END $$""")
    for table in _REFERENCE:
        op.execute(
            f"CREATE TRIGGER renew_reference AFTER INSERT OR UPDATE OR DELETE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION renew_assignment_reference()"
        )


def _of_doctors() -> None:
    op.add_column("competence", sa.Column("specialty", sa.String(length=64), nullable=True))
    op.add_column(
        "competence",
        sa.Column(
            "level",
            sa.Enum(*_LEVEL, name="control_level", native_enum=False, length=32),
            nullable=True,
        ),
    )
    op.create_check_constraint("control_level", "competence", sa.column("level").in_(_LEVEL))
    op.drop_constraint("kind", "conflict", type_="check")
    op.create_check_constraint("kind", "conflict", _MORE_KINDS)
    for name, other, target in (
        ("doctor_unit", sa.Column("unit_code", sa.String(length=64), nullable=False), "unit.code"),
        ("doctor_superior", sa.Column("superior_id", sa.UUID(), nullable=False), "doctor.id"),
    ):
        op.create_table(
            name,
            sa.Column("id", sa.UUID(), nullable=False),
            sa.Column("doctor_id", sa.UUID(), nullable=False),
            other,
            sa.Column("valid_from", sa.Date(), nullable=False),
            sa.Column("valid_to", sa.Date(), nullable=True),
            sa.ForeignKeyConstraint(
                ["doctor_id"], ["doctor.id"], name=op.f(f"fk_{name}_doctor_id_doctor")
            ),
            sa.ForeignKeyConstraint(
                [other.name],
                [target],
                name=op.f(f"fk_{name}_{other.name}_{target.partition('.')[0]}"),
            ),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        )
        op.create_index(f"ix_{name}_doctor", name, ["doctor_id"])
    op.create_check_constraint("other", "doctor_superior", "superior_id <> doctor_id")


def _of_steering() -> None:
    op.create_table(
        "assignment_reference",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_reference")),
    )
    op.create_table(
        "assignment_lever",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        *_said(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_lever")),
    )
    op.create_index("ix_assignment_lever_name", "assignment_lever", ["name", "valid_from"])
    op.create_table(
        "work_points",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "jurisdiction",
            sa.Enum(
                "ma", "lu", name="jurisdiction", native_enum=False, create_constraint=True, length=8
            ),
            nullable=False,
        ),
        sa.Column("flow", sa.String(length=64), nullable=True),
        sa.Column("nature", sa.String(length=64), nullable=True),
        sa.Column(
            "step",
            sa.Enum(
                *_STEPS, name="step_kind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column("per", sa.String(length=64), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        *_said(),
        sa.CheckConstraint("points BETWEEN 0 AND 1440", name=op.f("ck_work_points_points")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_points")),
    )
    op.create_index("ix_work_points_day", "work_points", ["jurisdiction", "valid_from"])
    op.create_table(
        "doctor_change",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("doctor_id", sa.UUID(), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("before", postgresql.JSON(none_as_null=True), nullable=True),
        sa.Column("after", postgresql.JSON(none_as_null=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.UUID(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["doctor_id"], ["doctor.id"], name=op.f("fk_doctor_change_doctor_id_doctor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doctor_change")),
    )
    op.create_index("ix_doctor_change_doctor", "doctor_change", ["doctor_id", "changed_at"])


def _said() -> list[sa.Column[Any]]:
    """Return from when something holds, and when, by whom and why it was said."""
    return [
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.UUID(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
    ]


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in _REFERENCE:
        op.execute(f"DROP TRIGGER renew_reference ON {table}")
    op.execute("DROP FUNCTION renew_assignment_reference()")
    op.execute("DROP SEQUENCE assignment_reference_version")
    for unit in _POOLS:
        op.drop_index(f"ix_human_task_next{'_' * bool(unit)}{unit}", "human_task")
    op.drop_column("human_task", "specialty")
    op.drop_column("human_task", "expected_on")
    for table in (
        "doctor_change", "work_points", "assignment_lever", "assignment_reference",
        "doctor_superior", "doctor_unit",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute("DELETE FROM conflict WHERE kind = 'prescribed'")
    op.drop_constraint("kind", "conflict", type_="check")
    op.create_check_constraint("kind", "conflict", _KINDS)
    op.drop_column("competence", "level")
    op.drop_column("competence", "specialty")
