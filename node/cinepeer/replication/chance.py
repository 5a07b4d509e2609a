"""Numbers that look random and follow from a seed, so that whatever happened can be made to happen again."""

from __future__ import annotations

_BITS = (1 << 64) - 1


class Chance:
    """The generator SplitMix64 (https://prng.di.unimi.it/splitmix64.c); never for secrets."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _BITS

    def number(self) -> int:
        """The next whole number of 64 bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _BITS
        mixed = self._state
        mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & _BITS
        mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & _BITS
        return mixed ^ mixed >> 31

    def share(self) -> float:
        """The next number from 0 up to 1, 1 left out."""
        return (self.number() >> 11) / (1 << 53)

    def below(self, limit: int) -> int:
        """The next whole number from 0 up to `limit`, `limit` left out."""
        return int(self.share() * limit)
