"""Licensed films from both ends: creators give keys to custodians, licensees get them from any one of those."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cinepeer.app.catalogue import Film, Provider, Version
from cinepeer.app.custody import Custody
from cinepeer.app.identity import Author
from cinepeer.app.library import Library
from cinepeer.app.talk import Notes, Reaching
from cinepeer.app.titles import Titles
from cinepeer.content import wrapping
from cinepeer.content.cipher import MAX_CUSTODIANS, Sealed, sealed_of
from cinepeer.errors import BadInput, CinepeerError, Refused, Unreachable
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.rights.deposit import PROTOCOL, Deposit, deposit_context, encode_question, parse_kept, sign_deposit
from cinepeer.rights.licences import medium_names
from cinepeer.rights.release import KeyRequest, Release, parse_release, sign_request

log = logging.getLogger("cinepeer.licensed")

TIMEOUT_S = 15.0
MAX_ASKED = 16
MEDIUM = "streaming"
EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Acquired:
    """A released key, still wrapped for the one who asked, and the author whose custodian gave it."""

    release: Release
    custodian: Cid


def parse_custodians(found: Sequence[str]) -> tuple[Cid, ...]:
    """Authors by their ids; raises `BadInput` for another thing, one named twice, or too many."""
    try:
        authors = tuple(Cid.parse(text) for text in found)
    except Refused as error:
        raise BadInput(f"{error}: a custodian is named by its author's id") from error
    if len(set(authors)) != len(authors) or any(author.codec != DAG_CBOR for author in authors):
        raise BadInput("found a custodian twice or one that is no author, expected authors, each once")
    if len(authors) > MAX_CUSTODIANS:
        raise BadInput(f"found {len(authors)} custodians, expected at most {MAX_CUSTODIANS}")
    return authors


class Licensed:
    """Carries keys from own films to their custodians, and asks custodians of others' films."""

    def __init__(
        self,
        custody: Custody,
        library: Library,
        author: Author,
        titles: Titles,
        network: Reaching,
        notes: Notes,
        keys: tuple[bytes, bytes],
        clock_ms: Callable[[], int],
        entropy: Callable[[int], bytes],
    ) -> None:
        """`keys`: the seed of this node's device, and the key of its account on the ledger."""
        self.custody = custody
        self._library = library
        self._author = author
        self._titles = titles
        self._network = network
        self._notes = notes
        self._device_seed, self._account_key = keys
        self._clock_ms = clock_ms
        self._entropy = entropy
        self._kept = {str(note["version"]): note for note in notes.all() if "version" in note}
        self._turn = asyncio.Lock()
        self._hinted = asyncio.Event()
        self.problems: dict[tuple[Cid, Cid], str] = {}

    # The creator's side

    def offering(self) -> list[Provider]:
        """The devices of others that say they keep keys for creators."""
        found = (one for one in self._library.catalogue.providers.values() if one.custody)
        return sorted((one for one in found if one.author != self._author.id), key=lambda one: (one.author, one.device))

    def own(self) -> list[tuple[Film, Version, Sealed]]:
        """The sealed versions of this author whose keys lie here."""
        return [one for one in self.custody.held() if one[0].author == self._author.id]

    def custodians(self, version: Version, sealed: Sealed) -> list[Cid]:
        """The authors who are to keep a version's key: those that its record names, and those named since."""
        since = [Cid.parse(text) for text in self._note(version).get("appointed", [])]
        return list(dict.fromkeys([*sealed.custodians, *since]))

    def has_given(self, version: Version, custodian: Cid) -> bool:
        """Whether a custodian of an own version has said that it keeps the key."""
        return str(custodian) in self._note(version).get("given", {})

    def appoint(self, film: Film, custodians: Sequence[str]) -> None:
        """Has more authors keep the keys of an own film; raises `BadInput`."""
        named = [str(author) for author in parse_custodians(custodians)]
        versions = [version for one, version, _ in self.own() if one.id == film.id]
        if not versions:
            raise BadInput(f"found no key of {film.name!r} made here, expected a licensed film of your own")
        for version in versions:
            note = self._note(version)
            appointed = list(dict.fromkeys([*note.get("appointed", []), *named]))
            if len(appointed) > MAX_CUSTODIANS:
                raise BadInput(f"found {len(appointed)} custodians, expected at most {MAX_CUSTODIANS}")
            self._save(version, {**note, "appointed": appointed})

    def hint(self) -> None:
        """Says that somebody may be there now who is to keep a key."""
        self._hinted.set()

    async def keep_giving(self) -> None:
        """Gives keys whenever there is a hint, and now and again without one."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._hinted.wait()
            self._hinted.clear()
            try:
                await self.give()
            except CinepeerError as error:
                log.warning("licensed.ungiven reason=%s", error)

    async def give(self) -> int:
        """Gives the keys of own films to those custodians that have not got them yet; returns how many took one."""
        async with self._turn:
            given = 0
            for _, version, sealed in self.own():
                for author in self.custodians(version, sealed):
                    if author != self._author.id and not self.has_given(version, author):
                        given += await self._give(version, sealed, author)
            return given

    async def _give(self, version: Version, sealed: Sealed, author: Cid) -> bool:
        """Gives a version's key to a device of one custodian; False where none took it, for a reason that is kept."""
        why = "found none of its nodes to say that it keeps keys, expected one with `custody` set"
        key = self.custody.key_of(sealed)
        for host in (one for one in self.offering() if one.author == author) if key is not None else ():
            try:
                receiver = wrapping.device_agreement(host.device)
                context = deposit_context(version.id, host.device)
                wrapped = wrapping.wrap(key or b"", receiver, self._entropy(32), context)
                parse_kept(await self._ask(host, sign_deposit(self._device_seed, version.id, host.device, wrapped)))
            except CinepeerError as error:
                why = str(error)
                continue
            note = self._note(version)
            self._save(version, {**note, "given": {**note.get("given", {}), str(author): host.device.hex()}})
            self.problems.pop((version.id, author), None)
            log.info("licensed.given version=%s custodian=%s", version.id, author)
            return True
        self.problems[version.id, author] = why
        return False

    def _note(self, version: Version) -> dict[str, Any]:
        return self._kept.get(str(version.id), {"version": str(version.id)})

    def _save(self, version: Version, note: dict[str, Any]) -> None:
        self._notes.save(str(version.id), note)
        self._kept[str(version.id)] = note

    # The licensee's side

    def request(self, version: Version, agreement: bytes, territory: str, medium: str) -> KeyRequest:
        """A request by this home's account; raises `BadInput` for a place or medium that is none."""
        now_s = self._clock_ms() // 1000
        # The genesis's own set, whichever the title is in: it names the network, and every node knows it.
        contracts = self._titles.sets.first
        return sign_request(self._account_key, contracts, version.id, agreement, territory, medium, now_s)

    async def acquire(
        self,
        version: Version,
        agreement: bytes,
        territory: str,
        medium: str | None = None,
        without: Collection[Cid] = (),
    ) -> Acquired:
        """The key of a version for the X25519 key `agreement`, from the first custodian that gives it.

        Without a `medium` it is one of this account's own licences, or else streaming. Authors `without` are not asked:
        what they gave did not open it, which only who has the private part of `agreement` can see.
        Raises `Refused` with what a custodian said of the licence, `Unreachable` where none could be asked.
        """
        sealed = sealed_of(version.fields)
        if sealed is None:
            raise Refused("not-sealed", "found a version open to everybody, expected one of a licensed film")
        request = self.request(version, agreement, territory, medium or await self._medium(version))
        refusals: list[Refused] = []
        if self.custody.key_of(sealed) is not None and self._author.id not in without:
            try:
                return Acquired(await self.custody.answer(request, "this node"), self._author.id)
            except Refused as error:
                refusals.append(error)
        away: list[str] = []
        hosts = [host for host in self._hosts(version, sealed) if host.author not in without]
        for host in hosts[:MAX_ASKED]:
            try:
                return Acquired(parse_release(await self._ask(host, request)), host.author)
            except Refused as error:
                refusals.append(error)
            except Unreachable as error:
                away.append(str(error))
        raise _worst(refusals, away)

    async def _medium(self, version: Version) -> str:
        """The medium for which this account's newest licence of a film stands; streaming where nothing tells of one."""
        try:
            title = self._titles.title_of(self._titles.film(str(version.fields["film"])))
            state, _ = await self._titles.state()
        except CinepeerError:
            return MEDIUM
        for licence in reversed(state.licences):
            if (licence.title, licence.licensee, licence.revoked) == (title, self._titles.address, False):
                names = medium_names(state.offers[licence.offer].media)
                return MEDIUM if MEDIUM in names else names[0] if names else MEDIUM
        return MEDIUM

    def _hosts(self, version: Version, sealed: Sealed) -> list[Provider]:
        """Who may have a version's key: the custodians of its record, its creator, then others that keep keys of it."""
        named = dict.fromkeys([*sealed.custodians, version.author])
        known = [one for one in self._library.catalogue.providers.values() if one.device != self._author.device]
        first = [one for author in named for one in known if one.author == author]
        rest = [one for one in known if one.custody and one.author not in named]
        return [*first, *sorted(rest, key=lambda one: (version.id not in one.versions, one.author, one.device))]

    async def _ask(self, host: Provider, question: KeyRequest | Deposit) -> bytes:
        """A host's answer; raises `Unreachable`, or `Refused` where it does not speak of keys."""
        connected = {neighbour.peer_id for neighbour in self._network.neighbours()}
        peers = {addr.rpartition("/p2p/")[2]: addr for addr in reversed(host.addrs)}
        told = f"found no address at which the host {host.author} is reached, expected one"
        for peer, addr in sorted(peers.items(), key=lambda one: one[0] not in connected):
            try:
                if peer not in connected:
                    await self._network.connect(addr)
                async with self._network.conversation(peer, PROTOCOL) as talk:
                    return await talk.ask(encode_question(question), TIMEOUT_S)
            except (Unreachable, BadInput) as error:
                told = str(error)
        raise Unreachable(told)


def _worst(refusals: Sequence[Refused], away: Sequence[str]) -> CinepeerError:
    """What to tell of several answers: first what was said of the licence, last that somebody has no key."""
    order = ("no-licence", "stale", "bad-signature", "bad-form", "bad-key")
    for reason in order:
        for refused in refusals:
            if refused.reason == reason:
                return refused
    if away or not refusals:
        told = away[0] if away else "none is known"
        return Unreachable(f"found no custodian that gives the key ({told}), expected one: try again when one is there")
    return refusals[0]


def standing(licensed: Licensed) -> list[Mapping[str, Any]]:
    """Own licensed films with their custodians, as plain values for a person."""
    return [
        {
            "film": film.id,
            "name": film.name,
            "version": str(version.id),
            "custodians": [
                {
                    "author": str(author),
                    "given": licensed.has_given(version, author),
                    "problem": licensed.problems.get((version.id, author)),
                }
                for author in licensed.custodians(version, sealed)
            ],
        }
        for film, version, sealed in licensed.own()
    ]
