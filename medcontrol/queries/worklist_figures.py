"""Figures around a queue: tabs, views, filter options and chips, from one grouped count."""

from typing import Any

from medcontrol.queries.worklist import (
    FilterChip,
    FilterOption,
    QueueFilters,
    QueueTab,
    Tab,
    View,
)

BUILT_IN_VIEWS = ("today", "urgent", "late", "new")


def tabs_of(counts: list[Any], done: int, team: int | None) -> tuple[Tab, ...]:
    tabs = [
        Tab(key=QueueTab.TODO, count=sum(row.todo for row in counts)),
        Tab(
            key=QueueTab.WAITING,
            count=sum(row.waiting for row in counts),
            woken=sum(row.woken for row in counts),
        ),
        Tab(key=QueueTab.BACK, count=sum(row.back for row in counts)),
        Tab(key=QueueTab.DONE, count=done),
    ]
    return (*tabs, *(() if team is None else (Tab(key=QueueTab.TEAM, count=team),)))


def views_of(counts: list[Any]) -> tuple[View, ...]:
    """Return the built-in views, then one for each flow there is, the fullest first."""
    built_in = [
        View(key=key, count=sum(getattr(row, f"view_{key}") for row in counts))
        for key in BUILT_IN_VIEWS
    ]
    flows = [
        View(key=option.value, count=option.count, flow=option.value)
        for option in options_of(counts, "flow", ())
    ]
    return (View(key="all", count=sum(row.todo for row in counts)), *built_in, *flows)


def options_of(counts: list[Any], name: str, chosen: tuple[str, ...]) -> tuple[FilterOption, ...]:
    totals: dict[str, int] = {}
    for row in counts:
        value = str(getattr(row, name))
        totals[value] = totals.get(value, 0) + row.todo
    ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        FilterOption(value=value, count=count, is_chosen=value in chosen)
        for value, count in ranked
        if count or value in chosen
    )


def chips_of(filters: QueueFilters, owner: str | None) -> tuple[FilterChip, ...]:
    chips = []
    for name in ("flow", "lane", "level", "kind"):
        values = getattr(filters, name)
        if values and filters.view not in values:
            without = filters.address(**{name: (), "after": ""})
            chips.append(FilterChip(name=name, values=values, without=without))
    if filters.due is not None:
        without = filters.address(due=None, after="")
        chips.append(FilterChip(name="due", values=(filters.due,), without=without))
    if filters.urgent:
        without = filters.address(urgent=False, after="")
        chips.append(FilterChip(name="urgent", values=(), without=without))
    if filters.doctor is not None and owner:
        without = filters.address(doctor=None, after="")
        chips.append(FilterChip(name="doctor", values=(owner,), without=without))
    return tuple(chips)
