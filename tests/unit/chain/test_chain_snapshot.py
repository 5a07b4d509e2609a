"""A copy that begins with the state: it answers at once, says that it did not execute it, and is lied to by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rlp

from cinepeer.adapters.chain import shortcut
from cinepeer.adapters.chain.copies import Copies
from cinepeer.adapters.chain.following import Following
from cinepeer.adapters.chain.jsonrpc import decode, encode
from cinepeer.adapters.chain.walk import Walk
from cinepeer.errors import Refused, Unreachable
from cinepeer.records import dagcbor
from cinepeer.rights.keccak import keccak
from cinepeer.rights.sequencer import sign_header
from unit.chain.small_chain import ANNA, BELA, BORN, COUNTER, GENESIS, SEED, SmallChain, address
from unit.chain.test_chain_replay import STATE_ROOT, Copy, told
from unit.chain.test_chain_succession import Successor, yielded

LONG = 4
"""Blocks from which the short way is taken here."""

Change = Callable[[Any], Any]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger of a few blocks is long enough."""
    monkeypatch.setattr(shortcut, "SHORT_BLOCKS", LONG)


class New:
    """A new node: its ledger's process, and what keeps that level."""

    def __init__(self, folder: Path, source: Any) -> None:
        self.folder = folder
        self.copies = Copies(folder / "ledger.db", GENESIS, lambda: float(BORN + 10_000))
        self.following = Following(self.copies.answer, source, list, None, is_short=True)

    def pull(self) -> bool:
        return asyncio.run(self.following.pull())

    def ask(self, method: str, *parameters: Any) -> Any:
        said = self.said(method, *parameters)
        assert "result" in said, said
        return said["result"]

    def said(self, method: str, *parameters: Any) -> Any:
        asked = encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)})
        return decode(asyncio.run(self.copies.answer(asked)))

    def execute(self) -> None:
        while not self.copies.step():
            pass

    @property
    def files(self) -> set[str]:
        return {one.name for one in self.folder.iterdir() if "snapshot" in one.name}


@pytest.fixture
def chain() -> SmallChain:
    """A ledger of nine blocks: a contract, calls of it by two accounts, credits."""
    chain = SmallChain()
    counter = chain.deploy(COUNTER)
    chain.sealed(chain.faucet.pay(address(ANNA)))
    for _ in range(7):
        chain.send(BELA, counter, b"\1")
        chain.sealed(chain.send(ANNA, counter, b"\1"))
    return chain


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Callable[..., New]]:
    """Makes new nodes that ask `source`."""
    made: list[New] = []

    def make(source: Any) -> New:
        made.append(New(tmp_path, source))
        return made[-1]

    yield make
    for one in made:
        one.copies.close()


def changed(chain: SmallChain, method: str, change: Change) -> Any:
    """The ledger by a node on the way that changes what it tells to one question."""

    async def ask(body: bytes) -> bytes:
        said = decode(await chain.rpc.answer(body))
        if decode(body)["method"] == method and said["result"]:
            said["result"] = change(said["result"])
        return encode(said)

    return ask


def test_a_new_copy_answers_at_once_says_that_it_executed_nothing_and_executes_it_then(
    chain: SmallChain, new: Callable[..., New]
) -> None:
    node = new(chain.rpc.answer)
    assert node.pull()
    last = chain.evm.head.block_number
    assert f"not replayed: the state of block {last}" in node.following.label
    assert f"up to block 0 of {last}" in node.following.label and not node.following.may_witness
    account = "0x" + address(ANNA).hex()
    for question in (
        ("eth_blockNumber",),
        ("eth_getBalance", account),
        ("eth_getLogs", {"fromBlock": "0x0"}),
        ("eth_getProof", account, ["0x0"], "latest"),
        ("eth_getBlockByNumber", "0x4", True),
        ("eth_getBlockReceipts", "0x4"),
        ("cinepeer_signedHeader", "0x0"),
        ("cinepeer_history", "0x0", "0xff"),
    ):
        assert node.ask(*question) == chain.ask(*question), question
    chain.deploy(COUNTER)
    assert node.pull() and node.ask("eth_blockNumber") == hex(last + 1), "a later block is executed on the state"
    node.execute()
    assert node.pull()
    assert node.following.label.startswith(f"own copy of another node's ledger, executed up to block {last + 1};")
    assert node.following.may_witness and not node.files
    assert node.copies.evm.head.hash == chain.evm.head.hash
    assert node.ask("cinepeer_blocks", "0x0", "0xff") == chain.ask("cinepeer_blocks", "0x0", "0xff")


def test_a_copy_that_is_a_little_behind_executes_at_once(chain: SmallChain, new: Callable[..., New]) -> None:
    node = new(chain.rpc.answer)
    node.following._is_short = False
    assert node.pull() and node.copies.evm.head.hash == chain.evm.head.hash
    node.following._is_short = True
    chain.deploy(COUNTER)
    chain.deploy(COUNTER)
    assert node.pull() and not node.files and node.following.snapshot is None


def _first_hex(told: Any, change: Callable[[bytes], bytes]) -> Any:
    return ["0x" + change(bytes.fromhex(told[0][2:])).hex(), *told[1:]]


def _field(name: str, change: Change) -> Change:
    """The third block with one part changed."""
    return lambda blocks: [{**one, name: change(one[name])} if at == 2 else one for at, one in enumerate(blocks)]


def _flipped(text: str) -> str:
    return text[:-2] + f"{int(text[-2:], 16) ^ 1:02x}"


LIES: dict[str, tuple[str, Change]] = {
    "a changed part of the state": ("cinepeer_nodes", lambda t: _first_hex(t, lambda b: b[:-1] + bytes([b[-1] ^ 1]))),
    "a part that nobody asked for": ("cinepeer_nodes", lambda t: [*t, "0x" + b"more".hex()]),
    "a changed receipt": ("cinepeer_history", _field("receipts", lambda r: [_flipped(r[0]), *r[1:]])),
    "a receipt too few": ("cinepeer_history", _field("receipts", lambda r: r[:-1])),
    "receipts in another order": ("cinepeer_history", _field("receipts", lambda r: r[::-1])),
    "no transaction": ("cinepeer_history", _field("transactions", lambda _: [])),
    "receipts that are none": ("cinepeer_history", _field("receipts", lambda _: ["0xc0", "0xc0"])),
    "a block left out": ("cinepeer_history", lambda blocks: blocks[:2] + blocks[3:]),
    "blocks in another order": ("cinepeer_history", lambda blocks: blocks[::-1]),
    "a signature by nobody": ("cinepeer_history", _field("signature", _flipped)),
    "a header that nobody signed": ("cinepeer_signedHeader", lambda one: {**one, "header": _flipped(one["header"])}),
    "a height that is none": ("cinepeer_signedHeader", lambda one: {**one, "number": "many"}),
    "nodes of another form": ("cinepeer_nodes", lambda _: [7]),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_on_the_way_is_refused_by_name_and_leaves_the_long_way(
    chain: SmallChain, new: Callable[..., New], lie: str, caplog: pytest.LogCaptureFixture
) -> None:
    node = new(changed(chain, *LIES[lie]))
    assert node.pull(), "what is executed needs no snapshot"
    assert "ledger.snapshot.refused" in caplog.text
    assert node.following.snapshot is None and not node.following.fault
    assert node.copies.evm.head.hash == chain.evm.head.hash
    assert node.following.label.startswith("own copy of another node's ledger, executed up to block")
    node.copies.close()
    again = new(chain.rpc.answer)
    assert not again.files and again.copies.evm.head.hash == chain.evm.head.hash, "nothing is left of it after a start"


def test_the_refusals_are_named(chain: SmallChain, new: Callable[..., New]) -> None:
    node = new(chain.rpc.answer)
    signed, history = chain.ask("cinepeer_signedHeader"), chain.ask("cinepeer_history", "0x1", "0xff")
    early = node.said("cinepeer_takeHistory", history)["error"]
    assert early["data"] == "bad-snapshot" and "not begun" in early["message"]
    assert node.ask("cinepeer_snapshot", signed) == "0x1"
    first = node.said("cinepeer_takeNodes", ["0x" + b"other".hex()])["error"]
    assert first["data"] == "bad-snapshot" and "asked for" in first["message"]
    again = node.said("cinepeer_takeNodes", [])["error"]
    assert "expected its header again" in again["message"]
    assert node.ask("cinepeer_snapshot", signed) == "0x1"
    for change, word in (
        (_field("receipts", lambda r: r[:-1]), "other receipts than those of block 3"),
        (_field("transactions", lambda r: r[:-1]), "other transactions than those of block 3"),
        (lambda blocks: blocks[1:], "found block 2, expected block 1"),
    ):
        refused = node.said("cinepeer_takeHistory", change(history))["error"]
        assert (refused["data"], word in refused["message"]) == ("bad-snapshot", True), refused
    assert node.ask("cinepeer_snapshot", signed) == "0x1", "nothing of a refused page is kept"
    assert node.said("cinepeer_takeHistory", [{**history[0], "receipts": 1}])["error"]["code"] == -32602


def test_a_false_state_under_a_true_signature_is_found_by_executing_and_proved(
    chain: SmallChain, new: Callable[..., New]
) -> None:
    before = chain.evm.header(chain.evm.head.block_number - 1)
    assert before is not None
    network = chain.evm.network

    def lie(header: str) -> str:
        fields = list(rlp.decode(bytes.fromhex(header[2:])))
        fields[STATE_ROOT] = before.state_root
        return "0x" + rlp.encode(fields).hex()

    def signed(one: dict[str, Any]) -> dict[str, Any]:
        header = lie(one["header"])
        said = sign_header(SEED, network, bytes.fromhex(header[2:]))
        return {**one, "header": header, "signature": "0x" + said.signature.hex()}

    async def source(body: bytes) -> bytes:
        asked, said = decode(body), decode(await chain.rpc.answer(body))
        if asked["method"] == "cinepeer_signedHeader" and asked["params"] != ["0x0"]:
            said["result"] = signed(said["result"])
        elif asked["method"] == "cinepeer_history":
            said["result"] = [*said["result"][:-1], signed(said["result"][-1])]
        return encode(said)

    node = new(source)
    node.pull()
    last = chain.evm.head.block_number
    assert f"not replayed: the state of block {last}" in node.following.label, "believed, and said so"
    node.execute()
    assert not node.files and node.copies.evm.head.block_number == last - 1
    node.pull()
    assert f"false state root in block {last} as signed" in node.following.fault
    assert "not replayed" not in node.following.label and not node.following.may_witness
    proof = node.ask("cinepeer_faults")[0]
    assert keccak(bytes.fromhex(proof["headers"][0]["header"][2:])) != chain.evm.head.hash
    refused = node.said("cinepeer_snapshot", chain.ask("cinepeer_signedHeader"))["error"]
    assert refused["data"] == "fork", "whoever was proved wrong is not believed again"


def test_a_snapshot_that_was_broken_off_goes_on_with_what_is_held(chain: SmallChain, new: Callable[..., New]) -> None:
    asked: list[str] = []

    async def ends(body: bytes) -> bytes:
        asked.append(decode(body)["method"])
        if asked.count("cinepeer_nodes") > 2:
            raise Unreachable("found nobody, expected the source")
        return await chain.rpc.answer(body)

    node = new(ends)
    assert not node.pull() and node.following.is_away
    assert node.ask("eth_blockNumber") == "0x0" and node.files, "what is not whole answers nothing"
    node.copies.close()
    counted: list[tuple[str, Any]] = []

    async def whole(body: bytes) -> bytes:
        one = decode(body)
        counted.append((one["method"], one["params"]))
        return await chain.rpc.answer(body)

    again = new(whole)
    assert again.pull() and again.following.snapshot == chain.evm.head.block_number
    assert "cinepeer_history" not in [method for method, _ in counted], "the history was whole"
    assert asked.count("cinepeer_nodes") == 3 and counted
    again.copies.close()
    after = new(whole)
    assert after.pull() and "not replayed" in after.following.label, "the label outlives a start"
    after.execute()
    assert after.pull() and after.following.may_witness


def test_the_history_of_two_sequencers_is_taken_and_executed(chain: SmallChain, new: Callable[..., New]) -> None:
    second = Successor()
    yielded(chain)
    second.replay.take(told(chain))
    second.replay.succeed(chain.evm.succession.handovers)
    second.take_over()
    for _ in range(3):
        second.deploy(COUNTER)
    node = new(second.rpc.answer)
    assert node.pull() and "not replayed" in node.following.label
    node.execute()
    assert node.copies.evm.head.hash == second.evm.head.hash
    assert [one.sequencer for one in node.copies.evm.succession.handovers] == [second.evm.succession.current]
    assert node.ask("cinepeer_handovers") == second.ask("cinepeer_handovers")
    assert dagcbor.decode(bytes.fromhex(node.ask("cinepeer_handovers")[0][2:]))


def test_a_fork_that_is_found_beside_a_snapshot_is_kept_when_that_goes(
    chain: SmallChain, new: Callable[..., New]
) -> None:
    node, other = new(chain.rpc.answer), SmallChain()
    assert node.pull()
    other.deploy(COUNTER)
    other.deploy(COUNTER)
    refused = node.said("cinepeer_compare", other.ask("cinepeer_signedHeader"))["error"]
    assert refused["data"] == "fork"
    node.execute()
    assert not node.files
    assert "two blocks of height 2" in node.ask("cinepeer_faults")[0]["found"]


def test_states_before_a_snapshot_are_refused_in_a_sentence(chain: SmallChain, new: Callable[..., New]) -> None:
    node = new(chain.rpc.answer)
    assert node.pull()
    for question in (
        ("eth_getBalance", "0x" + address(ANNA).hex(), "0x3"),
        ("eth_getProof", "0x" + address(ANNA).hex(), [], "0x3"),
        ("eth_call", {"to": "0x" + address(ANNA).hex()}, "0x3"),
    ):
        assert "began by a snapshot" in node.said(*question)["error"]["message"], question
    node.execute()
    asked = ("eth_getBalance", "0x" + address(ANNA).hex(), "0x3")
    assert node.ask(*asked) == chain.ask(*asked)


def test_a_copy_serves_its_parts_to_the_next(chain: SmallChain, new: Callable[..., New], tmp_path: Path) -> None:
    copy = Copy()
    copy.replay.take(told(chain))
    node = new(copy.rpc.answer)
    logs = ("eth_getLogs", {"fromBlock": "0x0"})
    assert node.pull() and node.ask(*logs) == chain.ask(*logs)
    (tmp_path / "third").mkdir()
    third = New(tmp_path / "third", node.copies.answer)
    assert third.pull() and third.following.snapshot == node.following.snapshot, "from one that executed nothing yet"
    third.copies.close()


def test_code_with_the_bytes_of_a_node_does_not_hide_what_that_node_leads_to() -> None:
    leaf = rlp.encode([b"\x20" + b"\1" * 31, rlp.encode(b"\7" * 32)])
    trie = rlp.encode([keccak(leaf), *[b""] * 16])
    with_code = rlp.encode([b"\x01", b"", b"\x56" * 32, keccak(trie)])
    with_slots = rlp.encode([b"\x01", b"", keccak(trie), b"\x57" * 32])
    first, second = rlp.encode([b"\x20" + b"\2" * 31, with_code]), rlp.encode([b"\x20" + b"\3" * 31, with_slots])
    root = rlp.encode([keccak(first), keccak(second), *[b""] * 15])
    store: dict[bytes, bytes] = {}
    walk = Walk(store, keccak(root))
    known = {keccak(part): part for part in (root, first, second, trie, leaf)}
    for _ in range(5):
        walk.take([known[key] for key in walk.missing(100) if key in known])
    assert set(known) <= set(store) and set(walk.missing(100)) == {b"\x56" * 32, b"\x57" * 32}


@pytest.mark.parametrize(
    "node",
    [
        [b"\x20" + b"\4" * 31, rlp.encode([b"\1", b"", b"short", b"\1" * 32])],
        [b"\x20" + b"\4" * 31, rlp.encode([b"\1", b""])],
        [b"\x20" + b"\4" * 31, [b"\1"]],
        [b"\1", b"\2", b"\3"],
        [b"\1" * 3, *[b""] * 16],
        [b"", b"\1"],
    ],
)
def test_what_is_no_node_is_refused_although_its_hash_was_signed(node: list[Any]) -> None:
    encoded = rlp.encode(node)
    walk = Walk({}, keccak(encoded))
    assert walk.missing(1) == [keccak(encoded)]
    with pytest.raises(Refused) as error:
        walk.take([encoded])
    assert error.value.reason == "bad-snapshot"
