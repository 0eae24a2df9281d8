"""The frame around every page: who is here, where they may go."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from medcontrol.vocabulary import ControlLevel, Role
from ui.i18n import DEFAULT_LANGUAGE, N_
from ui.tour import Tour


class Theme(StrEnum):
    """Light, dark, or as the system says."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellUser:
    """The person logged in, as the frame shows them."""

    name: str
    roles: tuple[Role, ...]
    unit_name: str
    level: ControlLevel
    is_doctor: bool = False
    is_available: bool = True
    open_files: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Toast:
    """A message for the live region, with an address to undo what was done, when one can."""

    text: str
    tone: str = "success"  # success, info, warning, danger
    undo_address: str | None = None
    undo_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What the frame needs; set by the page's dependency as ``request.state.shell``."""

    language: str = DEFAULT_LANGUAGE
    jurisdiction: str = "ma"
    fund_name: str = ""
    path: str = "/"
    user: ShellUser | None = None
    csrf_token: str = ""
    notifications: int = 0
    theme: Theme = Theme.AUTO
    has_shortcuts: bool = True
    is_demo: bool = False
    tour: Tour | None = None  # in a demonstration only
    toasts: tuple[Toast, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """An entry at the left: a message id, an icon, an address, and who sees it."""

    text: str
    icon: str
    address: str
    roles: frozenset[Role]
    key: str = ""  # after G
    jurisdiction: str = ""  # shown only there; everywhere when empty


_CONTROLLERS = frozenset({Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR})
_WATCHERS = frozenset({Role.COORDINATOR, Role.SUPERVISOR, Role.AUDITOR, Role.CENTRAL_DOCTOR})
_READERS = _CONTROLLERS | {Role.AGENT, Role.SUPERVISOR, Role.AUDITOR, Role.APPEALS_SECRETARY}

NAVIGATION: tuple[NavItem, ...] = (
    NavItem(
        text=N_("My queue"), icon="inbox", address="/queue", key="q",
        roles=_CONTROLLERS | {Role.AGENT},
    ),
    NavItem(
        text=N_("Search"), icon="search", address="/search", key="r",
        roles=_READERS,
    ),
    NavItem(
        text=N_("Today at the counter"), icon="clipboard-list", address="/reception/today", key="t",
        roles=frozenset({Role.AGENT}),
    ),
    NavItem(
        text=N_("Agenda"), icon="calendar-event", address="/reception/agenda", key="a",
        roles=frozenset({Role.AGENT}),
    ),
    NavItem(
        text=N_("My agenda"), icon="calendar-event", address="/agenda", key="a",
        roles=_CONTROLLERS,
    ),
    NavItem(
        text=N_("Register a file"), icon="file-plus", address="/reception/new", key="e",
        roles=frozenset({Role.AGENT}),
    ),
    NavItem(
        text=N_("Slips of paper files"), icon="archive", address="/reception/slips", key="d",
        roles=frozenset({Role.AGENT}),
    ),
    NavItem(
        text=N_("Letters to print"), icon="printer", address="/reception/letters", key="c",
        roles=frozenset({Role.AGENT}),
    ),
    NavItem(
        text=N_("Appeals"), icon="scale", address="/appeals", key="f",
        roles=frozenset(
            {Role.APPEALS_SECRETARY, Role.COORDINATOR, Role.CENTRAL_DOCTOR, Role.SUPERVISOR}
        ),
        jurisdiction="ma",
    ),
    NavItem(
        text=N_("My missions"), icon="report-medical", address="/missions", key="i",
        roles=frozenset({Role.EXPERT}), jurisdiction="ma",
    ),
    NavItem(
        text=N_("Opinions"), icon="mail", address="/opinions", key="w",
        roles=_CONTROLLERS | {Role.EXPERT, Role.SUPERVISOR}, jurisdiction="ma",
    ),
    NavItem(
        text=N_("Experts"), icon="users", address="/experts",
        roles=frozenset({Role.ADMINISTRATOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR}),
        jurisdiction="ma",
    ),
    NavItem(
        text=N_("Supervision"), icon="chart-bar", address="/supervision", key="s",
        roles=frozenset({Role.SUPERVISOR, Role.COORDINATOR}),
    ),
    NavItem(
        text=N_("Second readings"), icon="checks", address="/quality/readings", key="n",
        roles=frozenset({Role.QUALITY_READER}), jurisdiction="ma",
    ),
    NavItem(
        text=N_("Quality"), icon="report-medical", address="/quality/results", key="k",
        roles=_WATCHERS | {Role.DOCTOR}, jurisdiction="ma",
    ),
    NavItem(
        text=N_("Steering"), icon="chart-bar", address="/steering", key="p", roles=_WATCHERS,
    ),
    NavItem(
        text=N_("Selectivity"), icon="filter", address="/selectivity", key="x",
        roles=frozenset({Role.ANALYST, Role.AUDITOR, Role.SUPERVISOR}),
    ),
    NavItem(
        text=N_("Overruns"), icon="scale", address="/long-term-care/calculation", key="v",
        roles=_READERS | {Role.ANALYST, Role.REFERENCE_MANAGER}, jurisdiction="lu",
    ),
    NavItem(
        text=N_("Changes of the law"), icon="scale", address="/long-term-care/regression",
        roles=frozenset({Role.ADMINISTRATOR, Role.ANALYST, Role.REFERENCE_MANAGER}),
        jurisdiction="lu",
    ),
    NavItem(
        text=N_("Cases about providers"), icon="folder", address="/selectivity/cases", key="y",
        roles=frozenset({Role.CENTRAL_DOCTOR}),
    ),
    NavItem(
        text=N_("Quarantine"), icon="file-alert", address="/quarantine", key="z",
        roles=frozenset(
            {Role.AGENT, Role.REFERENCE_MANAGER, Role.ADMINISTRATOR, Role.COORDINATOR}
        ),
    ),
    NavItem(
        text=N_("Doctors"), icon="stethoscope", address="/doctors", key="m",
        roles=frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    ),
    NavItem(
        text=N_("Users"), icon="users", address="/users", key="u",
        roles=frozenset({Role.ADMINISTRATOR}),
    ),
    NavItem(
        text=N_("Views by role"), icon="star", address="/views/roles",
        roles=frozenset({Role.ADMINISTRATOR}),
    ),
    NavItem(
        text=N_("Announced days"), icon="calendar", address="/holidays", key="h",
        roles=frozenset({Role.ADMINISTRATOR, Role.REFERENCE_MANAGER}),
    ),
    NavItem(
        text=N_("Rooms"), icon="building-community", address="/rooms", key="b",
        roles=frozenset({Role.ADMINISTRATOR, Role.REFERENCE_MANAGER}),
    ),
    NavItem(
        text=N_("Flows"), icon="route", address="/flows", key="j",
        roles=frozenset(
            {Role.ADMINISTRATOR, Role.REFERENCE_MANAGER, Role.SUPERVISOR, Role.COORDINATOR,
             Role.AUDITOR}
        ),
    ),
    NavItem(
        text=N_("Incidents"), icon="alert-triangle", address="/incidents", key="o",
        roles=frozenset({Role.ADMINISTRATOR}),
    ),
    NavItem(
        text=N_("Access log"), icon="eye", address="/access-log", key="l",
        roles=frozenset({Role.AUDITOR}),
    ),
)  # fmt: skip


def navigation_for(roles: Collection[Role], jurisdiction: str = "ma") -> tuple[NavItem, ...]:
    """Return the entries that at least one of the roles may see there, in their order."""
    here = {"", jurisdiction}
    return tuple(
        item for item in NAVIGATION if item.jurisdiction in here and item.roles & set(roles)
    )


def is_current(item: NavItem, path: str) -> bool:
    """Return whether a path lies under an entry; a file belongs to the queue."""
    if item.address == "/queue" and path.startswith("/files/"):
        return True
    return path == item.address or path.startswith(item.address + "/")
