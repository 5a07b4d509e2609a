"""The pure fold beside the contracts themselves: every getter, every head, and the artifacts' own description."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest
from eth_abi import encode

from cinepeer.adapters.chain.genesis import deployer_key
from cinepeer.rights import abi, deeds, events
from cinepeer.rights.deeds import NATIVE, Deed, call, title_number
from cinepeer.rights.deployment import NAMES
from cinepeer.rights.events import decode_all
from cinepeer.rights.keccak import keccak
from cinepeer.rights.licences import can_show, overlaps
from cinepeer.rights.proofs import parse_header, read_account, read_slot
from cinepeer.rights.royalties import claimable, statements
from cinepeer.rights.shipped import SHIPPED
from cinepeer.rights.signatures import address_of, domain, sign, typed_digest
from cinepeer.rights.slots import BASES, anchor_slot, purse_slot, split_anchor, split_purse, split_title, title_slot
from cinepeer.rights.state import State, Status, Title
from unit.rights import scene
from unit.rights.scene import CINEMA, CREATOR, PARTNER, RELAYER, SEED, Chain, new_story

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "node" / "cinepeer" / "adapters" / "chain" / "artifacts"
HOLDERS = [address_of(key) for key in (CREATOR, PARTNER, CINEMA, RELAYER)]


def artifact(name: str) -> dict[str, Any]:
    return dict(json.loads((ARTIFACTS / f"{name}.json").read_text()))


def signature(declared: dict[str, Any]) -> str:
    return declared["name"] + "(" + ",".join(kind(one) for one in declared["inputs"]) + ")"


def kind(declared: dict[str, Any]) -> str:
    if declared["type"].startswith("tuple"):
        return "(" + ",".join(kind(one) for one in declared["components"]) + ")" + declared["type"][5:]
    return str(declared["type"])


def number(chain: Chain, to: bytes, name: str, kinds: list[str], values: list[Any]) -> int:
    return int.from_bytes(chain.view(to, call(name, kinds, values)), "big")


def agree(chain: Chain) -> State:
    """Folds the log and compares every title and its holders with the contracts' getters and proven slots."""
    state = chain.state()
    root = parse_header(chain.header().rlp).state_root
    for title in state.titles.values():
        _agree_on(chain, title)
        _agree_on_slots(chain, title, root)
    assert overlaps(state) == []
    return state


def _agree_on(chain: Chain, title: Title) -> None:
    registry, id_ = chain.contracts.titles, title_number(title.id)
    words = chain.view(registry, call("titles", ["uint256"], [id_]))
    said = abi.decode(["address", "uint40", "uint16", "uint8", "uint32", "bytes32", "bytes32"], words)
    assert said == [
        title.controller, title.since, title.deed.royalty, int(title.status), title.tenure, title.head, title.metadata,
    ]  # fmt: skip
    assert sum(title.shares.values()) == 10_000
    for holder in {*HOLDERS, *title.shares, *(one.id for one in chain.state().titles.values())}:
        held = number(chain, registry, "balanceOf", ["address", "uint256"], [holder, id_])
        assert held == title.shares.get(holder, 0)
        due = number(chain, registry, "claimable", ["uint256", "address", "address"], [id_, NATIVE, holder])
        assert due == claimable(title, holder)
    assert {one.holder for one in statements(title)} >= {holder for holder, held in title.shares.items() if held}
    assert number(chain, registry, "successor", ["uint256"], [id_]) == int.from_bytes(title.successor, "big")


def _agree_on_slots(chain: Chain, title: Title, root: bytes) -> None:
    first = title_slot(title.id)
    slots = [first, first + 1, first + 2, purse_slot(title.id, NATIVE)]
    proof = chain.proof(chain.contracts.titles, slots)
    account = read_account(root, proof.address, proof.nodes)
    control, head, metadata, purse = (read_slot(account.storage_root, one.slot, one.nodes) for one in proof.slots)
    packed = split_title(control)
    assert (packed.controller, packed.status, packed.tenure) == (title.controller, title.status, title.tenure)
    assert head.to_bytes(32, "big") == title.head
    assert metadata.to_bytes(32, "big") == title.metadata
    held = title.purses.get(NATIVE)
    assert split_purse(purse) == ((held.paid_in, held.paid_out) if held else (0, 0))


def move(chain: Chain, key: bytes, to: bytes, title: bytes, amount: int) -> None:
    kinds = ["address", "address", "uint256", "uint256", "bytes"]
    values = [address_of(key), to, title_number(title), amount, b""]
    chain.send(key, chain.contracts.titles, call("safeTransferFrom", kinds, values))


def remix(chain: Chain, parent: bytes) -> bytes:
    """A second title of which the first holds 2,000 shares."""
    deed = Deed(
        creator=address_of(CINEMA), content=b"\x31" * 32, metadata=b"\x32" * 32, fingerprint=b"\x33" * 32, royalty=0,
        deadline=2**40, holders=(address_of(CINEMA), parent), shares=(8000, 2000),
    )  # fmt: skip
    receipt = chain.send(CINEMA, chain.contracts.titles, deeds.register_call(deed, b""))
    return bytes.fromhex(receipt["logs"][0]["topics"][1][2:])[12:]


def test_the_fold_agrees_after_registration_sale_payment_withdrawal_and_anchors():
    fresh = new_story()
    chain = fresh.chain
    state = agree(chain)
    title = state.titles[fresh.title]
    assert title.shares == {address_of(CREATOR): 7000, address_of(PARTNER): 3000}
    (licence,) = state.licences
    kinds = ["bytes32", "address"]
    until = number(chain, chain.contracts.licences, "until", kinds, [licence.offer, licence.licensee])
    assert until == licence.end == state.held_until(licence.offer, licence.licensee)
    assert can_show(state, fresh.title, "FR", "cinema", licence.start, address_of(CINEMA)).allowed
    offered = chain.view(chain.contracts.licences, call("hashOf", [deeds.Offer.kind()], [fresh.offer.values()]))
    assert offered == fresh.offer.digest(chain.contracts) == licence.offer


def test_the_anchors_of_an_account_end_in_the_contracts_slot():
    fresh = new_story()
    chain, account = fresh.chain, address_of(RELAYER)
    anchors = agree(chain).anchored(chain.contracts.anchors, account)
    head, size = abi.decode(
        ["bytes24", "uint64"], chain.view(chain.contracts.anchors, call("headOf", ["address"], [account]))
    )
    assert (anchors[-1].head, anchors[-1].size) == (head, size)
    proof = chain.proof(chain.contracts.anchors, [anchor_slot(account)])
    stored = read_account(parse_header(chain.header().rlp).state_root, proof.address, proof.nodes)
    assert split_anchor(read_slot(stored.storage_root, proof.slots[0].slot, proof.slots[0].nodes)) == (head, size)


def test_the_fold_agrees_when_shares_move_one_by_one_and_in_batches():
    fresh = new_story()
    chain = fresh.chain
    second = remix(chain, fresh.title)
    move(chain, CREATOR, address_of(RELAYER), fresh.title, 1234)
    move(chain, CREATOR, address_of(CREATOR), fresh.title, 5)
    chain.send(RELAYER, chain.contracts.titles, deeds.pay_call(fresh.title, b"\1" * 32), 10_001)
    move(chain, CREATOR, address_of(CINEMA), fresh.title, 100)
    kinds = ["address", "address", "uint256[]", "uint256[]", "bytes"]
    ids = [title_number(fresh.title), title_number(second)]
    values = [address_of(CINEMA), address_of(PARTNER), ids, [40, 700], b""]
    chain.send(CINEMA, chain.contracts.titles, call("safeBatchTransferFrom", kinds, values))
    state = agree(chain)
    assert state.titles[second].shares[address_of(PARTNER)] == 700


def test_the_fold_agrees_when_royalties_go_up_to_a_parent_film():
    fresh = new_story()
    chain = fresh.chain
    child = remix(chain, fresh.title)
    chain.send(RELAYER, chain.contracts.titles, deeds.pay_call(child, b"\2" * 32), 5_555)
    before = chain.state().titles[fresh.title].purses[NATIVE].paid_in
    chain.send(RELAYER, chain.contracts.titles, deeds.withdraw_call(child, fresh.title))
    state = agree(chain)
    assert state.titles[fresh.title].purses[NATIVE].paid_in == before + 1_111


def test_the_fold_agrees_when_control_passes_and_delegations_end_with_it():
    fresh = new_story()
    chain, registry, id_ = fresh.chain, fresh.chain.contracts.titles, title_number(fresh.title)
    who = address_of(RELAYER)
    chain.send(CREATOR, registry, call("delegate", ["uint256", "address", "uint40"], [id_, who, 2**40 - 1]))
    assert agree(chain).titles[fresh.title].delegates == {who: 2**40 - 1}
    chain.send(RELAYER, registry, call("amend", ["uint256", "bytes32"], [id_, b"\x44" * 32]))
    chain.send(CREATOR, registry, call("handOver", ["uint256", "address"], [id_, address_of(PARTNER)]))
    title = agree(chain).titles[fresh.title]
    assert (title.delegates, title.tenure, title.metadata) == ({}, 1, b"\x44" * 32)
    assert number(chain, registry, "can", ["uint256", "address"], [id_, who]) == 0


def test_the_fold_agrees_after_an_election():
    fresh = new_story()
    chain, id_ = fresh.chain, title_number(fresh.title)
    to, deadline = address_of(CINEMA), 2**40
    kinds = ["bytes32", "uint256", "address", "address", "uint32", "uint256"]
    named = abi.topic("Elect(uint256 title,address from,address to,uint32 tenure,uint256 deadline)")
    struct = keccak(abi.encode(kinds, [named, id_, address_of(CREATOR), to, 0, deadline]))
    digest = typed_digest(domain("CinepeerTitles", scene.CHAIN, chain.contracts.titles), struct)
    data = _elect(id_, to, deadline, [address_of(CREATOR)], [sign(CREATOR, digest)])
    chain.send(RELAYER, chain.contracts.titles, data)
    title = agree(chain).titles[fresh.title]
    assert (title.controller, title.tenure) == (to, 1)


def _elect(title: int, to: bytes, deadline: int, voters: list[bytes], signatures: list[bytes]) -> bytes:
    """Calldata of `elect`, whose array of byte strings our own encoder has no need of."""
    kinds = "(uint256,address,uint256,address[],bytes[],uint256[])"
    values = (title, to, deadline, voters, signatures, [])
    return abi.selector(f"elect({kinds})") + encode([kinds], [values])


def test_the_fold_agrees_through_a_dispute_until_the_purse_is_the_successors():
    fresh = new_story()
    chain, disputes, id_ = fresh.chain, fresh.chain.contracts.disputes, title_number(fresh.title)
    notice = call("notice", ["uint256", "uint8", "bytes32"], [id_, 1, b"\x51" * 32])
    bond = number(chain, disputes, "bondFor", ["uint256"], [id_])
    chain.send(CINEMA, disputes, notice, bond)
    assert agree(chain).titles[fresh.title].status == Status.CONTESTED
    least = number(chain, disputes, "BOND", [], [])
    chain.send(PARTNER, disputes, call("answer", ["uint256", "bytes32"], [0, b"\x52" * 32]), least)
    chain.send(CINEMA, disputes, call("plead", ["uint256", "bytes32"], [0, b"\x53" * 32]))
    rule = call("rule", ["uint256", "bool", "bytes32"], [0, True, b"\x54" * 32])
    chain.send(deployer_key(SEED), disputes, rule)
    state = agree(chain)
    title = state.titles[fresh.title]
    assert (title.status, title.successor) == (Status.VOID, address_of(CINEMA))
    assert [digest[0] for _, digest in state.disputes[disputes, 0].evidence] == [0x51, 0x52, 0x53]
    assert state.disputes[disputes, 0].outcome == 3
    assert not can_show(state, fresh.title, "FR", "cinema", 2**33).allowed
    chain.send(RELAYER, chain.contracts.titles, call("redeem", ["uint256", "address"], [id_, NATIVE]))
    purse = agree(chain).titles[fresh.title].purses[NATIVE]
    assert purse.paid_in == purse.paid_out


def test_the_fold_agrees_when_a_notice_is_dropped():
    fresh = new_story()
    chain, disputes, id_ = fresh.chain, fresh.chain.contracts.disputes, title_number(fresh.title)
    bond = number(chain, disputes, "bondFor", ["uint256"], [id_])
    chain.send(CINEMA, disputes, call("notice", ["uint256", "uint8", "bytes32"], [id_, 1, b"\x51" * 32]), bond)
    chain.send(CINEMA, disputes, call("drop", ["uint256"], [0]))
    state = agree(chain)
    assert state.titles[fresh.title].status == Status.CLEAR
    assert state.disputes[disputes, 0].outcome == 4


def test_a_revoked_licence_shows_nothing():
    fresh = new_story()
    chain = fresh.chain
    offer = replace(fresh.offer, revocable=True, salt=9, media=2)
    signed = deeds.sign_offer(CREATOR, offer, chain.contracts)
    who = address_of(PARTNER)
    chain.send(PARTNER, chain.contracts.licences, deeds.buy_call(offer, signed, who), offer.price)
    now = parse_header(chain.header().rlp).time
    assert can_show(agree(chain), fresh.title, "FR", "television", now, who).allowed
    data = call("revoke", [deeds.Offer.kind(), "address"], [offer.values(), who])
    chain.send(CREATOR, chain.contracts.licences, data)
    state = agree(chain)
    digest = offer.digest(chain.contracts)
    assert not can_show(state, fresh.title, "FR", "television", now, who).allowed
    assert state.held_until(digest, who) == 0
    assert number(chain, chain.contracts.licences, "until", ["bytes32", "address"], [digest, who]) == 0


# -- the artifacts' own description ----------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_event_of_the_artifacts_is_known_with_its_indexed_parameters(name):
    declared = {
        abi.topic(signature(one)): tuple(part["indexed"] for part in one["inputs"])
        for one in artifact(name)["abi"]
        if one["type"] == "event" and one["name"] != "EIP712DomainChanged"  # no contract of ours emits it
    }
    assert events.topics(name) == declared


def test_every_call_that_is_encoded_has_a_function_in_the_artifacts():
    functions = {
        name: {abi.selector(signature(one)) for one in artifact(name)["abi"] if one["type"] == "function"}
        for name in NAMES
    }
    fresh = new_story()
    assert deeds.register_call(fresh.deed, b"")[:4] in functions["TitleRegistry"]
    assert deeds.pay_call(fresh.title)[:4] in functions["TitleRegistry"]
    assert deeds.withdraw_call(fresh.title, bytes(20))[:4] in functions["TitleRegistry"]
    assert deeds.buy_call(fresh.offer, b"", bytes(20))[:4] in functions["Licences"]
    assert deeds.anchor_call(bytes(32), 1)[:4] in functions["Anchors"]


@pytest.mark.parametrize("name", BASES)
def test_storage_lies_where_the_layout_says(name):
    layout = artifact(name)["storage"]
    places = {one["label"]: (int(one["slot"]), one["offset"]) for one in layout["storage"]}
    assert {label: places[label] for label in BASES[name]} == {label: (slot, 0) for label, slot in BASES[name].items()}
    structs = {
        sort["label"]: {one["label"]: (int(one["slot"]), one["offset"]) for one in sort["members"]}
        for sort in layout["types"].values()
        if "members" in sort
    }
    if name == "TitleRegistry":
        title = next(members for label, members in structs.items() if label.endswith(".Title"))
        assert title == {
            "controller": (0, 0), "since": (0, 20), "royalty": (0, 25), "status": (0, 27), "tenure": (0, 28),
            "head": (1, 0), "metadata": (2, 0),
        }  # fmt: skip
        purse = next(members for label, members in structs.items() if label.endswith(".Purse"))
        assert purse == {"paidIn": (0, 0), "paidOut": (0, 16)}


def test_what_a_verifier_knows_of_the_contracts_follows_from_the_artifacts():
    """When this fails the artifacts changed: run scripts/describe_contracts."""
    path = str(ROOT / "scripts" / "describe_contracts")
    loader = SourceFileLoader("describe_contracts", path)
    spec = importlib.util.spec_from_loader("describe_contracts", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    assert module.shipped() == SHIPPED
    assert module.render(SHIPPED) == (ROOT / "node" / "cinepeer" / "rights" / "shipped.py").read_text()
    assert module.render_json(SHIPPED) == module.PAGE.read_text()


def test_every_entry_keeps_the_log_entry_that_it_was_read_from():
    fresh = new_story()
    logs = fresh.chain.logs()
    entries = decode_all(logs, fresh.chain.contracts)
    assert [entry.log for entry in entries] == logs
