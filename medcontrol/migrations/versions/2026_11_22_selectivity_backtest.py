"""selectivity_backtest"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_LANES = ("green", "blue", "orange", "red")

# What was agreed before the start stays what it was, whoever sends the UPDATE.
_GUARD = """
CREATE FUNCTION experiment_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'planned' THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'an experiment that started is never deleted'
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF (NEW.id, NEW.jurisdiction, NEW.title, NEW.champion, NEW.champion_sha256, NEW.challenger,
      NEW.challenger_sha256, NEW.split_by, NEW.challenger_share, NEW.metric, NEW.stop_controls,
      NEW.stop_on, NEW.created_by_id, NEW.created_by, NEW.created_at, NEW.started_by_id,
      NEW.started_by, NEW.started_at)
     IS DISTINCT FROM
     (OLD.id, OLD.jurisdiction, OLD.title, OLD.champion, OLD.champion_sha256, OLD.challenger,
      OLD.challenger_sha256, OLD.split_by, OLD.challenger_share, OLD.metric, OLD.stop_controls,
      OLD.stop_on, OLD.created_by_id, OLD.created_by, OLD.created_at, OLD.started_by_id,
      OLD.started_by, OLD.started_at) THEN
    RAISE EXCEPTION 'an experiment that started keeps its terms'
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.status <> 'running' OR NEW.status NOT IN ('running', 'concluded', 'abandoned') THEN
    RAISE EXCEPTION 'an experiment that ended stays as it ended'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""
_ARMS = """
CREATE FUNCTION experiment_file_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the arm of a file is only written once' USING ERRCODE = 'restrict_violation';
END $$
"""
_GUARDED = {"experiment": "experiment_guard", "experiment_file": "experiment_file_guard"}


def _enum(*values: str, name: str, length: int = 32) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=length)


def _jurisdiction() -> sa.Column[str]:
    return sa.Column("jurisdiction", _enum("ma", "lu", name="jurisdiction", length=8),
                     nullable=False)  # fmt: skip


def _lane(name: str) -> sa.Column[str]:
    return sa.Column(name, _enum(*_LANES, name=name), nullable=False)


def _facts(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(
        name, postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=nullable
    )


def upgrade() -> None:
    _backtests()
    _shadows()
    _experiments()
    _replays()
    op.drop_index("ix_selectivity_decision_decided_at", table_name="selectivity_decision")
    op.create_index(
        "ix_selectivity_decision_decided_at", "selectivity_decision", ["decided_at", "lane"]
    )
    op.execute(_GUARD)
    op.execute(_ARMS)
    for table, function in _GUARDED.items():
        op.execute(
            f"CREATE TRIGGER {function} BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {function}()"
        )


def _backtests() -> None:
    op.create_table(
        "backtest_run",
        sa.Column("id", sa.UUID(), nullable=False),
        _jurisdiction(),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("rules", sa.String(length=64), nullable=False),
        sa.Column("rules_sha256", sa.String(length=64), nullable=False),
        sa.Column("rules_text", sa.Text(), nullable=False),
        sa.Column("base", sa.String(length=64), nullable=False),
        sa.Column("base_sha256", sa.String(length=64), nullable=False),
        sa.Column("base_text", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("score", sa.String(length=64), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.UUID(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", _enum("waiting", "running", "done", "failed", name="backtest_status"),
                  nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=64), nullable=True),
        _facts("result", nullable=True),
        sa.CheckConstraint(
            "progress BETWEEN 0 AND 100", name=op.f("ck_backtest_run_progress")
        ),
        sa.CheckConstraint("since <= until", name=op.f("ck_backtest_run_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtest_run")),
    )  # fmt: skip
    op.create_index("ix_backtest_run_asked", "backtest_run", ["jurisdiction", "asked_at"])


def _shadows() -> None:
    op.create_table(
        "shadow_count",
        _jurisdiction(),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rules", sa.String(length=64), nullable=False),
        sa.Column("row_id", sa.String(length=64), nullable=False),
        _lane("lane"),
        _lane("shadow_lane"),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "jurisdiction", "day", "rules", "row_id", "lane", "shadow_lane",
            name=op.f("pk_shadow_count"),
        ),
    )  # fmt: skip
    op.create_table(
        "shadow_sample",
        sa.Column("received_file_id", sa.UUID(), nullable=False),
        sa.Column("rules", sa.String(length=64), nullable=False),
        _jurisdiction(),
        sa.Column("day", sa.Date(), nullable=False),
        _lane("lane"),
        _lane("shadow_lane"),
        sa.Column("matched_rows", postgresql.ARRAY(sa.String(length=64)), nullable=False),
        sa.PrimaryKeyConstraint("received_file_id", "rules", name=op.f("pk_shadow_sample")),
    )
    op.create_index("ix_shadow_sample_day", "shadow_sample", ["jurisdiction", "rules", "day"])


def _experiments() -> None:
    op.create_table(
        "experiment",
        sa.Column("id", sa.UUID(), nullable=False),
        _jurisdiction(),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("champion", sa.String(length=64), nullable=False),
        sa.Column("champion_sha256", sa.String(length=64), nullable=False),
        sa.Column("challenger", sa.String(length=64), nullable=False),
        sa.Column("challenger_sha256", sa.String(length=64), nullable=False),
        sa.Column("split_by", _enum("provider", "beneficiary", name="split_key"), nullable=False),
        sa.Column("challenger_share", sa.Integer(), nullable=False),
        sa.Column(
            "metric",
            _enum(
                "hit_rate", "hits_per_100_points", "avoided_per_100_points",
                name="experiment_metric",
            ),
            nullable=False,
        ),
        sa.Column("stop_controls", sa.Integer(), nullable=True),
        sa.Column("stop_on", sa.Date(), nullable=True),
        sa.Column(
            "status",
            _enum("planned", "running", "concluded", "abandoned", name="experiment_status"),
            nullable=False,
        ),
        sa.Column("created_by_id", sa.UUID(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by_id", sa.UUID(), nullable=True),
        sa.Column("started_by", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=64), nullable=True),
        _facts("conclusion", nullable=True),
        sa.CheckConstraint(
            "(status = 'planned') = (started_at IS NULL)", name=op.f("ck_experiment_started")
        ),
        sa.CheckConstraint(
            "challenger_share BETWEEN 500 AND 5000", name=op.f("ck_experiment_share")
        ),
        sa.CheckConstraint(
            "champion_sha256 <> challenger_sha256", name=op.f("ck_experiment_arms")
        ),
        sa.CheckConstraint(
            "stop_controls IS NOT NULL OR stop_on IS NOT NULL",
            name=op.f("ck_experiment_stop_rule"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiment")),
    )  # fmt: skip
    op.create_index(
        "ix_experiment_running",
        "experiment",
        ["jurisdiction"],
        unique=True,
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_table(
        "experiment_file",
        sa.Column("received_file_id", sa.UUID(), nullable=False),
        sa.Column("experiment_id", sa.UUID(), nullable=False),
        sa.Column("is_challenger", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiment.id"],
            name=op.f("fk_experiment_file_experiment_id_experiment"),
        ),
        sa.PrimaryKeyConstraint("received_file_id", name=op.f("pk_experiment_file")),
    )
    op.create_index("ix_experiment_file_arm", "experiment_file", ["experiment_id", "is_challenger"])


def _replays() -> None:
    op.create_table(
        "replay_run",
        sa.Column("id", sa.UUID(), nullable=False),
        _jurisdiction(),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replayed", sa.Integer(), nullable=False),
        sa.Column("differences", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        _facts("details"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replay_run")),
    )
    op.create_index("ix_replay_run_at", "replay_run", ["jurisdiction", "at"])


def downgrade() -> None:
    op.drop_index("ix_selectivity_decision_decided_at", table_name="selectivity_decision")
    op.create_index("ix_selectivity_decision_decided_at", "selectivity_decision", ["decided_at"])
    for table in (
        "replay_run", "experiment_file", "experiment", "shadow_sample", "shadow_count",
        "backtest_run",
    ):  # fmt: skip
        op.drop_table(table)
    for function in _GUARDED.values():
        op.execute(f"DROP FUNCTION {function}()")
