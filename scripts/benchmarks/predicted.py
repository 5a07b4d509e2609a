"""Predicted stars: the root mean square error in stars of 5, beside the models' parts and a plain baseline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ratings import folds, read
from scipy.sparse import csr_array

from cinepeer.errors import BadInput
from cinepeer.recommend.average import Average
from cinepeer.recommend.recommender import fit

Errors = tuple[np.ndarray, np.ndarray]  # by viewer: the sum of squared errors, how many ratings were tested


def rmse(path: Path, seeds: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Root mean square error in stars of 5: ML-100K's own folds where found, else 90/10 at random for every seed."""
    splits = folds(path)
    if not splits:
        ratings = read(path)
        for seed in seeds:
            order = np.random.default_rng(seed).permutation(len(ratings.stars))
            edge = len(order) // 10
            if not edge:
                raise BadInput(f"found {len(order)} ratings, expected at least 10 to hold some out")
            splits.append((ratings, np.sort(order[edge:]), np.sort(order[:edge])))
    errors: dict[str, list[Errors]] = {"stars-blend": [], "stars": [], "star-neighbours": [], "offsets": []}
    costs: list[float] = []
    for number, (ratings, fitted, tested) in enumerate(splits):
        train, _ = ratings.matrix(fitted)
        where, truth = (ratings.viewers[tested], ratings.films[tested]), ratings.stars[tested]
        began = time.process_time()
        model = fit(train, seed=seeds[0] + number, model="stars-blend")
        assert isinstance(model, Average), "the name is of an average"
        parts = [part.scores(train)[where] for part in model.parts]
        guesses = {part.name: guess for part, guess in zip(model.parts, parts, strict=True)}
        guesses["stars-blend"] = np.einsum("k,kn->n", model.weights, parts)
        costs.append(time.process_time() - began)
        guesses["offsets"] = _offsets(train, *where)
        for name, guess in guesses.items():
            squares = (np.clip(guess, 1, 10) - truth) ** 2 / 4
            errors[name].append((np.bincount(where[0], squares), np.bincount(where[0])))
    reached = {name: _rmse(parts) for name, parts in errors.items()}
    drawn = {name: _drawn(parts) for name, parts in errors.items()}
    ours, others = "stars-blend", [name for name in errors if name != "stars-blend"]
    by_split = ", ".join(f"{_rmse([part]):.4f}" for part in errors[ours])
    return {
        "figures": {"rmse": reached[ours], "rmse.cpu_s": float(np.median(costs))},
        "baselines": {f"rmse.{name}": reached[name] for name in others},
        "ratios": {f"rmse.{name}.gain": reached[ours] - reached[name] for name in others},
        "intervals": {
            "rmse": _span(drawn[ours]),
            **{f"rmse.{name}": _span(drawn[name]) for name in others},
            **{f"rmse.{name}.gain": _span(drawn[ours] - drawn[name]) for name in others},
        },
        "notes": {"rmse": f"by split: {by_split}; intervals over viewers, the same drawn for every model"},
    }


def _rmse(parts: Sequence[Errors], times: np.ndarray | None = None) -> float:
    """The mean over splits of the root mean square error, each viewer counted so many `times` (None: once)."""
    found = []
    for squares, counts in parts:
        counted = np.ones(len(counts)) if times is None else times[: len(counts)]
        found.append(float(np.sqrt(counted @ squares / (counted @ counts))))
    return float(np.mean(found))


def _drawn(parts: Sequence[Errors], draws: int = 1_000) -> np.ndarray:
    """`_rmse` over viewers drawn again and again, with replacement; the same for equal viewers."""
    viewers, chance = max(len(counts) for _, counts in parts), np.random.default_rng(0)
    draw = (np.bincount(chance.integers(0, viewers, viewers), minlength=viewers) for _ in range(draws))
    return np.array([_rmse(parts, times) for times in draw])


def _span(drawn: np.ndarray) -> list[float]:
    """The middle 95 %."""
    return [float(edge) for edge in np.quantile(drawn, (0.025, 0.975))]


def _offsets(stars: csr_array, viewers: np.ndarray, films: np.ndarray) -> np.ndarray:
    """The plain baseline: mean + offset of the viewer + offset of the film, each shrunk by 5 ratings."""
    told = stars.tocoo()
    rows, columns = told.coords
    mean = told.data.mean()
    mine, theirs = np.zeros(stars.shape[0]), np.zeros(stars.shape[1])
    for _ in range(10):
        left = np.bincount(columns, told.data - mean - mine[rows], len(theirs))
        theirs = left / (np.bincount(columns, minlength=len(theirs)) + 5)
        left = np.bincount(rows, told.data - mean - theirs[columns], len(mine))
        mine = left / (np.bincount(rows, minlength=len(mine)) + 5)
    return np.asarray(mean + mine[viewers] + theirs[films])
