"""The start of a node's own work, once every part stands; each stops when the stack unwinds."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from cinepeer.app.devices import admit_when_possible
from cinepeer.app.renewal import Renewal
from cinepeer.app.witness import Witnessing
from cinepeer.daemon import tasks
from cinepeer.daemon.clock import clock_ms
from cinepeer.daemon.extending import learning
from cinepeer.daemon.hosting import challenging, counting
from cinepeer.daemon.ledgers import relaying
from cinepeer.daemon.neighbourhood import meet
from cinepeer.daemon.ordering import watching

if TYPE_CHECKING:
    from cinepeer.app.network import Network
    from cinepeer.daemon.kept import Kept
    from cinepeer.daemon.ledgers import Chain
    from cinepeer.daemon.publishing import Desk
    from cinepeer.daemon.reach import Reach
    from cinepeer.faces.http.parts import Parts


async def start(
    stack: AsyncExitStack, kept: Kept, network: Network, chain: Chain, reach: Reach, desk: Desk, parts: Parts
) -> None:
    """Meets others, goes on with what the last run left, and begins what a node does again and again."""
    settings, store, library, p2p = kept.settings, kept.store, kept.library, reach.p2p
    await parts.strangers.start()
    stack.push_async_callback(parts.strangers.stop)
    for part in (reach.replication, reach.peers, parts.head_start):
        await part.start(p2p)
        stack.push_async_callback(part.stop)
    await meet(stack, settings, reach.peers, p2p, network.id, store)
    await desk.publications.start()
    stack.push_async_callback(desk.publications.stop)
    witnessing = Witnessing(chain.ledger, kept.author, network.chain_id, lambda: chain.following.may_witness)
    witnessed_s, renewed_s = int(settings["witness_interval"]), int(settings["checkpoint_interval"])
    renewal = Renewal(parts.checkpoints, 1000 * renewed_s, clock_ms, parts.hosting.drop)
    carrying = relaying(kept.home, parts.titles, library, store, int(settings["relay_deeds"]))
    running = (
        tasks.follow(parts, reach.arrivals, carrying),
        tasks.count(library),
        desk.licensed.keep_giving(),
        admit_when_possible(parts.devices, parts.hosting.tell),
        tasks.witness(witnessing, witnessed_s),
        tasks.renew(renewal, renewed_s),
        counting(reach.bandwidth),
        watching(chain.ordering),
        learning(parts.extending),
        challenging(parts.challenges, int(settings["challenge_interval"])),
    )
    tasks.begin(stack, running)
    await tasks.tell_where(parts)
