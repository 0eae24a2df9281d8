"""Criteria of a search from the query string."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from fastapi import Query as In
from pydantic import StringConstraints

from medcontrol.queries.files import LARGEST_PAGE
from medcontrol.queries.search import LONGEST_TEXT, SearchFilters
from medcontrol.vocabulary import ControlFileStatus, ControlLevel, Lane

Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]
After = Annotated[str, In(max_length=400, description="`next` or `previous` of a page")]
Size = Annotated[int, In(ge=1, le=LARGEST_PAGE, description="Rows of a page")]
MANY = 30


def _who(
    registration_number: Annotated[Text, In(description="Of the insured person, whole")] = "",
    name: Annotated[Text, In(description="Words in any order; accents do not matter")] = "",
    national_id: Annotated[Text, In(description="Whole")] = "",
    reference: Annotated[Text, In(description="Beginning of ours, or the sender's whole")] = "",
    provider: Annotated[Text, In(description="Provider or prescriber, whole")] = "",
    agency: Annotated[Text, In(description="Agency or region code")] = "",
    doctor: Annotated[UUID | None, In(description="Who holds the file")] = None,
) -> dict[str, object]:
    return locals()


def _what(
    flow: Annotated[list[Text], In(max_length=MANY)] = [],  # noqa: B006 - FastAPI copies it
    nature: Annotated[list[Text], In(max_length=MANY)] = [],  # noqa: B006
    status: Annotated[list[ControlFileStatus], In(max_length=MANY)] = [],  # noqa: B006
    level: Annotated[list[ControlLevel], In(max_length=MANY)] = [],  # noqa: B006
    lane: Annotated[list[Lane], In(max_length=MANY)] = [],  # noqa: B006
    urgent: bool = False,
) -> dict[str, object]:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in locals().items()}


def _when(
    received_from: date | None = None,
    received_to: date | None = None,
    opened_from: date | None = None,
    opened_to: date | None = None,
    due_from: date | None = None,
    due_to: date | None = None,
    closed_from: date | None = None,
    closed_to: date | None = None,
) -> dict[str, object]:
    return locals()


def _filters(
    who: Annotated[dict[str, object], Depends(_who)],
    what: Annotated[dict[str, object], Depends(_what)],
    when: Annotated[dict[str, object], Depends(_when)],
) -> SearchFilters:
    return SearchFilters(**who, **what, **when)  # type: ignore[arg-type]


Filters = Annotated[SearchFilters, Depends(_filters)]
