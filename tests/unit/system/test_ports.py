"""Ports: free the first time, the same ever after, and a busy one is named."""

from __future__ import annotations

import socket

import pytest

from cinepeer.adapters.system.ports import check_port, free_port, take_port
from cinepeer.errors import BadInput


def test_a_new_home_gets_a_port_that_can_be_listened_on() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", take_port(None)))
        server.listen()


def test_a_free_port_is_none_of_those_taken_and_none_the_system_lends() -> None:
    taken: list[int] = []
    for _ in range(20):
        taken.append(take_port(0, besides=taken))
    assert len(set(taken)) == 20
    assert all(10_000 <= port < 32_768 for port in taken)


def test_a_kept_port_that_is_free_is_taken_again() -> None:
    port = free_port()
    assert take_port(port) == port


def test_a_kept_port_that_is_busy_is_named_with_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BadInput, match=rf"found port {port} in use .* stop that program or choose another"):
            take_port(port)


def test_connections_that_wind_down_do_not_make_a_kept_port_busy() -> None:
    port = free_port()
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
        with socket.create_connection(("127.0.0.1", port)) as caller:
            answered, _ = server.accept()
            answered.close()  # this side closes first, so its port waits
            assert caller.recv(1) == b""
    check_port(port)


@pytest.mark.parametrize("port", [-1, 0, 65_536])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(BadInput, match="expected a number from 1 to 65535"):
        check_port(port)


def test_no_port_left_is_one_sentence() -> None:
    with pytest.raises(BadInput, match="found no free port"):
        free_port(besides=range(10_000, 32_768))
