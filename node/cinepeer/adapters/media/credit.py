"""Writes a package's content credentials: what its bytes are, said and signed before anybody takes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cinepeer.content.credentials import NAME, FilmDigest, Statement, write_credentials
from cinepeer.content.unixfs import CHUNK_BYTES, import_file
from cinepeer.records.cid import Cid

_INIT = re.compile(r'^#EXT-X-MAP:URI="([^"]+)"', re.MULTILINE)


def write_credit(folder: Path, rendition: str, source: bytes, author: Cid, seed: bytes) -> int:
    """Writes the sidecar into a package's `folder`, signed by the device's key; returns its size in bytes.

    `rendition` is the one whose init part and segments, one behind the other, are the film as one file.
    """
    film = FilmDigest()
    for part in parts_of(folder / rendition):
        for piece in _pieces(part):
            film.feed(piece)
    files = {
        file.relative_to(folder).as_posix(): import_file(_pieces(file), _drop).cid
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    sidecar = write_credentials(Statement(film.digest(), rendition, source, author, files), seed)
    (folder / NAME).write_bytes(sidecar)
    return len(sidecar)


def parts_of(rendition: Path) -> list[Path]:
    """The init part and the segments of a rendition that this node made, in order."""
    text = (rendition / "index.m3u8").read_text()
    return [rendition / name for name in names_of(text)]


def names_of(playlist: str) -> list[str]:
    """The names that a rendition's playlist lists, its init part first."""
    listed = [line for line in playlist.splitlines() if line and not line.startswith("#")]
    return [*_INIT.findall(playlist), *listed]


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(CHUNK_BYTES):
            yield piece


def _drop(_cid: Cid, _block: bytes) -> None:
    """The ids alone are wanted here; the import comes later."""
