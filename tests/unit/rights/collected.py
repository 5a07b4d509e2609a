"""The scene's story as a collection: an author's, a network's or a catalogue's bundle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

from cinepeer.records import dagcbor
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.rights.audit import Report, verify
from cinepeer.rights.binding import sign_binding
from cinepeer.rights.collection import Gathered, Signed, build_collection
from cinepeer.rights.deployment import NAMES
from cinepeer.rights.events import decode_all
from cinepeer.rights.gathering import Sharing, anchor_logs, logs_by_title, title_slots
from cinepeer.rights.proofs import parse_header
from cinepeer.rights.signatures import address_of
from cinepeer.rights.slots import anchor_slot
from unit.rights.scene import CHAIN, CREATOR, EXPECTATIONS, RELAYER, Person, Story, hexed, new_story, unhexed


@cache
def told() -> Story:
    """The story with a binding of the creator's account; read, never changed."""
    story = new_story()
    story.creator.sign("profile", name="Ada", account=sign_binding(CREATOR, story.creator.id, CHAIN))
    return story


def gathered(sort: str = "author", story: Story | None = None, **changes: Any) -> Gathered:
    """The material of a collection; `changes` replace fields of it."""
    story = story or told()
    chain, named = story.chain, story.chain.contracts.named()
    entries = decode_all(chain.logs(), chain.contracts)
    by_title = logs_by_title(entries)
    account = address_of(RELAYER)
    wanted: dict[str, list[int]] = {name: [] for name in NAMES}
    for title, own in by_title.items():
        for name, slots in title_slots(title, own).items():
            wanted[name] += slots
    proofs = {name: chain.proof(named[name], wanted[name]) for name in NAMES}
    anchors = chain.proof(named["Anchors"], [anchor_slot(account)])
    signed = Signed(
        story.film.id, story.version.id, story.content, story.deed, story.deed_signature,
        ((story.offer, story.offer_signature),),
    )  # fmt: skip
    sharing = Sharing(1)
    dossiers = [
        sharing.dossier(title, own, proofs, signed if title == story.title else None) for title, own in by_title.items()
    ]
    header = chain.header()
    host = Person(4)
    host.sign("witness", chain=CHAIN, height=parse_header(header.rlp).number, hash=parse_header(header.rlp).hash)
    genesis = dagcbor.encode(chain.genesis)
    network = Cid.of(genesis, DAG_CBOR)
    if sort == "network":
        host.sign("network", number=1, genesis=network, bootstrap=[], endpoints=[])
    records = [(record, body) for one in (story.creator, host) for record, body in one.records]
    blocks = {record.id: record.block for one in (story.creator, story.viewer) for record, _ in one.records}
    material = Gathered(
        sort=sort,
        subject=story.creator.id if sort == "author" else network,
        genesis=genesis,
        header=header,
        accounts=[replace(proofs[name], slots=()) for name in NAMES[:3]] + [anchors],
        code=[unhexed(chain.ask("eth_getCode", hexed(named[name]), "latest")) for name in NAMES],
        anchors=anchor_logs(entries),
        nodes=list(sharing.nodes.values()),
        dossiers=dossiers,
        records=[(record.block, body) for record, body in records],
        account=account,
        leaves=[blocks[leaf] for leaf in story.leaves],
    )
    return replace(material, **changes)


def bundled(material: Gathered) -> bytes:
    return b"".join(build_collection(material, {}))


def judged(material: Gathered) -> Report:
    return verify(bundled(material), EXPECTATIONS)


def changed_dossier(material: Gathered, **changes: Any) -> Gathered:
    """With the first title's part changed."""
    dossiers = list(material.dossiers)
    return replace(material, dossiers=[replace(dossiers[0], **changes), *dossiers[1:]])


def without(items: Iterable[Any], at: int) -> list[Any]:
    """All but one."""
    left = list(items)
    del left[at]
    return left
