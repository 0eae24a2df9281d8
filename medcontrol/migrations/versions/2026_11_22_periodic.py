"""Periodic controls: where a review's day comes from, the journal of rights, the export's order."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_CHANGES = (
    "granted", "renewed", "reviewed", "adjourned", "kept", "postponed", "postponement_undone",
    "restored", "ended",
)  # fmt: skip
# What the paying system is told; a change of one of these puts the right at the end of the export.
_EXPORTED = (
    "number", "flow", "right_code", "registration_number", "birth_date", "relation",
    "beneficiary_birth_date", "agency_code", "valid_from", "valid_to", "status", "review_since",
)  # fmt: skip


def _enum(*values: str, name: str, length: int = 32) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=length)


def _json() -> postgresql.JSON:
    return postgresql.JSON(none_as_null=True, astext_type=sa.Text())


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("milestone", sa.String(length=64), nullable=True),
        sa.Column("review_since", sa.Date(), nullable=True),
        sa.Column("feed_no", sa.BigInteger(), nullable=True),
    ]


def upgrade() -> None:
    for column in _columns():
        op.add_column("entitlement", column)
    op.create_index(
        "uq_entitlement_feed",
        "entitlement",
        ["feed_no"],
        unique=True,
        postgresql_where=sa.text("feed_no IS NOT NULL"),
    )
    op.create_index(
        "ix_entitlement_unnumbered",
        "entitlement",
        ["id"],
        postgresql_where=sa.text("feed_no IS NULL"),
    )
    # Reviews that are pending keep their rights open from the day on which they came in.
    op.execute(
        """
        UPDATE entitlement e SET review_since = coalesce(
            (SELECT min(f.received_on) FROM control_file f
             WHERE f.entitlement_id = e.id AND f.closed_at IS NULL), e.opens_on)
        WHERE e.status = 'under_review'
        """
    )
    _events()
    _postponements()
    _feed()


def _events() -> None:
    op.create_table(
        "entitlement_event",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("entitlement_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("change", _enum(*_CHANGES, name="entitlement_change"), nullable=False),
        sa.Column("control_file_id", sa.UUID(), nullable=True),
        sa.Column("batch_id", sa.UUID(), nullable=True),
        sa.Column(
            "actor_kind", _enum("user", "client", "system", name="actor_kind"), nullable=False
        ),
        sa.Column("actor_id", sa.UUID(), nullable=True),
        sa.Column("actor_label", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("before", _json(), nullable=False),
        sa.Column("after", _json(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entitlement_id"],
            ["entitlement.id"],
            name=op.f("fk_entitlement_event_entitlement_id_entitlement"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlement_event")),
    )
    op.create_index("ix_entitlement_event_right", "entitlement_event", ["entitlement_id", "id"])
    op.create_index(
        "ix_entitlement_event_batch",
        "entitlement_event",
        ["batch_id"],
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )
    op.execute(
        """
        CREATE FUNCTION entitlement_event_only_adds() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'what happened to a right is only added to';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER entitlement_event_only_adds BEFORE UPDATE OR DELETE ON entitlement_event"
        " FOR EACH ROW EXECUTE FUNCTION entitlement_event_only_adds()"
    )


def _postponements() -> None:
    op.create_table(
        "review_postponement",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("jurisdiction", _enum("ma", "lu", name="jurisdiction", length=8), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=False),
        sa.Column("requested_label", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("refused", _json(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.UUID(), nullable=True),
        sa.Column("undone", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_postponement")),
    )
    op.create_index("ix_review_postponement_at", "review_postponement", ["requested_at"])


def _feed() -> None:
    """Whoever changes what is exported, by whatever statement, takes the right's number away."""
    op.execute("CREATE SEQUENCE entitlement_feed")
    op.execute(
        """
        CREATE FUNCTION entitlement_leaves_feed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.feed_no := NULL;
            RETURN NEW;
        END $$
        """
    )
    old, new = (", ".join(f"{row}.{name}" for name in _EXPORTED) for row in ("OLD", "NEW"))
    op.execute(
        "CREATE TRIGGER entitlement_leaves_feed BEFORE UPDATE ON entitlement FOR EACH ROW"
        f" WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION entitlement_leaves_feed()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER entitlement_leaves_feed ON entitlement")
    op.execute("DROP FUNCTION entitlement_leaves_feed()")
    op.execute("DROP SEQUENCE entitlement_feed")
    op.drop_table("review_postponement")
    op.drop_table("entitlement_event")
    op.execute("DROP FUNCTION entitlement_event_only_adds()")
    op.drop_index("ix_entitlement_unnumbered", "entitlement")
    op.drop_index("uq_entitlement_feed", "entitlement")
    for column in reversed(_columns()):
        op.drop_column("entitlement", column.name)
