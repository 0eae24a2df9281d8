"""A fresh installation with an invented fund's staff, for the length of a benchmark."""

import argparse
import cProfile
import pstats
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson

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

AS_OF = date(2026, 11, 20)


@dataclass(frozen=True)
class Bench:
    """What a benchmark works with."""

    home: Path
    tools: Tools
    fund: Fund
    staff: Loaded


@contextmanager
def installation(*, seed: int = 1, doctors: int = 120) -> Iterator[Bench]:
    """Start servers in a temporary folder, migrate, bring units and staff; remove all of it."""
    with tempfile.TemporaryDirectory(prefix="medcontrol-bench-") as folder:
        settings = Settings(home=Path(folder), database_url=None, redis_url=None)
        with servers(settings) as addresses:
            migrate(addresses.database_url)
            engine = make_engine(addresses.database_url, batch=True)
            try:
                with using(engine):
                    with transaction() as session:
                        load_reference_data(session, "ma")
                        places = agencies(session)
                        fund = Fund.make(seed, as_of=AS_OF, agencies=places)
                        staff = load_staff(session, fund.staff(doctors))
                    keys = KeyRing.open(settings.home_path / "keys.json")
                    yield Bench(settings.home_path, make_tools(settings, keys), fund, staff)
            finally:
                engine.dispose()


def arguments(description: str, files: int) -> argparse.ArgumentParser:
    """Return the arguments that every benchmark takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--files", type=int, default=files, help=f"default {files}")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--profile", action="store_true", help="say on stderr where time goes")
    return parser


def show(figures: dict[str, object], *, as_json: bool) -> None:
    """Print the figures."""
    if as_json:
        sys.stdout.write(orjson.dumps(figures).decode() + "\n")
        return
    for name, value in figures.items():
        sys.stdout.write(f"{name:<28} {value}\n")


@contextmanager
def profiled(*, wanted: bool, title: str) -> Iterator[None]:
    """Print the functions in which most time went, if wanted; measuring costs about half again."""
    if not wanted:
        yield
        return
    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        sys.stderr.write(f"== {title}\n")
        stats = pstats.Stats(profile, stream=sys.stderr)
        stats.sort_stats("tottime").print_stats(25)
        stats.sort_stats("cumtime").print_stats(40)
