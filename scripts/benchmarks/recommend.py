"""Accuracy of the recommendations by protocol, each model beside the reference models on the same viewers.

./scripts/bench recommend --ratings FILE --protocol strong|dislikes|sequential|cold|rmse [--seeds 0 1 2]
[--content FOLDER] [--json]. FILE: MovieLens `.dat` or `.csv`, ML-100K's `uN.base` (its `uN.test` beside it), their
folder, or a node's home. ./scripts/bench recommend --speed [--films N] [--parts …] measures time and memory.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import speed
from predicted import rmse
from ratings import FILMS, Ratings, file_of, has_plots, read, words
from scipy.sparse import csr_array

from cinepeer.errors import BadInput
from cinepeer.recommend import evaluation, factors, ridge
from cinepeer.recommend.blend import blend_of
from cinepeer.recommend.content import features
from cinepeer.recommend.history import popularity
from cinepeer.recommend.recommender import Recommender, fit

PROTOCOLS = ("strong", "dislikes", "sequential", "cold", "rmse")
LIKED = 8
RANKED = 100  # the deepest place measured
COLD_FILMS, COLD_LIKES = 300, 20
Values = dict[str, list[np.ndarray]]
Models = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Test:
    """Test viewers: what they show, which films may not be ranked for them, what is wanted, and the order shown.

    `train`: what was fitted on, for how liked a film is; `content`: its features, for how alike two films are.
    """

    shown: csr_array
    barred: csr_array
    wanted: csr_array
    train: csr_array
    times: np.ndarray | None = None
    content: csr_array | None = None


class Tally:
    """Per-viewer measures of every model, gathered over the seeds; figures, intervals and paired differences."""

    def __init__(self, protocol: str, ours: str) -> None:
        self.protocol, self.ours = protocol, ours
        self.measured: dict[str, Values] = {}
        self.costs: dict[str, dict[str, list[float]]] = {}

    def add(self, model: str, found: dict[str, np.ndarray], **costs: float) -> None:
        """One model on one seed's viewers."""
        for name, values in found.items():
            self.measured.setdefault(model, {}).setdefault(name, []).append(values)
        for name, cost in costs.items():
            self.costs.setdefault(model, {}).setdefault(name, []).append(cost)

    def result(self) -> dict[str, dict[str, Any]]:
        """`figures` of our model, `baselines` of the references, `ratios` as paired differences ours - reference."""
        out: dict[str, dict[str, Any]] = {key: {} for key in ("figures", "intervals", "baselines", "ratios", "notes")}
        for model, values in self.measured.items():
            joined = {name: np.concatenate(parts) for name, parts in values.items()}
            for name, all_values in joined.items():
                key = f"{self.protocol}.{name}" if model == self.ours else f"{self.protocol}.{name}.{model}"
                out["figures" if model == self.ours else "baselines"][key] = float(all_values.mean())
                out["intervals"][key] = list(evaluation.interval(all_values))
                if model != self.ours:
                    mine = np.concatenate(self.measured[self.ours][name])
                    out["ratios"][f"{key}.gain"] = float((mine - all_values).mean())
                    out["intervals"][f"{key}.gain"] = list(evaluation.interval(mine - all_values))
            for name, costs in self.costs.get(model, {}).items():
                key = f"{self.protocol}.{name}" if model == self.ours else f"{self.protocol}.{name}.{model}"
                out["figures" if model == self.ours else "baselines"][key] = float(np.median(costs))
                out["intervals"][key] = [float(min(costs)), float(max(costs))]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        out["figures"][f"{self.protocol}.peak_mb"] = float(peak)
        out["notes"][f"{self.protocol}.rank_ms_p50"] = "CPU time of one viewer's list of 20"
        out["notes"][f"{self.protocol}.peak_mb"] = "the whole process, every model and the evaluation"
        return out


def figures(*arguments: str) -> dict[str, dict[str, Any]]:
    """Runs one protocol over all seeds; raises `BadInput` for what the command line or the file lacks."""
    parser = argparse.ArgumentParser(prog="scripts/bench recommend", description=__doc__)
    parser.add_argument("--ratings", type=Path, metavar="FILE")
    parser.add_argument("--protocol", choices=PROTOCOLS)
    parser.add_argument("--seeds", nargs="+", default=["0", "1", "2"], metavar="SEED")
    parser.add_argument("--content", type=Path, metavar="FOLDER")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--films", type=int, default=speed.FILMS)
    parser.add_argument("--parts", default=",".join(speed.PARTS))
    wanted = parser.parse_args(arguments)
    try:
        if wanted.speed:
            return speed.figures(wanted.films, wanted.parts.split(","))
        if wanted.ratings is None or wanted.protocol is None:
            raise BadInput("found no --ratings with a --protocol and no --speed, expected one of the two")
        return _measured(wanted.ratings, wanted.protocol, _seeds(wanted.seeds), wanted.content)
    except BadInput as wrong:
        print(wrong, file=sys.stderr)
        raise SystemExit(2) from None


def _seeds(told: Sequence[str]) -> list[int]:
    """Numbers apart by spaces or commas; raises `BadInput`."""
    parts = [part for text in told for part in text.split(",") if part]
    if not parts or not all(part.isdecimal() for part in parts):
        raise BadInput(f"found the seeds {' '.join(told)!r}, expected whole numbers such as 0 1 2 or 0,1,2")
    return [int(part) for part in parts]


def _measured(path: Path, protocol: str, seeds: Sequence[int], folder: Path | None) -> dict[str, dict[str, Any]]:
    if protocol == "rmse":
        return rmse(path, seeds)
    if folder is not None and not folder.is_dir():
        raise BadInput(f"found no folder at {folder}, expected one with movies.* or u.item")
    ratings = read(path)
    if protocol == "sequential":
        return sequential(ratings)
    known = _content(ratings.ids, path, folder)
    if protocol == "cold":
        return cold(ratings, known, seeds)
    return strong(ratings, protocol, seeds, known)


# Ours first, then the references with the parameters they were published or measured with.
STRONG: Models = {
    "blend": {},
    "edlae+ials": {"model": "edlae+ials"},
    "edlae": {"dropout": 0.5, "ridge": 100.0},
    "ials": {"model": "factors", "size": 64, "unseen": 0.3},
    "popularity": {},
}
DISLIKES: Models = {
    "dislikes-blend": {},
    "dislikes": {"ridge": 400.0, "max_second": 10_000},
    "edlae+ials": {"model": "edlae+ials"},
}
SEQUENTIAL: Models = {
    "next-blend": {},
    "three-scales": {"model": "next", "decays": (0.5, 0.8, 0.97), "discount": 0.5},
    "popularity": {},
}
COLD: Models = {
    "cold-blend": {},
    "ease-columns": {"model": "content", "kernel_ridge": 3.0, "least": 1},
    "content-factors": {},
    "words": {},
}
FOUND = ("ndcg@100", "recall@20", "recall@50", "hr@10", "precision@10", "map@100", "mrr")


def strong(ratings: Ratings, protocol: str, seeds: Sequence[int], known: csr_array) -> dict[str, dict[str, Any]]:
    """Whole viewers held out (5 likes or more each); 80 % of a test viewer's likes are shown, the rest ranked in full.

    Films without a like in training are left out. With `dislikes` every rating below a like is shown as well. When the
    authors in training rated, and what is `known` of the films, may be used in a fit; test viewers show no times.
    """
    models = STRONG if protocol == "strong" else DISLIKES
    tally = Tally(protocol, next(iter(models)))
    for seed in seeds:
        train, times, test, content = _strong_split(ratings, protocol == "dislikes", seed, known)
        for name, parameters in models.items():
            _measure(tally, name, partial(_fit, train, times, content, seed, {"model": name, **parameters}), test)
    return tally.result()


def _strong_split(
    ratings: Ratings, with_dislikes: bool, seed: int, known: csr_array
) -> tuple[csr_array, np.ndarray, Test, csr_array]:
    """Training ratings with their order, the test viewers, and what is known of the films that are left."""
    stars, order = ratings.matrix(np.arange(len(ratings.stars)))
    when = csr_array((order, stars.indices, stars.indptr), shape=stars.shape)
    liked = _where(stars, stars.data >= LIKED)
    viewers = _likers(liked)
    split = evaluation.split_viewers(len(viewers), len(viewers) // 10, seed)
    train, test, when = stars[viewers[split.train]], stars[viewers[split.test]], when[viewers[split.train]]
    kept = np.flatnonzero(_where(train, train.data >= LIKED).sum(axis=0))
    train, test, when = csr_array(train[:, kept]), csr_array(test[:, kept]), csr_array(when[:, kept])
    likes = _where(test, test.data >= LIKED)
    open_mask, hidden_mask = evaluation.hide(likes, 0.2, seed)
    barred, hidden = _where(likes, open_mask), _where(likes, hidden_mask)
    some = np.flatnonzero(np.diff(hidden.indptr))
    shown = barred
    if with_dislikes:
        shown = csr_array(barred + _where(test, test.data < LIKED))
    else:
        is_like = train.data >= LIKED
        train, when = _where(train, is_like), _where(when, is_like)
    shown.sort_indices()
    content = csr_array(known[kept])
    parts = [csr_array(part[some]) for part in (shown, barred, hidden)]
    return train, when.data, Test(*parts, train, content=content), content


def _likers(liked: csr_array) -> np.ndarray:
    """Viewers with 5 likes or more; raises `BadInput` when a tenth of them is nobody."""
    viewers = np.flatnonzero(np.diff(liked.indptr) >= 5)
    if len(viewers) < 10:
        raise BadInput(f"found {len(viewers)} viewers with 5 likes or more, expected at least 10 to hold some out")
    return viewers


def sequential(ratings: Ratings) -> dict[str, dict[str, Any]]:
    """The last film of every viewer, ranked in full among those not seen, after a fit on all but the last two.

    Films with fewer than 5 ratings are left out; films rated in the same second keep the order of the file.
    """
    enough = np.bincount(ratings.films, minlength=len(ratings.ids)) >= 5
    rows = np.flatnonzero(enough[ratings.films])
    rows = rows[np.lexsort((ratings.order[rows], ratings.viewers[rows]))]
    if not len(rows):
        raise BadInput("found no film with 5 ratings or more, expected some to rank")
    viewers = ratings.viewers[rows]
    left = np.searchsorted(viewers, viewers, side="right") - 1 - np.arange(len(viewers))
    long = np.bincount(viewers, minlength=int(viewers.max()) + 1)[viewers] >= 3
    keep = enough.nonzero()[0]
    parts = [ratings.matrix(rows[mask & long]) for mask in (left >= 2, left >= 1, left == 0)]
    (train, train_times), (shown, times), (wanted, _) = [(csr_array(part[:, keep]), order) for part, order in parts]
    if not wanted.nnz:
        raise BadInput("found no viewer with 3 ratings of such films, expected some to rank for")
    some = np.flatnonzero(np.diff(wanted.indptr))  # who has nothing to want has shown nothing either
    shown, wanted = csr_array(shown[some]), csr_array(wanted[some])
    tally = Tally("sequential", "next-blend")
    for name, parameters in SEQUENTIAL.items():
        given = {"model": name, **parameters}
        _measure(
            tally, name, partial(_fit, train, train_times, None, 0, given), Test(shown, shown, wanted, train, times)
        )
    return tally.result()


def cold(ratings: Ratings, known: csr_array, seeds: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Films taken out of training altogether, ranked among themselves for test viewers by what is known about them.

    300 films with 20 likes or more, at most a fifth of those that have as many.
    """
    tally = Tally("cold", "cold-blend")
    for seed in seeds:
        stars, _ = ratings.matrix(np.arange(len(ratings.stars)))
        liked = _where(stars, stars.data >= LIKED)
        viewers = _likers(liked)
        split = evaluation.split_viewers(len(viewers), len(viewers) // 10, seed)
        train, test = csr_array(liked[viewers[split.train]]), csr_array(liked[viewers[split.test]])
        often = np.flatnonzero(train.sum(axis=0) >= COLD_LIKES)
        if len(often) < 5:
            raise BadInput(
                f"found {len(often)} films with {COLD_LIKES} likes or more, expected at least 5 to take away"
            )
        chance = np.random.default_rng(seed)
        taken = np.sort(chance.choice(often, min(COLD_FILMS, len(often) // 5), replace=False))
        others = np.setdiff1d(np.arange(len(ratings.ids)), taken)
        train, shown, wanted = _without(train, taken), _without(test, taken), _without(test, others)
        some = np.flatnonzero((np.diff(wanted.indptr) > 0) & (np.diff(shown.indptr) > 0))
        shown, wanted = csr_array(shown[some]), csr_array(wanted[some])
        barred = csr_array(np.tile(np.isin(np.arange(len(ratings.ids)), others), (len(some), 1)))
        test = Test(shown, barred, wanted, train, content=known)
        for name, parameters in COLD.items():
            given = {"model": name, **parameters}
            _measure(tally, name, partial(_fit, train, None, known, seed, given), test)
    return tally.result()


def _fit(
    stars: csr_array, times: np.ndarray | None, content: csr_array | None, seed: int, given: dict[str, Any]
) -> Recommender:
    """A model by its name and parameters; `edlae+ials` is the fixed reference."""
    if given["model"] != "edlae+ials":
        return fit(stars, times, content, seed=seed, **given)
    item, factor = ridge.fit_edlae(stars, dropout=0.5, ridge=100.0), factors.fit(stars, size=64, unseen=0.3)
    return blend_of("blend", (item, 0.4), (factor, 0.6))


def _measure(tally: Tally, name: str, make: Callable[[], Recommender], test: Test) -> None:
    """Fits, ranks all viewers, and times single viewers."""
    shown, barred, wanted, times = test.shown, test.barred, test.wanted, test.times
    began = time.process_time()
    model = make()
    spent = time.process_time() - began
    ranked = evaluation.top(model.scores(shown, times), barred, RANKED)
    found = evaluation.measures(ranked, wanted)
    took = []
    for viewer in range(min(50, shown.shape[0])):
        one, own = csr_array(shown[[viewer]]), csr_array(barred[[viewer]])
        when = None if times is None else times[shown.indptr[viewer] : shown.indptr[viewer + 1]]
        start = time.process_time()
        evaluation.top(model.scores(one, when), own, 20)
        took.append((time.process_time() - start) * 1000)
    likes = popularity(test.train)
    told = {key: found[key] for key in (*FOUND, "ndcg@10", "ndcg@20", "hr@50")}
    told["popularity_lift@20"] = evaluation.popularity_lift(ranked, shown, likes)
    if test.content is not None:
        told["diversity@20"] = evaluation.diversity(ranked, test.content)
    groups = evaluation.thirds(np.diff(shown.indptr))
    for number, group in enumerate(("short", "middle", "long")):
        if (groups == number).any():
            told[f"ndcg@100.{group}_histories"] = found["ndcg@100"][groups == number]
    tally.add(
        name,
        told,
        fit_cpu_s=spent,
        rank_ms_p50=float(np.median(took)),
        **{
            "coverage@20": evaluation.coverage(ranked, shown.shape[1]),
            "novelty@20": evaluation.novelty(ranked, likes, test.train.shape[0]),
        },
    )


def _content(ids: list[int], path: Path, folder: Path | None) -> csr_array:
    """What is known about the films, from `folder` or beside `path`, with plots and credits where they are near.

    A folder of plots and credits alone comes to what lies beside `path`.
    """
    beside = path if path.is_dir() else path.parent
    if folder is not None and any((folder / name).exists() for name in FILMS):
        beside = folder
    nearby = Path(__file__).parents[3] / "shared" / "data" / "tmdb"
    places = (*([] if folder is None else [folder]), beside, nearby)
    tmdb = next((place for place in places if has_plots(place)), None)
    if file_of(path).suffix in (".base", ".data") or (beside / "u.item").exists():
        tmdb = None  # ML-100K numbers its films in a way of its own
    return features(words(ids, beside, tmdb))


def _where(stars: csr_array, mask: np.ndarray) -> csr_array:
    found = csr_array((stars.data * mask, stars.indices.copy(), stars.indptr.copy()), shape=stars.shape)
    found.eliminate_zeros()
    return found


def _without(stars: csr_array, films: np.ndarray) -> csr_array:
    return _where(stars, ~np.isin(stars.indices, films))
