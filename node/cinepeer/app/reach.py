"""Whether others reach this node: they are asked to dial it back, and only where they see it come from."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cinepeer.errors import CinepeerError, Refused
from cinepeer.records import dagcbor
from cinepeer.replication.addresses import Reach, reach_of

log = logging.getLogger(__name__)

DIALBACK = "/cinepeer/dialback/1"
PORTS = 2
PROBE_TIMEOUT_S = 5.0
PROBES_AT_ONCE = 4
# One answer for each peer and for each IP address in this time, so that nobody has us knock anywhere often.
ANSWER_PAUSE_MS = 60_000
JUDGES = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one neighbour found: the IP address that it sees us at, and which of our ports it reached there."""

    ip: str
    asked: tuple[int, ...]
    reached: tuple[int, ...]
    time_ms: int


class Reachability:
    """Asks neighbours to dial this node back, and dials those back that ask."""

    def __init__(
        self, ip_of: Callable[[str], str], clock_ms: Callable[[], int], blame: Callable[[str, str], None]
    ) -> None:
        """`ip_of(peer_id)` is the address at which a neighbour is connected; `p2p` is set once the network runs.

        `blame(peer_id, reason)` hears of answers that break the protocol.
        """
        self._ip_of = ip_of
        self._clock_ms = clock_ms
        self._blame = blame
        self._answered_ms: dict[str, int] = {}
        self._probing = 0
        self._judgements: dict[str, Judgement] = {}
        self._asked_ms: dict[str, int] = {}
        self.p2p: Any = None

    def forget(self, peer_id: str) -> None:
        """Lets a neighbour that went be asked anew when it comes again; its judgement stands until another comes."""
        self._asked_ms.pop(peer_id, None)

    async def look(self, every_s: float) -> None:
        """Asks a few neighbours that were not asked lately."""
        now_ms = self._clock_ms()
        self._judgements = {
            peer: found for peer, found in self._judgements.items() if now_ms - found.time_ms < 3000 * every_s
        }
        near = [found.peer_id for found in self.p2p.neighbours()]
        due = [peer for peer in near if now_ms - self._asked_ms.get(peer, -(1 << 60)) >= 1000 * every_s]
        if len(self._judgements.keys() & set(near)) >= JUDGES:
            due = [peer for peer in due if peer in self._judgements]
        for peer in due[:JUDGES]:
            self._asked_ms[peer] = now_ms
        await asyncio.gather(*(self._ask(peer) for peer in due[:JUDGES]))

    async def _ask(self, peer_id: str) -> None:
        ports = tuple(dict.fromkeys(int(addr.split("/")[4]) for addr in self.p2p.addrs))[:PORTS]
        try:
            async with self.p2p.conversation(peer_id, DIALBACK) as talk:
                answer = await talk.ask(dagcbor.encode(list(ports)), PORTS * PROBE_TIMEOUT_S + 5.0)
            found = _parse_judgement(answer, ports, self._clock_ms())
            if found is not None:
                self._judgements[peer_id] = found
        except Refused as error:
            self._blame(peer_id, error.reason)
        except CinepeerError as error:  # an older node, or one that is busy
            log.debug("reach.unasked peer=%s reason=%s", peer_id, error)

    def told(self) -> dict[str, Any]:
        """What the neighbours found, in plain values.

        `reachable` is None before anybody looked; `seen_from` says from how far away: `machine`, `lan` or `everywhere`.
        """
        found = self._judgements.values()
        reached = [one for one in found if one.reached]
        widest = max((reach_of(one.ip) for one in reached or found), default=Reach.NOWHERE)
        return {
            "reachable": bool(reached) if found else None,
            "seen_from": widest.name.lower() if found else None,
            "judges": len(found),
            "reached_by": len(reached),
            "outside": self.outside(),
        }

    def outside(self) -> list[str]:
        """Addresses at which we were reached and that two neighbours at different IP addresses agree on.

        One neighbour alone could make us name somebody else's address as ours.
        """
        witnesses: dict[str, set[str]] = {}
        for peer, one in self._judgements.items():
            if reach_of(one.ip) == Reach.EVERYWHERE:
                for port in one.reached:
                    addr = f"/ip{6 if ':' in one.ip else 4}/{one.ip}/tcp/{port}"
                    witnesses.setdefault(addr, set()).add(self._ip_of(peer))
        return [addr for addr, seen in sorted(witnesses.items()) if len(seen) > 1]

    def responder(self, peer_id: str) -> Callable[[bytes], Awaitable[bytes]]:
        """Dials the asker back at the address that it comes from, seldom, and tells what came of it."""

        async def answer(question: bytes) -> bytes:
            ports, ip = parse_ports(question), self._ip_of(peer_id)
            if not self._may_answer(peer_id, ip):
                return dagcbor.encode({"ip": "", "reached": []})
            self._probing += 1
            try:
                kind = "ip6" if ":" in ip else "ip4"
                reached: Sequence[int] = [
                    port for port in ports if await self.p2p.probe(peer_id, f"/{kind}/{ip}/tcp/{port}", PROBE_TIMEOUT_S)
                ]
            finally:
                self._probing -= 1
            return dagcbor.encode({"ip": ip, "reached": list(reached)})

        return answer

    def _may_answer(self, peer_id: str, ip: str) -> bool:
        now_ms = self._clock_ms()
        names = (peer_id,) if reach_of(ip) == Reach.MACHINE else (peer_id, ip)
        is_late = any(now_ms - self._answered_ms.get(name, 0) < ANSWER_PAUSE_MS for name in names)
        if is_late or not reach_of(ip) or self._probing >= PROBES_AT_ONCE:
            return False
        if len(self._answered_ms) > 4096:
            self._answered_ms = {name: at for name, at in self._answered_ms.items() if now_ms - at < ANSWER_PAUSE_MS}
        self._answered_ms.update(dict.fromkeys(names, now_ms))
        return True


def parse_ports(data: bytes) -> list[int]:
    """The ports that somebody wants to be dialled at; raises `Refused` (`bad-addresses`)."""
    found = dagcbor.decode(data)
    if not isinstance(found, list) or not 0 < len(found) <= PORTS:
        raise Refused("bad-addresses", f"found no list of 1 to {PORTS} ports to dial")
    for port in found:
        if isinstance(port, bool) or not isinstance(port, int) or not (1024 <= port < 65536 or port == 443):
            raise Refused("bad-addresses", f"found the port {str(port)[:20]}, expected 443 or 1024 to 65535")
    return [int(str(port)) for port in found]


def _parse_judgement(data: bytes, asked: tuple[int, ...], now_ms: int) -> Judgement | None:
    """What a neighbour answered, or None when it did not look; raises `Refused` (`bad-addresses`)."""
    found = dagcbor.decode(data)
    if not isinstance(found, dict) or set(found) != {"ip", "reached"} or not isinstance(found["reached"], list):
        raise Refused("bad-addresses", "found no judgement of our reach, expected ip and reached")
    ip, reached = found["ip"], found["reached"]
    if ip == "" and not reached:
        return None
    if not isinstance(ip, str) or not reach_of(ip) or any(port not in asked for port in reached):
        raise Refused("bad-addresses", "found a judgement of another reach than the one asked for")
    return Judgement(ip, asked, tuple(port for port in asked if port in reached), now_ms)
