"""People and programs that use the system, and what they may do."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import (
    BYTES,
    CODE,
    CODES,
    DAY,
    ID,
    INSTANT,
    TEXT,
    code_enum,
    foreign_key,
    primary_key,
)
from medcontrol.vocabulary import Role


class UserAccount(SQLModel, table=True):
    """A person who logs in."""

    __tablename__ = "user_account"
    __table_args__ = (sa.UniqueConstraint("login"),)

    id: UUID = primary_key()
    login: str = Field(sa_type=CODE)
    name: str = Field(sa_type=TEXT)
    password_hash: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    language: str = Field(default="fr", sa_type=CODE)
    shortcuts: bool = Field(default=True)
    doctor_id: UUID | None = foreign_key("doctor.id", nullable=True)
    is_active: bool = Field(default=True)
    failed_logins: int = Field(default=0)
    locked_until: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class RoleGrant(SQLModel, table=True):
    """A role at a unit, from a day to a day. The unit gives the level."""

    __tablename__ = "role_grant"
    __table_args__ = (
        sa.Index("ix_role_grant_user", "user_id"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
    )

    id: UUID = primary_key()
    user_id: UUID = Field(sa_type=ID, foreign_key="user_account.id")
    role: Role = Field(sa_type=code_enum(Role))
    unit_code: str = Field(sa_type=CODE, foreign_key="unit.code")
    valid_from: date = Field(sa_type=DAY)
    valid_to: date | None = Field(default=None, sa_type=DAY, nullable=True)


class UserSession(SQLModel, table=True):
    """A login. The cookie holds a random token, the table its hash."""

    __tablename__ = "user_session"
    __table_args__ = (sa.Index("ix_user_session_user", "user_id"),)

    token_hash: bytes = Field(primary_key=True, sa_type=BYTES)
    user_id: UUID = Field(sa_type=ID, foreign_key="user_account.id")
    created_at: datetime = Field(sa_type=INSTANT)
    expires_at: datetime = Field(sa_type=INSTANT)
    csrf_token: str = Field(sa_type=CODE)


class ApiClient(SQLModel, table=True):
    """A program with a token (kept as a hash) and scopes."""

    __tablename__ = "api_client"
    __table_args__ = (sa.UniqueConstraint("name"), sa.UniqueConstraint("token_hash"))

    id: UUID = primary_key()
    name: str = Field(sa_type=CODE)
    token_hash: bytes = Field(sa_type=BYTES)
    scopes: list[str] = Field(sa_type=CODES)
    # Files that it may see, when it has the scope files:read.
    unit_code: str | None = Field(
        default=None, sa_type=CODE, foreign_key="unit.code", nullable=True
    )
    created_at: datetime = Field(sa_type=INSTANT)
    revoked_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
