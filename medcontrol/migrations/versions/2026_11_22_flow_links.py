"""Rights that are suspended, doctors who sit in a commission, recourses outside the fund."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_STATUSES = ("active", "under_review", "suspended", "ended")
_CHANGES = (
    "granted", "renewed", "reviewed", "adjourned", "kept", "postponed", "postponement_undone",
    "restored", "suspended", "resumed", "ended",
)  # fmt: skip
_EXPORTED = (
    "number", "flow", "right_code", "registration_number", "birth_date", "relation",
    "beneficiary_birth_date", "agency_code", "valid_from", "valid_to", "status", "review_since",
)  # fmt: skip
_PERSON = "registration_number WITH =, person_birth_date WITH ="


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("entitlement", sa.Column("suspended_on", sa.Date(), nullable=True))
    op.add_column("entitlement", sa.Column("resumed_on", sa.Date(), nullable=True))
    _one_of("entitlement", "entitlement_status", "status", _STATUSES)
    _one_of("entitlement_event", "entitlement_change", "change", _CHANGES)
    op.create_check_constraint(
        op.f("ck_entitlement_suspended_on"),
        "entitlement",
        "status <> 'suspended' OR (suspended_on IS NOT NULL AND resumed_on IS NULL)",
    )
    _review_index("status IN ('active', 'suspended')")
    _feed((*_EXPORTED, "suspended_on", "resumed_on"))
    op.add_column("appointment", sa.Column("beside_id", sa.UUID(), nullable=True))
    op.create_foreign_key(
        op.f("fk_appointment_beside_id_appointment"), "appointment", "appointment",
        ["beside_id"], ["id"],
    )  # fmt: skip
    _person("state = 'booked' AND beside_id IS NULL")
    _recourses()


def _one_of(table: str, name: str, column: str, values: tuple[str, ...]) -> None:
    key = op.f(f"ck_{table}_{name}")
    op.drop_constraint(key, table, type_="check")
    op.create_check_constraint(key, table, f"{column} IN ({', '.join(map(repr, values))})")


def _review_index(statuses: str) -> None:
    op.drop_index("ix_entitlement_review", "entitlement")
    op.create_index(
        "ix_entitlement_review", "entitlement", ["opens_on"],
        postgresql_where=sa.text(f"{statuses} AND opens_on IS NOT NULL"),
    )  # fmt: skip


def _feed(exported: tuple[str, ...]) -> None:
    op.execute("DROP TRIGGER entitlement_leaves_feed ON entitlement")
    old, new = (", ".join(f"{row}.{name}" for name in exported) for row in ("OLD", "NEW"))
    op.execute(
        "CREATE TRIGGER entitlement_leaves_feed BEFORE UPDATE ON entitlement FOR EACH ROW"
        f" WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION entitlement_leaves_feed()"
    )


def _person(where: str) -> None:
    op.execute("ALTER TABLE appointment DROP CONSTRAINT ex_appointment_person")
    op.execute(
        "ALTER TABLE appointment ADD CONSTRAINT ex_appointment_person EXCLUDE USING gist"
        f" ({_PERSON}, tstzrange(starts_at, ends_at) WITH &&) WHERE ({where})"
    )


def _recourses() -> None:
    op.create_table(
        "external_recourse",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("control_file_id", sa.UUID(), nullable=False),
        sa.Column("body", sa.String(64), nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=False),
        sa.Column("case_number", sa.String(64), nullable=True),
        sa.Column("recorded_by", sa.UUID(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("settled_by", sa.UUID(), nullable=True),
        sa.CheckConstraint(
            "body IN ('anam', 'administrative_court', 'ordinary_court')",
            name=op.f("ck_external_recourse_body"),
        ),
        sa.CheckConstraint(
            "outcome IN ('maintained', 'overturned', 'partly_overturned', 'withdrawn')",
            name=op.f("ck_external_recourse_outcome"),
        ),
        sa.CheckConstraint(
            "(outcome IS NULL) = (decided_on IS NULL) AND (outcome IS NULL) = (settled_by IS NULL)"
            " AND (decided_on IS NULL OR decided_on >= filed_on)",
            name=op.f("ck_external_recourse_decided"),
        ),
        sa.ForeignKeyConstraint(
            ["control_file_id"], ["control_file.id"],
            name=op.f("fk_external_recourse_control_file_id_control_file"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_recourse")),
    )  # fmt: skip
    op.create_index(
        "uq_external_recourse_open", "external_recourse", ["control_file_id", "body"],
        unique=True, postgresql_where=sa.text("outcome IS NULL"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("external_recourse")
    op.execute("DELETE FROM appointment WHERE beside_id IS NOT NULL")
    _person("state = 'booked'")
    op.drop_constraint(
        op.f("fk_appointment_beside_id_appointment"), "appointment", type_="foreignkey"
    )
    op.drop_column("appointment", "beside_id")
    _feed(_EXPORTED)
    _review_index("status = 'active'")
    op.drop_constraint(op.f("ck_entitlement_suspended_on"), "entitlement", type_="check")
    op.execute("UPDATE entitlement SET status = 'ended' WHERE status = 'suspended'")
    op.execute("ALTER TABLE entitlement_event DISABLE TRIGGER entitlement_event_only_adds")
    op.execute(
        "UPDATE entitlement_event SET change = CASE change WHEN 'resumed' THEN 'restored'"
        " ELSE 'ended' END WHERE change IN ('suspended', 'resumed')"
    )
    op.execute("ALTER TABLE entitlement_event ENABLE TRIGGER entitlement_event_only_adds")
    _one_of("entitlement", "entitlement_status", "status", ("active", "under_review", "ended"))
    kept = tuple(each for each in _CHANGES if each not in ("suspended", "resumed"))
    _one_of("entitlement_event", "entitlement_change", "change", kept)
    op.drop_column("entitlement", "resumed_on")
    op.drop_column("entitlement", "suspended_on")
