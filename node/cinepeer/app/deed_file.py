"""A deed as a file: it goes from co-owner to co-owner, each agrees by a signature, and anybody may carry it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cinepeer.errors import BadInput, Refused
from cinepeer.rights.deeds import WHOLE, Deed, recover
from cinepeer.rights.deployment import ContractSet

FORMAT = "cinepeer/deed/1"
"""The file's `format`; a reader refuses another."""

_ADDRESS_BYTES = 20


@dataclass(frozen=True, slots=True)
class DeedFile:
    """A deed for one network's registry, the film's id and name for those who read it, and signatures by address."""

    deed: Deed
    contracts: ContractSet
    film: str
    name: str
    signatures: Mapping[bytes, bytes]

    def signed(self, who: bytes, signature: bytes) -> DeedFile:
        """With one more signature (65 bytes)."""
        return replace(self, signatures={**self.signatures, who: signature})

    def missing(self, without: Collection[bytes] = ()) -> list[bytes]:
        """Who has not signed: the creator and every holder, but those `without` a key of their own (films)."""
        everyone = dict.fromkeys((self.deed.creator, *self.deed.holders))
        return [who for who in everyone if who not in self.signatures and who not in without]

    def check_time(self, now_s: int) -> None:
        """Raises `BadInput` when the deed may not be carried any more."""
        if now_s > self.deed.deadline:
            raise BadInput(f"found a deed that expired at {self.deed.deadline}, expected one for now: propose it again")

    def to_json(self) -> dict[str, Any]:
        """As the file holds it."""
        return {
            "format": FORMAT,
            "film": self.film,
            "name": self.name,
            "chain": self.contracts.chain_id,
            "contract": _hex(self.contracts.titles),
            "deed": {name: _shown(value) for name, value in zip(Deed.KINDS, self._values(), strict=True)},
            "signatures": {_hex(who): _hex(signature) for who, signature in sorted(self.signatures.items())},
        }

    def _values(self) -> list[Any]:
        return [getattr(self.deed, name) for name in Deed.KINDS]


def parse_deed_file(found: Any, sets: Sequence[ContractSet]) -> DeedFile:
    """Reads a deed file for one of a network's contract sets, every signature checked; raises `BadInput`."""
    wanted = {"format", "film", "name", "chain", "contract", "deed", "signatures"}
    if not isinstance(found, dict) or set(found) != wanted or found["format"] != FORMAT:
        raise BadInput(f"found no deed file, expected one of the format {FORMAT}")
    said = found["chain"], found["contract"]
    contracts = next((one for one in sets if said == (one.chain_id, _hex(one.titles))), None)
    if contracts is None:
        raise BadInput(
            f"found a deed for chain {str(said[0])[:40]} at {str(said[1])[:42]}, expected one of this "
            f"network: chain {sets[-1].chain_id} at {_hex(sets[-1].titles)}"
        )
    deed = _deed(found["deed"])
    signatures = found["signatures"] if isinstance(found["signatures"], dict) else {}
    parsed: dict[bytes, bytes] = {}
    for who, signature in signatures.items():
        address, data = _unhex(who, _ADDRESS_BYTES), _unhex(signature, 65)
        if address not in (deed.creator, *deed.holders):
            raise BadInput(f"found a signature of {_hex(address)}, expected only those of the deed's owners")
        try:
            signer = recover(deed.digest(contracts), data)
        except Refused as error:
            raise BadInput(f"found a signature of {_hex(address)} that is none ({error}), expected its own") from error
        if signer != address:
            raise BadInput(f"found a signature by {_hex(signer)} under {_hex(address)}, expected its own")
        parsed[address] = data
    return DeedFile(deed, contracts, str(found["film"])[:200], str(found["name"])[:300], parsed)


def _deed(found: Any) -> Deed:
    if not isinstance(found, dict) or set(found) != set(Deed.KINDS):
        raise BadInput(f"found another form of deed, expected the fields {', '.join(Deed.KINDS)}")
    holders = found["holders"]
    if not isinstance(holders, list) or len(holders) > WHOLE:
        raise BadInput("found no list of holders, expected their addresses")
    numbers = [found[name] for name in ("codec", "royalty", "deadline")]
    shares = found["shares"] if isinstance(found["shares"], list) else []
    if not all(type(one) is int and 0 <= one < 1 << 62 for one in [*numbers, *shares]):
        raise BadInput("found a number of a deed out of range, expected whole numbers from 0 on")
    deed = Deed(
        creator=_unhex(found["creator"], _ADDRESS_BYTES),
        content=_unhex(found["content"], 32),
        metadata=_unhex(found["metadata"], 32),
        fingerprint=_unhex(found["fingerprint"], 32),
        codec=found["codec"],
        royalty=found["royalty"],
        deadline=found["deadline"],
        holders=tuple(_unhex(one, _ADDRESS_BYTES) for one in holders),
        shares=tuple(shares),
    )
    if len(set(deed.holders)) != len(deed.holders) or len(deed.holders) != len(deed.shares):
        raise BadInput("found holders and shares that do not pair, expected each holder once with its share")
    if sum(deed.shares) != WHOLE:
        raise BadInput(f"found shares of {sum(deed.shares):,} in all, expected {WHOLE:,}")
    try:
        return Deed.from_map(deed.to_map())
    except Refused as error:
        raise BadInput(str(error)) from error


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return _hex(value)
    return [_shown(one) for one in value] if isinstance(value, tuple) else value


def _unhex(text: Any, size: int) -> bytes:
    try:
        data = bytes.fromhex(str(text).removeprefix("0x"))
    except ValueError:
        data = b""
    if len(data) != size:
        raise BadInput(f"found {str(text)[:80]!r}, expected {size} bytes in hex")
    return data


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
