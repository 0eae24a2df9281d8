"""What the address of a queue says, and the way back to a queue."""

from urllib.parse import parse_qsl

from starlette.datastructures import QueryParams

from medcontrol.queries.list_columns import ListColumn
from medcontrol.queries.worklist import DuePreset, QueueFilters, QueueSort, QueueTab
from medcontrol.vocabulary import ControlLevel, Lane, StepKind
from ui.forms import Sent, as_uuid, is_ticked, member_of, members_of, text_of, texts_of

SIZES = (25, 50, 100)


def filters_of(query: Sent) -> QueueFilters:
    """Return the filters of an address; what it says wrongly is left out."""
    size = text_of(query, "size", 4)
    return QueueFilters(
        tab=member_of(query, "tab", QueueTab) or QueueTab.TODO,
        view=text_of(query, "view", 64) or "all",
        flow=tuple(texts_of(query, "flow", 64)[:20]),
        lane=tuple(Lane(each) for each in texts_of(query, "lane", 16) if each in set(Lane)),
        level=tuple(
            ControlLevel(each) for each in texts_of(query, "level", 16) if each in set(ControlLevel)
        ),
        kind=tuple(StepKind(each) for each in texts_of(query, "kind", 64) if each in set(StepKind)),
        due=member_of(query, "due", DuePreset),
        urgent=is_ticked(query, "urgent"),
        doctor=as_uuid(text_of(query, "doctor", 40)),
        sort=member_of(query, "sort", QueueSort) or QueueSort.DUE,
        descending=is_ticked(query, "descending"),
        columns=members_of(query, "columns", ListColumn),
        size=int(size) if size in map(str, SIZES) else SIZES[0],
        after=text_of(query, "after", 400),
    )


def filters_in(address: str) -> QueueFilters:
    """Return the filters of a query string such as ``?tab=back&flow=ald``."""
    return filters_of(QueryParams(parse_qsl(address.removeprefix("?"))))
