"""selectivity_score"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _decision() -> list[sa.Column[Any]]:
    return [
        *(sa.Column(name, sa.Float(), nullable=True) for name in ("score", "priority", "cutoff")),
        *(
            sa.Column(name, sa.String(length=64), nullable=True)
            for name in ("model", "model_hash", "capacity_cell", "capacity_hash")
        ),
        sa.Column("contributions", _json(), nullable=True),
        sa.Column("overflow", sa.Boolean(), server_default=sa.false(), nullable=False),
    ]


def _enum(*values: str, name: str, length: int = 32) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=length)


def _json() -> postgresql.JSON:
    return postgresql.JSON(none_as_null=True, astext_type=sa.Text())


def upgrade() -> None:
    for column in _decision():
        op.add_column("selectivity_decision", column)
    op.create_table(
        "score_model",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("jurisdiction", _enum("ma", "lu", name="jurisdiction", length=8), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("features", postgresql.ARRAY(sa.String(length=64)), nullable=False),
        sa.Column("trained_as_of", sa.Date(), nullable=False),
        sa.Column("trained_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trained_by", sa.Text(), nullable=False),
        sa.Column("report", _json(), nullable=False),
        sa.Column("challenger", sa.Text(), nullable=True),
        sa.Column("challenger_sha256", sa.String(length=64), nullable=True),
        sa.Column(
            "status",
            _enum("candidate", "active", "retired", name="score_model_status"),
            nullable=False,
        ),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("activated_by", sa.Text(), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("activated_by <> trained_by", name=op.f("ck_score_model_second_person")),
        sa.CheckConstraint(
            "(status = 'candidate') = (activated_at IS NULL)",
            name=op.f("ck_score_model_activated"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_model")),
        sa.UniqueConstraint(
            "jurisdiction", "number", name=op.f("uq_score_model_jurisdiction_number")
        ),
    )
    op.create_index(
        "ix_score_model_active",
        "score_model",
        ["jurisdiction"],
        unique=True,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_table(
        "capacity_snapshot",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("jurisdiction", _enum("ma", "lu", name="jurisdiction", length=8), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_night", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("content", _json(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_capacity_snapshot")),
    )
    op.create_index(op.f("ix_capacity_snapshot_day"), "capacity_snapshot", ["day"])
    op.create_index(
        "ix_capacity_snapshot_night",
        "capacity_snapshot",
        ["jurisdiction", "day"],
        unique=True,
        postgresql_where=sa.text("is_night"),
    )
    op.create_table(
        "selectivity_ranking",
        sa.Column("received_file_id", sa.UUID(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ranked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lane", _enum("green", "blue", "orange", "red", name="lane"), nullable=False),
        sa.Column(
            "level", _enum("local", "regional", "central", name="control_level"), nullable=False
        ),
        sa.Column("origins", postgresql.ARRAY(sa.String(length=64)), nullable=False),
        sa.Column("priority", sa.Float(), nullable=False),
        sa.Column("cutoff", sa.Float(), nullable=False),
        sa.Column("capacity_cell", sa.String(length=64), nullable=False),
        sa.Column("capacity_hash", sa.String(length=64), nullable=False),
        sa.Column("contributions", _json(), nullable=True),
        sa.ForeignKeyConstraint(
            ["capacity_hash"],
            ["capacity_snapshot.sha256"],
            name=op.f("fk_selectivity_ranking_capacity_hash_capacity_snapshot"),
        ),
        sa.ForeignKeyConstraint(
            ["received_file_id"],
            ["received_file.id"],
            name=op.f("fk_selectivity_ranking_received_file_id_received_file"),
        ),
        sa.PrimaryKeyConstraint("received_file_id", name=op.f("pk_selectivity_ranking")),
    )
    op.create_index("ix_selectivity_ranking_day", "selectivity_ranking", ["day"])
    _protect()


def _protect() -> None:
    """What a decision was made with can't be changed afterwards, by any program."""
    op.execute(
        """
        CREATE FUNCTION score_model_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' OR
               (OLD.content, OLD.sha256, OLD.features, OLD.trained_as_of, OLD.number,
                OLD.report::text, OLD.challenger, OLD.trained_by)
               IS DISTINCT FROM
               (NEW.content, NEW.sha256, NEW.features, NEW.trained_as_of, NEW.number,
                NEW.report::text, NEW.challenger, NEW.trained_by)
            THEN RAISE EXCEPTION 'a trained model never changes';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER score_model_is_fixed BEFORE UPDATE OR DELETE ON score_model"
        " FOR EACH ROW EXECUTE FUNCTION score_model_is_fixed()"
    )
    op.execute(
        """
        CREATE FUNCTION selectivity_only_adds() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME;
        END $$
        """
    )
    for table in ("capacity_snapshot", "selectivity_ranking"):
        op.execute(
            f"CREATE TRIGGER {table}_only_adds BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION selectivity_only_adds()"
        )


def downgrade() -> None:
    op.drop_table("selectivity_ranking")
    op.drop_table("capacity_snapshot")
    op.drop_table("score_model")
    op.execute("DROP FUNCTION selectivity_only_adds()")
    op.execute("DROP FUNCTION score_model_is_fixed()")
    for column in reversed(_decision()):
        op.drop_column("selectivity_decision", column.name)
