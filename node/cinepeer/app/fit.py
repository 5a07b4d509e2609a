"""Fitting the item model in a process of its own, which ends with the fit and gives its memory back."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from cinepeer.recommend.model import ItemModel, load
from cinepeer.trust.rating_arrays import RatingArrays


async def fit_apart(counted: RatingArrays) -> tuple[ItemModel, bytes]:
    """Fits on `counted` in a child process; returns the model and its bytes."""
    parts = (counted.starts.tobytes(), counted.film.tobytes(), counted.stars.tobytes(), list(counted.films))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        data = await asyncio.get_running_loop().run_in_executor(pool, _fit, *parts)
    return load(data), data


def _fit(starts: bytes, film: bytes, stars: bytes, films: list[str]) -> bytes:
    """Runs in the child: scipy is loaded here alone."""
    import numpy as np
    from scipy.sparse import csr_array

    from cinepeer.recommend.item import fit
    from cinepeer.recommend.model import save

    begins, column = np.frombuffer(starts, np.int64).copy(), np.frombuffer(film, np.int32).copy()
    given = np.frombuffer(stars, np.int8).astype(np.int64)
    return save(fit(csr_array((given, column, begins), shape=(len(begins) - 1, len(films))), films))
