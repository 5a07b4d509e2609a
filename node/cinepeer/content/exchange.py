"""Which provider is asked for which block: pure, time is an argument, so that slow and lying ones can be simulated."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cinepeer.records.cid import Cid

FIRST_WINDOW = 16
MAX_WINDOW = 64
MAX_STALLS = 3
MAX_ASKERS = 2  # providers that one block is asked of at a time
LOOKED_AT = 256  # wanted blocks looked at for one round of questions

Questions = list[tuple[str, list[Cid]]]


@dataclass(slots=True)
class _Provider:
    """What one peer was asked and has not answered; `heard_s` is when it last gave anything, or was first asked."""

    window: int = FIRST_WINDOW
    stalls: int = 0
    heard_s: float = 0.0
    asked: dict[Cid, float] = field(default_factory=dict)  # → when


@dataclass(slots=True)
class _Wanted:
    """One block that is not here: who is asked for it now, and who said that they lack it."""

    askers: set[str] = field(default_factory=set)
    without: set[str] = field(default_factory=set)


class Exchange:
    """Wanted blocks on one side, providers on the other.

    A provider gets as many questions as its window allows, and the window grows with each answer. One that is silent
    for `patience_s` loses its questions to the others and is asked last from then on; after three silences, or a
    lie, it is not asked again. At the end, idle providers are asked for what slower ones still owe.
    """

    def __init__(self, providers: Sequence[str], patience_s: float) -> None:
        self._providers = {peer: _Provider() for peer in dict.fromkeys(providers)}
        self._wanted: dict[Cid, _Wanted] = {}
        self._waiting: deque[Cid] = deque()  # wanted and asked of nobody; may name some that came meanwhile
        self._patience_s = patience_s

    def want(self, cids: Iterable[Cid]) -> None:
        """Wants blocks before all that are waiting, in this order; what is wanted already stays where it is."""
        fresh = [cid for cid in dict.fromkeys(cids) if cid not in self._wanted]
        self._wanted.update((cid, _Wanted()) for cid in fresh)
        self._waiting.extendleft(reversed(fresh))

    @property
    def is_done(self) -> bool:
        """Whether nothing is wanted any more."""
        return not self._wanted

    @property
    def is_stuck(self) -> bool:
        """Whether nothing is asked of anybody; after `questions` gave none, nobody is left who may have the rest."""
        return not any(provider.asked for provider in self._providers.values())

    @property
    def wanted(self) -> list[Cid]:
        """What has not come."""
        return list(self._wanted)

    @property
    def asked(self) -> Questions:
        """What each provider still owes."""
        return [(peer, list(provider.asked)) for peer, provider in self._providers.items() if provider.asked]

    def take(self, peer: str, cid: Cid, now_s: float) -> bool:
        """A checked block came; False when it was not wanted."""
        state = self._wanted.pop(cid, None)
        if state is None:
            return False
        for asker in state.askers:
            self._providers[asker].asked.pop(cid, None)
        provider = self._providers.get(peer)
        if provider is not None:
            provider.window = min(MAX_WINDOW, provider.window + 1)
            provider.stalls = 0
            provider.heard_s = now_s
        return True

    def hear(self, peer: str, now_s: float) -> None:
        """Some bytes of a provider arrived: it is slow at most."""
        provider = self._providers.get(peer)
        if provider is not None:
            provider.heard_s = now_s

    def miss(self, peer: str, cid: Cid, now_s: float) -> None:
        """A provider said that it does not have a block."""
        state, provider = self._wanted.get(cid), self._providers.get(peer)
        if state is None or provider is None:
            return
        provider.heard_s = now_s
        state.without.add(peer)
        self._release(peer, provider, cid)

    def drop(self, peer: str) -> None:
        """A provider is gone, or lied: its questions go to the others."""
        provider = self._providers.get(peer)
        if provider is not None:
            for cid in reversed(list(provider.asked)):
                self._release(peer, provider, cid)
            del self._providers[peer]

    def _release(self, peer: str, provider: _Provider, cid: Cid) -> None:
        """Takes a question back; the block waits again unless somebody else is asked for it."""
        if provider.asked.pop(cid, None) is None:
            return
        askers = self._wanted[cid].askers
        askers.discard(peer)
        if not askers:
            self._waiting.appendleft(cid)

    def questions(self, now_s: float) -> Questions:
        """What to ask of whom now; they count as asked from here on."""
        self._take_from_silent(now_s)
        found: dict[str, list[Cid]] = {}
        looked_at: list[Cid] = []
        while self._waiting and len(looked_at) < LOOKED_AT and self._has_room():
            cid = self._waiting.popleft()
            if cid not in self._wanted or self._wanted[cid].askers:
                continue
            peer = self._best(cid)
            if peer is None:
                looked_at.append(cid)
            else:
                self._ask(peer, cid, now_s, found)
        self._waiting.extendleft(reversed(looked_at))
        if not self._waiting:
            self._hurry(now_s, found)
        return list(found.items())

    def _take_from_silent(self, now_s: float) -> None:
        for peer, provider in list(self._providers.items()):
            if provider.asked and now_s - provider.heard_s >= self._patience_s:
                provider.stalls += 1
                provider.window = max(1, provider.window // 4)
                for cid in reversed(list(provider.asked)):
                    self._release(peer, provider, cid)
                if provider.stalls >= MAX_STALLS:
                    del self._providers[peer]

    def _has_room(self) -> bool:
        return any(len(provider.asked) < provider.window for provider in self._providers.values())

    def _best(self, cid: Cid) -> str | None:
        """The provider with room that stalled least and owes least, among those that may have the block."""
        state = self._wanted[cid]
        best, best_rank = None, (0, 0.0)
        for peer, provider in self._providers.items():
            if peer in state.without or peer in state.askers or len(provider.asked) >= provider.window:
                continue
            rank = (provider.stalls, len(provider.asked) / provider.window)
            if best is None or rank < best_rank:
                best, best_rank = peer, rank
        return best

    def _ask(self, peer: str, cid: Cid, now_s: float, found: dict[str, list[Cid]]) -> None:
        provider = self._providers[peer]
        if not provider.asked:
            provider.heard_s = now_s
        provider.asked[cid] = now_s
        self._wanted[cid].askers.add(peer)
        found.setdefault(peer, []).append(cid)

    def _hurry(self, now_s: float, found: dict[str, list[Cid]]) -> None:
        """Asks idle providers for what others owe for long."""
        for peer, provider in self._providers.items():
            if provider.asked or provider.stalls:
                continue
            for cid, state in self._wanted.items():
                if len(provider.asked) >= provider.window:
                    break
                if peer in state.without or not state.askers or len(state.askers) >= MAX_ASKERS:
                    continue
                if all(now_s - self._providers[asker].asked[cid] >= self._patience_s / 4 for asker in state.askers):
                    self._ask(peer, cid, now_s, found)
