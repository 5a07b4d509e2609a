"""Provenance: what a version's content credentials say, and whether that is so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cinepeer.app.catalogue import Version
from cinepeer.app.files import Files
from cinepeer.content.credentials import MAX_BYTES, NAME, Statement, read_credentials
from cinepeer.content.unixfs import Directory, parse_node
from cinepeer.errors import Absent, Refused
from cinepeer.ports import IpfsBackend
from cinepeer.records.cid import Cid
from cinepeer.records.feed import Feeds

MAX_FILES = 20_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence that the credentials make, and whether it holds; `None` where it cannot be told here."""

    said: str
    holds: bool | None
    found: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """What was read: the statement, the key that signed it, and each of its sentences."""

    statement: Statement
    device: bytes
    findings: list[Finding] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing of it is wrong."""
        return all(finding.holds is not False for finding in self.findings)


class Credentials:
    """Reads the sidecars of versions that are held here."""

    def __init__(self, ipfs: IpfsBackend, feeds: Feeds) -> None:
        self._files = Files(ipfs)
        self._feeds = feeds

    async def check(self, version: Version) -> Provenance:
        """What a version's sidecar says; raises `Absent` without one, `Refused` for one that is no such sidecar."""
        data = await self._files.read(version.root, NAME, MAX_BYTES + 1)
        statement, device = read_credentials(data)
        findings = [
            self._signer(version, statement, device),
            _source(version, statement),
            await self._holds_files(version, statement),
        ]
        return Provenance(statement, device, findings)

    def _signer(self, version: Version, statement: Statement, device: bytes) -> Finding:
        """The key is of a device of the author whose records name the version."""
        own = device in self._feeds.devices(version.author)
        found = "a device of the version's author" if own else "no device of the version's author"
        return Finding("signed by the author", own and statement.author == version.author, found)

    async def _holds_files(self, version: Version, statement: Statement) -> Finding:
        """The files are those that the version's folder has, each under its name."""
        said = "made of these files"
        if "sealed" in version.fields:
            return Finding(said, None, "a sealed film: its files are told apart once they are opened")
        try:
            files = await self._walk(version.root)
        except Absent:
            return Finding(said, None, "not all of its folders are held here")
        files.pop(NAME, None)
        if files == statement.files:
            return Finding(said, True, f"{len(files)} files, each with the id that was signed")
        return Finding(said, False, _difference(files, statement.files))

    async def _walk(self, root: Cid) -> dict[str, Cid]:
        """Every file below a folder by its path."""
        found: dict[str, Cid] = {}
        waiting = [("", root)]
        while waiting:
            path, cid = waiting.pop()
            may_hold = "." not in path.rpartition("/")[2]  # what has an ending is a file: its bytes are not asked for
            node = parse_node(cid, await self._files.block(cid)) if may_hold else None
            if isinstance(node, Directory):
                waiting += [(f"{path}/{name}".lstrip("/"), link.cid) for name, link in node.entries.items()]
            else:
                found[path] = cid
            if len(found) + len(waiting) > MAX_FILES:
                raise Refused("too-large", f"found more than {MAX_FILES:,} files, expected a film's folder")
        return found


def _source(version: Version, statement: Statement) -> Finding:
    """The version's record names the same source file."""
    same = version.fields["source"] == statement.source
    found = f"sha256 {statement.source.hex()}" + ("" if same else ", another than the version's record names")
    return Finding("made from this source", same, found)


def _difference(files: Mapping[str, Cid], said: Mapping[str, Cid]) -> str:
    """The first file that is not as it was signed, in words."""
    for path in sorted({*files, *said}):
        if files.get(path) != said.get(path):
            state = "missing" if path not in files else "not named" if path not in said else "other bytes"
            return f"{path}: {state}"
    return "no difference"
