"""What the models cost at a given size: every part in a process of its own, beside plain numpy doing the same.

./scripts/bench recommend --speed [--films 3500] [--parts item,sequential,rank,list,fold,light,browser,start]
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from cinepeer.errors import BadInput

AUTHORS, FILMS, SERVED_FILMS = 6_040, 3_500, 20_000
HISTORY = 72
LISTED = 1_200  # viewers whose lists of the light copy are compared with those of the whole model
PLAIN_FILMS = 5_000  # with more, plain numpy takes many gigabytes and minutes
TASTES, SPREAD = 40, 1.8
ROUNDS = 60
PARTS = ("item", "sequential", "rank", "list", "fold", "light", "browser", "start")
Values = dict[str, float]


def synthetic(films: int, authors: int = AUTHORS, seed: int = 0) -> tuple[csr_array, np.ndarray]:
    """About a million ratings at 3,500 films: skewed popularity, many tastes, long and short histories, an order."""
    chance = np.random.default_rng(seed)
    popularity = 1 / (np.arange(films) + 30) ** 0.8
    tastes = np.exp(chance.normal(0, SPREAD, (TASTES, films))) * popularity
    rows, columns = [], []
    for author in range(authors):
        mix = chance.dirichlet(np.full(TASTES, 0.1)) @ tastes
        size = int(np.clip(chance.lognormal(4.6, 1.0), 20, films // 4))
        keys = np.log(chance.random(films)) / mix
        picked = np.argpartition(-keys, size)[:size]
        rows.append(np.full(size, author))
        columns.append(picked)
    row, column = np.concatenate(rows), np.concatenate(columns)
    stars = csr_array((chance.integers(4, 11, len(row)).astype(np.float32), (row, column)), shape=(authors, films))
    stars.sort_indices()
    return stars, chance.permutation(stars.nnz).astype(np.int64)


def figures(films: int, parts: list[str]) -> dict[str, dict[str, Any]]:
    """Ours under `figures`, plain numpy under `baselines`; CPU seconds, peak megabytes of the process, milliseconds."""
    if films < 50 or not parts or not set(parts) <= set(PARTS):
        raise BadInput(
            f"found {films} films and the parts {', '.join(parts)}, expected 50 or more and some of {', '.join(PARTS)}"
        )
    out: dict[str, dict[str, Any]] = {key: {} for key in ("figures", "intervals", "baselines", "ratios", "notes")}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ratings.npz"
        stars, times = synthetic(films)
        np.savez(file, data=stars.data, indices=stars.indices, indptr=stars.indptr, shape=stars.shape, times=times)
        for part in parts:
            for side in ("ours", "plain"):
                ran = subprocess.run(
                    [sys.executable, __file__, part, side, str(file)], check=True, capture_output=True, text=True
                )
                for name, value in json.loads(ran.stdout.splitlines()[-1]).items():
                    out["figures" if side == "ours" else "baselines"][f"speed.{name}"] = value
    for name, value in out["figures"].items():
        if out["baselines"].get(name):
            out["ratios"][name] = value / out["baselines"][name]
    out["notes"] = {
        "speed.item.fit_cpu_s": f"{stars.nnz:,} synthetic ratings, {stars.shape[0]:,} authors x {films:,} films",
        "speed.rank.ms_p50": f"{SERVED_FILMS:,} films, {HISTORY} rated; plain: float32 rows, argsort",
        "speed.list.ms_p50": "CPU time of a list of 20 with every film's parts; plain: the same in plain Python",
        "speed.browser.list_ms_p50": "CPU time of the page's own code in V8, two channels; plain: in plain Python",
        "speed.fold.ms_p50": f"one more rating, then the list again, {SERVED_FILMS:,} films",
        "speed.start.list_s": "a node's second start on such records, to its list; plain: a node without records",
        "speed.start.cpu_s": "CPU time of its process until then; nothing is fitted anew (refits 0)",
        "speed.fold.woodbury_ms_p50": f"others' lists too: one author's rating, {films:,} films; plain: a refit",
    }
    return out


def item(side: str, stars: csr_array, times: np.ndarray) -> Values:
    """From ratings to weights: whole-number sums, then the inverse in place; plain: dense X'X and `inv`."""
    from cinepeer.recommend import sums
    from cinepeer.recommend.ridge import divided

    del times
    began = time.process_time()
    if side == "ours":
        divided(sums.inverse_of(stars))
    elif stars.shape[1] > PLAIN_FILMS:
        return {}
    else:
        dense = (stars.toarray() >= 8).astype(np.float32)
        inverse = np.linalg.inv(dense.T @ dense + 400 * np.eye(dense.shape[1], dtype=np.float32))
        inverse /= -np.diagonal(inverse).copy()
    return _costs("item", began)


def sequential(side: str, stars: csr_array, times: np.ndarray) -> Values:
    """Three scales of time; plain: the inputs of every step as one sparse matrix, products and `solve`, one scale."""
    from cinepeer.recommend import next_film

    began = time.process_time()
    if side == "ours":
        next_film.fit(stars, times)
        return _costs("sequential", began)
    rows, columns, values, wanted, steps = [], [], [], [], 0
    for author in range(stars.shape[0]):
        own = slice(stars.indptr[author], stars.indptr[author + 1])
        order = stars.indices[own][np.argsort(times[own], kind="stable")]
        lags = np.minimum(np.arange(1, len(order)), 18)
        for lag in range(1, 19):
            here = np.flatnonzero(lags >= lag) + 1
            rows.append(steps + here)
            columns.append(order[here - lag])
            values.append(np.full(len(here), 0.8 ** (lag - 1), np.float32))
        wanted.append(order)
        steps += len(order)
    where = (np.concatenate(rows), np.concatenate(columns))
    inputs = csr_array((np.concatenate(values), where), shape=(steps, stars.shape[1]))
    target = csr_array((np.ones(steps, np.float32), np.concatenate(wanted), np.arange(steps + 1)), shape=inputs.shape)
    system = (inputs.T @ inputs).toarray() + 20 * np.eye(stars.shape[1], dtype=np.float32)
    np.linalg.solve(system, (inputs.T @ target).toarray())
    return _costs("sequential", began)


def rank(side: str, stars: csr_array, times: np.ndarray) -> Values:
    """A served model of very many films: the list of one viewer after the other."""
    del stars, times
    took, chance = [], np.random.default_rng(1)
    answer = _answer(side)
    for _ in range(ROUNDS):
        history = np.sort(chance.choice(SERVED_FILMS, HISTORY, replace=False))
        made = answer(history)
        start = time.perf_counter()
        made()
        took.append((time.perf_counter() - start) * 1000)
    return {"rank.ms_p50": statistics.median(took), "rank.ms_p95": sorted(took)[int(0.95 * ROUNDS)]}


def listed(side: str, stars: csr_array, times: np.ndarray) -> Values:
    """The list that a viewer sees, with the parts of every score; plain: ranked without numpy."""
    from cinepeer.recommend.fast_ranking import FastRanking
    from cinepeer.recommend.rules import UNKNOWN
    from cinepeer.recommend.shortlist import shortlist
    from cinepeer.recommend.wishes import Wishes

    del stars, times
    chance, found = np.random.default_rng(3), {}
    model = _served(2_000)
    ranker = FastRanking(model).rank if side == "ours" else None
    facts = dict.fromkeys(model.films[:3_000], UNKNOWN)
    cases = {"": Wishes(), "_diverse": Wishes(diversity=30), "_ruled": Wishes(rules=("at most 100 minutes",))}
    for name, wishes in cases.items():
        took = []
        for _ in range(ROUNDS if side == "ours" else 3):
            history = chance.choice(2_000, HISTORY, replace=False) * (SERVED_FILMS // 2_000)
            given = {model.films[film]: int(chance.integers(1, 11)) for film in history}
            start = time.process_time()
            shortlist(model, given, None, wishes, facts, limit=20, ranker=ranker)
            took.append((time.process_time() - start) * 1000)
        found |= {
            f"list{name}.ms_p50": statistics.median(took),
            f"list{name}.ms_p95": sorted(took)[int(0.95 * len(took))],
        }
    return found


def browser(side: str, stars: csr_array, times: np.ndarray) -> Values:
    """A list of 20 by the page's own code; plain: by `ranking.rank`."""
    from cinepeer.recommend import ranking

    del stars, times
    if side == "plain":
        model = _served(2_000)
        given = {model.films[place * 10 * 27 % SERVED_FILMS]: 9 for place in range(HISTORY)}
        start = time.process_time()
        ranking.rank(model, given)
        return {"browser.list_ms_p50": (time.process_time() - start) * 1000}
    here = Path(__file__).parent
    rolldown = here.parents[1] / "client" / "web" / "node_modules" / ".bin" / "rolldown"
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "ranking.mjs"
        subprocess.run([rolldown, here / "ranking.ts", "-f", "esm", "-o", made], check=True, capture_output=True)
        ran = subprocess.run(["node", made], check=True, capture_output=True, text=True)
    found: Values = json.loads(ran.stdout)
    return found


def _served(rows: int) -> Any:
    """A served model of very many films, of which `rows` speak, by likes and dislikes."""
    from cinepeer.recommend import served

    chance = np.random.default_rng(4)
    speaking = range(0, SERVED_FILMS, SERVED_FILMS // rows)
    names = [f"{film:05d}" for film in range(SERVED_FILMS)]
    channels = []
    for name in ("disliked", "liked"):
        scales = chance.integers(1, served.MAX_SCALE, SERVED_FILMS).tolist()
        weights = chance.integers(-127, 128, (rows, SERVED_FILMS), np.int8).tobytes()
        channels.append(served.channel_of(name, (64,), speaking, scales, "dense", weights))
    return served.served_of(names, chance.integers(0, 3_000, SERVED_FILMS).tolist(), 0, channels)


def fold(side: str, stars: csr_array, times: np.ndarray) -> Values:
    """One more rating of a viewer: their own list again, and the model for everybody by Woodbury's identity."""
    from cinepeer.recommend.online import Online

    del times
    chance, took, updates = np.random.default_rng(2), [], []
    answer = _answer(side)
    history = np.sort(chance.choice(SERVED_FILMS, HISTORY, replace=False))
    for _ in range(ROUNDS):
        start = time.perf_counter()
        history = np.append(history, chance.integers(SERVED_FILMS))
        answer(np.unique(history))()
        took.append((time.perf_counter() - start) * 1000)
    online = Online(stars)
    for author in range(10 if side == "ours" else 2):
        before = stars.indices[stars.indptr[author] : stars.indptr[author + 1]][
            stars.data[stars.indptr[author] : stars.indptr[author + 1]] >= 8
        ].astype(np.int64)
        start = time.perf_counter()
        if side == "ours":
            online.change(before, before[1:])
        else:
            online.refit()
        updates.append((time.perf_counter() - start) * 1000)
    found = {"fold.ms_p50": statistics.median(took), "fold.woodbury_ms_p50": statistics.median(updates)}
    return found | ({"fold.drift": online.drift} if side == "ours" else {})


def light(side: str, stars: csr_array, times: np.ndarray) -> Values:
    """The copy for a light client: its bytes, and what its lists lose in NDCG@100; plain: every weight as float32."""
    from cinepeer.recommend import evaluation, served
    from cinepeer.recommend.distilled import compact, fit_served
    from cinepeer.recommend.fast_ranking import FastRanking

    if side == "plain":
        return {"light.size_mb": stars.shape[1] ** 2 * 4 / 1e6}
    edge = stars.shape[0] - LISTED
    liked = csr_array(stars * (stars >= 8))
    test = csr_array(liked[edge:])
    test.eliminate_zeros()
    open_mask, hidden_mask = evaluation.hide(test, 0.2, 0)
    names = [f"{film:05d}" for film in range(stars.shape[1])]
    began = time.process_time()
    model = fit_served(csr_array(stars[:edge]), names, times[: stars.indptr[edge]])
    found = _costs("served", began)
    small = compact(model, 6_000_000)
    wanted = csr_array((hidden_mask.astype(np.float32), test.indices, test.indptr), shape=test.shape, copy=True)
    wanted.eliminate_zeros()
    some = np.flatnonzero(np.diff(wanted.indptr))
    reached = []
    for one in (model, small):
        ranking, lists = FastRanking(one), []
        for viewer in some:
            own = slice(test.indptr[viewer], test.indptr[viewer + 1])
            shown = test.indices[own][open_mask[own]]
            lists.append(
                [int(entry.film) for entry in ranking.rank(dict.fromkeys([names[j] for j in shown], 9), limit=100)]
            )
        reached.append(evaluation.measures(np.array(lists), csr_array(wanted[some]))["ndcg@100"])
    return found | {
        "light.size_mb": len(served.save(small)) / 1e6,
        "light.whole_mb": len(served.save(model)) / 1e6,
        "light.ndcg_lost": 1 - float(reached[1].mean() / reached[0].mean()),
        "light.ndcg_lost_error": float((reached[0] - reached[1]).std() / len(some) ** 0.5 / reached[0].mean()),
    }


def _answer(side: str) -> Callable[[np.ndarray], Callable[[], object]]:
    """For a history, the call that is timed."""
    from cinepeer.recommend import served
    from cinepeer.recommend.fast_ranking import FastRanking

    chance = np.random.default_rng(0)
    names = [f"{film:05d}" for film in range(SERVED_FILMS)]
    if side == "plain":
        weights = chance.normal(0, 1, (SERVED_FILMS, SERVED_FILMS)).astype(np.float32)
        return lambda history: partial(_plain, weights, history)
    blocks = [chance.integers(-127, 128, (1000, SERVED_FILMS), np.int8).tobytes() for _ in range(SERVED_FILMS // 1000)]
    scales = chance.integers(1, served.MAX_SCALE, SERVED_FILMS).tolist()
    channel = served.channel_of("liked", (64,), range(SERVED_FILMS), scales, "dense", b"".join(blocks))
    ranking = FastRanking(served.served_of(names, [1] * SERVED_FILMS, 0, [channel]))

    def made(history: np.ndarray) -> Callable[[], object]:
        return partial(ranking.rank, {names[film]: 9 for film in history})

    return made


def _plain(weights: np.ndarray, history: np.ndarray) -> np.ndarray:
    scores = weights[history].sum(axis=0)
    scores[history] = -np.inf
    return np.argsort(-scores)[:20]


def _costs(name: str, began: float) -> Values:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {f"{name}.fit_cpu_s": time.process_time() - began, f"{name}.peak_mb": float(peak)}


if __name__ == "__main__":
    held = np.load(sys.argv[3])
    matrix = csr_array((held["data"], held["indices"], held["indptr"]), shape=tuple(held["shape"]))
    from start import start

    made = {"item": item, "sequential": sequential, "rank": rank, "list": listed}
    made |= {"fold": fold, "light": light, "browser": browser, "start": start}
    print(json.dumps(made[sys.argv[1]](sys.argv[2], matrix, held["times"])))
