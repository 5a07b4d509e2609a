"""A chain in memory with the shipped contract set on it: calls by name, refusals by name, logs as an endpoint gives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import boa
from boa.util.abi import Address
from eth_abi import decode, encode
from eth_keys import keys
from eth_utils import keccak

from cinepeer.adapters import chain

ARTIFACTS = Path(chain.__file__).parent / "artifacts"
NAMES = ("TitleRegistry", "Disputes", "Licences", "Anchors")
"""In the order in which they are deployed, by a fresh account's first four transactions."""
ZERO = "0x" + "00" * 20
NONE32 = bytes(32)
NONE, CLEAR, CONTESTED, SUSPENDED, VOID = range(5)
BOND = 10**17
BIRTH = 1_700_000_000


class Reverted(Exception):
    """A call was refused: the custom error's name and arguments."""

    def __init__(self, name: str, arguments: tuple[Any, ...]) -> None:
        super().__init__(f"{name}{arguments}")
        self.name, self.arguments = name, arguments


@cache
def artifact(name: str) -> dict[str, Any]:
    """A shipped artifact."""
    return json.loads((ARTIFACTS / f"{name}.json").read_text())


def kind_of(parameter: dict[str, Any]) -> str:
    """A parameter's type as the ABI's signatures write it."""
    kind = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(kind_of(part) for part in parameter["components"])
    return f"({inner}){kind[len('tuple') :]}"


def kinds_of(parameters: Sequence[dict[str, Any]]) -> list[str]:
    """The types of all parameters."""
    return [kind_of(parameter) for parameter in parameters]


def signature_of(entry: dict[str, Any]) -> str:
    """The signature that an entry's selector or topic is the hash of."""
    return f"{entry['name']}({','.join(kinds_of(entry['inputs']))})"


@cache
def errors() -> dict[bytes, tuple[str, list[str]]]:
    """Every error of the set, and the compiler's own panics, by selector."""
    found = {keccak(text="Panic(uint256)")[:4]: ("Panic", ["uint256"])}
    for name in (*NAMES, "FilmPurse"):
        for entry in artifact(name)["abi"]:
            if entry["type"] == "error":
                found[keccak(text=signature_of(entry))[:4]] = (entry["name"], kinds_of(entry["inputs"]))
    return found


@dataclass(frozen=True)
class Log:
    """One log entry."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class Person:
    """An account with its key."""

    key: keys.PrivateKey
    address: str

    def sign(self, digest: bytes) -> bytes:
        """r, s and v of 27 or 28: 65 bytes."""
        signature = self.key.sign_msg_hash(digest).to_bytes()
        return signature[:64] + bytes([signature[64] + 27])


@cache
def person(name: str) -> Person:
    """The account of that name, the same in every run."""
    key = keys.PrivateKey(keccak(text=name))
    return Person(key, key.public_key.to_address())


ANYONE = person("anyone")
"""Who sends when nobody is named."""


class Contract:
    """A deployed contract, called by its functions' names; `sender=` and `value=` as in a transaction."""

    def __init__(self, stage: Stage, address: str, abi: list[dict[str, Any]]) -> None:
        self.stage, self.address = stage, address.lower()
        self.functions = {entry["name"]: entry for entry in abi if entry["type"] == "function"}
        self.events = {keccak(text=signature_of(entry)): entry for entry in abi if entry["type"] == "event"}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.functions:
            raise AttributeError(name)
        return lambda *values, **how: self._call(self.functions[name], values, **how)

    def calldata(self, name: str, *values: Any) -> bytes:
        """What a transaction carries to call `name`."""
        entry = self.functions[name]
        return keccak(text=signature_of(entry))[:4] + encode(kinds_of(entry["inputs"]), values)

    def _call(self, entry: dict[str, Any], values: tuple[Any, ...], sender: Any = None, value: int = 0) -> Any:
        output = self.stage.send(sender, self.address, self.calldata(entry["name"], *values), value)
        results = decode(kinds_of(entry["outputs"]), output)
        return results[0] if len(results) == 1 else results or None

    def read(self, log: Log) -> tuple[str, dict[str, Any]]:
        """The name and the arguments of an event of this contract."""
        entry = self.events[log.topics[0]]
        plain = [one for one in entry["inputs"] if not one["indexed"]]
        indexed = [one for one in entry["inputs"] if one["indexed"]]
        found = dict(zip([one["name"] for one in plain], decode(kinds_of(plain), log.data), strict=True))
        for one, topic in zip(indexed, log.topics[1:], strict=True):
            found[one["name"]] = decode([kind_of(one)], topic)[0]
        return entry["name"], found


@dataclass
class Stage:
    """The deployed set. `logs` grows with every transaction that holds; `gas` is what the last one used inside."""

    tokens: tuple[str, str, str] = (ZERO, ZERO, ZERO)
    logs: list[Log] = field(default_factory=list)
    gas: int = 0

    def __post_init__(self) -> None:
        boa.env.timestamp = BIRTH
        deployer = Address(boa.env.generate_address())
        disputes = created(deployer, 1)
        self.arbiter = person("arbiter")
        self.titles = self.deploy("TitleRegistry", deployer, ["address", "address[3]"], [disputes, self.tokens])
        self.disputes = self.deploy(
            "Disputes", deployer, ["address", "address", "uint96"], [self.titles.address, self.arbiter.address, BOND]
        )
        self.licences = self.deploy("Licences", deployer, ["address"], [self.titles.address])
        self.anchors = self.deploy("Anchors", deployer, [], [])

    def deploy(self, name: str, deployer: Address, kinds: list[str], values: list[Any]) -> Contract:
        """Creates a contract from its shipped artifact."""
        creation = bytes.fromhex(artifact(name)["bytecode"][2:]) + encode(kinds, values)
        with boa.env.prank(deployer):
            address, computation = boa.env.deploy(bytecode=creation)
        if computation.is_error:
            raise refusal(computation.output)
        return Contract(self, str(address), artifact(name)["abi"])

    def at(self, address: str, name: str) -> Contract:
        """The contract `name` of the set that stands at an address."""
        return Contract(self, address, artifact(name)["abi"])

    @cached_property
    def set(self) -> dict[str, Contract]:
        """The contracts by address."""
        return {one.address: one for one in (self.titles, self.disputes, self.licences, self.anchors)}

    @property
    def now(self) -> int:
        """The time of the next transaction, in seconds."""
        return boa.env.timestamp

    def wait(self, seconds: int) -> None:
        """Lets time pass."""
        boa.env.timestamp += seconds

    def send(self, sender: Any, to: Any, data: bytes = b"", value: int = 0, gas: int | None = None) -> bytes:
        """One transaction; raises `Reverted`. Whoever sends has the money for it."""
        sender = Address(getattr(sender, "address", sender) or ANYONE.address)
        if boa.env.get_balance(sender) < value:
            boa.env.set_balance(sender, value)
        result = boa.env.execute_code(to_address=Address(to), sender=sender, value=value, data=data, gas=gas)
        self.gas = result.get_gas_used()
        if result.is_error:
            raise refusal(result.output)
        for address, topics, text in result.get_log_entries():
            self.logs.append(Log(f"0x{address.hex()}", tuple(topic.to_bytes(32, "big") for topic in topics), text))
        return result.output

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """The arguments of all events of the set so far, or of those of one name."""
        found = [self.set[log.address].read(log) for log in self.logs if log.address in self.set]
        return [arguments for label, arguments in found if name in (None, label)]

    def balance(self, who: Any) -> int:
        """Native currency of an account."""
        return boa.env.get_balance(Address(getattr(who, "address", who)))

    def code(self, where: Any) -> bytes:
        """The code at an address."""
        return boa.env.get_code(Address(where))

    def word(self, contract: Contract, base: int, *keys: Any) -> int:
        """The first word of an entry of a mapping (of mappings) in a contract's storage, read from outside."""
        return boa.env.evm.get_storage(Address(contract.address), entry_slot(base, *keys))

    def slot(self, contract: Contract, slot: int) -> bytes:
        """One word of a contract's storage, read from outside."""
        return boa.env.evm.get_storage(Address(contract.address), slot).to_bytes(32, "big")


@cache
def entry_slot(base: int, *keys: Any) -> int:
    """Where an entry of a mapping (of mappings) begins; keys are numbers or addresses."""
    for key in keys:
        number = int(key, 16) if isinstance(key, str) else key
        base = int.from_bytes(keccak(number.to_bytes(32, "big") + base.to_bytes(32, "big")), "big")
    return base


def created(deployer: str, nonce: int) -> str:
    """The address of the contract that an account creates with a transaction (nonce below 128)."""
    number = bytes([nonce]) if nonce else b"\x80"
    place = keccak(b"\xd6\x94" + bytes.fromhex(deployer[2:]) + number)[12:]
    return f"0x{place.hex()}"


def refusal(output: bytes) -> Reverted:
    """What a failed call's output says."""
    name, kinds = errors().get(output[:4], ("nothing said", []))
    return Reverted(name, decode(kinds, output[4:]))


@contextmanager
def refused(name: str, *arguments: Any) -> Iterator[None]:
    """The call inside must be refused by the error `name`, and with these arguments when any are given."""
    with boa.env.anchor():
        try:
            yield
        except Reverted as reverted:
            assert reverted.name == name, f"found {reverted}, expected {name}{arguments}"
            if arguments:
                assert reverted.arguments == tuple(plain(one) for one in arguments)
            return
    raise AssertionError(f"found a call that was taken, expected the refusal {name}")


def plain(value: Any) -> Any:
    """An argument as the decoder gives it: addresses in lower case."""
    return value.lower() if isinstance(value, str) else value
