"""The doctor command: looks through a home that no node runs on, changes nothing, says one line for each check."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cinepeer.errors import BadInput, CinepeerError
from cinepeer.faces.cli.call import home_option, json_option, show
from cinepeer.faces.cli.measure import Measure

if TYPE_CHECKING:
    from cinepeer.adapters.store.reading import Damage

SAMPLED_LEAVES = 0.05
SAMPLED_RECORDS = 0.1
FREE_BYTES = 200_000_000

Found = tuple[bool, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One check."""

    check: str
    ok: bool
    told: str


@click.command(epilog="Example: cinepeer doctor   or   cinepeer doctor --all --json")
@click.option("--all", "every", is_flag=True, help="Read every block and verify every signature, not a sample.")
@click.option("--mend", "is_mended", is_flag=True, help="Drop damaged bodies of records, to ask neighbours for them.")
@json_option
@home_option
def doctor(every: bool, is_mended: bool, as_json: bool, home: Path) -> int:
    """Check a home while no node runs on it; exit code 1 when something in it does not hold."""
    from cinepeer.adapters.system.home import open_home

    if not home.is_dir():
        raise BadInput(f"found no home at {home}, expected one that was started once")
    with open_home(home):
        lines = [_looked_at(name, look) for name, look in _checks(home, every, is_mended)]
    show([asdict(line) for line in lines], as_json, _words)
    return 0 if all(line.ok for line in lines) else 1


def _words(lines: list[dict[str, Any]]) -> Iterator[str]:
    for line in lines:
        yield f"{'ok    ' if line['ok'] else 'FAILED'} {line['check']:9} {line['told']}"


def _looked_at(name: str, look: Callable[[], Found]) -> Line:
    try:
        return Line(name, *look())
    except CinepeerError as error:
        return Line(name, False, str(error))
    except (OSError, sqlite3.Error) as error:
        return Line(name, False, f"found it unreadable ({error}), expected a whole file")


def _checks(home: Path, every: bool, is_mended: bool) -> Iterator[tuple[str, Callable[[], Found]]]:
    """What is looked at, in order; each returns whether it holds and what to say of it."""
    yield "home", lambda: _home(home)
    yield "settings", lambda: _settings(home)
    yield "network", lambda: _network(home)
    yield "keys", lambda: _keys(home)
    yield "records", lambda: _records(home, every, is_mended)
    if (home / "ledger.db").exists():
        yield "ledger", lambda: _ledger(home)
    yield "films", lambda: _films(home, every)
    yield "denied", lambda: _denied(home)
    yield "disk", lambda: _disk(home)


def _home(home: Path) -> Found:
    from cinepeer.adapters.system.home import open_home

    kept = open_home(home, lock=False).kept
    if home.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return False, f"found {home} open to other accounts, expected mode 0700: chmod 700 {home}"
    ports = [value for name, value in kept.items() if name.endswith("_port")]
    if len(set(ports)) != len(ports):
        return False, f"found one port twice in {home / 'node.json'}, expected different ones"
    return True, f"{home}, readable by its owner alone"


def _settings(home: Path) -> Found:
    from cinepeer.settings import SETTINGS, load

    values = load(home, {})
    changed = [setting.name for setting in SETTINGS if values[setting.name] != setting.default]
    return True, f"set in the file: {', '.join(changed)}" if changed else "all by default"


def _network(home: Path) -> Found:
    from cinepeer.app.network import network_from

    file = home / "network.cbor"
    if not file.exists():
        return True, "none yet: the first start makes or joins one"
    network = network_from(file.read_bytes(), str(file))
    return True, f"{network.id}, {'ordered by another node' if network.sequencer else 'ordered by this home'}"


def _keys(home: Path) -> Found:
    from cinepeer.adapters.system.keystore import Keystore, has_sealed

    files = sorted((home / "keys").glob("*.key"))
    for path in (home / "keys", *files):
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return False, f"found {path} open to other accounts, expected its owner alone: chmod go= {path}"
    names = ", ".join(path.stem for path in files) or "none yet"
    passphrase = os.environ.get("CINEPEER_PASSPHRASE")
    if has_sealed(home / "keys") and not passphrase:
        return True, f"{names}; sealed, and not opened without CINEPEER_PASSPHRASE"
    Keystore(home / "keys", passphrase if has_sealed(home / "keys") else None)
    return True, f"{names}; {'sealed' if has_sealed(home / 'keys') else 'not sealed: set CINEPEER_PASSPHRASE'}"


def _records(home: Path, every: bool, is_mended: bool) -> Found:
    from cinepeer.adapters.store.mending import unfinished_pages
    from cinepeer.adapters.store.reading import reading
    from cinepeer.app.examine import examine

    file = home / "records.db"
    if not file.exists():
        return True, "none yet"
    chance = random.Random()
    unfinished = unfinished_pages(file)
    with reading(file) as held:
        if (misfit := held.misfit()) is not None:
            return False, f"found records.db damaged ({misfit}), expected a whole database: restore a backup"
        with Measure("blocks of records", held.count()) as measure:
            damage = held.damage(measure.step)
    mended = ""
    if damage.is_any:
        is_whole, mended = _damage(file, damage, is_mended)
        if not is_whole:
            return False, mended
    with reading(file) as held, Measure("records", held.count()) as measure:
        found = examine(held.pairs(), lambda _: every or chance.random() < SAMPLED_RECORDS, measure.step)
    if found.wrong:
        record, reason = found.wrong[0]
        return False, f"found {len(found.wrong)} records that do not hold, the first {record}: {reason}"
    told = f"{found.records:,} records of {len(found.devices):,} devices hold, {found.verified:,} signatures verified"
    if found.forked:
        told += f"; {len(found.forked)} devices have forked, and nothing of them counts from there on"
    if unfinished:
        told += (
            f"; a batch that a crash had cut off ({unfinished} pages of the log) was never acknowledged and is left out"
        )
    return True, told + mended


def _damage(file: Path, damage: Damage, is_mended: bool) -> Found:
    """What to say of changed or lost blocks, and whether all of it could be mended."""
    from cinepeer.adapters.store.mending import mend

    names = [*damage.headers, *damage.bodies, *damage.lost]
    told = (
        f"found {len(damage.headers)} headers and {len(damage.bodies)} bodies of records with other bytes than were "
        f"stored, and {len(damage.lost)} bodies gone (the first {names[0]})"
    )
    if damage.headers:
        return False, f"{told}, expected none: restore a backup"
    if not is_mended:
        return False, f"{told}, expected none: cinepeer doctor --mend drops them, so that neighbours are asked for them"
    mended = mend(file, damage)
    if mended < len(names):
        return False, f"{told}; {mended} were dropped, the others are of key records: restore a backup"
    return True, f"; {told}: they were dropped, and neighbours are asked for them"


def _ledger(home: Path) -> Found:
    uri = f"{(home / 'ledger.db').absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as opened:
        found = opened.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        return False, f"found ledger.db damaged ({found}), expected a whole database: restore a backup"
    return True, "the database is whole"


def _films(home: Path, every: bool) -> Found:
    from cinepeer.adapters.ipfs.disks import known_disks
    from cinepeer.adapters.ipfs.inspection import inspect_dags
    from cinepeer.adapters.ipfs.pins import Pins

    if not (home / "pins.db").exists():
        return True, "nothing pinned here"
    with closing(Pins(home / "pins.db")) as pins:
        roots = sorted(pins.all())
    chance = random.Random()
    with Measure("blocks") as measure:
        folders = [home / "blocks", *map(Path, known_disks(home / "blocks"))]
        found = inspect_dags(folders, roots, lambda _: every or chance.random() < SAMPLED_LEAVES, measure.step)
    if found.missing or found.wrong:
        first = (found.wrong or found.missing)[0]
        return False, (
            f"found {len(found.missing)} blocks missing and {len(found.wrong)} with other bytes (the first {first}), "
            f"expected all {found.named:,} of {len(roots)} pinned films: remove the wrong files, then host them again"
        )
    return True, f"{len(roots)} pinned, {found.named:,} blocks there, {found.read:,} read and right"


def _denied(home: Path) -> Found:
    from cinepeer.app.deny import DenyList

    file = home / "denied.txt"
    return True, f"{len(DenyList(file.read_text().splitlines() if file.exists() else ()).roots)} entries"


def _disk(home: Path) -> Found:
    from cinepeer.adapters.ipfs.disk import Disk
    from cinepeer.adapters.ipfs.disks import known_disks

    others = known_disks(home / "blocks")
    if away := [path for path, mark in others.items() if Disk(Path(path)).mark != mark]:
        return False, f"found the disk {away[0]} away, expected it there: its blocks are missed until it is back"
    free = min(shutil.disk_usage(path).free for path in (home, *others))
    told = f"{free / 1e9:,.1f} GB free" + (f" on the fullest of {len(others) + 1} disks" if others else "")
    return (
        free > FREE_BYTES,
        told if free > FREE_BYTES else f"found {told}, expected at least {FREE_BYTES / 1e9:.1f} GB",
    )
