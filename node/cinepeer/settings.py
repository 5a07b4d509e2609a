"""Every setting in one frozen table: its name, default, unit and help; a TOML file < environment < flag."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cinepeer.errors import BadInput

Value = int | str | bool


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; its environment variable is `CINEPEER_` and the name in capitals."""

    name: str
    default: Value
    unit: str
    help: str

    @property
    def variable(self) -> str:
        """The environment variable that overrides the file."""
        return "CINEPEER_" + self.name.upper()


SETTINGS: tuple[Setting, ...] = (
    Setting("page_port", 0, "port", "HTTP port of page, API and gateway; 0 takes a free one once and keeps it"),
    Setting("ipfs_rpc_port", 0, "port", "loopback port of the Kubo RPC; 0 takes a free one once and keeps it"),
    Setting(
        "ledger_rpc_port", 0, "port", "loopback port of the ledger's JSON-RPC; 0 takes a free one once and keeps it"
    ),
    Setting("p2p_port", 0, "port", "libp2p TCP port; 0 takes a free one once and keeps it"),
    Setting("listen_address", "", "address", "an IPv4 address of this machine to listen on besides loopback"),
    Setting("bootstrap", "", "multiaddrs", "peers to connect to besides the one that was joined, with spaces between"),
    Setting("neighbours", 8, "peers", "with fewer neighbours than this, others that are known are dialled"),
    Setting("mdns", True, "yes/no", "find peers on the local network that `listen_address` is of"),
    Setting("upnp", True, "yes/no", "ask the router of the local network to let others in to the libp2p port"),
    Setting("public_port", 0, "port", "HTTP port of the second listener, which others may read from; 0 leaves it off"),
    Setting("public_url", "", "address", "where others reach the second listener, told in the node's `host` record"),
    Setting("disk_cap", 50_000_000_000, "bytes", "most bytes of film blocks that this node keeps"),
    Setting(
        "disks", "", "folders", "other disks to keep film blocks on, each with its cap: /mnt/a=BYTES, /mnt/b=BYTES"
    ),
    Setting("kubo_api", "", "address", "RPC of a Kubo that keeps all film blocks instead of this node"),
    Setting(
        "upload_rate", 0, "bytes", "most bytes of film blocks sent to others a second, on the average; 0: no limit"
    ),
    Setting("download_rate", 0, "bytes", "most bytes of film blocks taken from peers a second; 0: no limit"),
    Setting("upload_month", 0, "bytes", "most bytes of film blocks sent to others in a calendar month; 0: no limit"),
    Setting("night", "", "hours", "a stretch of the day such as 23-7 in which neither rate holds"),
    Setting("host_films", True, "yes/no", "pin the films that this node hears of, within the disk cap"),
    Setting(
        "host_choice",
        "all",
        "word",
        "which films are hosted: `all`, those `followed` (creators and lists), or by the owner's `taste` as well",
    ),
    Setting(
        "custody",
        False,
        "yes/no",
        "keep the keys of licensed films for their creators, and give them to those whom the ledger names",
    ),
    Setting(
        "challenge_interval",
        900,
        "seconds",
        "how often another host of a film that is held here is asked for a block of it, by chance; 0 never does",
    ),
    Setting("scope", "", "words", "which records this node holds: author:ID, film:ID, since:MS, until:MS; else all"),
    Setting(
        "strangers_cap",
        2_000_000_000,
        "bytes",
        "most bytes of records of authors that nothing here vouches for; their newest ratings go first, fairly",
    ),
    Setting(
        "checkpoint_interval",
        0,
        "seconds",
        "how often this node makes a checkpoint of what it holds, for others to begin with; 0: only by command",
    ),
    Setting("sync_interval", 120, "seconds", "longest pause between two reconciliations with a neighbour"),
    Setting(
        "ledger_url",
        "",
        "addresses",
        "endpoints of the chain of others that the network's ledger is on, with spaces between",
    ),
    Setting(
        "ledger_snapshot",
        True,
        "yes/no",
        "a copy of the ledger that is far behind begins by the state, labelled until every block was executed here",
    ),
    Setting(
        "order_alone",
        False,
        "yes/no",
        "order the ledger in a restored home although no other node that holds it was met",
    ),
    Setting(
        "relay_deeds",
        0,
        "deeds",
        "how many announced deeds a day this node takes to the ledger at its own cost; 0 takes none",
    ),
    Setting(
        "witness_interval",
        900,
        "seconds",
        "how often a node that follows the ledger signs the newest block it executed; 0 never does",
    ),
)


def load(
    home: Path, environment: Mapping[str, str] = os.environ, flags: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """All settings for a home: defaults < `cinepeer.toml` < environment < flags; raises `BadInput`."""
    values: dict[str, Value] = {setting.name: setting.default for setting in SETTINGS}
    known = {setting.name: setting for setting in SETTINGS}
    file = home / "cinepeer.toml"
    if file.exists():
        try:
            table = tomllib.loads(file.read_text())
        except tomllib.TOMLDecodeError as error:
            raise BadInput(f"found {file} with a mistake ({error}), expected TOML") from error
        for name, value in table.items():
            if name not in known:
                raise BadInput(f"found the setting {name!r} in {file}, expected one of {', '.join(known)}")
            values[name] = _read(known[name], str(value) if not isinstance(value, bool) else value)
    for setting in SETTINGS:
        if setting.variable in environment:
            values[setting.name] = _read(setting, environment[setting.variable])
    values.update({name: _read(known[name], value) for name, value in (flags or {}).items() if value is not None})
    return values


def _read(setting: Setting, found: Value) -> Value:
    """The value of `found` in the setting's own type."""
    if isinstance(setting.default, bool):
        words = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}
        if isinstance(found, bool):
            return found
        if str(found).lower() in words:
            return words[str(found).lower()]
        raise BadInput(f"found {setting.name} = {found!r}, expected yes or no")
    if isinstance(setting.default, int):
        try:
            number = int(found)
        except ValueError:
            number = -1
        if number < 0:
            raise BadInput(f"found {setting.name} = {found!r}, expected a whole number of {setting.unit}")
        return number
    return str(found)
