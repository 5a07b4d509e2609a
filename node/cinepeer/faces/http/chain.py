"""The API of the ledger itself: signed blocks, the contracts' log, code and proofs, for whoever checks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response, StreamingResponse

from cinepeer.errors import Absent, BadInput
from cinepeer.faces.http import ledger_answers as answers
from cinepeer.faces.http import views
from cinepeer.faces.http.parts import Parts
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.further import MAX_SETS

MAX_BLOCKS = 5_000
MAX_SLOTS = 64
CAR_TYPE = "application/vnd.ipld.car"
CAR: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The audit bundle.",
        "content": {CAR_TYPE: {"schema": {"type": "string", "contentMediaType": CAR_TYPE}}},
    }
}

Number = Annotated[int, Path(ge=0, le=2**53 - 1)]
Block = Annotated[int, Query(ge=0, le=2**53 - 1)]
SetNumber = Annotated[int | None, Query(alias="set", ge=1, le=MAX_SETS)]
Address = Annotated[str, Path(pattern=r"^0x[0-9a-fA-F]{40}$")]
Slots = Annotated[list[str], Query(max_length=MAX_SLOTS)]


def chain(parts: Parts) -> APIRouter:
    """Routes below `/api/ledger`, and the bundles that prove the titles of a film or an author."""
    router = APIRouter(tags=["chain"])

    @router.get("/api/films/{film}/audit", response_class=Response, responses=CAR)
    async def get_audit(film: str) -> Response:
        """A bundle that proves a film's title, licences and payments offline, without the film's bytes."""
        views.film_of(parts, film)
        return StreamingResponse(await parts.auditing.surveying.title(film, None), media_type=CAR_TYPE)

    @router.get("/api/authors/{author}/audit", response_class=Response, responses=CAR)
    async def get_author_audit(author: str, number: SetNumber = None) -> Response:
        """A bundle that proves offline the titles of an author's films in one contract set."""
        bundle = await parts.auditing.surveying.bundle("author", views.cid(author), None, number)
        return StreamingResponse(bundle, media_type=CAR_TYPE)

    @router.get("/api/ledger", response_model=answers.Chain)
    async def get_ledger() -> dict[str, Any]:
        """Which ledger this is: its newest block, and where the contracts are."""
        sets = parts.titles.sets
        return {
            "chain_id": sets.first.chain_id,
            "block": await parts.titles.ledger.head(),
            **_set(sets.first),
            "further": [_set(one) for one in sets.sets[1:]],
        }

    @router.get("/api/ledger/blocks/{number}", response_model=answers.Block)
    async def get_block(number: Number) -> dict[str, Any]:
        """A block's header as RLP, with the sequencer's signature where it is one of ours."""
        await _check_height(parts, number)
        signed = await parts.titles.ledger.signed_header(number)
        header = await parts.titles.ledger.header(number) if signed is None else signed.rlp
        return {
            "number": number,
            "header": _hex(header),
            "signature": None if signed is None else _hex(signed.signature),
        }

    @router.get("/api/ledger/logs", response_model=list[answers.LogEntry])
    async def list_logs(from_block: Block, to_block: Block) -> list[dict[str, Any]]:
        """What the contracts have logged from block to block, both included."""
        if not from_block <= to_block < from_block + MAX_BLOCKS:
            raise BadInput(f"found the blocks {from_block} to {to_block}, expected at most {MAX_BLOCKS:,} in order")
        addresses = [address for one in parts.titles.sets.sets for address in one.named().values()]
        return [
            {
                "address": _hex(entry.address),
                "topics": [_hex(topic) for topic in entry.topics],
                "data": _hex(entry.data),
                "block": entry.block,
                "index": entry.index,
                "tx": _hex(entry.tx),
            }
            for entry in await parts.titles.ledger.logs(addresses, from_block, to_block)
        ]

    _state(router, parts)
    return router


def _state(router: APIRouter, parts: Parts) -> None:
    """What stands in the ledger's state."""

    @router.get("/api/ledger/code/{address}", response_model=answers.Code)
    async def get_code(address: Address) -> dict[str, str]:
        """The code at an address."""
        code = await parts.titles.ledger.code(bytes.fromhex(address[2:]))
        return {"address": address.lower(), "code": _hex(code)}

    @router.get("/api/ledger/proofs/{address}", response_model=answers.Proof)
    async def get_proof(address: Address, block: Block, slot: Slots = []) -> dict[str, Any]:  # noqa: B006
        """The way from a block's state root to an account, and to slots (hex) of its storage."""
        await _check_height(parts, block)
        slots = [_slot(text) for text in slot]
        proof = await parts.titles.ledger.proof(bytes.fromhex(address[2:]), slots, block)
        return {
            "address": _hex(proof.address),
            "block": block,
            "nodes": [_hex(node) for node in proof.nodes],
            "slots": [{"slot": hex(one.slot), "nodes": [_hex(node) for node in one.nodes]} for one in proof.slots],
        }


def _set(contracts: ContractSet) -> dict[str, Any]:
    named = {name: _hex(address) for name, address in contracts.named().items()}
    return {"from_block": contracts.from_block, "contracts": named}


async def _check_height(parts: Parts, number: int) -> None:
    """Raises `Absent` for a block that is not there yet."""
    head = await parts.titles.ledger.head()
    if number > head:
        raise Absent(f"found no block {number} yet, expected one up to {head}")


def _slot(text: str) -> int:
    try:
        slot = int(text, 16)
    except ValueError:
        slot = -1
    if not 0 <= slot < 2**256 or len(text) > 66:
        raise BadInput(f"found the slot {text[:40]!r}, expected hex below 2**256")
    return slot


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
