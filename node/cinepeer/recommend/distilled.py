"""The best models in the form in which a node serves them: one matrix of signed bytes for every channel.

The item models are linear in a history as they stand. The factors V (iALS) are not: a history's own system decides how
much each like counts. Here one matrix M stands for all those systems, so that M V' joins the other matrices. Each
part is weighed by the mean deviation of its scores over the authors, where a blend takes the deviation of each viewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, diags_array

from cinepeer.errors import BadInput
from cinepeer.recommend import content as content_model
from cinepeer.recommend import factors, next_film
from cinepeer.recommend.blend import Blend
from cinepeer.recommend.dislikes import MAX_INPUTS, MAX_SECOND, often_disliked, pairs
from cinepeer.recommend.fast_ranking import dense
from cinepeer.recommend.history import Floats, Integers, Times, popularity, sparse, verify_stars
from cinepeer.recommend.linear import DISLIKES, LIKES, Linear
from cinepeer.recommend.recommender import fit
from cinepeer.recommend.served import FIT, LIKED, MAX_SCALE, Channel, Recipe, ServedModel, channel_of, save, served_of

SPREAD = 500  # authors over whom deviations are taken
ROWS = 512  # added at once
RIDGE, STEPS, TINY = 50.0, 8, np.float32(1e-20)  # of what stands for the systems of all histories
VALUE = 64  # the input of a like; 1 in the fading channels is 256
FADED = 256
NEVER = 1 << 40  # no world has so many authors
HALVINGS = 20
LEAST_SHARE = 16  # of a row at least one weight in so many stays
SLACK = 128  # bytes of a header for a channel's name, values and sizes beside its steps
FAINT = 1e-20  # a column without a larger weight says nothing: its step would not be a float32
Matrix = tuple[str, tuple[int, ...], Integers, Floats]  # a channel's name, values, rows and weights


def fit_served(
    stars: csr_array,
    films: Sequence[str],
    times: Times | None = None,
    content: csr_array | None = None,
    *,
    max_films: int = 4_000,
    max_next: int = 0,
    least_dislikes: int = 5,
    kernel_ridge: float = 3.0,
    least_known: int = 3,
    tries: int = NEVER,
    shares: Sequence[int] = (),
    told: bytes = b"",
) -> ServedModel:
    """Fits every channel on `stars` [authors, films] (1..10; column j is `films[j]`) for `ranking.rank`.

    `times` as in `recommender.fit`. The `max_films` most liked films speak and are spoken of; films that nobody likes
    are spoken of where `content` [films, features] tells what they are. `max_next` > 0: the most rated of them get
    the fading channels too, at 3 matrices. `tries` as in `recommender`; what was tried
    stands in the model as its `shares`, since a trial near a tie could turn a refit elsewhere into another one: given
    again they are not tried. `told`: the digest of what `content` was made of, for the recipe. Raises `BadInput`.
    """
    verify_stars(stars, times, len(films))
    if content is not None and content.shape[0] != len(films):
        raise BadInput(f"found content of {content.shape[0]} films, expected {len(films)}")
    kept = _kept(stars, films, content, max_films)
    stars, times = _ordered(stars, times, kept)
    names = [films[number] for number in kept]
    recipe = Recipe(FIT, told)
    counts = popularity(stars).astype(np.int64)
    warm = np.flatnonzero(counts)
    if not len(warm):
        return served_of(names, counts.tolist(), int(stars.nnz), [], recipe=recipe)
    known_of = None if content is None else sparse(content[kept])
    blend = _blend(stars, times, known_of, warm, least_dislikes, tries, shares)
    chosen = blend.shares
    liked, disliked, second = _taste(blend, sparse(stars[:, warm]), warm)
    del blend  # its matrices are not needed beside those that follow
    cold = np.flatnonzero(counts == 0)
    across = None
    if known_of is not None and len(cold):
        known = content_model.is_known(counts[warm].astype(np.float64), least_known)
        across = np.zeros((len(cold), len(warm)), np.float32)
        across[:, known] = content_model.kernel(known_of, cold, warm[known], kernel_ridge)
    matrices: list[Matrix] = (
        [("disliked", (VALUE,), second, _wide(disliked, len(names), warm, cold, across))] if len(second) else []
    )
    matrices.append(("liked", (VALUE,), warm, _wide(liked, len(names), warm, cold, across)))
    if times is not None and max_next:
        matrices += _lately(stars, times, max_next)
    most = max(float(np.abs(matrix).max()) for _, _, _, matrix in matrices)
    channels = [
        _channel(name, values, rows, matrix, most)
        for name, values, rows, matrix in sorted(matrices, key=lambda named: named[0])
    ]
    return served_of(names, counts.tolist(), int(stars.nnz), channels, chosen, recipe)


def compact(model: ServedModel, size_bytes: int) -> ServedModel:
    """The model for a light client: of all channels the weights that say most alone, `save`d in at most `size_bytes`.

    A weight says its size times its column's step, times the root of how many like the film of its row, for a popular
    film stands in more histories. A row of which too little would stay is left out, and the steps of a column grow by
    what it lost. Raises `BadInput` when not even the header fits.
    """
    weights = [dense(channel) for channel in model.channels]
    whole = [_sparse(*told, slice(None)) for told in zip(model.channels, weights, strict=True)]
    found = replace(model, channels=tuple(whole))
    if len(save(found)) <= size_bytes:
        return found
    head = len(save(replace(model, channels=()))) + sum(len(channel.scales) * 5 + SLACK for channel in whole)
    if head > size_bytes:
        raise BadInput(f"found room for {size_bytes} bytes, expected at least {head} for {len(model.films)} films")
    says = [_says(model, *told) for told in zip(model.channels, weights, strict=True)]
    least = _threshold(says, size_bytes - head)
    stays = [_stays(said > least) for said in says]
    kept = [
        np.where((said > least) & row[:, None], mine, 0).astype(np.int8)
        for mine, said, row in zip(weights, says, stays, strict=True)
    ]
    scales = _widened(model, weights, kept)
    widened = [replace(channel, scales=tuple(mine)) for channel, mine in zip(model.channels, scales, strict=True)]
    return replace(model, channels=tuple(_sparse(*told) for told in zip(widened, kept, stays, strict=True)))


def _says(model: ServedModel, channel: Channel, weights: npt.NDArray[np.int8]) -> Floats:
    """How much each weight says; float32 [rows, films]. Products alone, so that it is the same on every machine."""
    rows = np.sqrt(np.array([model.likes[row] for row in channel.rows], np.float64) + 1) * max(channel.values)
    found = np.abs(weights.astype(np.float32))
    found *= np.array(channel.scales, np.float32)
    found *= rows.astype(np.float32)[:, None]
    return found


def _threshold(says: Sequence[Floats], room: int) -> float:
    """What a weight has to say to stay, so that all that stay take at most `room` bytes."""
    enough = max((float(said.max(initial=0)) for said in says), default=0.0)
    least = 0.0
    for _ in range(HALVINGS):
        middle = (least + enough) / 2
        if sum(_cost(said > middle) for said in says) > room:
            least = middle
        else:
            enough = middle
    return enough


def _widened(
    model: ServedModel, whole: Sequence[npt.NDArray[np.int8]], kept: Sequence[npt.NDArray[np.int8]]
) -> list[list[int]]:
    """The steps of every channel's columns, so that what a column says is as long as before, by likes of the rows."""
    grown = []
    for channel, mine, left in zip(model.channels, whole, kept, strict=True):
        each = np.array([model.likes[row] for row in channel.rows], np.int64) + 1
        before, after = (each @ np.square(part.astype(np.int64)) for part in (mine, left))
        growth = np.sqrt(np.where(after > 0, before / np.maximum(after, 1), 1))
        grown.append(np.array(channel.scales, np.float64) * growth)
    room = min(1.0, MAX_SCALE / max(1.0, *(float(one.max(initial=0)) for one in grown)))
    return [np.ceil(one * room).astype(np.int64).clip(0, MAX_SCALE).tolist() for one in grown]


def _stays(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The rows of which enough is left to be worth a bit for every film."""
    found: npt.NDArray[np.bool_] = mask.sum(axis=1) * LEAST_SHARE >= max(mask.shape[1], 1)
    return found


def _cost(mask: npt.NDArray[np.bool_]) -> int:
    """Bytes of the rows that stay: their number, a bit for every film, and a byte for each weight."""
    kept = mask.sum(axis=1)[_stays(mask)]
    return int(kept.sum() + len(kept) * ((mask.shape[1] + 7) // 8 + 3))


def _sparse(channel: Channel, weights: npt.NDArray[np.int8], stays: npt.NDArray[np.bool_] | slice) -> Channel:
    """The channel of some rows of these weights, those that are not 0 alone."""
    numbers = np.array(channel.rows, np.int64)[stays].tolist()
    data = b"".join(_rows(weights[stays]))
    return channel_of(channel.name, channel.values, numbers, channel.scales, "sparse", data)


def _kept(stars: csr_array, films: Sequence[str], content: csr_array | None, most: int) -> Integers:
    """Columns in ascending order of film id: the most liked films, and as many new ones as have content."""
    counts = popularity(stars)
    by_likes = sorted(np.flatnonzero(counts).tolist(), key=lambda number: (-float(counts[number]), films[number]))
    cold: list[int] = []
    if content is not None:
        told = np.flatnonzero((counts == 0) & (np.diff(sparse(content).indptr) > 0))
        cold = sorted(told.tolist(), key=lambda number: films[number])[:most]
    return np.array(sorted(by_likes[:most] + cold, key=lambda number: films[number]), np.int64)


def _ordered(stars: csr_array, times: Times | None, kept: Integers) -> tuple[csr_array, Times | None]:
    """The kept columns, authors in an order of their own ratings: sums of floats come out the same for any order."""
    picked = sparse(stars[:, kept])
    when = None if times is None else sparse(sparse((times + 1, stars.indices, stars.indptr), stars.shape)[:, kept])
    for found in (picked, when):
        if found is not None:
            found.sort_indices()
    edges = list(zip(picked.indptr[:-1], picked.indptr[1:], strict=True))

    def key(author: int) -> tuple[bytes, ...]:
        start, stop = edges[author]
        parts = [picked.indices[start:stop].astype(">i4"), picked.data[start:stop].astype(">f4")]
        return tuple(part.tobytes() for part in parts)

    order = np.array(sorted((n for n in range(len(edges)) if edges[n][0] < edges[n][1]), key=key), np.int64)
    picked = sparse(picked[order]).astype(np.float32)
    return picked, None if when is None else when[order].data.astype(np.int64)


def _blend(
    stars: csr_array,
    times: Times | None,
    content: csr_array | None,
    warm: Integers,
    least: int,
    tries: int,
    shares: Sequence[int],
) -> Blend:
    """The blend of the films that somebody likes; with dislikes where one has `least` of them."""
    mine = sparse(stars[:, warm])
    when = None
    if times is not None:
        when = sparse(sparse((times + 1, stars.indices, stars.indptr), stars.shape)[:, warm]).data - 1
    told = None if content is None else sparse(content[warm])
    often = np.bincount(mine.indices[mine.data < LIKED], minlength=len(warm)) >= least
    name = "dislikes-blend" if often.any() else "blend"
    found = fit(mine, when, told, model=name, tries=tries, shares=shares)
    assert isinstance(found, Blend), "both names are of blends"
    return found


@dataclass(frozen=True, slots=True)
class _Said:
    """What one part says: of row k the channel's code `codes[k]`, the film `films[k]`, and the weights to every film.

    The weights are `left` [rows, films], or `left` @ `right` where that is given.
    """

    codes: Floats
    films: Integers
    left: Floats
    right: Floats | None = None

    def rows(self, start: int, stop: int) -> Floats:
        """The weights of some rows; float32 [rows, films]."""
        return self.left[start:stop] if self.right is None else self.left[start:stop] @ self.right


def _taste(blend: Blend, mine: csr_array, warm: Integers) -> tuple[Floats, Floats, Integers]:
    """(likes to films [warm, warm], dislikes to films [second, warm], the second's film numbers)."""
    some = sparse(mine[np.unique(np.linspace(0, mine.shape[0] - 1, SPREAD).astype(np.int64))])
    counts = np.bincount(mine.indices[mine.data < LIKED], minlength=len(warm)).astype(np.int64)
    second = often_disliked(counts, room=min(MAX_INPUTS - len(warm), MAX_SECOND))
    total: Floats = np.zeros((len(warm), len(warm)), np.float32)
    below: Floats = np.zeros((len(second), len(warm)), np.float32)
    for part, share in zip(blend.parts, blend.weights, strict=True):
        if isinstance(part, Linear):
            said = _Said(part.channels[part.rows[:, 0]], part.rows[:, 1], part.weights)
            deviation = _deviation(part.scores(some))
        else:
            assert isinstance(part, factors.Factors), "the parts of these blends are linear or factors"
            said = _of_factors(part, mine, second)
            shown = pairs(some, np.arange(len(warm)), said.films[len(warm) :])
            deviation = _deviation(np.asarray((shown @ said.left) @ said.right))
        _add(said, np.float32(share / deviation), total, below, second)
    below[np.arange(len(second)), second] = 0
    np.fill_diagonal(total, 0)
    return (total, below, warm[second]) if below.any() else (total, below[:0], warm[:0])


def _add(said: _Said, factor: np.float32, total: Floats, below: Floats, second: Integers) -> None:
    """Adds what is said of likes to `total` and of dislikes to `below`, some rows at a time."""
    for start in range(0, len(said.films), ROWS):
        weights = said.rows(start, start + ROWS) * factor
        codes, films = said.codes[start : start + ROWS], said.films[start : start + ROWS]
        total[films[codes == LIKES]] += weights[codes == LIKES]
        below[np.searchsorted(second, films[codes == DISLIKES])] += weights[codes == DISLIKES]


def _of_factors(model: factors.Factors, stars: csr_array, second: Integers) -> _Said:
    """The factors as M V', M [inputs, size] near the ridge from histories X to the factors U that iALS gives them.

    A history of n ratings weighs 1/n in X and U: lists are of one viewer, so that errors count beside its own length.
    M begins as V A for likes and V B for dislikes, with A and B [size, size] the least squares of U from the sums of
    the factors of what is liked and of what is not; `STEPS` of conjugate gradients go on from there towards
    (X'X + `RIDGE`)^-1 X'(U - X M).
    """
    films, size = np.arange(stars.shape[1]), model.films.shape[1]
    second = second if model.mild else second[:0]
    wanted = factors.solve_side(factors.targets(stars, model.mild), model.films, model.unseen, model.ridge)
    shown = pairs(stars, films, second)
    each = np.maximum(np.diff(shown.indptr), 1)
    weight = (max(float(each.mean()), 1.0) / each).astype(np.float32)
    shown, wanted = sparse(diags_array(weight) @ shown), wanted * weight[:, None]
    sums = np.hstack([shown[:, : len(films)] @ model.films, shown[:, len(films) :] @ model.films[second]])
    system = sums.T.astype(np.float64) @ sums
    system[np.diag_indices(len(system))] += 1
    found = np.linalg.solve(system, sums.T @ wanted.astype(np.float64))
    left = np.vstack([model.films @ found[:size], model.films[second] @ found[size:]]).astype(np.float32)
    _descend(left, shown, wanted)
    codes = np.repeat(np.array([LIKES, DISLIKES], np.float32), [len(films), len(second)])
    return _Said(codes, np.concatenate([films, second]), left, np.ascontiguousarray(model.films.T))


def _descend(left: Floats, shown: csr_array, wanted: Floats) -> None:
    """`STEPS` of preconditioned conjugate gradients on `left`, every column a system of its own; in place."""
    across = sparse(shown.T)
    counts = np.asarray(shown.power(2).sum(axis=0), dtype=np.float32).ravel()[:, None] + np.float32(RIDGE)
    rest = across @ (wanted - shown @ left)
    towards = rest / counts
    step = towards.copy()
    length = (rest * towards).sum(axis=0)
    for _ in range(STEPS):
        ahead = across @ (shown @ step) + np.float32(RIDGE) * step
        size = length / np.maximum((step * ahead).sum(axis=0), TINY)
        left += size * step
        rest -= size * ahead
        towards = rest / counts
        before, length = length, (rest * towards).sum(axis=0)
        step = towards + (length / np.maximum(before, TINY)) * step


def _deviation(scores: Floats) -> float:
    """The mean over viewers of the deviation of their scores; 1 where all are equal."""
    found = float(scores.std(axis=1, dtype=np.float64).mean()) if scores.size else 0.0
    return found if found > 0 else 1.0


def _wide(weights: Floats, films: int, warm: Integers, cold: Integers, across: Floats | None) -> Floats:
    """The columns of all films: the known ones, and the new ones by their content."""
    if len(warm) == films:
        return weights
    found = np.zeros((len(weights), films), np.float32)
    found[:, warm] = weights
    if across is not None:
        found[:, cold] = weights @ across.T
    return found


def _lately(stars: csr_array, times: Times, most: int) -> list[Matrix]:
    decays = next_film.DECAYS
    found: Linear = next_film.fit(stars, times, max_inputs=most * len(decays))
    result: list[Matrix] = []
    for number, decay in enumerate(decays):
        mine = found.rows[:, 0] == number
        values = [FADED]
        while values[-1]:
            values.append(round(FADED * decay ** len(values)))
        result.append((f"lately.{number}", tuple(values), found.rows[mine, 1], found.weights[mine] / 4))
    return result


def _channel(name: str, values: tuple[int, ...], rows: Integers, matrix: Floats, most: float) -> Channel:
    """Signed bytes with one step per column; the largest step of all channels is `MAX_SCALE`."""
    peaks = np.abs(matrix).max(axis=0, initial=0.0)
    peaks[peaks < FAINT] = 0
    steps = np.where(peaks > 0, peaks / 127.0, 1.0).astype(np.float64)
    scales = np.ceil(peaks / max(most, FAINT) * MAX_SCALE).clip(0, MAX_SCALE).astype(np.int64)
    weights = np.empty(matrix.shape, np.int8)
    for start in range(0, len(matrix), 1024):
        weights[start : start + 1024] = np.rint(matrix[start : start + 1024] / steps.astype(np.float32)).clip(-127, 127)
    return channel_of(name, values, rows.tolist(), scales.tolist(), "dense", weights.tobytes())


def _rows(weights: npt.NDArray[np.int8]) -> list[bytes]:
    return [np.packbits(row != 0, bitorder="little").tobytes() + row[row != 0].tobytes() for row in weights]
