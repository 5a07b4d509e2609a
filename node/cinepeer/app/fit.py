"""Fitting the item model in a process of its own, which ends with the fit and gives its memory back."""

from __future__ import annotations

import asyncio
import multiprocessing
from array import array
from concurrent.futures import ProcessPoolExecutor

from cinepeer.recommend.model import ItemModel, load
from cinepeer.trust.counted import Counted


def flatten(counted: Counted) -> tuple[bytes, bytes, bytes, list[str]]:
    """The counted ratings as (author numbers, film numbers: int32; stars: int8; film ids): cheap to hand over."""
    authors: dict[bytes, int] = {}
    films: dict[str, int] = {}
    rows, columns, stars = array("i"), array("i"), array("b")
    for author, film, given in counted.triples():
        rows.append(authors.setdefault(author, len(authors)))
        columns.append(films.setdefault(film, len(films)))
        stars.append(given)
    return rows.tobytes(), columns.tobytes(), stars.tobytes(), list(films)


async def fit_apart(counted: Counted) -> tuple[ItemModel, bytes]:
    """Fits on `counted` in a child process; returns the model and its bytes."""
    parts = flatten(counted)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        data = await asyncio.get_running_loop().run_in_executor(pool, _fit, *parts)
    return load(data), data


def _fit(rows: bytes, columns: bytes, stars: bytes, films: list[str]) -> bytes:
    """Runs in the child: numpy and scipy are loaded here alone."""
    import numpy as np
    from scipy.sparse import csr_array

    from cinepeer.recommend.item import fit
    from cinepeer.recommend.model import save

    row, column = np.frombuffer(rows, np.int32), np.frombuffer(columns, np.int32)
    given = np.frombuffer(stars, np.int8).astype(np.int64)
    shape = (int(row.max()) + 1 if row.size else 0, len(films))
    return save(fit(csr_array((given, (row, column)), shape=shape), films))
