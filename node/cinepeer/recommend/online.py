"""The item model kept up while ratings come: Woodbury's identity for every change, a refit when it drifts.

The sums stay exact; the inverse P of the Gram matrix with its ridge is carried in float32. After each change a probe
vector tells how far (G + ridge) P is from the identity; beyond `BOUND`, or after `MOST_CHANGES`, P is made anew.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from cinepeer.recommend.history import Floats, Integers
from cinepeer.recommend.sums import BLOCK, ROW_BITS, Sums, change, inverse, row_weights, strengths, sums_of

BOUND = 1e-3
MOST_CHANGES = 5_000


class Online:
    """One author's change at a time; `refits` counts how often the inverse was made anew."""

    def __init__(self, stars: csr_array, *, ridge: float = 12.0, power: float = 0.25, bound: float = BOUND) -> None:
        self.sums: Sums = sums_of(stars)
        self.refits = 0
        self.drift = 0.0
        self._ridge, self._power, self._bound = ridge, power, bound
        self._changes = 0
        # Signs without an order that ratings could have: no chance is needed, and no direction is left out.
        self._probe = np.where(np.arange(stars.shape[1]) * 2654435761 % 4096 < 2048, 1.0, -1.0).astype(np.float32)
        self.refit()

    def refit(self) -> None:
        """Makes the inverse anew from the exact sums, with the ridges that they ask for now."""
        self._strength = strengths(self.sums, self._ridge, self._power)
        self._inverse = inverse(self.sums, self._strength)
        self.refits += 1
        self._changes = 0
        self.drift = self._measured()

    def change(self, before: Integers, after: Integers) -> None:
        """One author's likes were the films `before` and are `after`, as film numbers; raises `BadInput`."""
        self.sums = change(self.sums, before, after)
        columns, signs = [], []
        for films, sign in ((before, -1.0), (after, 1.0)):
            if len(films):
                column = np.zeros(len(self._probe), np.float32)
                column[films] = np.sqrt(float(row_weights(np.array([len(films)]))[0]) / (1 << ROW_BITS))
                columns.append(column)
                signs.append(sign)
        if columns:
            self._update(np.array(columns, np.float32), np.array(signs, np.float64))
        self._changes += 1
        self.drift = self._measured()
        if self.drift > self._bound or self._changes >= MOST_CHANGES:
            self.refit()

    def scores(self, films: Integers) -> Floats:
        """float32 [films]: what a history of likes says of every film, from the inverse as it stands."""
        if not len(films):
            return self.sums.likes.astype(np.float32)
        diagonal = np.diagonal(self._inverse)
        found = -self._inverse[films].sum(axis=0) / diagonal
        found[films] += 1  # the model's own diagonal is zero
        return np.asarray(found, np.float32)

    def _update(self, columns: Floats, signs: npt.NDArray[np.float64]) -> None:
        """P - P U (diag(signs) + U' P U)^-1 U' P, by blocks of rows; `columns`: U' [changes, films]."""
        spread = columns @ self._inverse
        small = np.diag(signs) + (spread @ columns.T).astype(np.float64)
        right = np.linalg.solve(small, spread.astype(np.float64)).astype(np.float32)
        for start in range(0, len(self._inverse), BLOCK):
            self._inverse[start : start + BLOCK] -= spread[:, start : start + BLOCK].T @ right

    def _measured(self) -> float:
        """The largest entry of (G + ridge) P v - v for the probe v; 0 without films."""
        if not len(self._probe):
            return 0.0
        found = (self._inverse @ self._probe).astype(np.float64)
        back = self._strength * found
        for start in range(0, len(found), BLOCK):
            rows = self.sums.gram[start : start + BLOCK].astype(np.float32)
            back[start : start + BLOCK] += rows @ (found / (1 << ROW_BITS)).astype(np.float32)
        return float(np.abs(back - self._probe).max())
