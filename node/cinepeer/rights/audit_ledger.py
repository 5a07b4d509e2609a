"""The ledger's part of an audit: the block and its signature, the contracts, the log, and the title's head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer.rights import events as ev
from cinepeer.rights.bundle import Get
from cinepeer.rights.code import Shipped, verify_code
from cinepeer.rights.deployment import NAMES, ContractSet, predict
from cinepeer.rights.further import FurtherSet, verify_further
from cinepeer.rights.inspection import Inspection, address, moment, need
from cinepeer.rights.keccak import keccak
from cinepeer.rights.proofs import Account, AccountProof, Header, parse_header, read_account, read_slot
from cinepeer.rights.sequencer import SignedHeader, verify_header
from cinepeer.rights.slots import title_slot
from cinepeer.rights.state import State, Title, fold
from cinepeer.rights.succession import Handover, Succession, succession_of


@dataclass(frozen=True, slots=True)
class Genesis:
    """
    The immutable beginning of a network, as far as an audit needs it; no `sequencer` for a chain of others. `deployer`
    and `contracts` become those of the set that the bundle is about, `number` is that set's.
    """

    name: str
    time: int
    sequencer: bytes
    deployer: bytes
    contracts: ContractSet
    number: int = 1


class BlockEvidence(Protocol):
    """What a bundle of any kind shows of one block: the network, the signed header, and the contracts with proofs."""

    @property
    def genesis(self) -> Cid: ...
    @property
    def header(self) -> SignedHeader: ...
    @property
    def accounts(self) -> Sequence[AccountProof]: ...
    @property
    def code(self) -> Sequence[bytes]: ...
    @property
    def handovers(self) -> Sequence[Handover]: ...
    @property
    def sets(self) -> Sequence[FurtherSet]: ...


class TitleEvidence(Protocol):
    """What a bundle shows of one title's entries."""

    @property
    def title(self) -> bytes: ...
    @property
    def logs(self) -> Sequence[ev.Log]: ...


@dataclass(slots=True)
class LedgerAudit:
    """What the ledger's checks established; None where a check did not hold."""

    genesis: Genesis | None = None
    header: Header | None = None
    succession: Succession | None = None
    entries: list[ev.Entry] | None = None
    state: State | None = None
    title: Title | None = None
    slots: dict[tuple[str, int], int] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)

    def slot(self, name: str, slot: int) -> int:
        """The proven word in a slot of the contract `name`; raises `Refused` when none was proven."""
        value = self.slots.get((name, slot))
        if value is None:
            raise Refused("bad-proof", f"found no proof of slot {slot:#x} of {name}, expected one that holds")
        return value


def audit_block(
    inspection: Inspection, evidence: BlockEvidence | None, get: Get, shipped: Shipped, network: Cid | None
) -> LedgerAudit:
    """Makes every check of the network, the block and the contracts, and returns what they established."""
    found = LedgerAudit()
    _BlockChecks(inspection, evidence, get, shipped, network, found).run()
    return found


def audit_log(inspection: Inspection, evidence: TitleEvidence | None, found: LedgerAudit) -> None:
    """Replays the log and checks it against the title's proven head, into `found`."""
    audit_replay(inspection, evidence, found)
    audit_head(inspection, evidence, found)


def audit_replay(
    inspection: Inspection, evidence: TitleEvidence | None, found: LedgerAudit, only: bool = False
) -> None:
    """Replays the log; with `only` it is the title's own entries alone, and any other is refused."""
    found.state = inspection.check(
        "log",
        "entries of the contract set in the ledger's order, none after the block, each following from those before",
        "the replay of the log by this verifier",
        lambda: _replayed(need(evidence, "reading the bundle's parts"), found, only),
    )


def audit_head(inspection: Inspection, evidence: TitleEvidence | None, found: LedgerAudit) -> None:
    """Checks the replay against the title's proven head: no entry is missing, changed or moved."""
    found.title = inspection.check(
        "title's record is complete",
        "the fold of every entry of the title equals the head that the contract keeps",
        "a storage proof under the signed state root",
        lambda: _proven(need(evidence, "reading the bundle's parts").title, found),
    )


def _replayed(evidence: TitleEvidence, found: LedgerAudit, only: bool) -> tuple[str, State]:
    contracts = need(found.genesis, "the network's genesis").contracts
    height = need(found.header, "the block's header and its signature").number
    entries = ev.decode_all(evidence.logs, contracts)
    if entries and entries[-1].block > height:
        raise Refused("bad-log", f"found an entry of block {entries[-1].block}, expected none after {height}")
    state = fold(entries, only=evidence.title if only else None)
    found.entries = entries
    return f"{len(entries)} entries of {len(state.titles)} titles up to block {height}", state


def _proven(wanted: bytes, found: LedgerAudit) -> tuple[str, Title]:
    title = need(found.state, "the replay of the log").titles.get(wanted)
    if title is None:
        raise Refused("bad-ledger", f"found no registration of {address(wanted)} in the log")
    proven = found.slot("TitleRegistry", title_slot(title.id) + 1).to_bytes(32, "big")
    if proven != title.head:
        raise Refused(
            "bad-ledger",
            f"found the head {title.head.hex()} by replay, expected {proven.hex()} as proven: the record of this "
            "title is incomplete or altered",
        )
    return f"{title.entries} entries, head {title.head.hex()}", title


@dataclass(slots=True)
class _BlockChecks:
    inspection: Inspection
    bundle: BlockEvidence | None
    get: Get
    shipped: Shipped
    network: Cid | None
    found: LedgerAudit

    @property
    def evidence(self) -> BlockEvidence:
        return need(self.bundle, "reading the bundle's parts")

    @property
    def genesis(self) -> Genesis:
        return need(self.found.genesis, "the network's genesis")

    @property
    def header(self) -> Header:
        return need(self.found.header, "the block's header and its signature")

    def run(self) -> None:
        check, found = self.inspection.check, self.found
        found.genesis = check(
            "network",
            "the genesis that the network's id is the hash of" + (f", {self.network}" if self.network else ""),
            "SHA-256 of the genesis",
            self._genesis,
        )
        if found.genesis is None or found.genesis.sequencer:
            found.header = check(
                "block",
                "a header signed by the network's sequencer",
                "the sequencer's Ed25519 signature over the Keccak of the header",
                self._header,
            )
        else:
            found.header = check(
                "block of a chain of others",
                "a header of the chain on which the network's contracts stand, not from before them",
                "nothing in this bundle: its hash is to be compared at endpoints that you trust",
                self._elsewhere,
            )
        if self.bundle is not None and self.bundle.sets:
            found.genesis = check(
                "contract set",
                "a further contract set that the network's founder named, in force before this block",
                "the founder's signature over each further set, and the genesis that names the founder",
                self._further,
            )
        for number, name in enumerate(NAMES):
            check(
                f"contract {name}",
                "the shipped code at the address that follows from who made the set, and slots under the state root",
                "an account proof under the signed state root, and the verifier's own copy of the code",
                lambda name=name, number=number: self._contract(name, number),  # type: ignore[misc]
            )

    # -- the block --------------------------------------------------------------------------------

    def _genesis(self) -> tuple[str, Genesis]:
        cid = self.evidence.genesis
        if self.network is not None and cid != self.network:
            raise Refused("wrong-network", f"found the network {cid}, expected {self.network}")
        genesis = parse_genesis(need(self.get(cid), "the genesis block's hash"))
        return f"the network {cid} ({genesis.name!r}, chain {genesis.contracts.chain_id})", genesis

    def _header(self) -> tuple[str, Header]:
        signed = self.evidence.header
        header = parse_header(signed.rlp)
        succession = succession_of(self.evidence.genesis, self.genesis.sequencer, self.evidence.handovers)
        if succession != succession.until(header.number):
            last = succession.handovers[-1].height
            raise Refused(
                "bad-handover", f"found a hand-over after block {last}, expected none from {header.number} on"
            )
        verify_header(signed, self.evidence.genesis, succession.current)
        if header.time < self.genesis.time:
            raise Refused("bad-header", f"found block {header.number} before the genesis, expected a later time")
        self.found.succession = succession
        sentence = f"block {header.number} of {moment(header.time)}, hash 0x{header.hash.hex()}, signed by "
        return sentence + succession.current.hex() + lineage(succession), header

    def _elsewhere(self) -> tuple[str, Header]:
        signed, contracts = self.evidence.header, self.genesis.contracts
        if signed.signature or self.evidence.handovers:
            raise Refused("bad-form", "found a sequencer's signature of a chain of others, expected none")
        header = parse_header(signed.rlp)
        if header.number < contracts.from_block:
            raise Refused("bad-header", f"found block {header.number}, expected one from {contracts.from_block} on")
        sentence = f"block {header.number} of {moment(header.time)}, hash 0x{header.hash.hex()}"
        return sentence + f", as the bundle's maker found it on chain {contracts.chain_id}", header

    def _further(self) -> tuple[str, Genesis]:
        genesis, sets = self.genesis, self.evidence.sets
        founder = genesis.sequencer or genesis.deployer
        verify_further(self.evidence.genesis, founder, genesis.contracts, genesis.deployer, sets)
        last = sets[-1]
        if self.header.number < last.from_block:
            raise Refused(
                "bad-set", f"found block {self.header.number}, expected one from {last.from_block} on, as the set is"
            )
        contracts = last.contracts(genesis.contracts.chain_id)
        sentence = f"set {last.number}, made by {address(last.deployer)}, in force from block {last.from_block} on"
        return sentence, replace(genesis, deployer=last.deployer, contracts=contracts, number=last.number)

    def _contract(self, name: str, number: int) -> tuple[str, bool]:
        contracts = self.genesis.contracts
        wanted = contracts.named()[name]
        proofs = [proof for proof in self.evidence.accounts if proof.address == wanted]
        if len(proofs) != 1:
            raise Refused("bad-proof", f"found {len(proofs)} proofs of {address(wanted)}, expected one")
        account = read_account(self.header.state_root, wanted, proofs[0].nodes)
        code = self.evidence.code[number]
        if keccak(code) != account.code_hash:
            raise Refused(
                "wrong-code", f"found code {keccak(code).hex()} of {name}, expected {account.code_hash.hex()} as proven"
            )
        verify_code(name, code, self.shipped, contracts, self.genesis.deployer)
        self.found.accounts[name] = account
        for slot in proofs[0].slots:
            self.found.slots[name, slot.slot] = read_slot(account.storage_root, slot.slot, slot.nodes)
        return f"{name} at {address(wanted)}, {len(code)} bytes of code, {len(proofs[0].slots)} slots proven", True


def lineage(succession: Succession) -> str:
    """Who handed over to whom until now, as the end of a sentence; empty where nobody did."""
    keys = succession.keys
    steps = (
        f", to whom {before.hex()} handed over after block {one.height}"
        for before, one in zip(reversed(keys[:-1]), reversed(succession.handovers), strict=True)
    )
    return "".join(steps)


def parse_genesis(block: bytes) -> Genesis:
    """Reads a network's genesis block; raises `Refused` (`bad-genesis`). Other fields are passed over."""
    fields = dagcbor.decode(block)
    if not isinstance(fields, dict):
        raise Refused("bad-genesis", "found no map, expected the genesis of a network")
    name, chain_id, time = fields.get("name"), fields.get("chain_id"), fields.get("time")
    if type(name) is not str or type(chain_id) is not int or type(time) is not int or not 0 < chain_id < 1 << 63:
        raise Refused("bad-genesis", "found no name, chain id and time, expected the genesis of a network")
    deployer = _hex(fields.get("deployer"), 20)
    contracts = predict(deployer, chain_id)
    if "sequencer" in fields:
        return Genesis(name, time, _hex(fields["sequencer"], 32), deployer, contracts)
    _hex(fields.get("parent"), 32)
    first = fields.get("from_block")
    if type(first) is not int or first < 0:
        raise Refused("bad-genesis", f"found the first block {str(first)[:40]!r}, expected a number from 0 on")
    return Genesis(name, time, b"", deployer, replace(contracts, from_block=first))


def _hex(value: object, size: int) -> bytes:
    try:
        data = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else b""
    except ValueError:
        data = b""
    if len(data) != size:
        raise Refused("bad-genesis", f"found {str(value)[:80]!r} in the genesis, expected {size} bytes in hex")
    return data
