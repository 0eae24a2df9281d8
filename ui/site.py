"""What every page may use: the tools of this installation, its settings and its clock."""

from dataclasses import dataclass, field

from fastapi import Request

from medcontrol.clock import Clock, utc_now
from medcontrol.presence import Presences
from medcontrol.settings import Settings
from workflows.tools import Tools


@dataclass(frozen=True)
class Site:
    """Built once per process by the composition root, kept as ``app.state.site``."""

    tools: Tools
    settings: Settings
    clock: Clock = utc_now
    presences: Presences = field(default_factory=Presences)

    @property
    def jurisdiction(self) -> str:
        """Whose law applies."""
        return self.settings.jurisdiction


def site_of(request: Request) -> Site:
    """Return the site that a request was sent to."""
    site: Site = request.app.state.site
    return site
