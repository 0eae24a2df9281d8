"""What the one field of the top bar may mean (recherche en un champ)."""

import re
from collections.abc import Iterator

from starlette.datastructures import QueryParams

from ui.forms import text_of

_REGISTRATION = re.compile(r"[0-9]{9,13}")
_REFERENCE = re.compile(r"[A-Z]{2,4}-[0-9]{4}-[0-9]*(-[0-9]?)?", re.IGNORECASE)
_NATIONAL_ID = re.compile(r"[A-Z]{1,2}[0-9]{4,8}", re.IGNORECASE)
# As the intake takes them; a name has no digit.
_PROVIDER = re.compile(r"(?=.*[0-9])[A-Z0-9][A-Z0-9._:-]{2,63}", re.IGNORECASE)


def meanings_of(query: QueryParams) -> list[QueryParams]:
    """Return a query with what stands in ``q`` put into each criterion that it may be.

    The likeliest comes first; a query without ``q`` has one meaning, itself. A registration
    number and a provider's may look alike: which it is shows in what is found.
    """
    q = text_of(query, "q", 120)
    if not q:
        return [query]
    found = dict(_criteria(q.replace(" ", ""))) or {"name": q}
    return [_with(query, name, value) for name, value in found.items()]


def _criteria(compact: str) -> Iterator[tuple[str, str]]:
    if _REGISTRATION.fullmatch(compact):
        yield "registration_number", compact
    if _REFERENCE.fullmatch(compact):
        yield "reference", compact.upper()
    if _NATIONAL_ID.fullmatch(compact):
        yield "national_id", compact.upper()
    if _PROVIDER.fullmatch(compact):
        yield "provider", compact


def _with(query: QueryParams, name: str, value: str) -> QueryParams:
    others = [(key, each) for key, each in query.multi_items() if key not in ("q", name)]
    return QueryParams([(name, value), *others])
