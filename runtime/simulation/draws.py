"""Draws of a simulation: the same seed and words, the same number. No secret is made of them."""

import random


def share(seed: int, words: str) -> float:
    """Return a number in [0, 1)."""
    return random.Random(f"{seed} {words}").random()  # noqa: S311 - no secret


def place(seed: int, words: str, among: int) -> int:
    """Return a number from 0 to ``among`` - 1."""
    return random.Random(f"{seed} {words}").randrange(among)  # noqa: S311 - no secret
