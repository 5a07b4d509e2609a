"""A made-up catalogue of many titles as one audit bundle, and what verifying it takes, each in a process of its own.

The ledger's state is built here, not executed: titles, purses and their log as the contracts would have left them,
under a header that a sequencer signed. The verifier cannot tell the difference; it checks every signature and proof.

run: python scripts/benchmarks/catalogue.py make FILMS FILE   or   … verify FILE
"""

from __future__ import annotations

import hashlib
import json
import mmap
import pickle
import resource
import sys
import threading
import time
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from cinepeer.records import dagcbor  # noqa: E402 (the tests' scene comes first)
from cinepeer.records.cid import DAG_CBOR, DAG_PB, Cid  # noqa: E402
from cinepeer.rights import abi, rlp  # noqa: E402
from cinepeer.rights.collection import Gathered, Signed, build_collection  # noqa: E402
from cinepeer.rights.deeds import NATIVE, Deed, sign_deed, title_number  # noqa: E402
from cinepeer.rights.deployment import NAMES, salted_address  # noqa: E402
from cinepeer.rights.events import Log, decode_all  # noqa: E402
from cinepeer.rights.gathering import Sharing, shared_levels  # noqa: E402
from cinepeer.rights.keccak import keccak  # noqa: E402
from cinepeer.rights.proofs import AccountProof, SlotProof  # noqa: E402
from cinepeer.rights.sequencer import sign_header  # noqa: E402
from cinepeer.rights.shipped import SHIPPED  # noqa: E402
from cinepeer.rights.signatures import address_of  # noqa: E402
from cinepeer.rights.slots import purse_slot, title_slot  # noqa: E402
from cinepeer.rights.state import NOBODY, Title, fold  # noqa: E402
from cinepeer.rights.trie import EMPTY_ROOT  # noqa: E402
from unit.rights.scene import BORN, CHAIN, CREATOR, PARTNER, SEED, Chain, Person, hexed, unhexed  # noqa: E402

AT_ONCE = 10_000
"""Films that are made in one go; they have one author."""

PAYMENTS = 4
PAID = 1_000


@dataclass(slots=True)
class Node:
    """One node of a trie under construction: its RLP, and below it a child for each nibble, or what follows."""

    data: bytes
    children: dict[int, Node] = field(default_factory=dict)
    skip: int = 0


def trie(items: list[tuple[bytes, bytes]], depth: int = 0) -> Node:
    """The trie over sorted (32-byte key, value) pairs that agree in their first `depth` nibbles."""
    if len(items) == 1:
        key, value = items[0]
        return Node(rlp.encode([_packed(key, depth, 64, True), value]))
    first, last = items[0][0], items[-1][0]
    end = depth
    while _nibble(first, end) == _nibble(last, end):
        end += 1
    groups: dict[int, list[tuple[bytes, bytes]]] = {}
    for item in items:
        groups.setdefault(_nibble(item[0], end), []).append(item)
    children = {nibble: trie(group, end + 1) for nibble, group in groups.items()}
    branch = Node(
        rlp.encode([_reference(children[at]) if at in children else b"" for at in range(16)] + [b""]), children
    )
    if end == depth:
        return branch
    return Node(rlp.encode([_packed(first, depth, end, False), _reference(branch)]), {-1: branch}, end - depth)


def way(root: Node, key: bytes) -> tuple[bytes, ...]:
    """The nodes from the root down to a key."""
    found, node, depth = [root.data], root, 0
    while node.children:
        if -1 in node.children:
            depth, node = depth + node.skip, node.children[-1]
        else:
            depth, node = depth + 1, node.children[_nibble(key, depth)]
        found.append(node.data)
    return tuple(found)


def _nibble(key: bytes, at: int) -> int:
    return key[at >> 1] & 15 if at & 1 else key[at >> 1] >> 4


def _packed(key: bytes, begin: int, end: int, is_leaf: bool) -> bytes:
    nibbles = [_nibble(key, at) for at in range(begin, end)]
    flag = 2 * is_leaf + len(nibbles) % 2
    whole = [flag, *nibbles] if len(nibbles) % 2 else [flag, 0, *nibbles]
    return bytes(whole[at] << 4 | whole[at + 1] for at in range(0, len(whole), 2))


def _reference(node: Node) -> bytes:
    assert len(node.data) >= 32, "nodes here are never short enough to lie within their parents"
    return keccak(node.data)


class Shelf(MutableMapping[Cid, bytes]):
    """Blocks in a file, so that a bundle of any size is built in little memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._places: dict[Cid, tuple[int, int]] = {}
        self._end = 0

    def __setitem__(self, cid: Cid, block: bytes) -> None:
        if cid not in self._places:
            self._file.seek(self._end)
            self._file.write(block)
            self._places[cid] = (self._end, len(block))
            self._end += len(block)

    def __getitem__(self, cid: Cid) -> bytes:
        begin, size = self._places[cid]
        self._file.seek(begin)
        return self._file.read(size)

    def __delitem__(self, cid: Cid) -> None:
        del self._places[cid]

    def __iter__(self) -> Iterator[Cid]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class Made:
    """The catalogue: its author's records, its deeds, and each title's log and slots."""

    def __init__(self) -> None:
        self.chain = Chain()
        self.author = Person(1)
        self.contracts = self.chain.contracts
        self.slots: dict[int, int] = {}
        self.titles: list[tuple[bytes, list[Log], Signed]] = []
        self.records: list[tuple[bytes, bytes]] = []

    def add(self, first: int, films: int) -> None:
        """So many films more, numbered from `first`, by an author of their own."""
        self.author = Person(1 + first // AT_ONCE)
        for number in range(first, first + films):
            self._film(number)
            # Only what the feed needs to go on stays in the scene.
            self.records += [(record.block, body) for record, body in self.author.records]
            self.author.records.clear()

    def keep(self, file: Path) -> None:
        """Keeps what was added, for another process to go on with."""
        part = file.with_suffix(".new")
        part.write_bytes(pickle.dumps((self.slots, self.titles, self.records)))
        part.rename(file)

    def take(self, file: Path) -> None:
        """Adds what another process kept."""
        slots, titles, records = pickle.loads(file.read_bytes())  # our own file
        self.slots |= slots
        self.titles += titles
        self.records += records

    def _film(self, number: int) -> None:
        root = Cid.of(b"root %d" % number, DAG_PB)
        source = hashlib.sha256(b"source %d" % number).digest()
        film = self.author.sign(
            "film", name=f"Film {number}", year=None, external=[], credits=[], genres=[], synopsis="", languages=[]
        )
        version = self.author.sign(
            "version", film=film.id, label="cut", root=root, duration_ms=1, size_bytes=1, blocks=1, renditions=[],
            source=source,
        )  # fmt: skip
        creator, partner = address_of(CREATOR), address_of(PARTNER)
        deed = Deed(creator, root.digest, film.id.digest, source, 500, 2**40, (creator, partner), (7000, 3000))
        signature = sign_deed(CREATOR, deed, self.contracts)
        salt = keccak(abi.encode(["address", "bytes32"], [creator, root.digest]))
        title = salted_address(self.contracts.titles, salt, SHIPPED.purse)
        self.author.sign(
            "title", film=film.id, chain=CHAIN, contract=self.contracts.titles, title=title, deed=deed.to_map(),
            signature=signature,
        )  # fmt: skip
        logs = self._logs(title, deed, number)
        self.titles.append((title, logs, Signed(film.id, version.id, root, deed, signature, ())))
        self._keep(fold(decode_all(logs, self.contracts), only=title).titles[title])

    def _logs(self, title: bytes, deed: Deed, number: int) -> list[Log]:
        time_s = BORN + number
        entries: list[tuple[str, list[bytes], list[tuple[str, Any]]]] = [
            (
                "Registered(uint256,address,bytes32,bytes32,bytes32,uint8,uint16,uint40)",
                [title, deed.creator, deed.content],
                [
                    ("bytes32", deed.metadata),
                    ("bytes32", deed.fingerprint),
                    ("uint8", deed.codec),
                    ("uint16", deed.royalty),
                    ("uint40", time_s),
                ],
            )
        ]
        for holder, shares in zip(deed.holders, deed.shares, strict=True):
            entries.append(
                (
                    "TransferSingle(address,address,address,uint256,uint256)",
                    [deed.creator, NOBODY, holder],
                    [("uint256", title_number(title)), ("uint256", shares)],
                )
            )
        for _ in range(PAYMENTS):
            entries.append(
                (
                    "Credited(uint256,address,bytes32,address,uint256,uint40)",
                    [title, deed.creator, bytes(32)],
                    [("address", NATIVE), ("uint256", PAID), ("uint40", time_s)],
                )
            )
        return [
            Log(
                self.contracts.titles,
                (abi.topic(event), *(one.rjust(32, b"\0") for one in indexed)),
                abi.encode([kind for kind, _ in values], [value for _, value in values]),
                10 + number,
                index,
                bytes(32),
            )
            for index, (event, indexed, values) in enumerate(entries)
        ]

    def _keep(self, title: Title) -> None:
        first = title_slot(title.id)
        word = int.from_bytes(title.controller) | title.since << 160 | title.deed.royalty << 200
        self.slots[first] = word | int(title.status) << 216 | title.tenure << 224
        self.slots[first + 1] = int.from_bytes(title.head)
        self.slots[first + 2] = int.from_bytes(title.metadata)
        self.slots[purse_slot(title.id, NATIVE)] = title.purses[NATIVE].paid_in

    def bundle(self, shelf: Shelf) -> Iterator[bytes]:
        """The bundle's bytes."""
        named, chain = self.contracts.named(), self.chain
        keyed = [
            (keccak(slot.to_bytes(32, "big")), rlp.encode(rlp.encode_uint(word))) for slot, word in self.slots.items()
        ]
        storage = trie(sorted(keyed))
        code = [unhexed(chain.ask("eth_getCode", hexed(named[name]), "latest")) for name in NAMES]
        accounts = {}
        for name, bytecode in zip(NAMES, code, strict=True):
            root = keccak(storage.data) if name == NAMES[0] else EMPTY_ROOT
            balance = PAID * PAYMENTS * len(self.titles) if name == NAMES[0] else 0
            fields = [rlp.encode_uint(1), rlp.encode_uint(balance), root, keccak(bytecode)]
            accounts[keccak(named[name])] = rlp.encode(fields)
        state = trie(sorted(accounts.items()))
        header = rlp.decode(chain.header().rlp)
        assert isinstance(header, list)
        header[3], header[8] = keccak(state.data), rlp.encode_uint(10 + len(self.titles))
        genesis = dagcbor.encode(chain.genesis)
        network = Cid.of(genesis, DAG_CBOR)
        sharing = Sharing(shared_levels(len(self.slots)))

        def dossiers() -> Iterator[Any]:
            for title, logs, signed in self.titles:
                first = title_slot(title)
                slots = (first, first + 1, first + 2, purse_slot(title, NATIVE))
                ways = tuple(SlotProof(slot, way(storage, keccak(slot.to_bytes(32, "big")))) for slot in slots)
                proofs = {NAMES[0]: AccountProof(named[NAMES[0]], (), ways)}
                yield sharing.dossier(title, decode_all(logs, self.contracts), proofs, signed)

        return build_collection(
            Gathered(
                sort="catalogue",
                subject=network,
                genesis=genesis,
                header=sign_header(SEED, network, rlp.encode(header)),
                accounts=[AccountProof(named[name], way(state, keccak(named[name]))) for name in NAMES],
                code=code,
                anchors=[],
                nodes=sharing.nodes.values(),
                dossiers=dossiers(),
                records=self.records,
                account=None,
                leaves=[],
            ),
            shelf,
        )


def _own_kib() -> int:
    """The memory of this process that is its own: what it mapped of a file the system may drop at any time."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))


class Watching:
    """Looks many times a second how much memory is the process's own."""

    def __init__(self) -> None:
        self.most_kib = 0
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look)

    def __enter__(self) -> Watching:
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._looking.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            self.most_kib = max(self.most_kib, _own_kib())


def make(films: int, path: Path) -> None:
    """Writes a bundle of so many films; what was made of it by a run that broke off is taken as it is."""
    parts = [path.with_suffix(f".{first}") for first in range(0, films, AT_ONCE)]
    for at, part in enumerate(parts):
        if not part.exists():
            some = Made()
            some.add(at * AT_ONCE, min(AT_ONCE, films - at * AT_ONCE))
            some.keep(part)
    made = Made()
    for part in parts:
        made.take(part)
    with path.with_suffix(".blocks").open("w+b") as blocks, path.open("wb") as file:
        for piece in made.bundle(Shelf(blocks)):
            file.write(piece)
    for file in (path.with_suffix(".blocks"), *parts):
        file.unlink()


def verify(path: Path) -> dict[str, Any]:
    """Verifies a bundle, and what that took."""
    from cinepeer.rights.audit import Expectations
    from cinepeer.rights.audit import verify as audited

    before = _own_kib()
    began, wall = time.process_time(), time.monotonic()
    with (
        Watching() as watching,
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as data,
    ):
        report = audited(data, Expectations(SHIPPED))
    return {
        "ok": report.ok,
        "failed": [f"{line.check}: {line.found}"[:300] for line in report.failures[:3]],
        "titles": len(report.films),
        "cpu_s": time.process_time() - began,
        "wall_s": time.monotonic() - wall,
        "own_mib": watching.most_kib / 1024,
        "before_mib": before / 1024,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "bytes": path.stat().st_size,
    }


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        print(json.dumps(verify(Path(sys.argv[2]))))
