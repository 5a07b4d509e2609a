"""One interface to every model: fit on counted ratings, score any history, explain a score, save and load."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from cinepeer.errors import BadInput, Refused
from cinepeer.recommend import content as content_model
from cinepeer.recommend import (
    dislikes,
    factors,
    hybrid,
    near,
    neighbours,
    next_film,
    popularity,
    predicted_stars,
    recent,
    ridge,
    star_neighbours,
    trials,
    tuning,
    viewers,
)
from cinepeer.recommend.arrays import model_name, unpack
from cinepeer.recommend.average import Average
from cinepeer.recommend.blend import Blend, blend_of
from cinepeer.recommend.history import Floats, Integers, Times, likes, verify_stars
from cinepeer.recommend.history import popularity as popularity_of
from cinepeer.recommend.linear import load_linear
from cinepeer.recommend.model import Recommender

LINEAR = ("popularity", "films", "ease", "edlae", "dislikes", "next", "content", "rated", "near", "words")
BLENDS = ("blend", "dislikes-blend", "next-blend", "cold-blend", "stars-blend")
SHARES = (30, 20, 50)  # per cent of near, EASE with content and iALS in the default
DISLIKE_SHARES = (20, 20, 20, 40)  # per cent of dislikes, near, EASE with content and iALS
TRIES = 400
COLD_SHARES: tuple[float, ...] = (0.5, 0.3, 0.2)  # of content, content-factors and words
SPAN = 32  # ratings that follow each other


def fit(
    stars: csr_array,
    times: Times | None = None,
    content: csr_array | None = None,
    *,
    seed: int = 0,
    model: str = "blend",
    **parameters: Any,
) -> Recommender:
    """Fits `model` on `stars` [authors, films], 1..10 (0 is not stored: unrated); raises `BadInput`.

    `times`: int64, one per stored star. `content`: [films, features], needed by the models of content. `seed`: for
    models that draw. `parameters`: the model's own, as its module documents them.
    """
    verify_stars(stars, times)
    if content is not None and not np.isfinite(content.data).all():
        raise BadInput("found content that is not a number, expected finite features")
    if model not in MODELS:
        raise BadInput(f"found the model {model}, expected one of {', '.join(sorted(MODELS))}")
    made, takes = MODELS[model]
    given: dict[str, Any] = {"times": times, "content": content, "seed": seed}
    return made(stars, **{name: given[name] for name in takes}, **parameters)


def load(data: bytes) -> Recommender:
    """Reads what a model's `save` gave; raises `Refused` (`bad-model`)."""
    name = model_name(data)
    if name in LINEAR:
        return load_linear(name, data)
    if name == "viewers":
        return viewers.load_viewers(data)
    if name in ("factors", "content-factors"):
        return factors.load_factors(data, name)
    if name == "recent":
        return _load_recent(data)
    if name == "hybrid":
        return _load_hybrid(data)
    if name == "stars":
        return predicted_stars.load_stars(data)
    if name == "star-neighbours":
        return star_neighbours.load_star_neighbours(data)
    if name in BLENDS:
        return _load_blend(name, data)
    raise Refused("bad-model", f"found the model {name!r}, expected one of {', '.join(sorted(MODELS))}")


def best(scores: Floats, stars: csr_array, *, limit: int = 20, excluded: Collection[int] = ()) -> Integers:
    """The `limit` best films of every viewer, best first, int64 [viewers, at most limit]; ties by film number.

    Films in the viewer's history and the `excluded` never come back: -1 fills rows that have too few films left.
    """
    open_scores = scores.astype(np.float64)
    rows = np.repeat(np.arange(stars.shape[0]), np.diff(stars.indptr))
    open_scores[rows, stars.indices] = -np.inf
    open_scores[:, list(excluded)] = -np.inf
    order = np.argsort(-open_scores, axis=1, kind="stable")[:, :limit]
    return np.where(np.isneginf(np.take_along_axis(open_scores, order, axis=1)), -1, order)


def _load_blend(name: str, data: bytes) -> Recommender:
    parts = unpack(data)
    weights = parts.pop("weights", np.zeros(0, np.float32)).astype(np.float64)
    if weights.shape != (len(parts),) or not parts or any(part.dtype != np.uint8 for part in parts.values()):
        raise Refused("bad-model", f"found {weights.size} weights for {len(parts)} models, expected one each")
    inner = [parts[key].tobytes() for key in sorted(parts)]
    if any(model_name(part) in BLENDS for part in inner):
        raise Refused("bad-model", "found a blend within a blend, expected single models")
    made = Average if name == "stars-blend" else Blend
    return made(name, tuple(load(part) for part in inner), tuple(float(weight) for weight in weights))


def _load_hybrid(data: bytes) -> hybrid.Hybrid:
    parts = unpack(data)
    if set(parts) != {"taste", "content", "counts"} or parts["counts"].ndim != 1:
        raise Refused("bad-model", "found no hybrid, expected two models and the films' likes")
    inner = [parts[key].tobytes() for key in ("taste", "content")]
    if any(model_name(part) == "hybrid" for part in inner):
        raise Refused("bad-model", "found a hybrid within a hybrid, expected other models")
    return hybrid.Hybrid(load(inner[0]), load(inner[1]), parts["counts"].astype(np.float32))


def _load_recent(data: bytes) -> recent.Recent:
    parts = unpack(data)
    latest, part = parts.get("latest", np.zeros(0)), parts.get("part", np.zeros(0))
    if set(parts) != {"latest", "part"} or latest.shape != (1,) or part.dtype != np.uint8:
        raise Refused("bad-model", "found no model of the newest films, expected a number and a model")
    inner, count = part.tobytes(), int(latest.astype(np.int64)[0])
    if count < 1 or model_name(inner) in (*BLENDS, "recent"):
        raise Refused("bad-model", "found a mixed model within one of the newest films, expected a single one")
    return recent.Recent(load(inner), count)


def _blend(
    stars: csr_array,
    times: Times | None,
    content: csr_array | None,
    *,
    size: int = 64,
    tries: int = TRIES,
    shares: Sequence[int] = (),
) -> Recommender:
    """The default: near (where there are times), EASE with the films' `content` (where given), iALS of `size`.

    From `tries` authors who like five films on, the shares start from `SHARES` and move where that is surely better;
    `shares`, per cent of each part, are taken as they are.
    """
    makers = (trials.near_try, trials.ease_try, partial(trials.factors_try, size=size))
    return _tuned("blend", makers, (SHARES, shares), stars, times, content, tries)


def _dislikes_blend(
    stars: csr_array,
    times: Times | None,
    content: csr_array | None,
    *,
    tries: int = TRIES,
    shares: Sequence[int] = (),
) -> Recommender:
    """The item model with dislikes, and the parts of the default; shares as there, from `DISLIKE_SHARES` on."""
    makers = (trials.dislikes_try, trials.near_try, trials.ease_try, trials.mild_factors_try)
    return _tuned("dislikes-blend", makers, (DISLIKE_SHARES, shares), stars, times, content, tries)


def _cold_blend(stars: csr_array, times: Times | None, content: csr_array | None, *, tries: int = TRIES) -> Recommender:
    """For new films: columns, factors and words. From `tries` authors on the shares are tried on films set aside."""
    makers, shares = (_content, _content_factors, _words), COLD_SHARES
    trial = tuning.cold_trial_of(stars) if _likers(stars) >= tries else None
    if trial is not None:
        told = content_model.verified(stars, content)
        scores = [tuning.standardised(make(trial.stars, None, told).scores(trial.shown)) for make in makers]
        shares = tuning.tuned([part[:, trial.films] for part in scores], trial, shares)
    parts = [(make(stars, times, content), share) for make, share in zip(makers, shares, strict=True) if share > 0]
    return blend_of("cold-blend", *parts)


def _hybrid(stars: csr_array, times: Times | None, content: csr_array | None) -> Recommender:
    """The default for films and viewers that are known; columns, factors and words for new films; else popularity."""
    taste, told = _blend(stars, times, content), _cold_blend(stars, times, content)
    return hybrid.Hybrid(taste, told, popularity_of(stars))


Maker = Callable[[csr_array, Times | None, csr_array | None], Recommender]


def _likers(stars: csr_array) -> int:
    """Authors who like enough films to be set aside."""
    return int((np.diff(likes(stars).indptr) >= tuning.HIDDEN).sum())


def _tuned(
    name: str,
    makers: Sequence[Callable[[csr_array, Times | None, csr_array | None], trials.Try]],
    shares: tuple[Sequence[int], Sequence[int]],
    stars: csr_array,
    times: Times | None,
    content: csr_array | None,
    tries: int,
) -> Recommender:
    """A blend of these parts; `shares`: where a trial begins, and those that an earlier one came to (or none)."""
    first, given = shares
    if given and (len(given) != len(makers) or sum(given) != 100 or min(given) < 0):
        raise BadInput(f"found the shares {list(given)}, expected {len(makers)} of 100 per cent together")
    trial = tuning.trial_of(stars, times) if given or _likers(stars) >= tries else None
    parts = [make(stars, times, content) for make in makers]
    chosen = tuple(given) or tuple(first)
    if trial is not None and given:
        for part in parts:
            part.after(trial)
    elif trial is not None:
        scores = [tuning.standardised(part.apart(trial).scores(trial.shown)) for part in parts]
        chosen = tuple(round(share * 100) for share in tuning.tuned(scores, trial, [share / 100 for share in first]))
    counted = [(part, share) for part, share in zip(parts, chosen, strict=True) if share > 0]
    del parts
    made = []
    while counted:
        part, share = counted.pop(0)  # what it kept goes with it
        made.append((part.whole(), share / 100))
    return replace(blend_of(name, *made), shares=() if trial is None else chosen)


def _content(stars: csr_array, _: Times | None, content: csr_array | None) -> Recommender:
    return content_model.fit(stars, content)


def _content_factors(stars: csr_array, _: Times | None, content: csr_array | None) -> Recommender:
    return content_model.fit_factors(stars, content)


def _words(stars: csr_array, _: Times | None, content: csr_array | None) -> Recommender:
    return content_model.fit_words(stars, content)


def _stars_blend(stars: csr_array, *, seed: int = 0, neighbours: float = 0.25, **parameters: Any) -> Recommender:
    """Predicted stars, `neighbours` of them from films that are rated alike; `parameters` are of `stars`."""
    parts = predicted_stars.fit(stars, seed=seed, **parameters), star_neighbours.fit(stars)
    return Average("stars-blend", parts, (float(np.float32(1 - neighbours)), float(np.float32(neighbours))))


def _next_blend(stars: csr_array, times: Times | None, **parameters: Any) -> Recommender:
    """The next film, what is rated together in any order, and four models of the newest films of a history."""
    after = next_film.fit(stars, times, **parameters)
    assert times is not None, "the model of the next film asks for times"
    whole, spans = recent.seen(stars), recent.spans(stars, times, SPAN)
    close = near.fit(whole, times, near=0.3, decay=0.8)
    return blend_of(
        "next-blend",
        (after, 1.0),
        (ridge.fit_rated(stars), 0.2),
        (recent.Recent(close, 3), 0.15),
        (recent.Recent(ridge.fit_edlae(spans, ridge=30.0), 3), 0.15),
        (recent.Recent(factors.fit(whole, rounds=5), 3), 0.25),
        (recent.Recent(factors.fit(spans, size=32, rounds=5), 10), 0.25),
    )


# What fits each model, and what it takes besides the stars.
MODELS: dict[str, tuple[Callable[..., Recommender], tuple[str, ...]]] = {
    "popularity": (popularity.fit, ("times",)),
    "viewers": (viewers.fit, ()),
    "films": (neighbours.fit, ()),
    "ease": (ridge.fit_ease, ("content",)),
    "edlae": (ridge.fit_edlae, ()),
    "factors": (factors.fit, ()),
    "blend": (_blend, ("times", "content")),
    "near": (near.fit, ("times",)),
    "dislikes": (dislikes.fit, ()),
    "dislikes-blend": (_dislikes_blend, ("times", "content")),
    "next": (next_film.fit, ("times",)),
    "content": (content_model.fit, ("content",)),
    "content-factors": (content_model.fit_factors, ("content",)),
    "words": (content_model.fit_words, ("content",)),
    "cold-blend": (_cold_blend, ("times", "content")),
    "hybrid": (_hybrid, ("times", "content")),
    "rated": (ridge.fit_rated, ()),
    "next-blend": (_next_blend, ("times",)),
    "stars": (predicted_stars.fit, ("seed",)),
    "star-neighbours": (star_neighbours.fit, ()),
    "stars-blend": (_stars_blend, ("seed",)),
}
