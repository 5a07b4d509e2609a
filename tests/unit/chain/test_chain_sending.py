"""What a sender believes of an endpoint: no count below what it saw executed, no answer that was cut off."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest

from cinepeer.adapters.chain import sending
from cinepeer.adapters.chain.forward import forward_to
from cinepeer.adapters.chain.journal import Journal
from cinepeer.adapters.chain.sending import Sending
from cinepeer.errors import Unreachable

SENDER = b"\x0a" * 20


class Counting:
    """An endpoint that counts an account's transactions, one answer after the other; the last again and again."""

    chain_id = 7171

    def __init__(self, *counts: int) -> None:
        self.counts = list(counts)

    async def ask(self, _method: str, *_parameters: Any) -> Any:
        raise AssertionError("nothing else is asked")

    async def read(self, _parse: Any, method: str, *_parameters: Any) -> int:
        assert method == "eth_getTransactionCount"
        return self.counts.pop(0) if len(self.counts) > 1 else self.counts[0]


def number(*counts: int, landed: int | None = None, **options: Any) -> int:
    """The next number by these answers, after a transaction of number `landed` was seen executed."""
    one = Sending(Counting(*counts), Journal(), timeout_s=0.05, poll_s=0.001, **options)  # type: ignore[arg-type]
    if landed is not None:
        one._landed[SENDER] = landed
    return asyncio.run(one._number(SENDER))


def test_a_copy_that_is_behind_is_waited_for() -> None:
    assert number(3) == 3
    assert number(3, 3, 4, landed=3) == 4


def test_a_count_that_stays_behind_sends_nothing() -> None:
    with pytest.raises(Unreachable, match="nothing was sent"):
        number(3, landed=3)


def test_a_chain_that_takes_blocks_back_is_believed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_SURE_S", 0.01)
    assert number(3, landed=3, may_reorganise=True) == 3


@pytest.mark.parametrize("body", [b"", b'{"jsonrpc": "2.0"'])
def test_an_answer_that_was_cut_off_is_no_answer(body: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            talk, _ = listening.accept()
            with talk:
                asked = b""
                while not asked.endswith(b"{}"):  # what is left unread would end the connection before the answer
                    asked += talk.recv(65_536)
                talk.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + body)

        server = threading.Thread(target=serve)
        server.start()
        ask = forward_to(f"http://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(Unreachable, match="cut off"):
            asyncio.run(ask(b"{}"))
        server.join()
