"""Every model that is a sum over the viewer's history: inputs (sparse) times weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array, hstack

from cinepeer.errors import BadInput, Refused
from cinepeer.recommend.arrays import pack, unpack
from cinepeer.recommend.evidence import Evidence, evidence_of
from cinepeer.recommend.history import Floats, Integers, Times, decayed, dislikes, likes, rated, sparse, verify_stars

LIKES, DISLIKES, RATED = 1.0, -1.0, 0.0  # codes of the channels; between 0 and 1: a decay over all rated films


@dataclass(frozen=True, slots=True)
class Linear:
    """Scores = inputs @ `weights`.

    `channels`: float32 codes (`LIKES`, `DISLIKES`, `RATED` or a decay). `rows`: int64 [inputs, 2], each input's channel
    number and film. `weights`: float32 [inputs, films]. `prior`: float32 [films], for a viewer without inputs.
    """

    name: str
    channels: Floats
    rows: Integers
    weights: Floats
    prior: Floats

    def scores(self, stars: csr_array, times: Times | None = None) -> Floats:
        """float32 [viewers, films]; a history that says nothing gets `prior`."""
        verify_stars(stars, times, len(self.prior))
        inputs = self._inputs(stars, times)
        found = np.asarray(inputs @ self.weights, dtype=np.float32)
        found[np.diff(inputs.indptr) == 0] = self.prior
        return found

    def explain(self, stars: csr_array, film: int, times: Times | None = None) -> Evidence:
        """What each film of one viewer's history (`stars` [1, films]) adds to the score of `film`."""
        verify_stars(stars, times, len(self.prior))
        inputs = self._inputs(stars, times)
        if not inputs.nnz:
            return evidence_of(film, np.zeros(0, np.int64), np.zeros(0), float(self.prior[film]))
        parts = inputs.data * self.weights[inputs.indices, film]
        adds = np.bincount(self.rows[inputs.indices, 1], parts, len(self.prior))
        return evidence_of(film, np.arange(len(adds)), adds)

    def save(self) -> bytes:
        """Deterministic bytes; `load_linear` reads them."""
        parts: dict[str, Any] = {
            "channels": self.channels,
            "rows": self.rows,
            "weights": self.weights,
            "prior": self.prior,
        }
        return pack(self.name, parts)

    def _inputs(self, stars: csr_array, times: Times | None) -> csr_array:
        parts = []
        for number, code in enumerate(self.channels):
            films = self.rows[self.rows[:, 0] == number, 1]
            parts.append(_picked(channel(stars, times, float(code)), films))
        return parts[0] if len(parts) == 1 else sparse(hstack(parts, format="csr", dtype=np.float32))


def _picked(told: csr_array, films: Integers) -> csr_array:
    """Some columns, without what is 0: as `told[:, films]`, at a tenth of the price for one viewer."""
    place = np.full(told.shape[1], -1, np.int64)
    place[films] = np.arange(len(films))
    columns = place[told.indices]
    kept = (columns >= 0) & (told.data != 0)
    edges = np.concatenate([[0], np.cumsum(kept)])[told.indptr]
    return sparse((told.data[kept].astype(np.float32), columns[kept], edges), (told.shape[0], len(films)))


def channel(stars: csr_array, times: Times | None, code: float) -> csr_array:
    """One channel's input for every film, float32 [viewers, films]; raises `BadInput` for a decay without times."""
    if code == LIKES:
        return likes(stars)
    if code == DISLIKES:
        return dislikes(stars)
    if code == RATED:
        return rated(stars)
    if times is None:
        raise BadInput("found no times, expected one per rating: this model needs the order of a history")
    return decayed(stars, times, code)


def inputs_of(*films: Integers) -> Integers:
    """The `rows` of a model whose channel k has an input for each of `films[k]`; int64 [inputs, 2]."""
    return np.array([(number, film) for number, kept in enumerate(films) for film in kept], np.int64).reshape(-1, 2)


def load_linear(name: str, data: bytes) -> Linear:
    """Reads `Linear.save`d bytes; raises `Refused` (`bad-model`) when the parts do not fit together."""
    parts = unpack(data)
    try:
        channels, rows, weights, prior = (parts[key] for key in ("channels", "rows", "weights", "prior"))
    except KeyError as missing:
        raise Refused("bad-model", f"found no {missing}, expected channels, rows, weights and prior") from None
    films = len(prior)
    fits = rows.shape == (len(weights), 2) and weights.shape[1:] == (films,) and channels.ndim == prior.ndim == 1
    numbers: Integers = rows.astype(np.int64)
    if not fits or _is_beyond(numbers, len(channels), films):
        raise Refused("bad-model", "found parts of different sizes, expected one row of weights per input")
    wanted = [part.astype(np.float32) for part in (channels, weights, prior)]
    return Linear(name, wanted[0], numbers, wanted[1], wanted[2])


def _is_beyond(rows: Integers, channels: int, films: int) -> bool:
    return bool(rows.size and (rows.min() < 0 or rows[:, 0].max() >= channels or rows[:, 1].max() >= films))
