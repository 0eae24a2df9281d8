"""The weeks before the demonstration's day, lived round by round with the real commands."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import partial

from medcontrol.clock import ZONES, Clock, utc_now
from medcontrol.intake import Line
from medcontrol.vocabulary import Role
from runtime.demo.beside import Beside
from runtime.demo.campaign import ROUNDS, Campaign, next_working_day, working_day
from runtime.demo.generator import Fund
from runtime.demo.loader import evening
from runtime.demo.opinions import answer_some, send_drafts
from runtime.demo.papers import Papers
from runtime.demo.playing import Play
from workflows.gate.counts import Counts
from workflows.sweeping import assign_pool, sweep_deadlines
from workflows.tools import Tools

#: What people do in a round, as a share of what they do on the day itself.
_SHARE = 0.15
#: Rounds from so many working days before: their appointments are today and tomorrow, since
#: people are told two weeks ahead.
_AHEAD = 12
_SUMMONED = {"summon": 8, "booked": 8}
Take = Callable[[list[Line], str, Clock], Counts]


@dataclass(frozen=True, slots=True)
class Home:
    """Where visitors look first: the showcase's agency, one it sends paper to, its region."""

    agency: str
    other: str
    region: str


def home_of(fund: Fund) -> Home:
    """Return the agency of the showcase's agent, with its region and a neighbour."""
    shown = {user.role: user.unit_code for user in fund.staff().users if user.is_showcase}
    agency = shown[Role.AGENT]
    region = dict(fund.agencies)[agency]
    near = sorted(fund.agencies, key=lambda each: (each[1] != region, each[0]))
    other = next(code for code, _ in near if code != agency)
    return Home(agency, other, region)


@dataclass
class Weeks:
    """The last weeks of a fund.

    Attributes:
        tools: of this process.
        fund: the invented fund.
        scale: share of the usual number of files, for small funds.
        taken: what the gate did in them.
        done: moves of the people, by name.
    """

    tools: Tools
    fund: Fund
    scale: float = 1.0
    taken: Counts = field(default_factory=Counts)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def live(self, recent: Mapping[date, list[Line]], take: Take) -> None:
        """Take in what came on each day, then let people work on the mornings after."""
        as_of = self.fund.as_of
        home = home_of(self.fund)
        campaign = Campaign(self.fund, home.region, self.scale)
        beside = Beside(self.tools, home.region, self.fund.seed)
        rounds = {working_day(as_of, before): before for before in ROUNDS}
        beside.begin(_morning(min(rounds)))
        for day in sorted({*rounds, *recent}):
            lines = [*recent.get(day, ())]
            if day in rounds:
                lines += campaign.lines(day, ROUNDS[rounds[day]])
            if lines:
                self.taken.add(take(lines, f"demo-{day}", partial(evening, day)))
            if day in rounds:
                self._work(beside, rounds[day])
        self.done.update(beside.done)
        self.refused.update(beside.refused)

    def _work(self, beside: Beside, before: int) -> None:
        """Let people work on the morning after a round's day."""
        as_of = self.fund.as_of
        now = _morning(working_day(as_of, before - 1))
        wanted = None
        if before >= _AHEAD:
            wanted = as_of if before > _AHEAD else next_working_day(as_of)
        assign_pool("ma", now=lambda: now)
        play = Play(
            self.tools, now, share=_SHARE, wanted_from=wanted, more=_SUMMONED if wanted else {}
        )
        self.done.update(play.run())
        send_drafts(self.tools, now)
        beside.round(now)
        sweep_deadlines(self.tools, now=lambda: now)

    def finish(self, now: datetime) -> None:
        """Do what belongs to the day itself: opinions asked and given, parcels, the pool."""
        home = home_of(self.fund)
        self.done["opinions asked"] += send_drafts(self.tools, now)
        self.done["opinions given"] += answer_some(self.tools, 2, now)
        self.done["slips"] += Papers(home.agency, home.other, now).move()
        assign_pool("ma", now=lambda: now)


def _morning(day: date) -> datetime:
    """Return 10:00 of a day, or now when the demonstration is made earlier than that."""
    return min(datetime.combine(day, time(10), ZONES["ma"]), utc_now())
