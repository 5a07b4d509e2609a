"""Sending transactions so that each happens once: signed, kept, handed over, looked for, and told honestly."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from cinepeer.adapters.chain.endpoint import Answered, Reverted
from cinepeer.adapters.chain.endpoints import Endpoints
from cinepeer.adapters.chain.journal import Flight, Journal
from cinepeer.adapters.chain.revert import Declared, explain, shipped
from cinepeer.adapters.chain.values import (
    Receipt,
    Underway,
    number,
    parse_base_fee,
    parse_fees,
    parse_receipt,
    tohex,
    unhex,
)
from cinepeer.adapters.chain.wish import Wanted, account_of
from cinepeer.errors import BadInput, Unreachable

STUCK_S = 30.0
"""How long a transaction waits before it is offered again at a higher fee, where there are fees."""

_GAS_ROOM = 5, 4
_RAISE = 9, 8
_TRIES = 4
_RAISES = 5
_CALM_S = 1.0
_SURE_S = 4.0


class Sending:
    """Sends for this process's accounts over its endpoints, one of a sender at a time up to its handing over."""

    def __init__(
        self,
        endpoints: Endpoints,
        journal: Journal,
        *,
        timeout_s: float,
        poll_s: float,
        stuck_s: float = STUCK_S,
        errors: Declared | None = None,
        may_reorganise: bool = False,
    ) -> None:
        """
        `timeout_s` bounds the wait for a receipt, `stuck_s` that before a higher fee is offered; `may_reorganise` where
        the chain may take blocks back.
        """
        self._endpoints = endpoints
        self._ask, self._read = endpoints.ask, endpoints.read
        self._chain_id = endpoints.chain_id
        self._journal = journal
        self._timeout_s = timeout_s
        self._poll_s = poll_s
        self._stuck_s = stuck_s
        self._errors = errors
        self._locks: defaultdict[bytes, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._awaited: set[tuple[bytes, int]] = set()
        self._may_reorganise = may_reorganise
        self._landed: dict[bytes, int] = {}

    async def send(self, key: bytes, to: bytes | None, data: bytes = b"", value: int = 0) -> Receipt:
        """
        Signs with a secp256k1 `key` (32 bytes), sends, and waits until it is executed. What was sent before with an
        unknown end is looked up by its hash first, and never sent a second time beside it. A refusal by a contract is
        `BadInput` with the error's name; `Unreachable` names the hash when its fate is unknown.
        """
        account = account_of(key)
        wanted = Wanted(account, unhex(account.address), to, data, value)
        async with self._locks[wanted.sender]:
            flight = await self._earlier(wanted) or await self._submit(wanted)
            place = wanted.sender, flight.nonce
            self._awaited.add(place)
        try:
            receipt = await self._land(wanted, flight)
        finally:
            self._awaited.discard(place)
        self._journal.drop(*place)
        self._landed[wanted.sender] = max(flight.nonce, self._landed.get(wanted.sender, -1))
        if not receipt.ok:
            raise await self._failure(receipt, wanted)
        return receipt

    async def wait(self, tx: bytes) -> Receipt:
        """The receipt of somebody else's transaction, once there is one; raises `Unreachable` after `timeout_s`."""
        return await self._poll(tx, lambda: self._receipt(tx))

    async def hand_over(self, raw: bytes) -> None:
        """Offers signed bytes to the endpoints; raises `Answered` with their words."""
        await self._ask("eth_sendRawTransaction", tohex(raw))

    async def underway(self) -> list[Underway]:
        """What was signed here and has no told end, of earlier runs too; what has ended is told once and forgotten."""
        found = []
        for place in self._journal.places():
            one = await self._end_of(*place)
            if one.state not in ("waiting", "unknown") and place not in self._awaited:
                self._journal.drop(*place)
            found.append(one)
        return found

    async def _end_of(self, sender: bytes, nonce: int) -> Underway:
        flights = self._journal.under(sender, nonce)
        for flight in reversed(flights):
            receipt = await self._receipt(flight.hash)
            if receipt is not None:
                return Underway(flight.hash, nonce, "executed" if receipt.ok else "failed", receipt.block)
        newest = flights[-1].hash
        if await self._count(sender, "latest") > nonce:
            return Underway(newest, nonce, "replaced")
        return Underway(newest, nonce, "waiting" if await self._is_known(newest) else "unknown")

    async def drop(self, key: bytes, tx: bytes) -> Underway:
        """
        Takes the number of a stuck transaction of this key by one that does nothing, for a higher fee, and waits for
        either: `replaced` when nothing of the first will happen, else what it came to. Raises `BadInput` for one that
        is not on its way, or that a ledger without fees holds already.
        """
        account, flight = self._own(key, tx)
        nothing = Wanted(account, flight.sender, flight.sender, b"", 0)
        async with self._locks[flight.sender]:
            if ended := await self._ended(flight):
                return ended
            blank = await self._instead(nothing, self._journal.under(flight.sender, flight.nonce)[-1])
        receipt = await self._land(nothing, blank)
        self._journal.drop(flight.sender, flight.nonce)
        if receipt.tx == blank.hash:
            return Underway(tx, flight.nonce, "replaced", receipt.block)
        return Underway(receipt.tx, flight.nonce, "executed" if receipt.ok else "failed", receipt.block)

    async def again(self, key: bytes, tx: bytes) -> Underway:
        """
        Offers a stuck transaction of this key once more, for a higher fee where the ledger asks one, without waiting
        for its end; what it has come to so far. Raises `BadInput` for one that is not on its way.
        """
        account, flight = self._own(key, tx)
        async with self._locks[flight.sender]:
            if ended := await self._ended(flight):
                return ended
            await self._endpoints.check()
            newest = self._journal.under(flight.sender, flight.nonce)[-1]
            try:
                if await self._is_known(newest.hash):
                    await self._raised(Wanted.of(account, newest.raw), newest)
                else:
                    await self.hand_over(newest.raw)
            except Answered as error:
                raise BadInput(f"the ledger did not take the transaction: {error}") from error
            return await self._end_of(flight.sender, flight.nonce)

    def _own(self, key: bytes, tx: bytes) -> tuple[Any, Flight]:
        """The account of a key and its flight of that hash; raises `BadInput` for none."""
        account, flight = account_of(key), self._journal.by_hash(tx)
        if flight is None or flight.sender != unhex(account.address):
            raise BadInput(f"found no transaction {tohex(tx)} of this account on its way, expected one that is")
        return account, flight

    async def _ended(self, flight: Flight) -> Underway | None:
        """What a flight has come to, which is then forgotten here; None while it is on its way."""
        found = await self._end_of(flight.sender, flight.nonce)
        if found.state in ("waiting", "unknown"):
            return None
        self._journal.drop(flight.sender, flight.nonce)
        return found

    async def _instead(self, nothing: Wanted, flight: Flight) -> Flight:
        """A transaction that does nothing, kept and handed over under the number of another."""
        await self._endpoints.check()
        paid = await self._read(parse_fees, "eth_getTransactionByHash", tohex(flight.hash))
        if paid is not None and paid["maxFeePerGas"] == 0:
            raise BadInput(f"found {tohex(flight.hash)} waiting on a ledger without fees, expected it to be executed")
        asked = await self._fees()
        fees = {name: max(asked[name], 2 * paid[name] + 1 if paid else 0) for name in asked}
        blank = self._signed(nothing, nothing.fields(self._chain_id, gas=21_000, nonce=flight.nonce, **fees))
        self._journal.keep(blank)
        try:
            await self._broadcast(blank)
        except Answered as error:
            raise BadInput(f"the ledger did not take the replacement: {error}") from error
        return blank

    # -- before ------------------------------------------------------------------------------------

    async def _earlier(self, wanted: Wanted) -> Flight | None:
        """The flight of the same act whose end nobody knew, if it can still land; one that never will is forgotten."""
        for flight in self._journal.open(wanted.act):
            if (wanted.sender, flight.nonce) in self._awaited:
                continue  # somebody waits for it: the same is wanted once more
            if await self._receipt(flight.hash) or await self._is_known(flight.hash):
                return flight
            if await self._count(wanted.sender, "latest") <= flight.nonce:
                try:
                    await self._broadcast(flight)
                except Answered:
                    pass  # refused for good; whatever is sent now bears the same number, so only one can land
                else:
                    return flight
            self._journal.drop(wanted.sender, flight.nonce)
        return None

    async def _submit(self, wanted: Wanted) -> Flight:
        """Checks, signs, keeps and hands over."""
        await self._endpoints.check()
        fields = wanted.fields(self._chain_id, gas=await self._gas(wanted), **await self._fees())
        for _ in range(_TRIES):
            fields["nonce"] = await self._number(wanted.sender)
            flight = self._signed(wanted, fields)
            self._journal.keep(flight)
            try:
                await self._broadcast(flight)
            except Answered as error:
                self._journal.drop(wanted.sender, flight.nonce)
                # Another program may have used the number meanwhile; this transaction then never happened.
                if "nonce too low" in str(error).lower():
                    continue
                raise BadInput(f"the ledger did not take the transaction: {error}") from error
            return flight
        raise BadInput(
            f"found another program sending from {tohex(wanted.sender)} at the same time, expected only this one"
        )

    async def _number(self, sender: bytes) -> int:
        """
        The number of a sender's next transaction. A copy that is behind counts too few: the same bytes would be signed
        again, found executed, and a second wish taken for the first. So what was seen executed is waited for.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            found = await self._count(sender, "pending")
            if found > self._landed.get(sender, -1):
                return found
            if self._may_reorganise and loop.time() - began > _SURE_S:
                del self._landed[sender]  # its block was taken back
                return found
            if loop.time() - began > self._timeout_s:
                raise Unreachable(
                    f"found {found} transactions of {tohex(sender)} counted, expected over {self._landed[sender]} as "
                    "seen before: the ledger asked is behind, nothing was sent"
                )
            await asyncio.sleep(self._poll_s)

    def _signed(self, wanted: Wanted, fields: dict[str, Any]) -> Flight:
        signed = wanted.account.sign_transaction(fields)
        return Flight(wanted.act, bytes(signed.hash), wanted.sender, fields["nonce"], bytes(signed.raw_transaction))

    async def _gas(self, wanted: Wanted) -> int:
        try:
            least = await self._read(number, "eth_estimateGas", wanted.call())
        except Reverted as error:
            raise self.refusal(error) from error
        except Answered as error:
            raise BadInput(f"the ledger refuses this: {error}") from error
        return least * _GAS_ROOM[0] // _GAS_ROOM[1]

    async def _fees(self) -> dict[str, int]:
        """What the endpoint asks per unit of gas, in wei, with room for two full blocks; nothing on our own ledger."""
        base = await self._read(parse_base_fee, "eth_getBlockByNumber", "latest", False)
        try:
            tip = await self._read(number, "eth_maxPriorityFeePerGas")
        except Answered:
            tip = max(0, await self._read(number, "eth_gasPrice") - base)
        return {"maxFeePerGas": 2 * base + tip, "maxPriorityFeePerGas": tip}

    async def price(self, call: dict[str, Any]) -> int:
        """What a call would cost in wei at today's fees; raises `BadInput` when it would be refused."""
        base = await self._read(parse_base_fee, "eth_getBlockByNumber", "latest", False)
        try:
            gas = await self._read(number, "eth_estimateGas", call)
        except Reverted as error:
            raise self.refusal(error) from error
        except Answered as error:
            raise BadInput(f"the ledger refuses this: {error}") from error
        tip = (await self._fees())["maxPriorityFeePerGas"]
        return gas * (base + tip)

    # -- on its way --------------------------------------------------------------------------------

    async def _broadcast(self, flight: Flight) -> None:
        """Hands signed bytes over, again while the endpoint is away; known bytes are not sent twice."""
        give_up = asyncio.get_running_loop().time() + self._timeout_s
        while True:
            try:
                await self.hand_over(flight.raw)
                return
            except Answered:
                if await self._is_known(flight.hash):
                    return
                raise
            except Unreachable as error:
                if asyncio.get_running_loop().time() > give_up:
                    unknown = f"whether {tohex(flight.hash)} was taken is unknown: it is looked up by this hash first"
                    raise Unreachable(f"{error}; {unknown}") from error
                await asyncio.sleep(0.3)

    async def _land(self, wanted: Wanted, flight: Flight) -> Receipt:
        """Waits for the receipt; offers what is stuck again at a higher fee, and finds out what was replaced."""
        clock = asyncio.get_running_loop().time
        flights = self._journal.under(wanted.sender, flight.nonce) or [flight]
        began = raised_at = clock()
        missed_at: float | None = None

        async def look() -> Receipt | None:
            nonlocal raised_at, missed_at
            for one in reversed(flights):
                receipt = await self._receipt(one.hash)
                if receipt is not None:
                    return receipt
            if clock() - began < _CALM_S:
                return None
            if await self._count(wanted.sender, "latest") > flight.nonce:
                # An endpoint may count a block before it shows its receipts: only what lasts is believed.
                missed_at = missed_at or clock()
                if clock() - missed_at > _SURE_S:
                    raise self._replaced(wanted, flights[-1])
            elif not await self._is_known(flights[-1].hash):
                await self._broadcast(flights[-1])
            elif clock() - raised_at > self._stuck_s and len(flights) <= _RAISES:
                raised_at = clock()
                flights.extend(await self._raised(wanted, flights[-1]))
            return None

        return await self._poll(flights[-1].hash, look)

    def _replaced(self, wanted: Wanted, flight: Flight) -> BadInput:
        self._journal.drop(wanted.sender, flight.nonce)
        return BadInput(
            f"found another transaction of {tohex(wanted.sender)} executed under the number {flight.nonce}, "
            f"expected {tohex(flight.hash)}: this one never will be, nothing of it happened"
        )

    async def _raised(self, wanted: Wanted, flight: Flight) -> list[Flight]:
        """The same at a higher fee and under the same number, handed over; nothing where no fee is asked."""
        paid = await self._read(parse_fees, "eth_getTransactionByHash", tohex(flight.hash))
        if paid is None or paid["maxFeePerGas"] == 0:
            return []
        asked = await self._fees()
        fees = {name: max(asked[name], paid[name] * _RAISE[0] // _RAISE[1] + 1) for name in asked}
        higher = self._signed(wanted, wanted.fields(self._chain_id, gas=paid["gas"], nonce=flight.nonce, **fees))
        self._journal.keep(higher)
        try:
            await self.hand_over(higher.raw)
        except Unreachable:  # not taken, or not heard: the first one still counts, and both are looked for
            return []
        return [higher]

    async def _poll(self, tx: bytes, look: Callable[[], Awaitable[Receipt | None]]) -> Receipt:
        """Looks again and again, less often with time, up to `timeout_s`."""
        loop = asyncio.get_running_loop()
        give_up, pause = loop.time() + self._timeout_s, self._poll_s
        last: Exception | None = None
        while loop.time() < give_up:
            try:
                receipt = await look()
                if receipt is not None:
                    return receipt
            except Unreachable as error:
                last = error
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, 1.0)
        raise Unreachable(
            f"found no receipt of {tohex(tx)} in {self._timeout_s:g} s, expected one: it may still be executed, "
            "and the same again would be looked up by this hash first"
        ) from last

    # -- after -------------------------------------------------------------------------------------

    async def _receipt(self, tx: bytes) -> Receipt | None:
        return await self._read(parse_receipt, "eth_getTransactionReceipt", tohex(tx))

    async def _is_known(self, tx: bytes) -> bool:
        return await self._ask("eth_getTransactionByHash", tohex(tx)) is not None

    async def _count(self, sender: bytes, tag: str) -> int:
        return await self._read(number, "eth_getTransactionCount", tohex(sender), tag)

    async def _failure(self, receipt: Receipt, wanted: Wanted) -> BadInput:
        """Why an executed transaction did not hold, by asking the same again on the state before its block."""
        try:
            await self._ask("eth_call", wanted.call(), hex(receipt.block - 1))
        except Reverted as error:
            return self.refusal(error)
        except Answered as error:
            return BadInput(f"the ledger executed {tohex(receipt.tx)} without effect: {error}")
        return BadInput(
            f"the ledger executed {tohex(receipt.tx)} without effect: found too little gas or another state"
        )

    def refusal(self, error: Reverted) -> BadInput:
        """A revert in words: the contract's own error with its arguments."""
        errors = shipped() if self._errors is None else self._errors
        return BadInput(f"the ledger refuses this: {explain(error.data, errors) if error.data else error}")
