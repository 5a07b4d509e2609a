"""Receipts of this home's lists: stated, signed by its device, and fitted anew for whoever doubts the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cinepeer.app.film_names import film_names
from cinepeer.app.fit import SEED, Fitted, fit_apart
from cinepeer.app.library import Library
from cinepeer.app.recommend import Recommendations
from cinepeer.app.telling import words_of
from cinepeer.errors import Unreachable
from cinepeer.recommend.receipt import SALT_BYTES, Entry, Origin, state, write_head, write_opening
from cinepeer.recommend.wishes import Wishes
from cinepeer.records.cid import Cid
from cinepeer.trust.counted import NO_NAMES


@dataclass(frozen=True, slots=True)
class Stated:
    """A receipt before its model's bytes, and the private opening where its history is only committed to."""

    head: bytes
    opening: bytes | None
    model: Cid


class Receipts:
    """Makes receipts of the lists that `recommendations` gives."""

    def __init__(
        self,
        recommendations: Recommendations,
        library: Library,
        device: bytes,
        sign: Callable[[bytes], bytes],
        entropy: Callable[[int], bytes],
    ) -> None:
        """`sign`: the Ed25519 signature of `device` (its public key) over a message."""
        self._recommendations = recommendations
        self._library = library
        self._device = device
        self._sign = sign
        self._entropy = entropy

    async def state(self, author: Cid, wishes: Wishes, limit: int, *, is_sealed: bool) -> Stated:
        """The receipt of the list as it is now; `is_sealed`: the history stands in it as a commitment alone."""
        made = self._recommendations
        wishes = made.named(wishes)
        history, facts = made.history(author), await made.facts(author, wishes)
        times = history.times or {}
        entries = [
            Entry(film, stars, times.get(film), history.records.get(film), self._entropy(SALT_BYTES))
            for film, stars in sorted(history.stars.items())
        ]
        origin = Origin(made.fitted.root, made.fitted.ratings, SEED)
        statement = state(
            made.model,
            made.fitted.data,
            entries,
            wishes,
            facts,
            limit=limit,
            author=author,
            device=self._device,
            origin=origin,
        )
        head = write_head(statement, self._sign, None if is_sealed else entries)
        return Stated(head, write_opening(entries) if is_sealed else None, statement.model)

    async def refit(self, root: bytes, shares: Sequence[int], author: Cid | None = None) -> Fitted:
        """Fits anew on the counted ratings named by `root`, with the `shares` that the model in question names.

        `author`: whose receipt it is; the words on which ids mean one film count as they do for them. Raises
        `Unreachable` where others are counted here, `BadInput` for shares that cannot be.
        """
        names = NO_NAMES if author is None else film_names(self._library.catalogue, author).names
        counted = self._library.counted.arrays(names)
        if counted.root != root:
            raise Unreachable(
                f"found the ratings {counted.root.hex()[:16]}… counted here, expected those of the root "
                f"{root.hex()[:16]}…: only a node that holds the same records can fit on them anew"
            )
        return await fit_apart(counted, words_of(self._library.catalogue, counted.films, names), shares)
