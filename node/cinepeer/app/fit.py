"""Fitting the served model in a process of its own, which ends with the fit and gives its memory back."""

from __future__ import annotations

import asyncio
import hashlib
import json
import multiprocessing
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cinepeer.errors import LimitReached
from cinepeer.trust.rating_arrays import RatingArrays

LIGHT_BYTES = 6_000_000
MAX_NEXT = 1_000
MAX_TRIED = 2_000_000  # ratings up to which the shares of the parts are tried: half as long again as a fit
SEED = 0


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted model's bytes, those of its copy for light clients, and what it was fitted on.

    `root` (32 bytes) names the counted ratings (`RatingArrays.root`), `ratings` is how many they are.
    """

    data: bytes
    light: bytes
    root: bytes
    ratings: int


Parts = tuple[bytes, bytes, bytes, bytes, list[str], list[list[str]]]


async def fit_apart(
    counted: RatingArrays, words: Mapping[str, Sequence[str]], shares: Sequence[int] | None = None
) -> Fitted:
    """Fits on `counted` in a child process; `words` are what is told of films, also of such as nobody rated.

    `shares`: per cent of the parts as an earlier fit chose them (empty: it tried none); None: they are tried here.
    Raises `BadInput`, and `LimitReached` where the system's folder for passing files takes none.
    """
    root, parts = await asyncio.to_thread(_parts, counted, words)
    context = multiprocessing.get_context("spawn")
    try:
        with tempfile.TemporaryDirectory(prefix="cinepeer-") as scratch:
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                fitting = asyncio.get_running_loop().run_in_executor(pool, _fit_into, scratch, *parts, shares)
                del parts
                await fitting
            data, light = await asyncio.to_thread(lambda: [Path(scratch, name).read_bytes() for name in _NAMES])
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LimitReached(f"found no room for a fitted model on its way ({why}), expected some in TMPDIR") from error
    return Fitted(data, light, root, len(counted))


# What the child leaves behind: handed over between processes, a large model would lie in memory twice.
_NAMES = ("model", "light")


def _fit_into(folder: str, *given: Any) -> None:
    """Runs `fit_parts` in the child and leaves what it gave as files."""
    for name, data in zip(_NAMES, fit_parts(*given), strict=True):
        Path(folder, name).write_bytes(data)


def _parts(counted: RatingArrays, words: Mapping[str, Sequence[str]]) -> tuple[bytes, Parts]:
    """The root, and what the child is handed: films that nobody rated have the last columns."""
    films = [*counted.films, *sorted(set(words).difference(counted.films))]
    arrays = (counted.starts, counted.film, counted.stars, counted.time)
    starts, film, stars, time = (array.tobytes() for array in arrays)
    return counted.root, (starts, film, stars, time, films, [list(words.get(film, ())) for film in films])


def told_of(films: Sequence[str], words: Sequence[Sequence[str]]) -> bytes:
    """The digest of what is told of films: SHA-256 over a line of JSON, [film, word, …], for each that has words.

    Films and their words ascend; all but ASCII is escaped.
    """
    digest = hashlib.sha256()
    for film, told in sorted(zip(films, words, strict=True)):
        if told:
            digest.update(json.dumps([film, *sorted(told)]).encode() + b"\n")
    return digest.digest()


def fit_parts(
    starts: bytes,
    film: bytes,
    stars: bytes,
    time: bytes,
    films: list[str],
    words: list[list[str]],
    shares: Sequence[int] | None = None,
) -> tuple[bytes, bytes]:
    """Runs in the child: the model's bytes, and those of its copy for light clients. scipy is loaded here alone."""
    import numpy as np
    from scipy.sparse import csr_array

    from cinepeer.errors import BadInput
    from cinepeer.recommend.content import features
    from cinepeer.recommend.distilled import NEVER, compact, fit_served
    from cinepeer.recommend.recommender import TRIES
    from cinepeer.recommend.served import save

    begins, column = np.frombuffer(starts, np.int64).copy(), np.frombuffer(film, np.int32).copy()
    given = np.frombuffer(stars, np.int8).astype(np.int64)
    when = np.frombuffer(time, np.int64).copy()
    table = csr_array((given, column, begins), shape=(len(begins) - 1, len(films)))
    content = features(words) if any(words) else None
    if content is not None and not content.shape[1]:
        content = None
    tries = TRIES if shares is None and len(given) <= MAX_TRIED else NEVER
    told = told_of(films, words)
    model = fit_served(table, films, when, content, max_next=MAX_NEXT, tries=tries, shares=shares or (), told=told)
    taste = replace(model, channels=tuple(channel for channel in model.channels if channel.kind != "lately"))
    try:
        light = save(compact(taste, LIGHT_BYTES))
    except BadInput:  # more films than fit into a light copy: whoever wants one takes the whole
        light = b""
    return save(model), light
