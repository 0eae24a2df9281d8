"""The guided tour of the demonstration (visite guidée), role by role. No fund ever sees it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from medcontrol.vocabulary import Role
from ui.i18n import N_

COOKIE = "medcontrol_tour"
_PART = re.compile(r"([a-z_]{1,32})\.(x?)([1-9]{0,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class TourStep:
    """A page to look at: its name and one sentence, as message ids, and its address."""

    title: str
    text: str
    address: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far somebody is in a role's tour: steps in the order seen, and whether it was closed."""

    seen: tuple[int, ...] = ()
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Tour:
    """The tour of a role, as far as somebody is."""

    role: Role
    steps: tuple[TourStep, ...]
    progress: Progress

    @property
    def current(self) -> int | None:
        """The number of the step that was opened last, from 1."""
        return self.progress.seen[-1] if self.progress.seen else None

    @property
    def next(self) -> int | None:
        """The number of the first step not seen yet; None when all were."""
        numbers = range(1, len(self.steps) + 1)
        return next((each for each in numbers if each not in self.progress.seen), None)


# Of several roles, the first here counts: the rarer ones, since they are what one came to see.
TOURS: Mapping[Role, tuple[TourStep, ...]] = {
    Role.QUALITY_READER: (
        TourStep(
            N_("Second readings"),
            N_("Decide a file again without seeing who decided it, and how."),
            "/quality/readings",
        ),
        TourStep(
            N_("Quality"),
            N_("See how often two readers agree, and what chance alone would give."),
            "/quality/results",
        ),
    ),
    Role.EXPERT: (
        TourStep(
            N_("My missions"),
            N_("Each mission has its questions, its day and the documents chosen for it."),
            "/missions",
        ),
        TourStep(
            N_("Opinions"),
            N_("Opinions that doctors ask outside: answer one, and its file wakes up."),
            "/opinions",
        ),
    ),
    Role.APPEALS_SECRETARY: (
        TourStep(
            N_("Appeals"),
            N_("Appeals at every stage; register one from a decision that was contested."),
            "/appeals",
        ),
        TourStep(
            N_("Search"),
            N_("Type a number or a name: only what you may see is found."),
            "/search",
        ),
    ),
    Role.COORDINATOR: (
        TourStep(
            N_("My unit"),
            N_("All open files of the region; save a view and share it with a unit."),
            "/queue?tab=team",
        ),
        TourStep(
            N_("Supervision"),
            N_("What each doctor holds against the time they have; every figure opens its list."),
            "/supervision",
        ),
        TourStep(
            N_("Appeals"),
            N_("Appeals never meet the doctor who decided first."),
            "/appeals",
        ),
        TourStep(
            N_("Steering"),
            N_("Months of figures, each with its definition."),
            "/steering",
        ),
    ),
    Role.CENTRAL_DOCTOR: (
        TourStep(
            N_("My queue"),
            N_("Files that reached the central level; press N to open the most urgent one."),
            "/queue?tab=todo",
        ),
        TourStep(
            N_("Cases about providers"),
            N_("What controls found about one provider is gathered into a case."),
            "/selectivity/cases",
        ),
        TourStep(
            N_("Experts"),
            N_("Experts who can be named, their subjects and their conflicts of interest."),
            "/experts",
        ),
    ),
    Role.SUPERVISOR: (
        TourStep(
            N_("Supervision"),
            N_("What each doctor holds against the time they have; every figure opens its list."),
            "/supervision",
        ),
        TourStep(
            N_("Open files"),
            N_("Tick files, or take all results, press R, and read the preview before they move."),
            "/supervision/tasks?state=todo",
        ),
        TourStep(
            N_("Absences"),
            N_("What falls due during a leave is proposed to colleagues on one screen."),
            "/supervision/absences",
        ),
        TourStep(
            N_("Even loads"),
            N_("The fewest moves that make loads even; you accept them, or not."),
            "/supervision/balance",
        ),
        TourStep(
            N_("Levers"),
            N_("What steers assignment, with who set it, when and why."),
            "/supervision/levers",
        ),
    ),
    Role.DOCTOR: (
        TourStep(
            N_("My queue"),
            N_("Your files, the most urgent first; press N to open the first one and decide it."),
            "/queue?tab=todo",
        ),
        TourStep(
            N_("Views"),
            N_("Filter, choose the columns, then save the view: it stays at the side, counted."),
            "/queue?due=within_7&columns=due&columns=person&columns=type&columns=amount&columns=signals",
        ),
        TourStep(
            N_("Search"),
            N_("Type a number or a name: only what you may see is found."),
            "/search",
        ),
        TourStep(
            N_("My agenda"),
            N_("Examinations that the reception booked, and your free hours."),
            "/agenda",
        ),
        TourStep(
            N_("My settings"),
            N_("Announce a leave: nothing new is given to you, and colleagues take what is due."),
            "/me",
        ),
    ),
    Role.AGENT: (
        TourStep(
            N_("Today at the counter"),
            N_("Who is expected today, and what waits for a hand."),
            "/reception/today",
        ),
        TourStep(
            N_("My queue"),
            N_("Files to check for completeness and examinations to book; nothing medical."),
            "/queue?tab=todo",
        ),
        TourStep(
            N_("Register a file"),
            N_("A paper file passes the same checks as an electronic one."),
            "/reception/new",
        ),
        TourStep(
            N_("Slips of paper files"),
            N_("Parcels between agencies: fill one, seal it, scan what comes in."),
            "/reception/slips",
        ),
        TourStep(
            N_("Letters to print"),
            N_("Letters wait here in batches, each with a code that anyone can verify."),
            "/reception/letters",
        ),
    ),
    Role.ANALYST: (
        TourStep(
            N_("Selectivity"),
            N_("What was chosen today by rules, score and chance, within the doctors' time."),
            "/selectivity",
        ),
        TourStep(
            N_("Rules"),
            N_("Rules as sentences: draw a draft, change a row, try it, back-test it."),
            "/selectivity/rules",
        ),
        TourStep(
            N_("Results"),
            N_("Which rules find more than chance does, and what they cost in doctors' minutes."),
            "/selectivity/results",
        ),
        TourStep(
            N_("Back-tests"),
            N_("What a draft would have chosen over the past months."),
            "/selectivity/backtests",
        ),
    ),
    Role.AUDITOR: (
        TourStep(
            N_("Access log"),
            N_("Who read what medical content, when; take the evidence of a file out."),
            "/access-log",
        ),
        TourStep(
            N_("Selectivity"),
            N_("Any decision can be explained and computed again, with what it was decided with."),
            "/selectivity",
        ),
        TourStep(
            N_("Flows"),
            N_("The flows as diagrams, with where files stand."),
            "/flows",
        ),
    ),
    Role.REFERENCE_MANAGER: (
        TourStep(
            N_("Quarantine"),
            N_("Lines that did not pass, with the field that is wrong: correct one, replay it."),
            "/quarantine",
        ),
        TourStep(
            N_("Announced days"),
            N_("Announce a holiday: which deadlines it moves is shown before it is saved."),
            "/holidays",
        ),
        TourStep(
            N_("Flows"),
            N_("The flows as diagrams, with where files stand."),
            "/flows",
        ),
    ),
    Role.ADMINISTRATOR: (
        TourStep(
            N_("Quarantine"),
            N_("Lines that did not pass, with the field that is wrong: correct one, replay it."),
            "/quarantine",
        ),
        TourStep(
            N_("Users"),
            N_("Accounts and the roles that they hold at a unit, from one day to another."),
            "/users",
        ),
        TourStep(
            N_("Views by role"),
            N_("What a list opens with for everyone of a role."),
            "/views/roles",
        ),
        TourStep(
            N_("Flows"),
            N_("The flows as diagrams, with where files stand."),
            "/flows",
        ),
    ),
}


def tour_of(roles: Collection[Role], kept: str) -> Tour | None:
    """Return the tour of somebody with these roles.

    Args:
        roles: theirs.
        kept: what their cookie says; whatever it says wrongly counts as nothing seen.
    """
    role = next((role for role in TOURS if role in roles), None)
    if role is None:
        return None
    steps = TOURS[role]
    progress = _read(kept).get(role.value, Progress())
    seen = tuple(number for number in progress.seen if number <= len(steps))
    return Tour(role, steps, Progress(seen, progress.is_closed))


def remember(kept: str, role: Role, progress: Progress) -> str:
    """Return the cookie with one role's progress changed.

    >>> remember("doctor.1-agent.x", Role.DOCTOR, Progress((1, 3)))
    'doctor.13-agent.x'
    """
    known = {name: each for name, each in _read(kept).items() if name in set(Role)}
    known[role.value] = progress
    return "-".join(
        f"{name}.{'x' if each.is_closed else ''}{''.join(map(str, each.seen))}"
        for name, each in known.items()
    )


def _read(kept: str) -> dict[str, Progress]:
    found = (_PART.fullmatch(part) for part in kept[:600].split("-"))
    return {
        part[1]: Progress(tuple(dict.fromkeys(map(int, part[3]))), bool(part[2]))
        for part in found
        if part is not None
    }
