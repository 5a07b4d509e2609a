"""The ledger's part of an audit: the block and its signature, the contracts, the log, and the title's head."""

from __future__ import annotations

from dataclasses import dataclass, field

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer.rights import events as ev
from cinepeer.rights.bundle import Evidence, Get
from cinepeer.rights.code import Shipped, verify_code
from cinepeer.rights.deployment import NAMES, ContractSet, predict
from cinepeer.rights.inspection import Inspection, address, moment, need
from cinepeer.rights.keccak import keccak
from cinepeer.rights.proofs import Header, parse_header, read_account, read_slot
from cinepeer.rights.sequencer import verify_header
from cinepeer.rights.slots import title_slot
from cinepeer.rights.state import State, Title, fold


@dataclass(frozen=True, slots=True)
class Genesis:
    """The immutable beginning of a network, as far as an audit needs it."""

    name: str
    time: int
    sequencer: bytes
    deployer: bytes
    contracts: ContractSet


@dataclass(slots=True)
class LedgerAudit:
    """What the ledger's checks established; None where a check did not hold."""

    genesis: Genesis | None = None
    header: Header | None = None
    entries: list[ev.Entry] | None = None
    state: State | None = None
    title: Title | None = None
    slots: dict[tuple[str, int], int] = field(default_factory=dict)

    def slot(self, name: str, slot: int) -> int:
        """The proven word in a slot of the contract `name`; raises `Refused` when none was proven."""
        value = self.slots.get((name, slot))
        if value is None:
            raise Refused("bad-proof", f"found no proof of slot {slot:#x} of {name}, expected one that holds")
        return value


def audit_ledger(
    inspection: Inspection, evidence: Evidence | None, get: Get, shipped: Shipped, network: Cid | None
) -> LedgerAudit:
    """Makes every check of the ledger and returns what they established."""
    found = LedgerAudit()
    _Checks(inspection, evidence, get, shipped, network, found).run()
    return found


@dataclass(slots=True)
class _Checks:
    inspection: Inspection
    bundle: Evidence | None
    get: Get
    shipped: Shipped
    network: Cid | None
    found: LedgerAudit

    @property
    def evidence(self) -> Evidence:
        return need(self.bundle, "reading the bundle's parts")

    @property
    def genesis(self) -> Genesis:
        return need(self.found.genesis, "the network's genesis")

    @property
    def header(self) -> Header:
        return need(self.found.header, "the block's header and its signature")

    @property
    def state(self) -> State:
        return need(self.found.state, "the replay of the log")

    def run(self) -> None:
        check, found = self.inspection.check, self.found
        found.genesis = check(
            "network",
            "the genesis that the network's id is the hash of" + (f", {self.network}" if self.network else ""),
            "SHA-256 of the genesis",
            self._genesis,
        )
        found.header = check(
            "block",
            "a header signed by the network's sequencer",
            "the sequencer's Ed25519 signature over the Keccak of the header",
            self._header,
        )
        for number, name in enumerate(NAMES):
            check(
                f"contract {name}",
                "the shipped code at the address that follows from the genesis, and slots under the state root",
                "an account proof under the signed state root, and the verifier's own copy of the code",
                lambda name=name, number=number: self._contract(name, number),  # type: ignore[misc]
            )
        found.state = check(
            "log",
            "entries of the contract set in the ledger's order, none after the block, each following from those before",
            "the replay of the log by this verifier",
            self._log,
        )
        found.title = check(
            "title's record is complete",
            "the fold of every entry of the title equals the head that the contract keeps",
            "a storage proof under the signed state root",
            self._head,
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
        verify_header(signed, self.evidence.genesis, self.genesis.sequencer)
        header = parse_header(signed.rlp)
        if header.time < self.genesis.time:
            raise Refused("bad-header", f"found block {header.number} before the genesis, expected a later time")
        sentence = f"block {header.number} of {moment(header.time)}, hash 0x{header.hash.hex()}, signed by "
        return sentence + self.genesis.sequencer.hex(), header

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
        for slot in proofs[0].slots:
            self.found.slots[name, slot.slot] = read_slot(account.storage_root, slot.slot, slot.nodes)
        return f"{name} at {address(wanted)}, {len(code)} bytes of code, {len(proofs[0].slots)} slots proven", True

    # -- the log ----------------------------------------------------------------------------------

    def _log(self) -> tuple[str, State]:
        entries = ev.decode_all(self.evidence.logs, self.genesis.contracts)
        if entries and entries[-1].block > self.header.number:
            raise Refused(
                "bad-log", f"found an entry of block {entries[-1].block}, expected none after {self.header.number}"
            )
        state = fold(entries)
        self.found.entries = entries
        return f"{len(entries)} entries of {len(state.titles)} titles up to block {self.header.number}", state

    def _head(self) -> tuple[str, Title]:
        title = self.state.titles.get(self.evidence.title)
        if title is None:
            raise Refused("bad-ledger", f"found no registration of {address(self.evidence.title)} in the log")
        proven = self.found.slot("TitleRegistry", title_slot(title.id) + 1).to_bytes(32, "big")
        if proven != title.head:
            raise Refused(
                "bad-ledger",
                f"found the head {title.head.hex()} by replay, expected {proven.hex()} as proven: the record of this "
                "title is incomplete or altered",
            )
        return f"{title.entries} entries, head {title.head.hex()}", title


def parse_genesis(block: bytes) -> Genesis:
    """Reads a network's genesis block; raises `Refused` (`bad-genesis`). Other fields are passed over."""
    fields = dagcbor.decode(block)
    if not isinstance(fields, dict):
        raise Refused("bad-genesis", "found no map, expected the genesis of a network")
    name, chain_id, time = fields.get("name"), fields.get("chain_id"), fields.get("time")
    if type(name) is not str or type(chain_id) is not int or type(time) is not int or not 0 < chain_id < 1 << 63:
        raise Refused("bad-genesis", "found no name, chain id and time, expected the genesis of a network")
    sequencer, deployer = _hex(fields.get("sequencer"), 32), _hex(fields.get("deployer"), 20)
    return Genesis(name, time, sequencer, deployer, predict(deployer, chain_id))


def _hex(value: object, size: int) -> bytes:
    try:
        data = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else b""
    except ValueError:
        data = b""
    if len(data) != size:
        raise Refused("bad-genesis", f"found {str(value)[:80]!r} in the genesis, expected {size} bytes in hex")
    return data
