"""What whole transactions cost, on a chain that charges as Ethereum does (Cancun): intrinsic, cold slots, refunds."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple

from eth.chains.base import MiningChain
from eth.consensus import ConsensusApplier, NoProofConsensus
from eth.constants import POST_MERGE_DIFFICULTY, POST_MERGE_NONCE, ZERO_ADDRESS, ZERO_HASH32
from eth.db.atomic import AtomicDB
from eth.vm.forks import CancunVM
from eth_abi import encode
from eth_utils import keccak

from contract.stage import BIRTH, BOND, NAMES, NONE32, ZERO, Contract, artifact, created, person
from contract.words import ANCHOR, DEED, OFFER, content, deed, digest, offer

_FIXED = {"coinbase": ZERO_ADDRESS, "extra_data": b"", "mix_hash": ZERO_HASH32, "gas_limit": 60_000_000}
_GENESIS = {
    **_FIXED,
    "difficulty": POST_MERGE_DIFFICULTY,
    "nonce": POST_MERGE_NONCE,
    "base_fee_per_gas": 0,
    "timestamp": BIRTH - 1,
}
_PEOPLE = ("deployer", "arbiter", "Ada", "Ben", "Cleo", "relayer", "cinema", "festival", "fan")
ADA, BEN, CLEO, RELAYER, CINEMA_HALL, FESTIVAL, FAN = (person(name) for name in _PEOPLE[2:])


class Sent(NamedTuple):
    """A transaction and the gas it used; the zero address as `to` creates a contract."""

    sender: str
    to: str
    value: int
    data: bytes
    used: int


class Meter:
    """A chain whose every call is a signed transaction; `used` is what the last one cost, `spent` those with a name.

    `sent` has them all, in order, with what each cost.
    """

    def __init__(self) -> None:
        self.used = 0
        self.spent: dict[str, int] = {}
        self.sent: list[Sent] = []
        vms = ConsensusApplier(NoProofConsensus).amend_vm_configuration(((0, CancunVM),))
        kind = MiningChain.configure("MeterChain", chain_id=1, vm_configuration=vms)
        rich = {"balance": 10**24, "nonce": 0, "code": b"", "storage": {}}
        chain = kind.from_genesis(
            AtomicDB(), _GENESIS, {bytes.fromhex(person(name).address[2:]): rich for name in _PEOPLE}
        )
        self._header = chain.create_header_from_parent(chain.get_canonical_head(), timestamp=BIRTH, **_FIXED)
        self._vm = chain.get_vm(self._header)
        self.titles, self.disputes, self.licences, self.anchors = self._deploy()

    def _deploy(self) -> list[Contract]:
        deployer = person("deployer")
        places = [created(deployer.address, nonce) for nonce in range(len(NAMES))]
        made = {
            "TitleRegistry": encode(["address", "address[3]"], [places[1], [ZERO] * 3]),
            "Disputes": encode(["address", "address", "uint96"], [places[0], person("arbiter").address, BOND]),
            "Licences": encode(["address"], [places[0]]),
            "Anchors": b"",
        }
        for name in NAMES:
            self.send(deployer, None, bytes.fromhex(artifact(name)["bytecode"][2:]) + made[name])
            self.note(f"deploy {name}")
        return [Contract(self, place, artifact(name)["abi"]) for name, place in zip(NAMES, places, strict=True)]

    def send(self, sender: Any, to: Any, data: bytes = b"", value: int = 0) -> bytes:
        """One transaction, which must hold; gives its output."""
        sender = sender or RELAYER
        plain = CancunVM.get_transaction_builder().new_unsigned_dynamic_fee_transaction(
            chain_id=1,
            nonce=self._vm.state.get_nonce(bytes.fromhex(sender.address[2:])),
            max_priority_fee_per_gas=0,
            max_fee_per_gas=0,
            gas=10_000_000,
            to=bytes.fromhex(to[2:]) if to else b"",
            value=value,
            data=data,
            access_list=[],
        )
        receipt, computation = self._vm.apply_transaction(self._header, plain.as_signed_transaction(sender.key))
        computation.raise_if_error()
        self.used = receipt.gas_used
        self.sent.append(Sent(sender.address, to or ZERO, value, data, self.used))
        return computation.output

    def note(self, name: str) -> None:
        """Keeps what the last transaction cost."""
        self.spent[name] = self.used


def measure() -> dict[str, int]:
    """The gas of everything that people do, by name, each as one whole transaction."""
    return measured().spent


@cache
def measured() -> Meter:
    """The chain on which everything that people do was done once."""
    meter = Meter()
    title = _titles(meter)
    _licences(meter, title)
    _money(meter, title)
    _disputes(meter, title)
    _anchors(meter)
    return meter


def _titles(meter: Meter) -> int:
    three = [(ADA, 5000), (BEN, 3000), (CLEO, 2000)]
    title = meter.titles.register(deed(ADA, three, deadline=0), b"", sender=ADA)
    meter.note("register, 3 holders")
    relayed = deed(ADA, three, label="relayed")
    meter.titles.register(relayed, ADA.sign(digest(DEED, relayed, meter.titles)), sender=RELAYER)
    meter.note("register, 3 holders, relayed")
    meter.titles.register(deed(ADA, label="alone", deadline=0), b"", sender=ADA)
    meter.note("register, 1 holder")
    meter.titles.safeTransferFrom(ADA.address, FAN.address, title, 100, b"", sender=ADA)
    meter.note("move shares, before revenue")
    meter.titles.delegate(title, BEN.address, BIRTH + 1000, sender=ADA)
    meter.note("delegate")
    meter.titles.amend(title, keccak(text="new"), sender=ADA)
    meter.note("amend")
    return title


def _licences(meter: Meter, title: int) -> None:
    price = 10**15

    def buy(what: tuple, who: Any, label: str) -> None:
        signature = ADA.sign(digest(OFFER, what, meter.licences))
        meter.licences.buy(what, signature, who.address, sender=who, value=price)
        meter.note(label)

    shared = offer(title, ADA, term=86_400, territory=1 << 7)
    buy(shared, CINEMA_HALL, "buy, first of an offer and of a title")
    buy(shared, FESTIVAL, "buy, next of an offer")
    buy(shared, FESTIVAL, "buy, renewal")
    buy(offer(title, ADA, territory=1 << 8), FESTIVAL, "buy, first of another offer")
    buy(offer(title, ADA, territory=1 << 9, exclusive=True), CINEMA_HALL, "buy, exclusive beside two others")


def _money(meter: Meter, title: int) -> None:
    meter.titles.credit(title, ZERO, keccak(text="thanks"), sender=FAN, value=10**15)
    meter.note("pay, next")
    meter.send(FAN, "0x" + title.to_bytes(20, "big").hex(), value=10**15)
    meter.note("pay by a plain send, before the purse has code")
    meter.titles.sweep(ADA.address, content(), ZERO)
    meter.note("sweep, first")
    meter.send(FAN, "0x" + title.to_bytes(20, "big").hex(), value=10**15)
    meter.note("pay by a plain send, after")
    meter.titles.sweep(ADA.address, content(), ZERO)
    meter.note("sweep, next")
    meter.titles.withdraw(title, ZERO, BEN.address)
    meter.note("withdraw, first of a holder")
    meter.titles.credit(title, ZERO, NONE32, sender=FAN, value=10**15)
    meter.titles.withdraw(title, ZERO, BEN.address)
    meter.note("withdraw, next")
    meter.titles.safeTransferFrom(ADA.address, FAN.address, title, 100, b"", sender=ADA)
    meter.note("move shares, after revenue")
    _derivative(meter, title)


def _derivative(meter: Meter, parent: int) -> None:
    parent_address = "0x" + parent.to_bytes(20, "big").hex()
    child = meter.titles.register(
        deed(BEN, [(BEN, 9000), (parent_address, 1000)], "remix", deadline=0), b"", sender=BEN
    )
    remix = offer(parent, ADA, media=1 << 31, remixShares=1000, price=0)
    meter.licences.buy(remix, b"", BEN.address, sender=ADA)
    meter.licences.derive(child, parent, remix, sender=BEN)
    meter.note("derive")
    meter.titles.credit(child, ZERO, NONE32, sender=FAN, value=10**15)
    meter.titles.withdraw(child, ZERO, parent_address)
    meter.titles.credit(child, ZERO, NONE32, sender=FAN, value=10**15)
    meter.note("pay, second")
    meter.titles.withdraw(child, ZERO, parent_address)
    meter.note("royalties, one title up")


def _disputes(meter: Meter, title: int) -> None:
    case = meter.disputes.notice(title, 1, keccak(text="evidence"), sender=FAN, value=BOND)
    meter.note("notice")
    meter.disputes.answer(case, keccak(text="answer"), sender=ADA, value=BOND)
    meter.note("answer")
    meter.disputes.rule(case, False, keccak(text="reasons"), sender=person("arbiter"))
    meter.note("ruling")
    meter.disputes.collect(ADA.address)
    meter.note("collect")


def _anchors(meter: Meter) -> None:
    def batch(begin: int) -> list[tuple]:
        made = []
        for number in range(20):
            author = person(f"author {number}")
            values = (author.address, keccak(text=f"{begin} {number}"), begin + 5, begin)
            made.append((*values, author.sign(digest(ANCHOR, values, meter.anchors))))
        return made

    meter.anchors.anchor(keccak(text="root"), 5, sender=ADA)
    meter.note("anchor, first")
    meter.anchors.anchor(keccak(text="next root"), 9, sender=ADA)
    meter.note("anchor, next")
    meter.anchors.anchorAll(batch(0))
    assert meter.anchors.anchorAll(batch(5)) == 20
    meter.used //= 20
    meter.note("anchor, in a batch of 20, each")


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
