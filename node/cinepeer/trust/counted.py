"""Counted ratings: of all held ones, the newest per author and film, as a fold that any order leaves the same.

What rating records say lies in columns of numbers, so that a rating takes some seventy bytes and no object. All words
stay, also those that a newer one hides or that do not count: when a fork, a revocation or a retraction takes words off,
those that they hid stand again without another look at the records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.span import Span
from cinepeer.trust.column import Column
from cinepeer.trust.rating_arrays import RatingArrays
from cinepeer.trust.rows import DIGEST_BYTES, WITHDRAWN, Rows
from cinepeer.trust.standing import Standing

_LOW = 0xFFFFFFFF

Retracted = Mapping[Cid, "set[Cid]"]
NO_NAMES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, order=True)
class Given:
    """One author's standing word on one film; the newest by (time, record id) holds. `stars` None: withdrawn."""

    time: int
    record: Cid
    stars: int | None


class Counted:
    """The newest rating of every author for every film. Unweighted: every author counts the same."""

    def __init__(self) -> None:
        self.authors: dict[Cid, int] = {}
        self.films: dict[str, int] = {}
        self.devices: dict[bytes, int] = {}
        # Of each rating record with its body: numbers of author and device, seq, time in ms, id's digest, if it counts.
        self.columns: dict[str, Column] = {
            "author": Column(np.int32),
            "device": Column(np.int32),
            "seq": Column(np.int64),
            "time": Column(np.int64),
            "digest": Column(np.uint8, DIGEST_BYTES),
            "counts": Column(np.bool_),
            # Of each word: numbers of the record and the film, stars.
            "record": Column(np.int32),
            "film": Column(np.int32),
            "stars": Column(np.uint8),
            # Of each rating record whose body is not held: digest.
            "bodiless": Column(np.uint8, DIGEST_BYTES),
        }
        self.standing = Standing(self._ages)
        self._by_author: Column = Column(np.int64)  # how many records of each author count
        self._author_ids: list[Cid] = []
        self._film_ids: list[str] = []

    def restore(
        self, authors: list[Cid], devices: list[bytes], films: list[str], standing: tuple[Any, npt.NDArray[np.int32]]
    ) -> None:
        """Takes the names that the columns, filled before, point into, and what stood; for `kept` alone."""
        self.authors = {author: number for number, author in enumerate(authors)}
        self.devices = {device: number for number, device in enumerate(devices)}
        self.films = {film: number for number, film in enumerate(films)}
        self._author_ids, self._film_ids = authors, films
        self.standing = Standing(self._ages, *standing)
        self._add_author_counts(self.columns["author"].values[self.columns["counts"].values])

    # Taking in

    def extend(self, rows: Rows) -> None:
        """Folds in rating records that are not held yet, each with what `Rows` says of it."""
        self._extend_bodiless(rows)
        if not len(rows):
            return
        author_of = self._numbered(self.authors, map(Cid, rows.authors), self._author_ids)
        film_of = self._numbered(self.films, rows.films, self._film_ids)
        device_of = self._numbered(self.devices, rows.devices)
        first_record, first_word = len(self.columns["author"]), len(self.columns["film"])
        author = author_of[np.frombuffer(rows.author, np.int32)]
        counts = np.frombuffer(bytes(rows.counts), np.bool_)
        self._add("author", author)
        self._add("device", device_of[np.frombuffer(rows.device, np.int32)])
        self._add("seq", np.frombuffer(rows.seq, np.int64))
        self._add("time", np.frombuffer(rows.time, np.int64))
        self._add("digest", np.frombuffer(bytes(rows.digests), np.uint8).reshape(-1, DIGEST_BYTES))
        self._add("counts", counts)
        self._add_author_counts(author[counts])
        record = np.frombuffer(rows.record, np.int32)
        film = film_of[np.frombuffer(rows.film, np.int32)]
        self._add("record", record + np.int32(first_record))
        self._add("film", film)
        self._add("stars", np.frombuffer(bytes(rows.stars), np.uint8))
        keys = author[record].astype(np.int64) << 32 | film
        words = np.arange(first_word, first_word + len(film), dtype=np.int32)
        said = counts[record]
        self.standing.take(keys[said], words[said])

    def _extend_bodiless(self, rows: Rows) -> None:
        self._add("bodiless", np.frombuffer(bytes(rows.bodiless), np.uint8).reshape(-1, DIGEST_BYTES))

    def _add(self, name: str, values: npt.NDArray[Any]) -> None:
        self.columns[name].extend(values)

    def _numbered(self, numbers: dict[Any, int], names: Iterable[Any], ids: list[Any] | None = None) -> Any:
        """The number here of each name, new ones counted on; int32."""
        found = []
        for name in names:
            number = numbers.setdefault(name, len(numbers))
            if ids is not None and number == len(ids):
                ids.append(name)
            found.append(number)
        return np.array(found, np.int32)

    def _add_author_counts(self, author: npt.NDArray[np.int32]) -> None:
        missing = len(self.authors) - len(self._by_author)
        self._by_author.extend(np.zeros(missing, np.int64))
        np.add.at(self._by_author.values, author, 1)

    def bodiless(self) -> list[Cid]:
        """The rating records that are known here without their bodies."""
        return [Cid.from_digest(row.tobytes(), DAG_CBOR) for row in self.columns["bodiless"].values]

    def lacking(self, records: Iterable[Cid]) -> list[Cid]:
        """Those of `records` that are known here without their bodies."""
        named = sorted({record[-DIGEST_BYTES:]: record for record in records}.items())
        if not named or not len(self.columns["bodiless"]):
            return []
        held = {bytes(row) for row in self._bodiless_among([digest for digest, _ in named])}
        return [record for digest, record in named if digest in held]

    def complete(self, records: Iterable[Cid]) -> None:
        """Forgets that the bodies of `records` were lacking: they come with `extend`."""
        digests = {record[-DIGEST_BYTES:] for record in records}
        rows = self.columns["bodiless"].values
        kept = np.array([bytes(row) not in digests for row in rows], bool) if len(rows) else np.zeros(0, bool)
        column = Column(np.uint8, DIGEST_BYTES)
        column.extend(rows[kept])
        self.columns["bodiless"] = column

    def _bodiless_among(self, digests: list[bytes]) -> npt.NDArray[np.uint8]:
        """The bodiless rows whose first eight bytes are those of one of some sorted digests."""
        rows = self.columns["bodiless"].values
        heads = np.ascontiguousarray(rows[:, :8]).view(">u8").ravel().astype(np.uint64)
        wanted = np.array([int.from_bytes(digest[:8], "big") for digest in digests], np.uint64)
        places = np.searchsorted(wanted, heads).clip(max=len(wanted) - 1)
        found: npt.NDArray[np.uint8] = rows[wanted[places] == heads]
        return found

    # What counts

    def recount(self, authors: Iterable[Cid], span: Callable[[Cid, bytes], Span], retracted: Retracted) -> None:
        """Decides anew which records of some authors count: those within the span of their device, less the retracted.

        `span` is what counts of an author's device; `retracted` names records by their author.
        """
        known = [author for author in dict.fromkeys(authors) if author in self.authors]
        if not known:
            return
        is_changed = np.zeros(len(self.authors), bool)
        is_changed[[self.authors[author] for author in known]] = True
        rows = np.flatnonzero(is_changed[self.columns["author"].values])
        counts = self._judged(rows, span, retracted)
        if (counts == self.columns["counts"].values[rows]).all():
            return
        self.columns["counts"].values[rows] = counts
        self._by_author.values[is_changed] = 0
        self._add_author_counts(self.columns["author"].values[rows[counts]])
        record, film = self.columns["record"].values, self.columns["film"].values
        is_counted = np.zeros(len(self.columns["counts"]), bool)
        is_counted[rows[counts]] = True
        words = np.flatnonzero(is_counted[record]).astype(np.int32)
        keys = self.columns["author"].values[record[words]].astype(np.int64) << 32 | film[words]
        self.standing.replace(lambda whose: is_changed[whose], keys, words)

    def _judged(
        self, rows: npt.NDArray[np.int64], span: Callable[[Cid, bytes], Span], retracted: Retracted
    ) -> npt.NDArray[np.bool_]:
        """Which of the records at `rows` count."""
        devices = list(self.devices)
        author, device = self.columns["author"].values[rows], self.columns["device"].values[rows]
        seq, digest = self.columns["seq"].values[rows], self.columns["digest"].values[rows]
        counts = np.zeros(len(rows), bool)
        pairs, pair = np.unique(author.astype(np.int64) << 32 | device, return_inverse=True)
        order = np.argsort(pair, kind="stable")
        ends = np.cumsum(np.bincount(pair, minlength=len(pairs)))
        for begin, end, key in zip(
            (ends - np.diff(ends, prepend=0)).tolist(), ends.tolist(), pairs.tolist(), strict=True
        ):
            own = order[begin:end]
            limit = span(self._author_ids[key >> 32], devices[key & _LOW])
            counts[own] = seq[own] < limit.before
            if limit.head is not None:
                at_head = own[seq[own] == limit.before]
                counts[at_head] = [bytes(row) == limit.head[-DIGEST_BYTES:] for row in digest[at_head]]
        for number in np.unique(author).tolist():
            taken_back = {record[-DIGEST_BYTES:] for record in retracted.get(self._author_ids[number], ())}
            if taken_back:
                own = np.flatnonzero((author == number) & counts)
                counts[own] = [bytes(row) not in taken_back for row in digest[own]]
        return counts

    # Asking

    @property
    def records(self) -> int:
        """How many rating records count."""
        return int(np.count_nonzero(self.columns["counts"].values))

    def records_of(self, author: Cid) -> int:
        """How many rating records of an author count."""
        number = self.authors.get(author)
        return 0 if number is None else int(self._by_author.values[number])

    def record_id(self, record: int) -> Cid:
        """The id of a record by its number in `RatingArrays.record`."""
        return Cid.from_digest(self.columns["digest"].values[record].tobytes(), DAG_CBOR)

    def stars_of(self, author: Cid) -> dict[str, int]:
        """The author's standing ratings, film id → stars; withdrawn ones left out."""
        number = self.authors.get(author)
        if number is None:
            return {}
        stars = self.columns["stars"].values
        found = {self._film_ids[film]: int(stars[word]) for film, word in self.standing.of_author(number).items()}
        return {film: given for film, given in found.items() if given != WITHDRAWN}

    def given(self, author: Cid, film: str) -> Given | None:
        """The author's standing word on a film, or None."""
        whose, about = self.authors.get(author), self.films.get(film)
        if whose is None or about is None:
            return None
        word = self.standing.at(whose, about)
        return None if word is None else self._given(word)

    def words_on(self, film: str) -> dict[Cid, Given]:
        """Every author's standing word on a film, withdrawn ones among them."""
        about = self.films.get(film)
        words = {} if about is None else self.standing.of_film(about)
        return {self._author_ids[author]: self._given(word) for author, word in words.items()}

    def likers(self, film: str, least: int) -> set[Cid]:
        """Authors whose standing rating of `film` is at least `least` stars (from 1)."""
        about = self.films.get(film)
        stars = self.columns["stars"].values
        words = {} if about is None else self.standing.of_film(about)
        return {self._author_ids[author] for author, word in words.items() if stars[word] >= max(least, 1)}

    def spread(self, film: str) -> list[int]:
        """All counted stars of a film, ascending: what its viewer score opens to."""
        about = self.films.get(film)
        if about is None:
            return []
        words = np.fromiter(self.standing.of_film(about).values(), np.int64)
        stars = np.sort(self.columns["stars"].values[words])
        return [int(given) for given in stars if given != WITHDRAWN]

    def arrays(self, names: Mapping[str, str] = NO_NAMES) -> RatingArrays:
        """Every counted rating as arrays in one order; costs some copies of what stands.

        `names`: the film's one name by each other id of it. An author's newest word under any of them holds.
        """
        keys, words = self.standing.arrays()
        film_ids = self._film_ids
        if not self.films.keys().isdisjoint(names):
            keys, words, film_ids = self._joined(keys, words, names)
        is_given = self.columns["stars"].values[words] != WITHDRAWN
        keys, words = keys[is_given], words[is_given]
        authors, author = _ranked(self._author_ids, (keys >> 32).astype(np.int32))
        films, film = _ranked(film_ids, (keys & _LOW).astype(np.int32))
        del keys
        order = np.argsort(author.astype(np.int64) << 32 | film)
        words = words[order]
        record = self.columns["record"].values[words]
        starts = np.zeros(len(authors) + 1, np.int64)
        np.cumsum(np.bincount(author, minlength=len(authors)), out=starts[1:])
        return RatingArrays(
            tuple(authors),
            tuple(films),
            starts,
            film[order],
            self.columns["stars"].values[words].astype(np.int8),
            self.columns["time"].values[record],
            record,
        )

    def _joined(
        self, keys: npt.NDArray[np.int64], words: npt.NDArray[np.int32], names: Mapping[str, str]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], list[str]]:
        """Keys by the films' one names, in no order, the newest word under each, and the films by number."""
        numbers = dict(self.films)
        joined = {film: name for film, name in names.items() if film in self.films}
        for name in sorted(joined.values()):
            numbers.setdefault(name, len(numbers))
        film_ids = list(numbers)
        becomes = np.arange(len(numbers), dtype=np.int64)
        becomes[[self.films[film] for film in joined]] = [numbers[name] for name in joined.values()]
        # Of one record's words on several ids the one under the greatest id holds.
        rank = np.zeros(len(numbers), np.int32)
        touched = sorted({*joined, *joined.values()})
        rank[[numbers[film] for film in touched]] = np.arange(1, len(touched) + 1)
        is_touched = rank[keys & _LOW] > 0
        rows = np.flatnonzero(is_touched)
        film = keys[rows] & _LOW
        own = keys[rows] - film + becomes[film]
        order = np.lexsort((rank[film], *reversed(self._ages(words[rows])), own))
        is_last = np.append(own[order][1:] != own[order][:-1], True) if len(order) else np.zeros(0, bool)
        newest = order[is_last]
        return (
            np.concatenate((keys[~is_touched], own[newest])),
            np.concatenate((words[~is_touched], words[rows[newest]])),
            film_ids,
        )

    def __eq__(self, other: object) -> bool:
        """Whether the same words stand."""
        return isinstance(other, Counted) and self._state() == other._state()

    __hash__ = None  # type: ignore[assignment]

    def _state(self) -> dict[tuple[Cid, str], Given]:
        return {(author, film): given for film in self.films for author, given in self.words_on(film).items()}

    # How

    def _given(self, word: int) -> Given:
        record = int(self.columns["record"].values[word])
        stars = int(self.columns["stars"].values[word])
        return Given(int(self.columns["time"].values[record]), self.record_id(record), stars or None)

    def _ages(self, words: npt.NDArray[np.int32]) -> list[npt.NDArray[Any]]:
        """Header times, then the ids' digests as four numbers; of one record's words all are the same."""
        record = self.columns["record"].values[words]
        digests = self.columns["digest"].values[record].view(">u8")
        return [self.columns["time"].values[record], *(digests[:, place] for place in range(4))]


def _ranked(names: list[Any], numbers: npt.NDArray[np.int32]) -> tuple[list[Any], npt.NDArray[np.int32]]:
    """The names that `numbers` use, ascending, and for each number the place of its name among them."""
    used = np.flatnonzero(np.bincount(numbers, minlength=len(names))).tolist()
    order = sorted(used, key=lambda number: names[number])
    ranks = np.zeros(len(names), np.int32)
    ranks[order] = np.arange(len(order), dtype=np.int32)
    return [names[number] for number in order], ranks[numbers]
