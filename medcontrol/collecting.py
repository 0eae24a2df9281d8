"""Python's cycle collector and thousands of rows that live for one chunk (ramasse-miettes)."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the cycle collector out of a chunk or a plan: it would walk all its rows, over and over.

    The rows hold no cycles and are freed when the work ends. This saves a fifth of the gate.
    Threads may overlap: whoever found the collector at work starts it again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
