"""What lies on the disk of a node beside its records: blocks, pins, and what is denied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinepeer.adapters.system.home import Home
from cinepeer.errors import BadInput


@dataclass(frozen=True, slots=True)
class Disk:
    """Blocks and what is denied of them."""

    blocks: Any
    ipfs: Any
    denied: Any


def disk_cap(home: Home, settings: Mapping[str, Any]) -> int:
    """The cap in force, in bytes: the one set while the node ran, unless the setting has changed since then."""
    configured, kept = int(settings["disk_cap"]), home.kept.get("disk_cap")
    return kept if isinstance(kept, int) and home.kept.get("disk_cap_instead_of") == configured else configured


def keep_disk_cap(home: Home, settings: Mapping[str, Any], disk: Disk, cap_bytes: int) -> None:
    """Has another cap hold from now on."""
    home.keep(disk_cap=cap_bytes, disk_cap_instead_of=int(settings["disk_cap"]))
    disk.blocks.cap_bytes = cap_bytes


def open_disk(stack: AsyncExitStack, home: Home, settings: Mapping[str, Any]) -> Disk:
    """Opens them; they are closed when `stack` unwinds."""
    from cinepeer.adapters.ipfs.blockstore import BlockStore
    from cinepeer.adapters.ipfs.disks import parse_disks
    from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
    from cinepeer.app.deny import DenyList

    file, _ = denied_file(home)
    denied = DenyList(file.read_text().splitlines() if file.exists() else ())
    if addr := str(settings["kubo_api"]):
        return _kubo(stack, addr, home, settings, denied)
    others = parse_disks(str(settings["disks"]))
    blocks = BlockStore(home.blocks, cap_bytes=disk_cap(home, settings), denied=denied.is_denied, others=others)
    ipfs = EmbeddedIpfs(blocks, home.path / "pins.db")
    stack.callback(blocks.close)
    stack.callback(ipfs.close)
    return Disk(blocks, ipfs, denied)


def _kubo(stack: AsyncExitStack, addr: str, home: Home, settings: Mapping[str, Any], denied: Any) -> Disk:
    """Blocks and pins that a Kubo keeps; raises `Unreachable` when it does not answer."""
    from cinepeer.adapters.ipfs.kubo import KuboIpfs

    if settings["disks"]:
        raise BadInput("found both kubo_api and disks set, expected one of them: a Kubo keeps its blocks itself")
    ipfs = KuboIpfs(addr, denied=denied.is_denied, cap_bytes=disk_cap(home, settings))
    stack.callback(ipfs.close)
    ipfs.blocks.meet()
    return Disk(ipfs.blocks, ipfs, denied)


def denied_file(home: Home, lines: Sequence[str] = ()) -> tuple[Path, bytes]:
    """Where the deny list lies, and what `lines` are as bytes."""
    return home.path / "denied.txt", "".join(f"{line}\n" for line in lines).encode()
