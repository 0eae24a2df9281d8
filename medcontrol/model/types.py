"""Column types and the naming of constraints, said once."""

from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field, SQLModel

from medcontrol.ids import new_id

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

INSTANT = sa.DateTime(timezone=True)
DAY = sa.Date()
HOUR = sa.Time()
ID = pg.UUID(as_uuid=True)
CODE = sa.String(64)
TEXT = sa.Text()
BYTES = sa.LargeBinary()
CENTS = sa.BigInteger()
CODES = pg.ARRAY(sa.String(64))
# Frozen facts, always replaced whole: json keeps the order of keys and is cheaper to write
# than jsonb, and nothing on the hot path filters on it.
FACTS = pg.JSON(none_as_null=True)


def code_enum(enum: type[StrEnum], length: int = 32) -> sa.Enum:
    """Store the values of a StrEnum as text with a CHECK: a new one is a plain migration."""
    return sa.Enum(
        enum,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        values_callable=lambda members: [member.value for member in members],
        length=length,
        name=snake(enum.__name__),
    )


def snake(name: str) -> str:
    """Return ControlFileStatus as control_file_status."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def primary_key() -> Any:
    """Return a UUIDv7 primary key made in Python."""
    return Field(default_factory=new_id, primary_key=True, sa_type=ID)


def foreign_key(target: str, *, index: bool = False, nullable: bool = False) -> Any:
    """Return a foreign key column; deleting what is referred to is refused."""
    return Field(
        default=None if nullable else ...,
        sa_type=ID,
        foreign_key=target,
        index=index,
        nullable=nullable,
    )
