"""A fresh installation with an invented fund's staff, for the length of a benchmark."""

import argparse
import cProfile
import pstats
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import orjson

from runtime.scratch import Scratch, scratch

AS_OF = date(2026, 11, 20)


Bench = Scratch


@contextmanager
def installation(*, seed: int = 1, doctors: int = 120) -> Iterator[Bench]:
    """Start servers in a temporary folder, migrate, bring units and staff; remove all of it."""
    with scratch(as_of=AS_OF, seed=seed, doctors=doctors, prefix="medcontrol-bench-") as found:
        yield found


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
