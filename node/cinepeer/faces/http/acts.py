"""The API of acts on the ledger: said in one sentence first, then done; deeds that several sign; fates."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path

from cinepeer.app.acts import Acts
from cinepeer.faces.http import act_shapes as shapes
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts

Hash = Annotated[str, Path(pattern=r"^0x[0-9a-fA-F]{64}$")]


def acts(parts: Parts) -> APIRouter:
    """Routes of what an account does, in plain steps."""
    router = APIRouter(tags=["ledger"], route_class=ShallowRoute)

    def done() -> Acts:
        return Acts(parts.titles, parts.library, parts.clock_ms)

    @router.post("/api/acts", response_model=shapes.ActTold, response_model_exclude_none=True)
    async def act(wanted: shapes.ActRequest) -> dict[str, Any]:
        """Says what an act would sign and cost; with `agreed`, does it."""
        if wanted.agreed:
            return await done().carry_out(wanted.act, wanted.wanted())
        return await done().show(wanted.act, wanted.wanted())

    @router.post("/api/deeds", response_model=shapes.DeedFile)
    async def propose(wanted: shapes.DeedRequest) -> dict[str, Any]:
        """A deed of an own film, signed by this account, for its co-owners to sign."""
        return done().propose(wanted.film, [(share.holder, share.shares) for share in wanted.owners])

    @router.post("/api/deeds/readings", response_model=shapes.DeedTold)
    async def read_deed(wanted: shapes.DeedFile, language: Literal["en", "zh"] = "en") -> dict[str, Any]:
        """What a deed file says, and who has not signed it."""
        return done().read(wanted.model_dump(), language)

    @router.post("/api/deeds/signatures", response_model=shapes.DeedFile)
    async def sign_deed(wanted: shapes.DeedFile) -> dict[str, Any]:
        """The deed file with this account's signature too."""
        return done().agree(wanted.model_dump())

    @router.post("/api/deeds/announcements", response_model=shapes.DeedAnnounced)
    async def announce_deed(wanted: shapes.DeedFile) -> dict[str, Any]:
        """Announces an own deed in a record, for a node that carries deeds."""
        return await done().announce(wanted.model_dump())

    @router.get("/api/transactions/{tx}", response_model=shapes.FateTold)
    async def get_fate(tx: Hash) -> dict[str, Any]:
        """What became of a transaction, looked up by its hash."""
        return await done().fate(bytes.fromhex(tx[2:]))

    @router.get("/api/transactions", response_model=list[shapes.UnderwayTold])
    async def get_underway() -> list[dict[str, Any]]:
        """Transactions of this account without a told end, those of an earlier run too."""
        return await done().underway()

    @router.post("/api/transactions/{tx}", response_model=shapes.UnderwayTold)
    async def again(tx: Hash) -> dict[str, Any]:
        """Offers a stuck transaction once more, for a higher fee where the ledger asks one."""
        return await done().again(bytes.fromhex(tx[2:]))

    @router.delete("/api/transactions/{tx}", response_model=shapes.UnderwayTold)
    async def drop(tx: Hash) -> dict[str, Any]:
        """Replaces a stuck transaction by one that does nothing."""
        return await done().drop(bytes.fromhex(tx[2:]))

    return router
