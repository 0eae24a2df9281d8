"""Units of the fund (agences, directions régionales, niveau central), and its calendar."""

from datetime import date

from sqlmodel import Field, SQLModel

from medcontrol.model.types import CODE, DAY, TEXT, code_enum
from medcontrol.vocabulary import ControlLevel, Jurisdiction


class Unit(SQLModel, table=True):
    """An agency, a regional direction or the central body. Levels and units are data."""

    code: str = Field(primary_key=True, sa_type=CODE)
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    level: ControlLevel = Field(sa_type=code_enum(ControlLevel))
    name: str = Field(sa_type=TEXT)
    # The regional unit of an agency; the central unit of a region.
    parent_code: str | None = Field(
        default=None, sa_type=CODE, foreign_key="unit.code", nullable=True
    )
    is_active: bool = Field(default=True)


class AnnouncedDay(SQLModel, table=True):
    """A day announced as worked or not worked, which the calendar package can't know."""

    __tablename__ = "announced_day"

    jurisdiction: Jurisdiction = Field(primary_key=True, sa_type=code_enum(Jurisdiction, 8))
    day: date = Field(primary_key=True, sa_type=DAY)
    is_holiday: bool = Field(default=True)
    name: str = Field(sa_type=TEXT)
