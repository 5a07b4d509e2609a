"""The API of what a network's founder announces."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from cinepeer.app.announcing import Announced
from cinepeer.app.network import MAX_ADDRS, MAX_ENDPOINTS
from cinepeer.errors import BadInput, Refused
from cinepeer.faces.http.answers import Answer
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.shapes import Shape
from cinepeer.records import dagcbor
from cinepeer.rights.further import MAX_SETS
from cinepeer.rights.succession import parse_candidate


class AnnouncementRequest(Shape):
    """Peers to begin with, and endpoints of a chain of others; what was announced before is replaced."""

    bootstrap: list[str] = Field(default=[], max_length=MAX_ADDRS)
    endpoints: list[str] = Field(default=[], max_length=MAX_ENDPOINTS)


class AnnouncementTold(Answer):
    """The founder's newest announcement; number 0 and no record before the first."""

    number: int
    bootstrap: list[str]
    endpoints: list[str]
    record: str | None


class CandidateTold(Answer):
    """A key that is ready to order the ledger: its number, the key, where its node is reached, and all of it signed."""

    number: int
    sequencer: str
    addrs: list[str]
    candidate: str


class SetRequest(Shape):
    """The number of the contract set to be made: the next one, so that the same asked twice makes one."""

    number: int = Field(ge=2, le=MAX_SETS)


class SetNamed(Answer):
    """A further contract set as its founder named it, and the record that says so."""

    number: int
    deployer: str
    from_block: int
    contracts: dict[str, str]
    record: str


class HandoverRequest(Shape):
    """A candidate as its own node told it, in hexadecimal."""

    candidate: str = Field(min_length=2, max_length=16_384, pattern="^([0-9a-f]{2})+$")


class HandoverTold(Answer):
    """To which key the ledger was handed over, after which block, and the record that says so."""

    number: int
    sequencer: str
    height: int
    hash: str
    record: str


def networks(parts: Parts) -> APIRouter:
    """Routes of the network as its founder announces it."""
    router = APIRouter(tags=["network"], route_class=ShallowRoute)

    @router.get("/api/network", response_model=AnnouncementTold)
    async def get_network() -> dict[str, Any]:
        """What the founder announced last."""
        return _told(await parts.announcements.newest())

    @router.post("/api/network", response_model=AnnouncementTold)
    async def announce(wanted: AnnouncementRequest) -> dict[str, Any]:
        """Announces it, at the founder's node."""
        return _told(await parts.announcements.announce(wanted.bootstrap, wanted.endpoints))

    @router.post("/api/network/sets", response_model=SetNamed)
    async def add_set(wanted: SetRequest) -> dict[str, Any]:
        """Makes a further contract set and names it to all nodes, at the founder's node."""
        named, record = await parts.extending.add(wanted.number)
        contracts = named.contracts(parts.titles.sets.first.chain_id).named()
        return {
            "number": named.number,
            "deployer": "0x" + named.deployer.hex(),
            "from_block": named.from_block,
            "contracts": {name: "0x" + address.hex() for name, address in contracts.items()},
            "record": str(record),
        }

    @router.get("/api/network/candidate", response_model=CandidateTold)
    async def stand() -> dict[str, Any]:
        """This node's key, ready to order the ledger."""
        one = await parts.announcements.candidate()
        told = dagcbor.encode(one.to_map()).hex()
        return {"number": one.number, "sequencer": one.sequencer.hex(), "addrs": list(one.addrs), "candidate": told}

    @router.post("/api/network/handovers", response_model=HandoverTold)
    async def hand_over(wanted: HandoverRequest) -> dict[str, Any]:
        """Hands the ledger over, at the node that orders it."""
        try:
            candidate = parse_candidate(dagcbor.decode(bytes.fromhex(wanted.candidate)))
        except Refused as error:
            raise BadInput(str(error)) from error
        made, record = await parts.announcements.hand_over(candidate)
        return {
            "number": made.number,
            "sequencer": made.sequencer.hex(),
            "height": made.height,
            "hash": "0x" + made.hash.hex(),
            "record": str(record),
        }

    return router


def _told(found: Announced | None) -> dict[str, Any]:
    if found is None:
        return {"number": 0, "bootstrap": [], "endpoints": [], "record": None}
    return {
        "number": found.number,
        "bootstrap": list(found.bootstrap),
        "endpoints": list(found.endpoints),
        "record": str(found.record),
    }
