"""The light client's relay hands a player verified files alone, and to nobody who does not know its word."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from cinepeer_client.fetch import Nodes, Source
from cinepeer_client.relay import Relay
from cinepeer_client.tree import Tree
from real.film_stand import Node, Stand, block_of, files_of_a_film, serving, set_up


@pytest.fixture(scope="module")
def stand() -> Stand:
    return set_up(files_of_a_film())


def test_the_relay_gives_verified_files_to_who_knows_the_word(stand: Stand) -> None:
    with (
        serving(Node().offer(stand)) as node,
        Nodes([Source.of(node.url)]) as nodes,
        Relay(Tree(nodes, stand.root)) as opened,
    ):
        with urllib.request.urlopen(opened.address) as answer:
            assert answer.read() == stand.files["master.m3u8"]
        with urllib.request.urlopen(opened.address.replace("master.m3u8", "480p/00001.m4s")) as answer:
            assert answer.read() == stand.files["480p/00001.m4s"]
        port = opened.address.split("/")[2]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://{port}/guess/master.m3u8")


def test_the_relay_gives_nothing_of_a_lie(stand: Stand) -> None:
    with serving(Node().offer(stand)) as liar, Nodes([Source.of(liar.url)]) as nodes:
        liar.flip(block_of(stand, "480p/00001.m4s"))
        with Relay(Tree(nodes, stand.root)) as opened:
            with pytest.raises(urllib.error.HTTPError, match="502"):
                urllib.request.urlopen(opened.address.replace("master.m3u8", "480p/00001.m4s"))
            assert opened.errors
