"""selectivity_rules"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATES = ("draft", "checked", "backtested", "shadow", "approved", "published", "retired")

# What was published stays what it was, whoever sends the UPDATE.
_GUARD = """
CREATE FUNCTION rule_set_version_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a version of the rules is never deleted' USING ERRCODE = 'restrict_violation';
  END IF;
  IF (NEW.id, NEW.code, NEW.version, NEW.author_id, NEW.created_at)
     IS DISTINCT FROM (OLD.id, OLD.code, OLD.version, OLD.author_id, OLD.created_at) THEN
    RAISE EXCEPTION 'a version keeps its name and author' USING ERRCODE = 'restrict_violation';
  END IF;
  IF (NEW.content, NEW.sha256) IS DISTINCT FROM (OLD.content, OLD.sha256)
     AND (OLD.status <> 'draft' OR NEW.status <> 'draft') THEN
    RAISE EXCEPTION 'only a draft changes its content' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.status = 'retired' AND NEW.status <> 'retired' THEN
    RAISE EXCEPTION 'a retired version stays retired' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.published_at IS NOT NULL AND (
    NEW.status NOT IN ('published', 'retired')
    OR (NEW.published_at, NEW.valid_from, NEW.approver_id, NEW.approver_name, NEW.approved_at,
        NEW.editor_id, NEW.editor_name, NEW.edited_at, NEW.backtest_id, NEW.revision, NEW.note,
        NEW.parent, NEW.author_name)
     IS DISTINCT FROM
       (OLD.published_at, OLD.valid_from, OLD.approver_id, OLD.approver_name, OLD.approved_at,
        OLD.editor_id, OLD.editor_name, OLD.edited_at, OLD.backtest_id, OLD.revision, OLD.note,
        OLD.parent, OLD.author_name)
    OR (OLD.status = 'retired' AND (NEW.retired_at, NEW.valid_until)
        IS DISTINCT FROM (OLD.retired_at, OLD.valid_until))
  ) THEN
    RAISE EXCEPTION 'a published version never changes' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""
_EVENTS = """
CREATE FUNCTION rule_set_event_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what was done with rules is only added to' USING ERRCODE = 'restrict_violation';
END $$
"""


def upgrade() -> None:
    _versions()
    _events()
    op.execute(_GUARD)
    op.execute(
        "CREATE TRIGGER rule_set_version_guard BEFORE UPDATE OR DELETE ON rule_set_version"
        " FOR EACH ROW EXECUTE FUNCTION rule_set_version_guard()"
    )
    op.execute(_EVENTS)
    op.execute(
        "CREATE TRIGGER rule_set_event_guard BEFORE UPDATE OR DELETE ON rule_set_event"
        " FOR EACH ROW EXECUTE FUNCTION rule_set_event_guard()"
    )


def _versions() -> None:
    op.create_table(
        "rule_set_version",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                *_STATES,
                name="rule_set_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author_id", sa.UUID(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("editor_id", sa.UUID(), nullable=False),
        sa.Column("editor_name", sa.Text(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("backtest_id", sa.UUID(), nullable=True),
        sa.Column("shadow_from", sa.Date(), nullable=True),
        sa.Column("approver_id", sa.UUID(), nullable=True),
        sa.Column("approver_name", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(published_at IS NULL AND valid_from IS NULL) OR "
            "(published_at IS NOT NULL AND valid_from IS NOT NULL)",
            name=op.f("ck_rule_set_version_published"),
        ),
        sa.CheckConstraint(
            "status <> 'published' OR published_at IS NOT NULL",
            name=op.f("ck_rule_set_version_published_status"),
        ),
        sa.CheckConstraint(
            "approver_id IS NULL OR (approver_id <> author_id AND approver_id <> editor_id)",
            name=op.f("ck_rule_set_version_second_person"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('approved', 'published') OR approver_id IS NOT NULL",
            name=op.f("ck_rule_set_version_approver"),
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_rule_set_version_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_set_version")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_rule_set_version_code_version")),
    )


def _events() -> None:
    op.create_table(
        "rule_set_event",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("rule_set_version_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.UUID(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("from_status", sa.String(length=64), nullable=True),
        sa.Column("to_status", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_set_version_id"],
            ["rule_set_version.id"],
            name=op.f("fk_rule_set_event_rule_set_version_id_rule_set_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_set_event")),
    )
    op.create_index(
        "ix_rule_set_event_version", "rule_set_event", ["rule_set_version_id", "at"], unique=False
    )


def downgrade() -> None:
    op.drop_table("rule_set_event")
    op.drop_table("rule_set_version")
    op.execute("DROP FUNCTION rule_set_event_guard()")
    op.execute("DROP FUNCTION rule_set_version_guard()")
