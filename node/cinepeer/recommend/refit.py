"""Whether a model that was fitted anew agrees with the one that a receipt names, and which films tie between them.

A model names the fit that made it and the digest of what was told of its films. Where those differ a refit says so
instead of calling the model wrong: other weights follow from them.

Kernels of different processors round the last bits of a fit differently, so that a weight may come out one step away.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cinepeer.recommend.fast_ranking import dense
from cinepeer.recommend.ranking import inputs_of
from cinepeer.recommend.receipt import Entry, Receipt, model_of, relist
from cinepeer.recommend.replay import Finding
from cinepeer.recommend.served import FIT, Channel, Recipe, ServedModel

EPSILON_STEPS = 2
"""How many steps of its column a weight may differ: a step is 1/127 of the column's largest weight."""

BY_REFIT = "fitting anew on the counted ratings of the named root"


def unlike(model: ServedModel, fit: int = FIT) -> Finding | None:
    """Why the fit of this number cannot make the model again; None where it can."""
    if model.recipe.fit == fit:
        return None
    return Finding("refit", None, _made_by(model.recipe), f"one made by fit {fit}, as it is made here", BY_REFIT)


def refitted(receipt: Receipt, entries: Sequence[Entry] | None, again: ServedModel) -> list[Finding]:
    """What a model fitted anew says of a receipt: its weights within ε, and with `entries` the list but for ties."""
    told = model_of(receipt)
    other = unlike(told, again.recipe.fit)
    if other is not None:
        return [other]
    findings = [_weights(told, again)]
    if entries is None or findings[0].ok is None:
        return findings
    return [*findings, _ties(receipt, entries, told, again)]


def _weights(told: ServedModel, again: ServedModel) -> Finding:
    expected = f"the same films, and every weight within {EPSILON_STEPS} steps"
    if (told.films, told.likes, told.records) != (again.films, again.likes, again.records):
        found = f"{len(again.films):,} films from {again.records:,} ratings, or other likes of them"
        return Finding("refit", False, found, expected, BY_REFIT)
    if [(one.name, one.rows, one.values) for one in told.channels] != [
        (one.name, one.rows, one.values) for one in again.channels
    ]:
        return Finding("refit", False, "other channels or rows", expected, BY_REFIT)
    worst = max((_steps(one, other) for one, other in zip(told.channels, again.channels, strict=True)), default=0.0)
    is_near = worst <= EPSILON_STEPS
    if not is_near and told.recipe.told != again.recipe.told:
        found = f"weights at most {worst:.2f} steps apart, but other facts are told of films here"
        return Finding("refit", None, found, expected, BY_REFIT)
    return Finding("refit", is_near, f"weights at most {worst:.2f} steps apart", expected, BY_REFIT)


def _made_by(recipe: Recipe) -> str:
    return f"a model made by fit {recipe.fit}" if recipe.fit else "a model that does not name the fit that made it"


def _steps(one: Channel, other: Channel) -> float:
    """The largest difference of two channels' weights, in steps of the greater scale."""
    mine, theirs = np.array(one.scales, np.float64), np.array(other.scales, np.float64)
    wide = np.maximum(np.maximum(mine, theirs), 1.0)
    apart = np.abs(dense(one) * mine - dense(other) * theirs) / wide
    return float(apart.max(initial=0.0))


def _ties(receipt: Receipt, entries: Sequence[Entry], told: ServedModel, again: ServedModel) -> Finding:
    """Where the two lists part, the films' scores have to lie within what ε can move."""
    statement = receipt.statement
    expected = "the same list but for films whose scores lie within ε"
    slack = _slack(told, entries, receipt)
    first, second = (
        relist(model, entries, statement.wishes, statement.facts, statement.limit).films for model in (told, again)
    )
    scores = {one.film: one.score for one in first}
    last = min(scores.values(), default=0)
    ties = []
    for mine, theirs in zip(first, second, strict=False):
        if mine.film == theirs.film:
            continue
        gap = abs(mine.score - scores.get(theirs.film, last))
        if gap > slack:
            found = f"{theirs.film} in the place of {mine.film}, whose score is {gap} away"
            return Finding("ties", False, found, expected, BY_REFIT)
        ties.append(f"{mine.film} ~ {theirs.film}")
    found = "the same list" if not ties else f"ties: {', '.join(ties[:10])}"
    return Finding("ties", len(first) == len(second), found, expected, BY_REFIT)


def _slack(model: ServedModel, entries: Sequence[Entry], receipt: Receipt) -> int:
    """By how much two scores can move against each other when every weight of the history moves by ε."""
    wishes = receipt.statement.wishes
    stars = {entry.film: entry.stars for entry in entries if entry.film not in wishes.forgotten}
    times = {entry.film: entry.time for entry in entries if entry.time is not None}
    whole = {film: times[film] for film in stars} if all(film in times for film in stars) else None
    moved = 0
    for channel, dial, inputs in inputs_of(model, stars, whole, wishes.dials):
        moved += dial * sum(value for _, value in inputs) * max(channel.scales, default=0)
    return 2 * EPSILON_STEPS * moved
