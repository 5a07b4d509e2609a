"""Makes the frozen bundles that every verifier judges alike: `python -m vectors.audit_cases` in `tests`.

A bundle is written as the list of its blocks; what verifiers must agree on is each line's check and whether it holds.
The contracts that were trusted stand in the file, so that it holds whatever is shipped later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cinepeer.content import unixfs
from cinepeer.content.car import write
from cinepeer.errors import Refused
from cinepeer.records import dagcbor, keys
from cinepeer.records.cid import Cid
from cinepeer.rights import deeds
from cinepeer.rights.audit import Expectations, verify
from cinepeer.rights.binding import sign_binding
from cinepeer.rights.container import scan
from cinepeer.rights.further import FurtherSet
from cinepeer.rights.keccak import keccak
from cinepeer.rights.proofs import parse_header
from cinepeer.rights.sequencer import SignedHeader, sign_header
from cinepeer.rights.shipped import SHIPPED
from cinepeer.rights.signatures import address_of, sign
from cinepeer.rights.succession import Handover, hand_over, stand
from unit.rights import collected, scene
from unit.rights.scene import CHAIN, CREATOR, RELAYER, SEED, Person, Story

FILE = Path(__file__).parent / "audit.json"
EXPECTATIONS = Expectations(SHIPPED)


def small_film(blocks: dict[Cid, bytes]) -> Cid:
    """A folder of two files, one of which has two leaves."""
    put = blocks.__setitem__
    node = unixfs.import_file([b"#EXTM3U\n"], put)
    return unixfs.directory([("a.m3u8", node), ("b.m4s", unixfs.import_file([b"short"], put))], put).cid


def _film_cases(story: Story) -> Iterator[tuple[str, bytes]]:
    def made(name: str, **changes: Any) -> tuple[str, bytes]:
        return name, story.bundle(**changes)

    material = story.material()
    yield made("sound")
    yield made("no witness", witnessed=False)
    logs = list(material.logs)
    for at in range(len(logs)):
        yield made(f"log {at} dropped", logs=[*logs[:at], *logs[at + 1 :]])
        data = bytearray(logs[at].data)
        data[-1] ^= 1
        yield made(f"log {at} altered", logs=[*logs[:at], replace(logs[at], data=bytes(data)), *logs[at + 1 :]])
        if at % 4 == 1:
            yield made(f"log {at} repeated", logs=[*logs[: at + 1], *logs[at:]])
            yield made(f"log {at} moved", logs=[*logs[: at - 1], logs[at], logs[at - 1], *logs[at + 1 :]])
    yield made("a log of nobody's contract", logs=[replace(logs[0], address=bytes(20)), *logs[1:]])
    yield made("a log after the block", logs=[*logs[:-1], replace(logs[-1], block=logs[-1].block + 1)])
    contracts = story.chain.contracts
    yield made("deed signed by another", deed_signature=deeds.sign_deed(RELAYER, story.deed, contracts))
    yield made("deed's signature cut", deed_signature=story.deed_signature[:-1])
    high = scene.CREATOR and bytearray(story.deed_signature)
    high[64] ^= 7
    yield made("deed's signature with another v", deed_signature=bytes(high))
    for name, change in {"royalty": 501, "shares": (7001, 2999), "fingerprint": bytes(32), "codec": 0x55}.items():
        deed = replace(story.deed, **{name: change})
        yield made(f"deed of another {name}", deed=deed, deed_signature=deeds.sign_deed(CREATOR, deed, contracts))
    yield made("offer without a signature", offers=[])
    forged = deeds.sign_offer(RELAYER, story.offer, contracts)
    yield made("offer signed by another", offers=[(story.offer, forged)])
    yield made("another title", title=b"\1" * 20)
    yield made("film and version exchanged", film=story.version.id, version=story.film.id)
    yield from _block_cases(story, made)
    yield from _record_cases(story, made)


def _block_cases(story: Story, made: Callable[..., tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    material = story.material()
    header = material.header
    network = Cid.of(material.genesis, 0x71)
    yield made("another genesis", genesis=dagcbor.encode(dict(story.chain.genesis, name="Other")))
    yield made("no genesis", genesis=dagcbor.encode([1]))
    yield made("header signed by another", header=sign_header(b"\x09" * 32, network, header.rlp))
    yield made("header for another network", header=sign_header(SEED, Cid.of(b"x", 0x71), header.rlp))
    yield made("header cut", header=replace(header, rlp=header.rlp[:-1]))
    yield from _order_cases(story, made)
    yield from _set_cases(story, made)
    for number, name in enumerate(material.code):
        code = dict(material.code)
        code[name] = code[name][:-1] + b"\0"
        yield made(f"another code of {name}", code=code)
        accounts = list(material.accounts)
        nodes = list(accounts[number].nodes)
        accounts[number] = replace(accounts[number], nodes=(*nodes[:-1], nodes[-1][:-1] + b"\1"))
        yield made(f"another proof of {name}", accounts=accounts)
        for at in range(0, len(material.accounts[number].slots), 2):
            accounts = list(material.accounts)
            slots = list(accounts[number].slots)
            accounts[number] = replace(accounts[number], slots=tuple(slots[:at] + slots[at + 1 :]))
            yield made(f"slot {at} of {name} not proven", accounts=accounts)


def _order_cases(story: Story, made: Callable[..., tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Blocks of a sequencer to whom others handed over, and of a chain that others order."""
    material = story.material()
    genesis = dict(story.chain.genesis)
    network, rlp = Cid.of(material.genesis, 0x71), material.header.rlp
    height = parse_header(rlp).number
    second, third = b"\x21" * 32, b"\x22" * 32

    def handed(by: bytes, to: bytes, number: int, after: int, at: Cid = network) -> Handover:
        asked = stand(to, at, number, b"\x77" * 20, ["/ip4/192.0.2.1/tcp/4001/p2p/12D3KooW"])
        return hand_over(by, at, asked, after, bytes([after]) * 32)

    once, again = handed(SEED, second, 1, height - 2), handed(second, third, 2, height - 1)
    by_second, by_third = sign_header(second, network, rlp), sign_header(third, network, rlp)
    yield made("handed over", header=by_second, handovers=[once])
    yield made("handed over twice", header=by_third, handovers=[once, again])
    yield made("handed over without saying so", header=by_second)
    yield made("signed by who handed over", handovers=[once])
    yield made("handed over to another", header=by_third, handovers=[once])
    yield made("hand-overs exchanged", header=by_third, handovers=[again, once])
    yield made("a hand-over left out", header=by_third, handovers=[again])
    yield made("a hand-over after the block", handovers=[handed(SEED, second, 1, height)])
    yield made("a hand-over by nobody", header=by_second, handovers=[handed(third, second, 1, height - 2)])
    yield made(
        "a hand-over in another network",
        header=by_second,
        handovers=[handed(SEED, second, 1, height - 2, Cid.of(b"x", 0x71))],
    )
    yield made("a hand-over's height changed", header=by_second, handovers=[replace(once, height=height - 1)])
    unasked = replace(once, candidate=replace(once.candidate, consent=bytes(64)))
    unasked = replace(unasked, signature=keys.sign(SEED, unasked.message(network)))
    yield made("a hand-over to who did not agree", header=by_second, handovers=[unasked])
    back = handed(second, SEED, 2, height - 1)
    yield made("handed back", handovers=[once, back])

    del genesis["sequencer"]
    there = {**genesis, "from_block": 1, "parent": "0x" + "5a" * 32}
    yield made("a chain of others", genesis=dagcbor.encode(there), header=SignedHeader(rlp, b""))
    yield made("a chain of others, signed", genesis=dagcbor.encode(there))
    late = dagcbor.encode({**there, "from_block": height + 1})
    yield made("a chain of others, before the contracts", genesis=late, header=SignedHeader(rlp, b""))
    yield made("a chain of nobody", genesis=dagcbor.encode(genesis), header=SignedHeader(rlp, b""))
    yield made("a sequencer's block without a signature", header=SignedHeader(rlp, b""))
    yield made("a signature cut", header=SignedHeader(rlp, material.header.signature[:-1]))


def named_sets(story: Story, founder: bytes = SEED, **changes: Any) -> dict[str, Any]:
    """What changes when the story's contracts are the second set of a network whose genesis names other ones."""
    material = story.material()
    deployer = bytes.fromhex(story.chain.genesis["deployer"].removeprefix("0x"))
    genesis = dagcbor.encode(dict(story.chain.genesis, deployer="0x" + "d1" * 20))
    network = Cid.of(genesis, 0x71)
    second = replace(FurtherSet(2, deployer, 1), **changes)
    named = replace(second, signature=keys.sign(founder, second.message(network)))
    return {"genesis": genesis, "header": sign_header(SEED, network, material.header.rlp), "sets": [named]}


def _set_cases(story: Story, made: Callable[..., tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Titles in a contract set that the founder named beside the first."""
    height = parse_header(story.material().header.rlp).number
    wanted = named_sets(story)
    network, sets = Cid.of(wanted["genesis"], 0x71), wanted["sets"]
    yield made("in a second set", **wanted)
    yield made("in a second set that nobody named", **{**wanted, "sets": []})
    yield made("in a second set named by another", **named_sets(story, b"\x09" * 32))
    yield made("in a second set of another network", **{**wanted, "sets": story_sets(Cid.of(b"x", 0x71), sets)})
    yield made("in a second set called the third", **named_sets(story, number=3))
    yield made("in a second set from no block on", **named_sets(story, from_block=0))
    yield made("in a second set from a later block on", **named_sets(story, from_block=height + 1))
    yield made("in a second set of the first's deployer", **named_sets(story, deployer=b"\xd1" * 20))
    yield made("in a second set by nobody", **named_sets(story, deployer=b"\x55" * 20))
    yield made("in a second set, block changed", **{**wanted, "sets": [replace(sets[0], from_block=2)]})
    before = FurtherSet(2, b"\xd2" * 20, 1)
    third = FurtherSet(3, sets[0].deployer, 2)
    both = story_sets(network, [before, third])
    yield made("in a third set", **{**wanted, "sets": both})
    yield made("in a third set, the second left out", **{**wanted, "sets": both[1:]})
    yield made("in a third set, exchanged", **{**wanted, "sets": both[::-1]})
    there = {
        **story.chain.genesis,
        "deployer": "0x" + address_of(RELAYER).hex(),
        "from_block": 1,
        "parent": "0x" + "5a" * 32,
    }
    del there["sequencer"]
    chain = dagcbor.encode(there)
    elsewhere = {"genesis": chain, "header": SignedHeader(story.material().header.rlp, b"")}
    for name, key in {"the founder": RELAYER, "another": CREATOR}.items():
        message = replace(sets[0], from_block=2).message(Cid.of(chain, 0x71))
        named = replace(sets[0], from_block=2, signature=sign(key, keccak(message)))
        yield made(f"on a chain of others, in a second set named by {name}", **elsewhere, sets=[named])


def story_sets(network: Cid, sets: list[FurtherSet]) -> list[FurtherSet]:
    """The same sets as the founder names them in a network."""
    return [replace(one, signature=keys.sign(SEED, one.message(network))) for one in sets]


def _record_cases(story: Story, made: Callable[..., tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    records = list(story.material().records)
    for at in range(len(records)):
        yield made(f"record {at} dropped", records=[*records[:at], *records[at + 1 :]])
        yield made(f"record {at} without its body", records=[*records[:at], (records[at][0], None), *records[at + 1 :]])
    block = dagcbor.decode(records[3][0])
    assert isinstance(block, dict)
    signature = bytearray(bytes(block["signature"]))  # type: ignore[arg-type]
    signature[0] ^= 1
    forged = dagcbor.encode({**block, "signature": bytes(signature)})
    yield made("a record's signature altered", records=[*records[:3], (forged, records[3][1]), *records[4:]])
    yield made("another body", records=[*records[:2], (records[2][0], records[3][1]), *records[3:]])
    other = Person(5)
    other.sign("witness", chain=CHAIN, height=7, hash=bytes(32))
    strangers = [(record.block, body) for record, body in other.records]
    yield made("a witness of another block", records=[*records, *strangers])
    proof = story.material().ratings[0]
    for name, change in {
        "index": proof.index - 1, "size": proof.size + 1, "root": bytes(32), "path": proof.path[:-1],
        "account": bytes(20), "record": story.film.id,
    }.items():  # fmt: skip
        yield made(f"rating of another {name}", ratings=[replace(proof, **{name: change})])


def _collection_cases(story: Story) -> Iterator[tuple[str, bytes]]:
    def made(name: str, sort: str = "author", **changes: Any) -> tuple[str, bytes]:
        return f"collection: {name}", collected.bundled(collected.gathered(sort, story, **changes))

    for sort in ("author", "network", "catalogue"):
        yield made(sort, sort)
    yield made("title", "title", anchors=[], account=None, leaves=[])
    material = collected.gathered(story=story)
    dossier = next(iter(material.dossiers))
    logs, nodes, signed = list(dossier.logs), list(dossier.nodes), dossier.signed
    assert signed is not None
    for at in range(len(logs)):
        left = (*logs[:at], *logs[at + 1 :])
        yield made(f"entry {at} dropped", dossiers=[replace(dossier, logs=left)])
    for at in range(len(nodes)):
        yield made(f"node {at} dropped", dossiers=[replace(dossier, nodes=(*nodes[:at], *nodes[at + 1 :]))])
    yield made("a node that nothing needs", dossiers=[replace(dossier, nodes=(*nodes, b"\xc2\x80\x80"))])
    yield made("another title's entries", dossiers=[replace(dossier, title=bytes(20))])
    yield made("from the ledger alone", "network", dossiers=[replace(dossier, signed=None)])
    yield made("no offers", dossiers=[replace(dossier, signed=replace(signed, offers=()))])
    yield made("the same title twice", "network", dossiers=[dossier, dossier])
    records, leaves = list(material.records), list(material.leaves)
    for at in range(len(records)):
        yield made(f"record {at} dropped", records=[*records[:at], *records[at + 1 :]])
    for at in range(len(leaves)):
        yield made(f"leaf {at} dropped", leaves=[*leaves[:at], *leaves[at + 1 :]])
    yield made("leaves exchanged", leaves=[leaves[1], leaves[0], *leaves[2:]])
    yield made("leaves as ids", leaves=[bytes(one) for one in story.leaves])
    anchors = list(material.anchors)
    yield made("first anchor dropped", anchors=anchors[1:])
    yield made("last anchor dropped", anchors=anchors[:1])
    yield made("another account's leaves", account=bytes(20))
    yield made("another subject", "catalogue", subject=story.creator.id)
    yield made("a stranger", subject=Person(9).id)
    second = {**named_sets(story), "subject": Cid.of(named_sets(story)["genesis"], 0x71)}
    yield made("in a second set", "catalogue", **second)
    yield made("in a second set that nobody named", "catalogue", **{**second, "sets": []})


def _place_cases(whole: bytes) -> Iterator[tuple[str, bytes]]:
    """Sound blocks that are too many, too few, or in other places."""
    container = scan(memoryview(whole))
    root = container.root
    assert root is not None
    pairs = [(section.cid, whole[section.begin : section.end]) for section in container.sections]
    extra = b"\xf6"
    for name, changed in {
        "a block too many": [*pairs, (Cid.of(extra, 0x71), extra)],
        "a block twice": [*pairs, pairs[-1]],
        "two blocks exchanged": [*pairs[:-2], pairs[-1], pairs[-2]],
        "the last block left out": pairs[:-1],
        "the log left out": [*pairs[:7], *pairs[8:]],
    }.items():
        yield name, b"".join(write([root], iter(changed)))


def _later_cases() -> Iterator[tuple[str, bytes]]:
    """What somebody did after the story, each from a story of its own."""

    def told() -> Story:
        story = scene.new_story(small_film)
        story.creator.sign("profile", name="Ada", account=sign_binding(CREATOR, story.creator.id, CHAIN))
        return story

    story = told()
    story.creator.sign("profile", seq=0, name="Other")
    yield "a fork", story.bundle()
    yield "collection: a fork", collected.bundled(collected.gathered("author", story))
    story = told()
    story.creator.sign("profile", name="Ada", account=sign_binding(CREATOR, story.viewer.id, CHAIN))
    yield "collection: an account that signed for another", collected.bundled(collected.gathered("author", story))
    story, other = told(), Person(8)
    other.sign("network", number=2, genesis=Cid.of(b"other", 0x71), bootstrap=[], endpoints=[])
    records = [*collected.gathered("network", story).records, *((one.block, body) for one, body in other.records)]
    yield "collection: another genesis", collected.bundled(collected.gathered("network", story, records=records))
    yield "collection: no nodes", collected.bundled(collected.gathered("network", story, nodes=[b"\x80"]))
    story = told()
    skipped = [story.creator.sign("profile", name=name) for name in ("Ada", "Ada L.")]
    story.anchor([*story.leaves, skipped[1].id])
    yield "collection: a record skipped by the anchor", collected.bundled(collected.gathered("catalogue", story))
    story = told()
    thief = replace(story.deed, creator=address_of(scene.CINEMA))
    signed = deeds.sign_deed(scene.CINEMA, thief, story.chain.contracts)
    receipt = story.chain.send(RELAYER, story.chain.contracts.titles, deeds.register_call(thief, signed))
    yield "a later claim", story.bundle()
    yield "collection: a later claim", collected.bundled(collected.gathered("network", story))
    story.title = bytes.fromhex(receipt["logs"][0]["topics"][1][2:])[12:]
    yield "an earlier claim", story.bundle(deed=thief, deed_signature=signed)

    def boasting(blocks: dict[Cid, bytes]) -> Cid:
        """A block that nothing links to is counted too."""
        blocks[Cid.of(b"more", 0x55)] = b"more"
        return small_film(blocks)

    yield "fewer blocks than the version says", scene.new_story(boasting).bundle()


def _byte_cases(car: bytes) -> Iterator[dict[str, Any]]:
    """Changes of a whole bundle's bytes: one flipped bit, a cut, a byte too many."""
    step = len(car) // 97
    for at in range(1, len(car), step):
        bit = 1 << (at % 8)
        yield {
            "name": f"byte {at} flipped",
            "flip": [at, bit],
            "car": car[:at] + bytes([car[at] ^ bit]) + car[at + 1 :],
        }
    for size in (0, 1, 30, 60, len(car) // 2, len(car) - 1):
        yield {"name": f"cut to {size}", "cut": size, "car": car[:size]}
    yield {"name": "a byte too many", "more": "00", "car": car + b"\0"}


def made() -> dict[str, Any]:
    """All cases with the blocks they share."""
    story = scene.new_story(small_film)
    story.creator.sign("profile", name="Ada", account=sign_binding(CREATOR, story.creator.id, CHAIN))
    blocks: dict[str, str] = {}
    cases = []
    for name, car in [
        *_film_cases(story),
        *_collection_cases(story),
        *_place_cases(story.bundle()),
        *_later_cases(),
    ]:
        container = scan(memoryview(car))
        for section in container.sections:
            blocks[str(section.cid)] = car[section.begin : section.end].hex()
        order = [str(section.cid) for section in container.sections]
        assert b"".join(write([container.root], _pairs(order, blocks))) == car  # type: ignore[list-item]
        numbers = {cid: at for at, cid in enumerate(blocks)}
        cases.append({"name": name, "blocks": [numbers[cid] for cid in order], "lines": lines(car)})
    whole = story.bundle()
    changed = [
        {key: value for key, value in case.items() if key != "car"} | {"lines": lines(case["car"])}
        for case in _byte_cases(whole)
    ]
    trusted = {
        "shapes": {
            name: {"digest": shape.digest.hex(), "holes": [list(hole) for hole in shape.holes]}
            for name, shape in SHIPPED.shapes.items()
        },
        "purse": SHIPPED.purse.hex(),
        "bond": str(SHIPPED.bond),
    }
    return {"shipped": trusted, "blocks": list(blocks.items()), "cases": cases, "changed": changed}


def _pairs(order: list[str], blocks: dict[str, str]) -> Iterator[tuple[Cid, bytes]]:
    return ((Cid.parse(cid), bytes.fromhex(blocks[cid])) for cid in order)


def lines(car: bytes) -> list[str]:
    """What verifiers agree on: `+` a check that holds, `-` one that does not."""
    return [("+ " if line.ok else "- ") + line.check for line in verify(car, EXPECTATIONS).lines]


def main() -> None:
    """Writes the file; the verdicts that many cases share stand in it once."""
    found = made()
    shared: list[list[str]] = []
    for case in [*found["cases"], *found["changed"]]:
        if case["lines"] not in shared:
            shared.append(case["lines"])
        case["lines"] = shared.index(case["lines"])
    about = "Audit bundles by their blocks, and which line of each holds (+) or does not (-)."
    rows = [f'"{key}": {json.dumps(value)}' for key, value in {**found, "verdicts": shared}.items()]
    text = f'{{"about": {json.dumps(about)}, "vectors": {{\n' + ",\n".join(rows) + "}}"
    FILE.write_text(text + "\n", "utf-8")
    print(len(found["cases"]), len(found["changed"]), len(text), hashlib.sha256(text.encode()).hexdigest()[:16])


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        raise SystemExit(str(refused)) from refused
