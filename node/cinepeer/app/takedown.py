"""Takedown: somebody reports, a node's owner rules and says why in public, the creator answers. All are records."""

from __future__ import annotations

from typing import Any

from cinepeer.app.identity import Author
from cinepeer.app.library import Library
from cinepeer.app.moderate import Moderation
from cinepeer.app.parts import RecordStore
from cinepeer.app.reported import Appeal, Report, Reported, Ruling
from cinepeer.errors import Absent, BadInput, Refused
from cinepeer.records.cid import Cid


class Takedown:
    """Signs reports, rulings and appeals of this node's author; a ruling is carried out here before it is signed."""

    def __init__(self, author: Author, library: Library, store: RecordStore, moderation: Moderation) -> None:
        self._author = author
        self._library = library
        self._store = store
        self._moderation = moderation

    @property
    def _reported(self) -> Reported:
        return self._library.catalogue.reported

    async def report(self, on: Cid, ground: str, text: str, language: str, contact: str | None) -> Cid:
        """Reports a record that is held here; raises `Absent` where it is not."""
        await self._verify_held(on)
        fields = {"on": on, "ground": ground, "text": text, "language": language, "contact": contact}
        return await self._sign("report", fields)

    async def rule(self, named: Cid, *, denied: bool, reason: str, language: str) -> Ruling:
        """Denies or keeps what a report is about, or a record itself, and signs that with its reason.

        What is denied goes first; what is kept is taken from the deny list, if it stands there itself. Raises `Absent`
        for what is not held here.
        """
        report = self._reported.reports.get(named)
        on = named if report is None else report.on
        await self._verify_held(on)
        if on == self._author.id and denied:
            raise BadInput("found this node's own author, expected somebody else to deny")
        if denied:
            await self._moderation.deny(str(on))
        elif self._moderation.is_listed(on):
            self._moderation.allow(str(on))
        answered = None if report is None else report.record
        fields = {"on": on, "report": answered, "denied": denied, "reason": reason, "language": language}
        return self._reported.rulings[await self._sign("ruling", fields)]

    async def appeal(self, ruling: Cid, text: str, language: str) -> Cid:
        """Says something against a ruling; raises `Absent` where none of that id counts here."""
        if ruling not in self._reported.rulings:
            raise Absent(f"found no ruling {ruling} here, expected one that is shown")
        return await self._sign("appeal", {"ruling": ruling, "text": text, "language": language})

    def waiting(self) -> list[Report]:
        """The reports that wait for a ruling of this node's author, oldest first."""
        return self._reported.open_for(self._author.id)

    def appeals(self, ruling: Ruling) -> list[Appeal]:
        """What was said against a ruling, oldest first."""
        return self._reported.appeals_to(ruling.record)

    async def author_of(self, on: Cid) -> Cid | None:
        """Whose record it is: who may answer for it. None where it is not held here."""
        held = await self._store.get(on)
        return None if held is None else held[0].author

    async def _verify_held(self, on: Cid) -> None:
        if await self._store.get(on) is None:
            raise Absent(f"found no record {on} here, expected a film, a version, an author or words that are held")

    async def _sign(self, kind: str, fields: dict[str, Any]) -> Cid:
        try:
            record = await self._author.sign(kind, fields)
        except Refused as error:
            raise BadInput(str(error)) from error
        await self._library.refresh()
        return record.id
