"""Further contract sets of the network, as this node makes, checks and keeps them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cinepeer.adapters.system.durable import write_whole
from cinepeer.adapters.system.home import Home
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.app.announcing import Announcements
from cinepeer.app.extending import Extending
from cinepeer.app.identity import Author
from cinepeer.app.network import Network, describe
from cinepeer.app.titles import Titles
from cinepeer.daemon.networks import kept_network
from cinepeer.errors import CinepeerError
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.further import FurtherSet

if TYPE_CHECKING:
    from cinepeer.adapters.chain.client import Ledger
    from cinepeer.app.parts import RecordStore

log = logging.getLogger("cinepeer.daemon")

LEARN_S = 30


def open_extending(
    home: Home,
    keys: Keystore,
    network: Network,
    author: Author,
    store: RecordStore,
    announcements: Announcements,
    titles: Titles,
    ledger: Ledger,
) -> Extending:
    """What this node knows of further sets, beside the ledger that shows their code."""
    from cinepeer.adapters.chain.deploying import check_contracts, deploy
    from cinepeer.rights.signatures import address_of

    async def check(contracts: ContractSet, deployer: bytes) -> None:
        await check_contracts(ledger, contracts, deployer)

    async def made(number: int) -> tuple[bytes, int]:
        key = keys.secret(f"deployer-{number}")
        contracts, _ = await deploy(ledger, key)
        # Of a set that an earlier run made in part nobody knows when it began; nothing stands in it yet.
        return address_of(key), contracts.from_block or await ledger.head() + 1

    def keep(further: Sequence[FurtherSet]) -> None:
        known = replace(kept_network(home, network), further=tuple(further))
        write_whole(home.path / "network.cbor", describe(known))

    return Extending(network, author, store, announcements, titles.sets, check, made, keep)


async def learning(extending: Extending) -> None:
    """Takes what the founder named once the ledger's copy here has it."""
    while True:
        try:
            await extending.learn()
        except CinepeerError as error:
            log.info("sets.unknown reason=%s", error)
        except Exception:  # a task's edge: one record that goes wrong must not stop what comes after it
            log.exception("sets.unknown")
        await asyncio.sleep(LEARN_S)
