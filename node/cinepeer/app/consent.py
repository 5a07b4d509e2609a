"""What the ledger says against keeping a film for others: a dispute that suspended or voided its title."""

from __future__ import annotations

import logging

from cinepeer.app.catalogue import Version
from cinepeer.app.library import Library
from cinepeer.app.titles import Titles
from cinepeer.errors import BadInput, CinepeerError
from cinepeer.rights.licences import may_keep
from cinepeer.rights.state import State

log = logging.getLogger("cinepeer.consent")


class Consent:
    """Asks the ledger about versions; its state is folded anew only when a block was added."""

    def __init__(self, titles: Titles, library: Library) -> None:
        self._titles = titles
        self._library = library
        self._state: State | None = None
        self._block = -1

    async def objection(self, version: Version) -> str | None:
        """Why a version should not be kept; None when nothing speaks against it, or no ledger answers."""
        film = self._library.catalogue.films.get(str(version.fields["film"]))
        if film is None:
            return None
        try:
            title = bytes(self._titles.registered(film)[1]["title"])
        except BadInput:
            return None  # a film without a title in this network
        try:
            if self._state is None or await self._titles.ledger.head() != self._block:
                self._state, self._block = await self._titles.state()
        except CinepeerError as error:
            log.info("consent.unknown version=%s reason=%s", version.id, error)
            return None
        answer = may_keep(self._state, title)
        return None if answer.allowed else f"{answer.reason}, as of block {self._block}"
