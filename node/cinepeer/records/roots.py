"""Roots: what the key records of one author say, as far as they count.

An author's keys are a chain: the root of the inception, then the root that its `next` promised, and so on. Each root
keeps a feed of its own, in which it admits and revokes devices. A rotation says where the feed before it ends.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from cinepeer.records.cid import Cid
from cinepeer.records.span import ALL, NOTHING, Span

# Bounds on what an author can make everybody keep and fold. A root's feed ends at the first, what counts at the second.
MAX_ROOT_RECORDS = 1_024
MAX_ROOTS = 64


@dataclass(frozen=True, slots=True)
class Act:
    """A delegation (`limit` None) or a revocation (what it leaves of the device's feed), and where a root said it."""

    seq: int
    id: Cid
    device: bytes
    name: str
    limit: Span | None


@dataclass(slots=True, eq=False)
class Root:
    """One root's feed: whom it admits, and what it leaves of each device."""

    next: bytes  # sha2-256 of the public key that may follow
    cut: Span = ALL  # by all rotations that open this feed: what is left of the feed before
    fork: int = ALL.before
    span: Span = NOTHING
    acts: dict[int, Act] = field(default_factory=dict)  # by seq, below the fork
    names: dict[bytes, str] = field(default_factory=dict)  # the devices admitted, as far as that counts
    limits: dict[bytes, Span] = field(default_factory=dict)  # what the revocations that count leave

    def set_span(self, span: Span) -> None:
        """Makes `span` what counts of this feed."""
        if span == self.span:
            return
        self.span = span
        self.names.clear()
        self.limits.clear()
        for seq in sorted(self.acts):
            self._count(self.acts[seq])

    def take(self, act: Act) -> None:
        """Adds a delegation or revocation, the last one of the feed; from a fork on they never count."""
        if act.seq < self.fork:
            self.acts[act.seq] = act
            self._count(act)

    def set_fork(self, seq: int) -> None:
        """Notes the lowest seq of which there are two records."""
        self.fork = seq
        for at in [at for at in self.acts if at >= seq]:
            del self.acts[at]

    def copy(self) -> Root:
        """Another one in the same state."""
        return Root(self.next, self.cut, self.fork, self.span, dict(self.acts), dict(self.names), dict(self.limits))

    def _count(self, act: Act) -> None:
        if not self.span.covers(act.seq, act.id):
            return
        if act.limit is None:
            self.names[act.device] = act.name
        else:
            self.limits[act.device] = self.limits.get(act.device, ALL).meet(act.limit)


class Keys:
    """All keys of one author: the roots, in force or not, and the devices that they admit."""

    def __init__(self, root: bytes, next_digest: bytes) -> None:
        """`root` is the key of the inception, `next_digest` the sha2-256 of the key that it promises."""
        self.first = root
        self.delegated: set[bytes] = set()  # by any valid delegation: whether it counts is another matter
        self.promised = {next_digest}  # digests of all keys that may open a feed with a rotation
        self._roots = {root: Root(next_digest)}
        self._openers: dict[bytes, bytes] = {}  # digest of a key -> the key, once it has opened its feed
        self._chain: dict[bytes, Root] = {}  # those in force, the first one first
        self._settle()

    def copy(self) -> Keys:
        """Another one in the same state."""
        made = Keys.__new__(Keys)
        made.first = self.first
        made.delegated = set(self.delegated)
        made.promised = set(self.promised)
        made._roots = {key: root.copy() for key, root in self._roots.items()}
        made._openers = dict(self._openers)
        made._chain = {key: made._roots[key] for key in self._chain}
        return made

    def is_root(self, device: bytes) -> bool:
        """Whether a key began a root's feed, in force or not."""
        return device in self._roots

    @property
    def roots(self) -> list[bytes]:
        """The keys of the roots in force, the first one first; the last one speaks now."""
        return list(self._chain)

    def rotate(self, root: bytes, next_digest: bytes, limit: Span, fork: int | None) -> None:
        """Takes a rotation by `root`, which leaves `limit` of the feed before it; its own feed is forked at `fork`."""
        self.promised.add(next_digest)
        self._openers[hashlib.sha256(root).digest()] = root
        opened = self._roots.setdefault(root, Root(next_digest))
        opened.cut = opened.cut.meet(limit)
        if fork is not None:
            opened.fork = min(opened.fork, fork)
        self._settle()

    def take(self, root: bytes, act: Act) -> None:
        """Takes a delegation or revocation in the feed of `root`."""
        if act.limit is None:
            self.delegated.add(act.device)
        self._roots[root].take(act)

    def set_fork(self, device: bytes, seq: int) -> None:
        """Notes that a device's feed has two records at `seq`, and none lower."""
        if device in self._roots:
            self._roots[device].set_fork(seq)
            self._settle()

    def name(self, device: bytes) -> str | None:
        """The name under which a device is admitted now, the newest one; None when it is not."""
        found = [root.names[device] for root in self._chain.values() if device in root.names]
        return found[-1] if found else None

    def span(self, device: bytes) -> Span:
        """What the author's keys leave of a device's feed. Forks of a device that is no root come on top."""
        if device in self._chain:
            return self._chain[device].span
        span = NOTHING if self.name(device) is None else ALL
        for root in self._chain.values():
            span = span.meet(root.limits.get(device, ALL))
        return span

    def _settle(self) -> None:
        """Follows the promises from the first root on; each feed ends at its fork and where the next one says.

        Two rotations by one key end the chain: neither opens anything, and the feed before ends where both let it.
        """
        chain: dict[bytes, Root] = {}
        at: bytes | None = self.first
        while at is not None:
            root = chain[at] = self._roots[at]
            span, at = Span(root.fork), self._openers.get(root.next)
            if at in chain or len(chain) == MAX_ROOTS:
                at = None
            if at is not None:
                span = span.meet(self._roots[at].cut)
                if self._roots[at].fork == 0:
                    at = None
            root.set_span(span)
        self._chain = chain
