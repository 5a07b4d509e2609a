"""Custody: keys of licensed films, taken from their creators and given to those whom the ledger names."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol

from cinepeer.app.catalogue import Film, Version
from cinepeer.app.library import Library
from cinepeer.app.parts import RecordStore
from cinepeer.app.titles import Titles
from cinepeer.content import wrapping
from cinepeer.content.cipher import Sealed, commitment_of, sealed_of, verify_key
from cinepeer.errors import BadInput, CinepeerError, Refused
from cinepeer.records.cid import Cid
from cinepeer.records.keys import public_key
from cinepeer.records.span import ALL
from cinepeer.rights.deposit import Deposit, deposit_context, encode_kept, parse_question, verify_deposit
from cinepeer.rights.release import KeyRequest, Release, decide, encode_refusal, encode_release, verify_request
from cinepeer.rights.state import State

log = logging.getLogger("cinepeer.custody")

MAX_KEYS = 10_000
MAX_QUESTIONS = 60
MAX_ASKERS = 1_000
MINUTE_MS = 60_000

_PREFIX = "content-"


class Vault(Protocol):
    """Secrets of 32 bytes by name, as the home's keystore keeps them."""

    @property
    def encrypted(self) -> bool: ...
    def names(self) -> Sequence[str]: ...
    def secret(self, name: str) -> bytes: ...
    def keep(self, name: str, secret: bytes) -> None: ...


class Custody:
    """What a custodian does; where `is_willing` is not set it keeps its own author's keys alone."""

    def __init__(
        self,
        vault: Vault,
        store: RecordStore,
        library: Library,
        titles: Titles,
        device_seed: bytes,
        clock_ms: Callable[[], int],
        entropy: Callable[[int], bytes],
        *,
        is_willing: bool = False,
        is_denied: Callable[[Cid], bool] = lambda _: False,
    ) -> None:
        """`device_seed`: of this node's own device, to which creators wrap their keys.

        `is_denied`: whether the owner of this node denies a film's root or its author.
        """
        self._vault = vault
        self._store = store
        self._library = library
        self._titles = titles
        self._seed = device_seed
        self._clock_ms = clock_ms
        self._entropy = entropy
        self._state: tuple[int, State] | None = None
        self._asked: dict[str, list[int]] = {}
        self._is_denied = is_denied
        self.is_willing = is_willing
        self.counts: Counter[str] = Counter()

    @property
    def is_encrypted(self) -> bool:
        """Whether the keys lie here under a passphrase."""
        return self._vault.encrypted

    def sealing_secret(self) -> bytes:
        """The secret (32 bytes) of this home from which the keys of its own films follow."""
        return self._vault.secret("sealing")

    def keep(self, key: bytes) -> None:
        """Keeps the content key (32 bytes) of an own version; safe to repeat."""
        self._vault.keep(_name(commitment_of(key)), key)

    def key_of(self, sealed: Sealed) -> bytes | None:
        """The content key of a sealed version, where it lies here."""
        name = _name(sealed.commitment)
        if name not in self._vault.names():
            return None
        key = self._vault.secret(name)
        verify_key(key, sealed)
        return key

    def held(self) -> list[tuple[Film, Version, Sealed]]:
        """The sealed versions whose keys lie here, with their films."""
        names = set(self._vault.names())
        found = []
        for film in self._library.catalogue.films.values():
            for version in film.versions:
                sealed = _sealed(version)
                if sealed is not None and _name(sealed.commitment) in names:
                    found.append((film, version, sealed))
        return sorted(found, key=lambda one: (one[0].name, one[1].id))

    def responder(self, peer_id: str) -> Callable[[bytes], Awaitable[bytes]]:
        """Answers the questions of one peer. Raises `Refused` for what is no question, so that the peer is blamed."""

        async def answer(question: bytes) -> bytes:
            try:
                asked = parse_question(question)
            except Refused as error:
                self.counts[error.reason] += 1
                raise
            try:
                self._check_turn(peer_id)
                if isinstance(asked, Deposit):
                    self.take(asked)
                    return encode_kept()
                return encode_release(await self.release(asked))
            except Refused as error:
                self.counts[error.reason] += 1
                return encode_refusal(error)
            except CinepeerError as error:
                self.counts["unable"] += 1
                return encode_refusal(Refused("unable", f"{error} (at the custodian)"))

        return answer

    def take(self, deposit: Deposit) -> None:
        """Takes a creator's key into custody; raises `Refused` with the reason by name."""
        if not self.is_willing:
            raise Refused("not-custodian", "found a node that keeps no keys for others, expected one that says custody")
        if deposit.custodian != public_key(self._seed):
            raise Refused("wrong-custodian", "found a key for another device, expected one for this node's")
        verify_deposit(deposit)
        film, version, sealed = self._sealed(deposit.version)
        known = self._store.feeds.devices(film.author).get(deposit.device)
        if known is None or known.name is None or known.span != ALL:
            raise Refused("wrong-author", "found a key from another device, expected one of the film's author")
        context = deposit_context(version.id, deposit.custodian)
        key = wrapping.unwrap(deposit.wrapped, wrapping.device_secret(self._seed), context)
        verify_key(key, sealed)
        name, names = _name(sealed.commitment), self._vault.names()
        if name not in names and sum(one.startswith(_PREFIX) for one in names) >= MAX_KEYS:
            raise Refused("too-many", f"found {MAX_KEYS:,} keys kept here already, expected room for another")
        self._vault.keep(name, key)
        self.counts["taken"] += 1
        log.info("custody.taken version=%s", version.id)

    async def release(self, request: KeyRequest) -> Release:
        """The key for a licensee, by the ledger as it stands; raises `Refused` with the reason by name."""
        film, version, sealed = self._sealed(request.version)
        verify_request(request, self._titles.sets.first, self._clock_ms() // 1000)
        key = self.key_of(sealed)
        if key is None:
            raise Refused("no-key", f"found no key of {film.name!r} here, expected one of its custodians to be asked")
        try:
            title = self._titles.title_of(film)
        except BadInput as error:
            raise Refused("no-licence", str(error)) from error
        state, block, now_s = await self._ledger()
        try:
            # Not by the request's time: a licence that ended a minute ago is over.
            answer = decide(state, title, replace(request, time=now_s))
        except BadInput as error:  # a territory or medium of a stranger's making
            raise Refused("bad-form", str(error)) from error
        if not answer.allowed:
            raise Refused("no-licence", f"{answer.reason} (as of block {block})")
        wrapped = wrapping.wrap(key, request.agreement, self._entropy(32), request.context)
        self.counts["released"] += 1
        log.info("custody.released version=%s account=0x%s block=%d", version.id, request.account.hex(), block)
        return Release.of(wrapped, block, answer)

    async def answer(self, request: KeyRequest, asker: str) -> Release:
        """Like `release`, for somebody who is not a peer: counted, and bounded for each `asker`."""
        try:
            self._check_turn(asker)
            return await self.release(request)
        except Refused as error:
            self.counts[error.reason] += 1
            raise

    def _sealed(self, version_id: Cid) -> tuple[Film, Version, Sealed]:
        for film in self._library.catalogue.films.values():
            for version in film.versions:
                if version.id == version_id:
                    if self._is_denied(version.root) or self._is_denied(version.author):
                        raise Refused("denied", f"found {film.name!r} denied by the owner of this node")
                    sealed = sealed_of(version.fields)
                    if sealed is None:
                        raise Refused("not-sealed", f"found {film.name!r} open to everybody, expected a licensed film")
                    return film, version, sealed
        raise Refused("unknown-version", f"found no version {version_id} here, expected one that this node knows")

    async def _ledger(self) -> tuple[State, int, int]:
        """The ledger's state, its block and now in seconds; folded anew only when a block was added."""
        head = await self._titles.ledger.head()
        if self._state is None or self._state[0] != head:
            state, block = await self._titles.state()
            self._state = block, state
        block, state = self._state
        return state, block, await self._titles.now_s(block)

    def _check_turn(self, asker: str) -> None:
        """Raises `Refused` (`too-often`) for whoever asks more than so often in a minute."""
        now_ms = self._clock_ms()
        turns = [at for at in self._asked.pop(asker, []) if now_ms - at < MINUTE_MS]
        self._asked[asker] = turns
        while len(self._asked) > MAX_ASKERS:
            del self._asked[next(iter(self._asked))]
        if len(turns) >= MAX_QUESTIONS:
            raise Refused("too-often", f"found more than {MAX_QUESTIONS} questions in a minute, expected fewer")
        turns.append(now_ms)


def _name(commitment: bytes) -> str:
    return _PREFIX + commitment.hex()


def _sealed(version: Version) -> Sealed | None:
    """Like `sealed_of`, None also for what is sealed in a way that is not known here."""
    try:
        return sealed_of(version.fields)
    except Refused:
        return None
