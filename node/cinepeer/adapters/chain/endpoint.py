"""An EVM endpoint by URL, asked through web3.py; what goes wrong there is said in our own errors."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Any

from cinepeer.adapters.chain import jsonrpc
from cinepeer.errors import BadInput, Unreachable

PATIENCE_S = 8.0
"""How long an endpoint that answered before is waited for when it is gone."""


class Reverted(BadInput):
    """A call or estimate reverted; `data` holds what the contract said."""

    def __init__(self, message: str, data: bytes) -> None:
        """Keeps the endpoint's words and the revert's bytes."""
        super().__init__(message)
        self.data = data


class Answered(Unreachable):
    """The endpoint answered with a JSON-RPC error that is no revert."""

    def __init__(self, code: int, message: str) -> None:
        """Keeps the code and the endpoint's words."""
        super().__init__(message)
        self.code = code


class Gone(Unreachable):
    """No connection could be made, or it broke before the answer."""


class Endpoint:
    """One URL that speaks Ethereum's JSON-RPC and belongs to one chain."""

    def __init__(self, url: str, chain_id: int | None, timeout_s: float, patience_s: float = PATIENCE_S) -> None:
        """Nothing is connected yet; the first question checks the chain id, unless it is not known (None)."""
        self.url = url
        self._patience_s = patience_s
        self.chain_id = chain_id
        self._timeout_s = timeout_s
        self._web3: Any = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        """Ends the connections."""
        if self._web3 is not None:
            await self._web3.provider.disconnect()
            self._web3 = None

    async def ask(self, method: str, *parameters: Any) -> Any:
        """
        The result of one method; raises `Reverted`, `Answered` or `Unreachable`, and `BadInput` for another chain. An
        endpoint that answered before and is gone is waited for a moment, because a ledger may be starting again.
        """
        if self._web3 is None:
            await self._connect()
        give_up = time.monotonic() + self._patience_s
        while True:
            try:
                return await self._ask(self._web3, method, parameters)
            except Gone:
                if time.monotonic() > give_up:
                    raise
                await asyncio.sleep(0.2)

    async def _connect(self) -> None:
        async with self._opening:
            if self._web3 is not None:
                return
            # web3 brings py_ecc, which lifts the limit so far that deeply nested JSON from a stranger, read anywhere in
            # this process, would overrun the C stack instead of raising.
            limit = sys.getrecursionlimit()
            from aiohttp import ClientTimeout
            from web3 import AsyncHTTPProvider, AsyncWeb3

            sys.setrecursionlimit(limit)
            timeout = ClientTimeout(total=self._timeout_s)
            provider = AsyncHTTPProvider(
                self.url, request_kwargs={"timeout": timeout}, exception_retry_configuration=None
            )
            web3 = AsyncWeb3(provider)
            try:
                found = await self._ask(web3, "eth_chainId", ())
            except BaseException:
                await provider.disconnect()
                raise
            if self.chain_id is not None and found != hex(self.chain_id):
                await provider.disconnect()
                raise BadInput(f"found chain {shown_number(found)} at {self.url}, expected chain {self.chain_id}")
            self._web3 = web3

    async def _ask(self, web3: Any, method: str, parameters: Sequence[Any]) -> Any:
        from aiohttp import ClientConnectionError, ClientError, ClientResponseError

        try:
            answer = await web3.provider.make_request(method, list(parameters))
        except ClientResponseError as error:
            raise Unreachable(
                f"found the ledger away ({self.url} says {error.status} {error.message}), expected its sequencer to be "
                "reached: nothing was sent, try again later"
            ) from error
        except (ClientError, OSError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            broken = isinstance(error, ClientConnectionError) and not isinstance(error, TimeoutError)
            kind = Gone if broken else Unreachable
            raise kind(f"found no answer at {self.url} ({why}), expected the ledger") from error
        except ValueError as error:
            raise Unreachable(f"found an answer at {self.url} that is not JSON-RPC, expected the ledger") from error
        if not isinstance(answer, dict) or not ("result" in answer or "error" in answer):
            raise Unreachable(f"found an answer at {self.url} that is not JSON-RPC, expected the ledger")
        if answer.get("error"):
            raise _problem(answer["error"])
        return answer["result"]


def shown_number(said: Any) -> str:
    """A number that an endpoint said, for a sentence; what is none as it is, cut short."""
    try:
        return str(int(said, 16))
    except (TypeError, ValueError):
        return repr(said)[:60]


async def chain_id_of(url: str, timeout_s: float = 30.0) -> int:
    """Which chain an endpoint shows; raises `Unreachable`."""
    endpoint = Endpoint(url, None, timeout_s, 0.0)
    try:
        said = await endpoint.ask("eth_chainId")
    finally:
        await endpoint.close()
    try:
        return int(said, 16)
    except (TypeError, ValueError) as error:
        raise Unreachable(f"found the chain id {said!r} at {url}, expected a number") from error


def _problem(error: Any) -> Exception:
    """A JSON-RPC error as an exception; nodes differ in where they put the revert's data."""
    if not isinstance(error, dict):
        return Answered(0, str(error)[:300])
    message, code, data = str(error.get("message", ""))[:300], error.get("code", 0), error.get("data")
    if isinstance(data, dict):
        data = data.get("data")
    if code == jsonrpc.REVERTED or "revert" in message.lower():
        found = data[2:] if isinstance(data, str) and data.startswith("0x") else ""
        try:
            return Reverted(message, bytes.fromhex(found))
        except ValueError:
            return Reverted(message, b"")
    if code == jsonrpc.AWAY:
        return Unreachable(message)
    return Answered(code if isinstance(code, int) else 0, message)
