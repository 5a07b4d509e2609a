"""What the ledger owes whom, and whether a film may be shown: questions of rights, answered from its entries."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cinepeer.app.catalogue import Film
from cinepeer.app.identity import Author
from cinepeer.app.library import Library
from cinepeer.app.parts import RecordStore
from cinepeer.app.standing import claims_told, disputes_told, offer_told
from cinepeer.app.titles import Titles
from cinepeer.errors import BadInput, CinepeerError, Refused
from cinepeer.rights.inspection import moment
from cinepeer.rights.sentence import offer_sentence
from cinepeer.rights.showing import (
    FilmRights,
    Release,
    Screener,
    can_show_film,
    parse_screener,
    release_of,
    screener_text,
    verify_screener,
)
from cinepeer.rights.state import State, fold
from cinepeer.rights.statement import Statement, of_holder, parts_text, rows_csv, statement_of, verify_statement

log = logging.getLogger("cinepeer.statements")

MAX_SCREENER_S = 3_653 * 86_400


class Statements:
    """Reads the ledger for people: money by holder and period, and what may be shown where."""

    def __init__(
        self, titles: Titles, library: Library, store: RecordStore, author: Author, clock_s: Callable[[], int]
    ) -> None:
        self._titles = titles
        self._library = library
        self._store = store
        self._author = author
        self._clock_s = clock_s

    async def statement(self, film: Film | None, holder: bytes | None, begin: int, end: int) -> dict[str, Any]:
        """The statement of a period (seconds), of one film or all, of one holder or all; amounts are exact text."""
        if not 0 <= begin < end:
            raise BadInput(f"found the period {begin} to {end}, expected one that begins before it ends")
        found, block = await self._statement(film, holder, begin, end)
        names = self._names()
        return {
            "begin": begin,
            "end": end,
            "block": block,
            "rows": [
                {
                    "title": _hex(row.title),
                    "film": names.get(row.title, ("", ""))[0],
                    "name": names.get(row.title, ("", ""))[1],
                    "holder": _hex(row.holder),
                    "currency": _hex(row.token),
                    "shares": row.shares,
                    "opening": parts_text(row.opening),
                    "earned": parts_text(row.earned),
                    "paid_out": str(row.paid),
                    "redeemed": str(row.redeemed),
                    "closing": parts_text(row.closing),
                }
                for row in found.rows
            ],
            "purses": [
                {
                    "title": _hex(one.title),
                    "currency": _hex(one.token),
                    "opening": str(one.opening),
                    "credited": str(one.credited),
                    "paid_out": str(one.paid),
                    "closing": str(one.closing),
                }
                for one in found.purses
            ],
            "sources": [
                {
                    "title": _hex(one.title),
                    "currency": _hex(one.token),
                    "payer": _hex(one.payer),
                    "sort": one.sort,
                    "amount": str(one.amount),
                }
                for one in found.sources
            ],
            "csv": rows_csv(found, {title: name for title, (_, name) in names.items()}),
        }

    async def _statement(self, film: Film | None, holder: bytes | None, begin: int, end: int) -> tuple[Statement, int]:
        entries, block = await self._titles.entries()
        chosen = None if film is None else frozenset([bytes(self._titles.registered(film)[1]["title"])])
        found = statement_of(entries, begin, end, [one.licences for one in self._titles.sets.sets], chosen)
        verify_statement(found)
        return (found if holder is None else of_holder(found, holder)), block

    def _names(self) -> dict[bytes, tuple[str, str]]:
        return {
            bytes(fields["title"]): (film.id, film.name)
            for film in self._library.catalogue.films.values()
            for _, fields in film.titles
        }

    async def showing(
        self,
        film: Film,
        territory: str,
        medium: str,
        time: int | None,
        block: int | None,
        licensee: bytes | None,
        screener: str | None,
        own: bool = False,
    ) -> dict[str, Any]:
        """
        Whether a film may be shown, why, and which entry decides; with competing claims and disputes. With `own`,
        what is refused to any viewer may still be shown under a licence of this node's account.
        """
        entries, head = await self._titles.entries()
        if block is not None and block > head:
            raise BadInput(f"found the block {block}, expected one up to the ledger's newest, {head}")
        at = await self._titles.now_s(head) if time is None else time
        title = self._title(film)
        rights = FilmRights(title, entries, release_of(film.fields))
        link = None if screener is None else self._verified(screener, film)
        answer = can_show_film(rights, territory, medium, at, block, licensee=licensee, screener=link)
        if own and not answer.allowed and licensee is None:
            # To its own author a film is out already.
            known = replace(rights, release=Release()) if film.author == self._author.id else rights
            mine = can_show_film(known, territory, medium, at, block, licensee=self._titles.address, screener=link)
            answer = mine if mine.allowed else answer
        state = fold(entries, up_to=block)
        return {
            "allowed": answer.allowed,
            "reason": answer.reason,
            "code": answer.code,
            "facts": dict(answer.facts),
            "entry": None if answer.entry is None else {"block": answer.entry.block, "log": answer.entry.log.index},
            "block": head if block is None else block,
            "time": at,
            "title": None if title is None else _hex(title),
            "disputes": [] if title is None else disputes_told(state, title),
            "claims": [] if title is None else claims_told(state, title),
        }

    def _title(self, film: Film) -> bytes | None:
        try:
            return bytes(self._titles.registered(film)[1]["title"])
        except BadInput:
            return None  # a film without a title in this network

    def _verified(self, text: str, film: Film) -> Screener:
        try:
            screener = parse_screener(text)
            known = self._store.feeds.devices(film.author)
            devices = {key for key, device in known.items() if device.name is not None}
            verify_screener(screener, film.record, devices)
        except Refused as refused:
            raise BadInput(str(refused)) from refused
        return screener

    def screener(self, film: Film, until: int) -> dict[str, Any]:
        """A link by which an own film may be seen until a time (seconds) although its premiere is still to come."""
        if film.author != self._author.id:
            raise BadInput(f"found the film {film.id} of another author, expected one of your own")
        now = self._clock_s()
        if not now < until <= now + MAX_SCREENER_S:
            raise BadInput(f"found an end at {moment(until)}, expected a time to come within ten years")
        link = screener_text(self._author.sign_screener(film.record, until))
        return {"film": film.id, "until": until, "screener": link, "path": f"/film/{film.id}#screener={link}"}

    async def offers(self, film: Film, language: str) -> list[dict[str, Any]]:
        """The licence offers of a film, each with its terms, where it stands, and one plain text in a language."""
        title = self._title(film)
        held = [] if title is None else self._library.catalogue.offers_of(title)
        state: State | None = None
        try:
            state = (await self._titles.state())[0] if held else None
        except CinepeerError as error:
            log.info("offers.unknown film=%s reason=%s", film.id, error)
        own, now = self._titles.address, self._clock_s()
        told = []
        for signed in held:
            try:
                contracts = self._titles.offered_in(signed[1])
                told.append(
                    offer_told(signed, contracts, state, own, now, lambda offer: offer_sentence(offer, language))
                )
            except (Refused, BadInput) as error:  # anybody may sign a record that looks like an offer
                log.info("offers.odd record=%s reason=%s", signed[0].id, error)
        return told


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
