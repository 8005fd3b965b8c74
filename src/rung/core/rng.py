"""Randomness by address: everything random about item `n` comes from `(seed, purpose, n)`.

There is no stream whose position must be remembered, so a resumed study draws what an uninterrupted one would.
"""

import hashlib
from collections.abc import Callable

import numpy as np

Rng = Callable[[str, int], "np.random.Generator"]
"""`rng(purpose, n)`: the generator at that address, its seed already bound."""


def address(seed: int, purpose: str, n: int) -> int:
    """A 64-bit number that depends on the three alone, on every machine and version."""
    digest = hashlib.blake2b(f"{seed}/{purpose}/{n}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def rng(seed: int, purpose: str, n: int) -> "np.random.Generator":
    """The generator at an address."""
    return np.random.Generator(np.random.PCG64(address(seed, purpose, n)))


def trial_seed(seed: int, trial: int) -> int:
    """The seed handed to training as `trial.seed`, in 0..2**31 - 1, which every library accepts."""
    return address(seed, "trial", trial) >> 33


def confirm_seed(seed: int, number: int) -> int:
    """The seed of the repetitions of a number, likewise; it is the seed of no trial of the search."""
    return address(seed, "confirm", number) >> 33
