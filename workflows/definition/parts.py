"""What all parts of a pack are made of: frozen, and unknown members are refused."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Parameter = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")]
FactValue = str | bool | int


class Part(BaseModel):
    """A part of a pack: frozen, and unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Titles(Part):
    """A name in the three languages of the screens."""

    fr: str = Field(min_length=1)
    ar: str = Field(min_length=1)
    en: str = Field(min_length=1)
