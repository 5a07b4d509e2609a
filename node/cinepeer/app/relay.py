"""Carrying the deeds of creators who have no credits: announced in records, at this account's cost, within limits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from cinepeer.app.library import Library
from cinepeer.app.parts import RecordStore
from cinepeer.app.titles import DAY_S, Titles
from cinepeer.errors import CinepeerError, Refused
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record
from cinepeer.rights.deeds import Deed, recover, register_call

log = logging.getLogger("cinepeer.relay")


class Relaying:
    """Takes announced deeds to the ledger: at most so many a day, and one a day of each author."""

    def __init__(
        self,
        titles: Titles,
        library: Library,
        store: RecordStore,
        clock_ms: Callable[[], int],
        most_a_day: int,
        carried: Sequence[str] = (),
        keep: Callable[[Sequence[str]], None] = lambda _lines: None,
    ) -> None:
        """
        `most_a_day` 0 carries none; `carried` are the lines of the last run about what it took there, and `keep` puts
        all of them durably on the disk, so that a restart does not begin the day anew.
        """
        self._titles = titles
        self._library = library
        self._store = store
        self._clock_ms = clock_ms
        self._most = most_a_day
        self._carried = [found for line in carried if (found := _parse_line(line)) is not None]
        self._keep = keep
        self._tasks: set[asyncio.Task[list[bytes]]] = set()

    def take(self, records: Sequence[Record]) -> None:
        """Considers newly arrived records beside whatever else goes on."""
        titles = [record for record in records if record.kind == "title"]
        if self._most and titles:
            task = asyncio.create_task(self.consider(titles), name="relay-deeds")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def consider(self, records: Sequence[Record]) -> list[bytes]:
        """Carries what of these may be; the transactions. A deed that the ledger refuses counts all the same."""
        done = []
        for record in records if self._most else ():
            try:
                deed, signature, registry = await self._wanted(record)
                if deed is None or not self._takes(record.author):
                    continue
                self._carried.append((self._clock_ms() // 1000, record.author))
                self._keep([f"{time} {author}" for time, author in self._carried])
                receipt = await self._titles.send(registry, register_call(deed, signature))
            except CinepeerError as error:
                log.warning("relay.failed record=%s reason=%s", record.id, error)
                continue
            log.info("relay.carried record=%s block=%d", record.id, receipt.block)
            done.append(receipt.tx)
        return done

    async def _wanted(self, record: Record) -> tuple[Deed | None, bytes, bytes]:
        """The deed of a record, its creator's signature and its registry, if it is one that may be carried now."""
        held = await self._store.get(record.id) if record.kind == "title" else None
        if held is None or held[1] is None or not self._store.feeds.counts(record):
            return None, b"", b""
        try:
            body = parse_body("title", held[1])
            contracts = self._titles.sets.named_by(body)
            if contracts is None or contracts.titles != body["contract"]:
                return None, b"", b""
            deed, signature = Deed.from_map(body["deed"]), body["signature"]  # type: ignore[arg-type]
            if type(signature) is not bytes or recover(deed.digest(contracts), signature) != deed.creator:
                return None, b"", b""
        except Refused:
            return None, b"", b""
        film = self._library.catalogue.films.get(str(body["film"]))
        is_its_own = film is not None and film.author == record.author and film.record.digest == deed.metadata
        if not is_its_own or self._clock_ms() // 1000 > deed.deadline or await self._titles.standing(deed) is not None:
            return None, b"", b""
        return deed, signature, contracts.titles

    def _takes(self, author: Cid) -> bool:
        """Whether the day's limits leave room for one more of this author."""
        since = self._clock_ms() // 1000 - DAY_S
        self._carried = [(time, who) for time, who in self._carried if time > since]
        return len(self._carried) < self._most and all(who != author for _, who in self._carried)


def _parse_line(line: str) -> tuple[int, Cid] | None:
    """When a deed was carried and of which author; None for a line that says neither."""
    time, _, author = line.strip().partition(" ")
    try:
        return int(time), Cid.parse(author)
    except (ValueError, Refused):
        return None
