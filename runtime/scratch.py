"""An installation for the length of a measurement: servers, schema, units, invented staff."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from medcontrol.crypto import KeyRing
from medcontrol.db import make_engine, transaction, using
from medcontrol.embedded import servers
from medcontrol.migrations.migrate import migrate
from medcontrol.services.reference import load_reference_data
from medcontrol.settings import Settings
from runtime.demo.generator import Fund
from runtime.demo.loader import agencies
from runtime.demo.staff_rows import Loaded, load_staff
from workflows.tools import Tools, make_tools


@dataclass(frozen=True)
class Scratch:
    """What is there; all of it goes with its folder."""

    home: Path
    tools: Tools
    fund: Fund
    staff: Loaded


@contextmanager
def scratch(*, as_of: date, seed: int = 1, doctors: int = 120, prefix: str) -> Iterator[Scratch]:
    """Start servers in a temporary folder, migrate, bring units and staff; remove all of it."""
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        settings = Settings(home=Path(folder), database_url=None, redis_url=None)
        with servers(settings) as addresses:
            migrate(addresses.database_url)
            engine = make_engine(addresses.database_url, batch=True)
            try:
                with using(engine):
                    with transaction() as session:
                        load_reference_data(session, "ma")
                        fund = Fund.make(seed, as_of=as_of, agencies=agencies(session))
                        staff = load_staff(session, fund.staff(doctors))
                    keys = KeyRing.open(settings.home_path / "keys.json")
                    yield Scratch(settings.home_path, make_tools(settings, keys), fund, staff)
            finally:
                engine.dispose()
