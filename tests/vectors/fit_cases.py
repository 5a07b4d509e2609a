"""A small fit, frozen: `python -m vectors.fit_cases` writes it, once for every number of the fit.

Kernels round the last bits differently, so that a fit is compared with it by steps, not by bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from cinepeer.recommend.distilled import fit_served
from cinepeer.recommend.served import FIT, ServedModel, save

FILE = Path(__file__).parent / "fit.json"
FILMS, AUTHORS = 24, 90


def crowd(seed: int, films: int, authors: int, rated: float, kinds: int) -> tuple[csr_array, list[str], Any, csr_array]:
    """Ratings of two tastes with dislikes: stars, the films' ids, times, and content of so many kinds."""
    chance = np.random.default_rng(seed)
    taste = chance.integers(0, 2, authors)[:, None] == np.arange(films) % 2
    given = np.where(taste, chance.integers(7, 11, taste.shape), chance.integers(1, 9, taste.shape))
    stars = csr_array(np.where(chance.random(taste.shape) < rated, given, 0))
    times = chance.permutation(stars.nnz).astype(np.int64)
    names = [f"movielens:{number:03}" for number in range(films)]
    content = csr_array(np.eye(films) + (np.arange(films)[:, None] % kinds == np.arange(films) % kinds) * 0.1)
    return stars, names, times, content


def fitted() -> ServedModel:
    """The served model of a crowd, with given shares."""
    return fit_served(*crowd(7, FILMS, AUTHORS, 0.35, 3), max_next=FILMS, shares=(20, 20, 20, 40))


def vectors() -> dict[str, Any]:
    """The file's content."""
    about = "What a fit of this number gives for the ratings of vectors.fit_cases, within two steps of each weight."
    return {"about": about, "fit": FIT, "model": save(fitted()).hex()}


if __name__ == "__main__":
    FILE.write_text(json.dumps(vectors(), indent=1) + "\n", "utf-8")
